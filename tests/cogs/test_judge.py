"""Pictures in, answers out: by mention, reply, direct message, menu, command, watched channel."""

import asyncio
import io
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord
import pytest
from PIL import Image
from simcord.backend import serializers

import bot.platforms.discord
from bot.judging import Judge, Networks
from bot.replying import say
from tests.cogs.conftest import World, buttons, marks, response

pytestmark = pytest.mark.simcord(settle_timeout=60)


RETRY_SECONDS = 100.0
"""More than it takes to settle, so that only `advance_time` passes it."""

ONE_PLACE = pytest.mark.parametrize(
    "settings", [{"judging": {"workers": 1, "queue": 1}}], indirect=True
)

UNKNOWN = "I don't know who this is"
EXPLAINED = "Mention me with a picture"


@pytest.fixture(autouse=True)
def _long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.platforms.discord, "RETRY_SECONDS", RETRY_SECONDS)


async def test_a_mention_is_answered_with_words_a_crop_and_marks(
    world: World, astronaut: bytes
) -> None:
    asked = await world.ask(astronaut)
    answer = world.answer()
    assert len(world.answers()) == 1
    assert answer.content.startswith("I found a face, but I don't know who it is.")
    assert UNKNOWN in answer.content
    assert answer.reference is not None
    assert answer.reference.message_id == asked.id
    (crop,) = answer.attachments
    assert crop.filename == "face-1.jpg"
    assert UNKNOWN in (crop.description or "")
    assert Image.open(io.BytesIO(world.env.backend.cdn.get(crop.url) or b"")).format == "JPEG"
    assert marks(answer) == ["🚫", "🗑️"]


async def test_nobody_is_ever_pinged(world: World, astronaut: bytes) -> None:
    await world.ask(astronaut)
    await world.ann.send(world.channel, "@everyone", reply_to=world.answer())
    sent = [
        request.json
        for request in world.env.http_requests
        if request.method in {"POST", "PATCH"} and "/messages" in request.path
    ]
    assert len(sent) == 2
    assert "@everyone" in world.answer().content
    for body in sent:
        assert body["allowed_mentions"]["parse"] == []
        assert not body["allowed_mentions"].get("replied_user")
    assert not world.answer().mentions


async def test_no_face_is_said_in_one_message_without_marks(world: World, nobody: bytes) -> None:
    await world.ask(nobody)
    (answer,) = world.answers()
    assert answer.content == say("en", "nobody-there")
    assert not answer.attachments
    assert not marks(answer)


async def test_every_picture_gets_an_answer_and_the_fifth_is_left_out(
    world: World, astronaut: bytes
) -> None:
    await world.ask(*[astronaut] * 5)
    *parts, rest = world.answers()
    assert [each.attachments[0].filename for each in parts] == [
        f"face-{number}.jpg" for number in (1, 2, 3, 4)
    ]
    assert parts[0].content.startswith("I found 4 faces")
    assert not any("faces" in part.content for part in parts[1:])
    assert rest.content == "I look at 4 pictures at a time and left out the rest."
    assert [marks(part) for part in parts] == [["🚫", "🗑️"]] * 4


async def test_a_server_in_japanese_is_answered_in_japanese(world: World, astronaut: bytes) -> None:
    guild = world.env.create_guild(preferred_locale="ja")
    channel = guild.create_text_channel("写真")
    aki = guild.add_member(world.env.create_user("aki"))
    await world.ask(astronaut, by=aki, channel=channel)
    assert "だれかわかりません。" in world.answer(channel).content


async def test_the_operator_may_choose_the_language_of_servers(
    world: World, astronaut: bytes
) -> None:
    japanese = world.settings.discord.model_copy(update={"server_language": "ja"})
    await world.restart(world.settings.model_copy(update={"discord": japanese}))
    await world.ask(astronaut)
    assert "だれかわかりません。" in world.answer().content


async def test_a_file_that_lies_about_being_a_picture_is_refused_in_words(world: World) -> None:
    await world.ask(b"no picture at all, but it is called one")
    assert world.answer().content.startswith("This is not a picture.")


