"""Why: by the button, the message menu and `/why`; only who asks sees it."""

import io

import pytest
from PIL import Image
from simcord.results import InteractionResult

import bot.platforms.discord
from bot.domain import Explanation
from bot.errors import Busy
from tests.cogs.conftest import World, buttons, marks, response, why_button

pytestmark = pytest.mark.simcord(settle_timeout=60)

MENU = "Why this answer?"


async def known(world: World, astronaut: bytes, variant: bytes) -> None:
    """Ann teaches Eileen; the last answer then is to another picture of hers."""
    await world.ask(astronaut)
    await world.ann.send(world.channel, "Eileen", reply_to=world.answer())
    await world.ask(variant)


def told(result: InteractionResult) -> str:
    assert result.ephemeral
    return response(result).content


def picture(world: World, result: InteractionResult) -> Image.Image:
    (file,) = response(result).attachments
    return Image.open(io.BytesIO(world.env.backend.cdn.get(file.url) or b""))


async def test_the_button_under_an_answer_explains_it_to_who_presses(
    world: World, astronaut: bytes, variant: bytes
) -> None:
    await known(world, astronaut, variant)
    answer = world.answer()
    assert marks(answer) == ["✅", "❌", "🚫", "🗑️"]  # as reactions, beside the one button
    assert buttons(answer) == {}
    assert why_button(answer).label == "Why?"
    result = await world.bob.click(answer, custom_id=why_button(answer).custom_id)
    assert told(result).startswith("I say Eileen: this face is more like")
    (file,) = response(result).attachments
    assert (file.filename, file.is_spoiler()) == ("why.jpg", False)
    assert "Eileen (" in (file.description or "")
    assert picture(world, result).width > picture(world, result).height
    assert len(world.answers()) == 2
    assert world.now(answer).content == answer.content


async def test_the_button_works_after_a_restart(world: World, astronaut: bytes) -> None:
    await world.ask(astronaut)
    answer = world.answer()
    await world.restart()
    result = await world.bob.click(answer, custom_id=why_button(answer).custom_id)
    assert told(result).startswith("I don't know anybody here yet.")


async def test_mark_buttons_have_the_question_among_them(world: World, astronaut: bytes) -> None:
    channel = world.channel_without(add_reactions=False)
    await world.ask(astronaut, channel=channel)
    answer = world.answer(channel)
    assert list(buttons(answer)) == ["🚫", "🗑️"]
    result = await world.ann.click(answer, custom_id=why_button(answer).custom_id)
    assert told(result).startswith("I don't know anybody here yet.")


async def test_marks_taken_back_while_away_are_still_missed_under_a_button(
    world: World, astronaut: bytes
) -> None:
    """The question why is a button, but the marks above it are reactions."""
    await world.ask(astronaut)
    answer = world.answer()
    await world.ann.react(answer, "🚫")
    assert "not a face" in world.now(answer).content
    with world.away():
        await world.ann.unreact(answer, "🚫")
    await world.restart()
    assert "not a face" not in world.now(answer).content


async def test_the_message_menu_explains_that_message(
    world: World, astronaut: bytes, variant: bytes
) -> None:
    await known(world, astronaut, variant)
    first, second = world.answers()
    taught = await world.bob.context_menu(world.channel, MENU, first)
    assert told(taught).startswith("This is Eileen: I was told so.")
    named = await world.bob.context_menu(world.channel, MENU, second)
    assert told(named).startswith("I say Eileen")


async def test_the_message_menu_on_other_messages_says_where_to_use_it(
    world: World, astronaut: bytes
) -> None:
    asked = await world.ask(astronaut)
    result = await world.bob.context_menu(world.channel, MENU, asked)
    assert told(result).startswith("I show no face in that message.")


async def test_the_command_explains_the_latest_answer_to_who_uses_it(
    world: World, astronaut: bytes, variant: bytes
) -> None:
    assert told(await world.ann.slash(world.channel, "why")).startswith("I have not answered")
    await known(world, astronaut, variant)
    await world.ask(astronaut, by=world.bob)
    assert told(await world.ann.slash(world.channel, "why")).startswith("I say Eileen")
    copy = "This is Eileen, for I was told so of the same picture"
    assert told(await world.bob.slash(world.channel, "why")).startswith(copy)
    assert told(await world.mod.slash(world.channel, "why")).startswith(copy)
    elsewhere = world.guild.create_text_channel("elsewhere")
    assert told(await world.ann.slash(elsewhere, "why")).startswith("I have not answered")


async def test_a_spoiler_is_explained_as_a_spoiler(world: World, astronaut: bytes) -> None:
    await world.ask(astronaut, name="SPOILER_picture.jpg")
    result = await world.bob.context_menu(world.channel, MENU, world.answer())
    words = told(result)
    assert words.startswith("||")
    assert words.endswith("||")
    (file,) = response(result).attachments
    assert file.is_spoiler()


async def test_it_is_told_in_words_where_pictures_may_not_be_attached(
    world: World, astronaut: bytes
) -> None:
    channel = world.channel_without(attach_files=False)
    await world.ask(astronaut, channel=channel)
    result = await world.bob.slash(channel, "why")
    assert told(result).startswith("I don't know anybody here yet.")
    assert response(result).attachments == []


async def test_while_the_queue_is_full_it_waits(
    world: World, astronaut: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bot.platforms.discord, "RETRY_SECONDS", 0.01)
    await world.ask(astronaut)
    explain, turned_away = world.service.why, []

    async def busy_once(verdict_id: int) -> Explanation:
        if not turned_away:
            turned_away.append(verdict_id)
            raise Busy("full")
        return await explain(verdict_id)

    monkeypatch.setattr(world.service, "why", busy_once)
    assert told(await world.ann.slash(world.channel, "why")).startswith("I don't know anybody")
    assert turned_away


async def test_the_button_under_a_forgotten_answer_says_so(world: World, astronaut: bytes) -> None:
    question = await world.ask(astronaut)
    answer = world.answer()
    await world.service.forget_post(f"discord:{world.channel.id}:{question.id}")
    result = await world.bob.click(answer, custom_id=why_button(answer).custom_id)
    assert told(result).startswith("I can't find that.")


async def test_a_japanese_server_has_a_japanese_button(world: World, astronaut: bytes) -> None:
    guild = world.env.create_guild(preferred_locale="ja")
    channel = guild.create_text_channel("shashin")
    ann = guild.add_member(world.env.create_user("ann2"))
    await world.ask(astronaut, by=ann, channel=channel)
    answer = world.answer(channel)
    assert why_button(answer).label == "なぜ？"
    result = await ann.click(answer, custom_id=why_button(answer).custom_id)
    assert told(result).startswith("ここではまだだれも知りません。")
    menu = world.env.backend.find_command(MENU, guild.id, type=3)
    assert menu is not None
    assert menu["name_localizations"]["ja"] == "なぜこの答え？"


async def test_a_button_of_another_answer_explains_none(world: World, astronaut: bytes) -> None:
    keys = [f"discord:{world.channel.id}:{(await world.ask(astronaut)).id}" for _ in "12"]
    first, _ = world.answers()
    (other,) = (await world.service.reply(keys[1])).parts
    # As after a backup was restored: the message shows one answer, its button names another.
    await world.service.sent(keys[1], f"discord:{world.channel.id}:{first.id}", other.verdict_id)
    result = await world.ann.click(first, custom_id=why_button(first).custom_id)
    assert told(result).startswith("I can't find that.")