@pytest.mark.parametrize("upload", [[], [("notes.txt", b"words")]])
async def test_a_mention_without_a_picture_explains_itself(
    world: World, upload: list[tuple[str, bytes]]
) -> None:
    await world.ann.send(world.channel, f"{world.me} hello", attachments=upload)
    assert world.answer().content.startswith(EXPLAINED)


async def test_pictures_beside_other_files_are_judged(world: World, astronaut: bytes) -> None:
    uploads = [("notes.txt", b"words"), ("a.jpg", astronaut)]
    await world.ann.send(world.channel, world.me, attachments=uploads)
    assert UNKNOWN in world.answer().content


async def test_what_is_not_for_the_bot_is_left_alone(world: World, astronaut: bytes) -> None:
    robot = world.guild.add_member(world.env.create_user("robot", bot=True))
    hook = world.guild.create_webhook(world.channel)
    await world.ann.send(world.channel, "hello", attachments=[("a.jpg", astronaut)])
    await world.ask(astronaut, by=robot)
    await hook.send(f"{world.me} who?", attachments=[("a.jpg", astronaut)])
    assert world.answers() == []


async def test_an_event_delivered_twice_is_answered_once(world: World, astronaut: bytes) -> None:
    asked = await world.ask(astronaut)
    again = world.env.backend.get_message(world.channel.id, asked.id)
    world.env.backend.announce_message_create(again)
    await world.env.settle()
    assert len(world.answers()) == 1
    await world.restart()
    world.env.backend.announce_message_create(again)
    await world.env.settle()
    assert len(world.answers()) == 1


async def test_a_spoiler_stays_one(world: World, astronaut: bytes) -> None:
    await world.ask(astronaut, name="SPOILER_picture.jpg")
    answer = world.answer()
    assert answer.attachments[0].filename == "SPOILER_face-1.jpg"
    lead, hidden = answer.content.split("\n", 1)
    assert "||" not in lead
    assert hidden.startswith("||")
    assert hidden.endswith("||")
    await world.ann.send(world.channel, "Ei||een", reply_to=answer)
    _, hidden = world.answer().content.split("\n", 1)
    assert hidden.endswith(r"**Learned: Ei\|\|een**||")


# somebody else's picture


async def test_a_reply_asks_about_somebody_elses_picture(world: World, astronaut: bytes) -> None:
    posted = await world.ann.send(world.channel, "look", attachments=[("a.jpg", astronaut)])
    asked = await world.bob.send(world.channel, f"{world.me} who?", reply_to=posted)
    answer = world.answer()
    assert UNKNOWN in answer.content
    assert answer.reference is not None
    assert answer.reference.message_id == asked.id
    await world.bob.send(world.channel, "Eileen", reply_to=answer)
    assert "Waiting for 1 more" in world.now(answer).content
    assert await world.people() == {}
    await world.ann.send(world.channel, "Eileen", reply_to=answer)
    assert "Learned: Eileen" in world.now(answer).content
    assert await world.people() == {"Eileen": 1}


@pytest.mark.simcord(settle_timeout=60, approved_intents=discord.Intents.default())
async def test_a_picture_that_discord_hides_is_said_to_be_out_of_sight(
    world: World, astronaut: bytes
) -> None:
    posted = await world.ann.send(world.channel, "look", attachments=[("a.jpg", astronaut)])
    await world.bob.send(world.channel, f"{world.me} who?", reply_to=posted)
    assert "I can't see a picture in that message" in world.answer().content
    result = await world.bob.context_menu(world.channel, "Judge this picture", posted)
    assert UNKNOWN in response(result).content


async def test_the_message_menu_judges_a_message(world: World, astronaut: bytes) -> None:
    posted = await world.ann.send(world.channel, "look", attachments=[("a.jpg", astronaut)])
    result = await world.bob.context_menu(world.channel, "Judge this picture", posted)
    assert result.acknowledged
    (answer,) = world.answers()
    assert UNKNOWN in answer.content
    assert answer.attachments[0].filename == "face-1.jpg"
    assert marks(answer) == ["🚫", "🗑️"]
    await world.bob.react(answer, "🗑️")
    assert world.answers()
    await world.ann.react(answer, "🗑️")
    assert world.answers() == []


async def test_the_message_menu_on_words_and_on_own_crops(world: World, astronaut: bytes) -> None:
    words = await world.ann.send(world.channel, "hello")
    await world.ask(astronaut)
    for target in (words, world.answer()):
        result = await world.bob.context_menu(world.channel, "Judge this picture", target)
        assert result.ephemeral
        assert "I can't see a picture" in response(result).content


async def test_the_menu_has_a_japanese_name(world: World) -> None:
    commands = world.env.backend.visible_commands(user_id=world.ann.id, channel_id=world.channel.id)
    names = {each["name"]: each.get("name_localizations") for each in commands}
    assert set(names) == {
        "enhance", "help", "judge", "people", "privacy", "review", "setup", "stats", "taste",
        "teach", "unknown", "why",
    }  # fmt: skip
    menu = world.env.backend.find_command("Judge this picture", world.guild.id, type=3)
    assert menu is not None
    assert menu["name_localizations"]["ja"] == "この写真を判定"


async def test_the_command_judges_what_it_is_given(
    world: World, astronaut: bytes, nobody: bytes
) -> None:
    result = await world.ann.slash(world.channel, "judge", picture=("a.jpg", astronaut))
    assert result.acknowledged
    answer = world.answer()
    assert UNKNOWN in answer.content
    assert marks(answer) == ["🚫", "🗑️"]
    await world.ann.send(world.channel, f"{world.me} Eileen", reply_to=answer)
    assert "Learned: Eileen" in world.now(answer).content
    result = await world.ann.slash(world.channel, "judge", picture=("a.jpg", nobody))
    assert response(result).content == say("en", "nobody-there")


async def test_a_direct_message_needs_no_mention(world: World, astronaut: bytes) -> None:
    ann, backend = world.ann.user, world.env.backend
    uploads = backend.store_attachments(ann.dm_channel.id, [("a.jpg", astronaut)])
    await ann.send_dm(attachments=uploads)
    answer = world.answer(ann.dm_channel)
    assert "だれかわかりません" in answer.content  # the locale of the settings
    assert marks(answer) == ["🚫", "🗑️"]
    reference = {"channel_id": str(ann.dm_channel.id), "message_id": str(answer.id)}
    await ann.send_dm("Eileen", reference=reference)
    assert "覚えました: Eileen" in world.answer(ann.dm_channel).content
    (person,) = await world.service.people(f"discord-dm:{ann.id}")
    assert person.name == "Eileen"
    await ann.send_dm("hello")
    assert "写真を付けて" in world.answer(ann.dm_channel).content


# places


async def test_watched_channels_need_no_mention(world: World, astronaut: bytes) -> None:
    other = world.guild.create_text_channel("other")
    thread = world.thread(world.channel)
    watching = world.settings.discord.model_copy(update={"watch_channels": (world.channel.id,)})
    await world.restart(world.settings.model_copy(update={"discord": watching}))
    for channel in (world.channel, other, thread):
        await world.ann.send(channel, "look", attachments=[("a.jpg", astronaut)])
        await world.ann.send(channel, "my lunch", attachments=[("b.png", blank())])
        await world.ann.send(channel, "odd", attachments=[("c.jpg", b"no picture")])
        await world.ann.send(channel, "chat")
    assert len(world.answers()) == 1
    assert len(world.answers(thread)) == 1
    assert world.answers(other) == []


async def test_threads_and_forum_posts(world: World, astronaut: bytes) -> None:
    forum = world.guild.create_forum_channel("forum")
    for parent in (world.channel, forum):
        thread = world.thread(parent)
        await world.ask(astronaut, channel=thread)
        answer = world.answer(thread)
        assert UNKNOWN in answer.content
        assert marks(answer) == ["🚫", "🗑️"]
        await world.ann.send(thread, "Eileen", reply_to=answer)
        assert "Learned: Eileen" in world.now(answer).content
        await world.service.remove(f"discord:{world.guild.id}", "Eileen")


@pytest.mark.parametrize(
    ("settings", "restricted", "judged"),
    [
        ({"discord": {"explicit_in_age_restricted": True}}, True, True),
        ({"discord": {"explicit_in_age_restricted": True}}, False, False),
        ({}, True, False),
    ],
    indirect=["settings"],
)
async def test_the_gate_opens_only_where_the_operator_and_the_place_say_so(
    world: World,
    astronaut: bytes,
    networks: Networks,
    monkeypatch: pytest.MonkeyPatch,
    restricted: bool,
    judged: bool,
) -> None:
    monkeypatch.setattr(networks, "_threshold", 0.0)  # now everything looks explicit
    payload = serializers.channel_payload(
        world.env.backend, world.env.backend.get_channel(world.channel.id)
    )
    world.env.backend.emit("CHANNEL_UPDATE", {**payload, "nsfw": restricted})
    await world.ask(astronaut)
    assert (UNKNOWN in world.answer().content) == judged
    assert ("it looks explicit" in world.answer().content) != judged


# too much at once


@pytest.mark.parametrize("settings", [{"discord": {"cooldown_pictures": 1}}], indirect=True)
async def test_a_cooldown_is_said_once_a_window(world: World, nobody: bytes) -> None:
    await world.ask(nobody)
    for _ in range(3):
        await world.ask(nobody)
    answered, told = world.answers()
    assert "no face" in answered.content
    assert told.content == "A short break, please: try again in 60 s."
    await world.ask(nobody, by=world.bob)
    assert "no face" in world.answer().content
    result = await world.ann.slash(world.channel, "judge", picture=("a.jpg", nobody))
    assert result.ephemeral
    assert "A short break" in response(result).content
    await world.env.advance_time(61)
    await world.ask(nobody, nobody)
    assert "no face" in world.answer().content
    await world.ask(nobody)
    assert "A short break" in world.answer().content


@ONE_PLACE
async def test_busy_is_said_once_and_then_answered(
    world: World, judge: Judge, astronaut: bytes
) -> None:
    async with _full_queue(judge):
        await world.ask(astronaut)
        for _ in range(3):
            await world.env.advance_time(RETRY_SECONDS)
        assert world.answer().content.startswith("I am busy")
    await world.env.advance_time(RETRY_SECONDS)
    (answer,) = world.answers()
    assert UNKNOWN in answer.content
    assert len(_busy(world)) == 1


@ONE_PLACE
async def test_a_command_waits_its_turn(world: World, judge: Judge, astronaut: bytes) -> None:
    async with _full_queue(judge):
        await world.ann.slash(world.channel, "judge", picture=("a.jpg", astronaut))
        assert world.answer().content.startswith("I am busy")
    await world.env.advance_time(RETRY_SECONDS)
    (answer,) = world.answers()
    assert UNKNOWN in answer.content
    assert len(_busy(world)) == 1


@ONE_PLACE
async def test_a_command_that_waits_longer_than_its_token_lives_is_still_answered(
    world: World, judge: Judge, astronaut: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.platforms.discord, "RETRY_SECONDS", 16 * 60)
    async with _full_queue(judge):
        await world.ann.slash(world.channel, "judge", picture=("a.jpg", astronaut))
    await world.env.advance_time(16 * 60)
    assert UNKNOWN in world.answer().content


# what it may not do


async def test_without_add_reactions_the_marks_are_buttons(world: World, astronaut: bytes) -> None:
    channel = world.channel_without(add_reactions=False)
    await world.ask(astronaut, channel=channel)
    assert marks(world.answer(channel)) == []
    assert list(buttons(world.answer(channel))) == ["🚫", "🗑️"]


async def test_without_read_history_it_neither_replies_nor_reacts(
    world: World, astronaut: bytes
) -> None:
    channel = world.channel_without(read_message_history=False)
    await world.ask(astronaut, channel=channel)
    answer = world.answer(channel)
    assert UNKNOWN in answer.content
    assert answer.reference is None
    assert list(buttons(answer)) == ["🚫", "🗑️"]


async def test_without_attach_files_words_must_do(world: World, astronaut: bytes) -> None:
    channel = world.channel_without(attach_files=False)
    await world.ask(astronaut, channel=channel)
    answer = world.answer(channel)
    assert "I may not attach pictures here" in answer.content
    assert UNKNOWN in answer.content
    assert not answer.attachments


async def test_without_send_messages_the_asker_is_told_in_a_direct_message(
    world: World, astronaut: bytes
) -> None:
    channel = world.channel_without(send_messages=False)
    await world.ask(astronaut, channel=channel)
    assert world.answers(channel) == []
    told = world.answer(world.ann.user.dm_channel)
    assert told.content.startswith(f"I may not write in {channel.mention}.")
    assert world.crops() == []


async def test_nobody_can_be_told_at_all(world: World, astronaut: bytes) -> None:
    channel = world.channel_without(send_messages=False)
    world.env.inject_error("POST", "/users/@me/channels", status=403, code=50007)
    await world.ask(astronaut, channel=channel)
    assert world.answers(channel) == []


async def test_an_answer_too_large_for_discord_comes_without_its_picture(
    world: World, astronaut: bytes
) -> None:
    path = f"/channels/{world.channel.id}/messages"
    world.env.inject_error("POST", path, status=413, code=40005)
    await world.ask(astronaut)
    (answer,) = world.answers()
    assert "I may not attach pictures here" in answer.content
    assert not answer.attachments
    assert marks(answer) == ["🚫", "🗑️"]


async def test_an_answer_that_cannot_be_sent_is_said_and_may_be_asked_for_again(
    world: World, astronaut: bytes
) -> None:
    path = f"/channels/{world.channel.id}/messages"
    world.env.inject_error("POST", path, status=500)
    asked = await world.ask(astronaut)
    (told,) = world.answers()
    assert told.content == "Something went wrong here. It has been noted; please try again."
    assert world.crops() == []
    world.env.backend.announce_message_create(
        world.env.backend.get_message(world.channel.id, asked.id)
    )
    await world.env.settle()
    assert UNKNOWN in world.answer().content


# the original goes


async def test_deleting_the_original_deletes_everything(world: World, astronaut: bytes) -> None:
    asked = await world.ask(astronaut)
    await world.bob.send(world.channel, "Eileen", reply_to=world.answer())
    assert len(world.crops()) == 1
    await world.ann.delete(asked)
    assert world.answers() == []
    assert world.crops() == []
    kept = await world.service.privacy(f"discord:{world.guild.id}", f"discord:{world.bob.id}")
    assert kept.votes == 0


async def test_deleting_many_messages_at_once(world: World, astronaut: bytes) -> None:
    asked = [await world.ask(astronaut), await world.ask(astronaut)]
    await world.ask(astronaut, by=world.bob)
    kept = world.answer()
    world.env.backend.bulk_delete_messages(world.channel.id, [each.id for each in asked])
    await world.env.settle()
    assert [each.id for each in world.answers()] == [kept.id]


async def test_deleting_the_picture_deletes_what_others_asked_about_it(
    world: World, astronaut: bytes
) -> None:
    posted = await world.ann.send(world.channel, "look", attachments=[("a.jpg", astronaut)])
    await world.bob.send(world.channel, f"{world.me} who?", reply_to=posted)
    await world.bob.context_menu(world.channel, "Judge this picture", posted)
    assert len(world.answers()) == 2
    await world.ann.delete(posted)
    assert world.answers() == []
    assert world.crops() == []


@ONE_PLACE
async def test_deleting_the_original_before_it_is_answered(
    world: World, judge: Judge, astronaut: bytes
) -> None:
    async with _full_queue(judge):
        asked = await world.ask(astronaut)
        world.env.backend.delete_message(world.channel.id, asked.id)
    await world.env.advance_time(RETRY_SECONDS)
    assert world.answers() == []
    assert world.crops() == []


async def test_a_deleted_answer_is_no_error(world: World, astronaut: bytes) -> None:
    asked = await world.ask(astronaut)
    await world.mod.delete(world.answer())
    await world.ann.delete(asked)
    assert world.crops() == []


@asynccontextmanager
async def _full_queue(judge: Judge) -> AsyncIterator[None]:
    """Every place in the queue is taken meanwhile."""
    gate = threading.Event()
    taken = [asyncio.create_task(judge._run(gate.wait, 60)) for _ in range(judge._most)]
    await asyncio.sleep(0)
    try:
        yield
    finally:
        gate.set()
        await asyncio.gather(*taken)


def blank() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (120, 90), "white").save(file, "PNG")
    return file.getvalue()


def _busy(world: World) -> list[str]:
    """The messages with which the bot said that it is busy, also those deleted since."""
    bodies = [request.json for request in world.env.http_requests]
    said = [body.get("content") or "" for body in bodies if isinstance(body, dict)]
    return [words for words in said if words.startswith("I am busy")]
