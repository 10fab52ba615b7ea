"""Marks, buttons and typed names: counted, shown, undone, and found again after an absence."""

import discord
import pytest

import cogs.marking
from tests.cogs.conftest import World, buttons, marks

pytestmark = pytest.mark.simcord(settle_timeout=60)

KNOWN = "I think this is Eileen"
UNKNOWN = "I don't know who this is"


async def taught(world: World, astronaut: bytes, name: str = "Eileen") -> discord.Message:
    """Ann posts a picture and says who it is."""
    await world.ask(astronaut)
    answer = world.answer()
    await world.ann.send(world.channel, name, reply_to=answer)
    return world.now(answer)


async def asked(world: World, picture: bytes) -> discord.Message:
    """Ann asks about a picture."""
    await world.ask(picture)
    return world.answer()


# names


async def test_a_typed_name_is_learned_and_known_next_time(
    world: World, astronaut: bytes, variant: bytes
) -> None:
    answer = await taught(world, astronaut)
    assert answer.content.endswith("**Learned: Eileen**")
    assert answer.content.startswith("I found a face, but I don't know who it is.")
    assert KNOWN in (await asked(world, variant)).content


async def test_a_moderators_name_needs_the_posters_consent(world: World, astronaut: bytes) -> None:
    answer = await asked(world, astronaut)
    await world.mod.send(world.channel, "Eileen", reply_to=answer)
    assert "Eileen: consent needed" in world.now(answer).content
    assert await world.people() == {}
    await world.ann.send(world.channel, "Col. Collins", reply_to=answer)
    assert "Learned: Eileen" in world.now(answer).content  # the moderator's word, Ann's consent


async def test_deleting_a_typed_name_takes_it_back(world: World, astronaut: bytes) -> None:
    answer = await asked(world, astronaut)
    right = await world.ann.send(world.channel, "Eileen", reply_to=answer)
    wrong = await world.ann.send(world.channel, "Somebody Else", reply_to=answer)
    assert "Learned: Somebody Else" in world.now(answer).content
    await world.ann.delete(wrong)
    assert "Learned: Eileen" in world.now(answer).content
    await world.ann.delete(right)
    assert "Taken back." in world.now(answer).content
    assert await world.people() == {}


async def test_a_name_that_is_none_is_answered_in_words(world: World, astronaut: bytes) -> None:
    answer = await asked(world, astronaut)
    await world.ann.send(world.channel, "x" * 81, reply_to=answer)
    assert world.answer().content == "A name has 1 to 80 characters."
    assert world.now(answer).content == answer.content


async def test_courtesy_is_taken_for_no_name_and_told_how_to_name(
    world: World, astronaut: bytes
) -> None:
    answer = await asked(world, astronaut)
    for words in ("ありがとう！", f"<@{world.bob.id}> look", "see https://example.org"):
        await world.ann.send(world.channel, words, reply_to=answer)
        assert world.answer().content.startswith("I took that for chat and noted nothing.")
        assert world.now(answer).content == answer.content
    await world.ann.send(world.channel, "Eileen <:heart:12>", reply_to=answer)
    assert world.now(answer).content.endswith("**Learned: Eileen**")
    assert await world.people() == {"Eileen": 1}


async def test_a_name_cannot_format_the_answer(world: World, astronaut: bytes) -> None:
    answer = await taught(world, astronaut, "**A** [b](c) `e`")
    assert answer.content.endswith(r"**Learned: \*\*A\*\* \[b](c) \`e\`**")


async def test_a_reply_with_a_picture_is_a_question(
    world: World, astronaut: bytes, nobody: bytes
) -> None:
    answer = await asked(world, astronaut)
    picture = [("a.jpg", nobody)]
    await world.ann.send(world.channel, "and this?", reply_to=answer, attachments=picture)
    assert "no face" in world.answer().content
    assert world.now(answer).content == answer.content


async def test_replies_to_other_words_of_the_bot_are_ignored(world: World, nobody: bytes) -> None:
    answer = await asked(world, nobody)
    await world.ann.send(world.channel, "thank you", reply_to=answer)
    assert len(world.answers()) == 1
    assert world.now(answer).content == answer.content


# marks


async def test_marks_act_and_undoing_undoes(world: World, astronaut: bytes, variant: bytes) -> None:
    await taught(world, astronaut)
    answer = await asked(world, variant)
    assert KNOWN in answer.content
    assert marks(answer) == ["✅", "❌", "🚫", "🗑️"]
    assert await world.people() == {"Eileen": 1}

    await world.ann.react(answer, "✅")
    lead = answer.content.splitlines()[0]
    told = f"{lead}\nThis is Eileen, I was told.\n**Learned: Eileen**"
    assert world.now(answer).content == told
    assert await world.people() == {"Eileen": 2}
    await world.ann.unreact(answer, "✅")
    assert world.now(answer).content == f"{answer.content}\n**Taken back.**"
    assert await world.people() == {"Eileen": 1}


async def test_none_of_these_is_remembered_for_the_picture(
    world: World, astronaut: bytes, variant: bytes
) -> None:
    await taught(world, astronaut)
    await world.ann.react(await asked(world, variant), "❌")
    assert "Noted: not that person." in world.answer().content
    assert KNOWN not in (await asked(world, variant)).content
    assert KNOWN in (await asked(world, astronaut)).content


async def test_not_a_face(world: World, astronaut: bytes) -> None:
    answer = await asked(world, astronaut)
    await world.bob.react(answer, "🚫")
    assert "Waiting for 1 more" in world.now(answer).content
    await world.mod.react(answer, "🚫")
    assert "Noted: not a face." in world.now(answer).content
    await world.mod.unreact(answer, "🚫")
    assert "Waiting for 1 more" in world.now(answer).content


async def test_who_reveals_the_nearest_names_and_offers_their_letters(
    world: World, astronaut: bytes, squeezed: bytes
) -> None:
    await taught(world, astronaut)
    answer = await asked(world, squeezed)
    assert UNKNOWN in answer.content
    assert marks(answer) == ["❓", "🚫", "🗑️"]
    await world.bob.react(answer, "❓")
    revealed = world.now(answer)
    assert "Nearest: 🇦 Eileen" in revealed.content
    assert set(marks(revealed)) >= {"🇦", "❌", "🚫", "🗑️"}
    await world.ann.react(answer, "🇦")
    assert "Learned: Eileen" in world.now(answer).content
    assert await world.people() == {"Eileen": 2}


async def test_marks_that_are_not_on_offer_do_nothing(
    world: World, astronaut: bytes, squeezed: bytes
) -> None:
    await taught(world, astronaut)
    answer = await asked(world, squeezed)
    for emoji in ("✅", "🇦", "❌", "1️⃣", "👍"):
        await world.ann.react(answer, emoji)
        await world.ann.unreact(answer, emoji)
    assert world.now(answer).content == answer.content
    assert await world.people() == {"Eileen": 1}


@pytest.mark.parametrize("emoji", ["🗑️", "🗑"])
async def test_only_the_poster_and_moderators_delete(
    world: World, astronaut: bytes, emoji: str
) -> None:
    answer = await asked(world, astronaut)
    await world.bob.react(answer, emoji)
    assert world.answers()
    assert all(
        world.bob.id not in reaction.user_ids
        for reaction in world.env.backend.get_message(world.channel.id, answer.id).reactions
    )
    await world.ann.react(answer, emoji)
    assert world.answers() == []
    assert world.crops() == []

    await world.mod.react(await asked(world, astronaut), emoji)
    assert world.answers() == []


async def test_a_strangers_deletion_stays_without_the_right_to_remove_it(
    world: World, astronaut: bytes
) -> None:
    channel = world.channel_without(manage_messages=False)
    await world.ask(astronaut, channel=channel)
    await world.bob.react(world.answer(channel), "🗑️")
    (answer,) = world.answers(channel)
    assert answer.reactions[-1].count == 2


async def test_robots_do_not_vote(world: World, astronaut: bytes) -> None:
    everything = world.guild.create_role("all", permissions=discord.Permissions.all())
    robot = world.guild.add_member(world.env.create_user("robot", bot=True), roles=[everything])
    answer = await asked(world, astronaut)
    await robot.react(answer, "🚫")
    await robot.react(answer, "🗑️")
    assert world.now(answer).content == answer.content


async def test_marks_elsewhere_change_nothing(world: World, astronaut: bytes) -> None:
    words = await world.bob.send(world.channel, "hello")
    question = await world.ask(astronaut)
    before = len(world.env.http_requests)
    for message in (words, question):
        await world.ann.react(message, "✅")
        await world.ann.unreact(message, "✅")
    assert len(world.env.http_requests) == before


async def test_a_moderator_clears_marks(world: World, astronaut: bytes) -> None:
    for clear in ("all", "one"):
        answer = await asked(world, astronaut)
        await world.ann.react(answer, "🚫")
        assert "Noted: not a face." in world.now(answer).content
        if clear == "all":
            world.env.backend.clear_reactions(world.channel.id, answer.id)
        else:
            world.env.backend.clear_reaction(world.channel.id, answer.id, "🚫")
        await world.env.settle()
        assert "Taken back." in world.now(answer).content


async def test_marks_are_added_slowly_and_in_nobodys_way(
    world: World, astronaut: bytes, nobody: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cogs.marking, "MARK_PAUSE", 100)
    answer = await asked(world, astronaut)
    assert marks(answer) == ["🚫"]
    assert "no face" in (await asked(world, nobody)).content
    await world.env.advance_time(100)
    assert marks(world.now(answer)) == ["🚫", "🗑️"]


async def test_losing_the_permission_for_marks_brings_buttons(
    world: World, astronaut: bytes
) -> None:
    world.env.inject_error("PUT", "/channels/*/reactions/*", status=403, code=50013)
    answer = await asked(world, astronaut)
    assert marks(answer) == []
    assert list(buttons(answer)) == ["🚫", "🗑️"]


async def test_an_answer_that_is_gone_from_discord_still_counts_votes(
    world: World, astronaut: bytes
) -> None:
    answer = await asked(world, astronaut)
    world.env.inject_error("PATCH", "/channels/*/messages/*", status=404, code=10008)
    await world.ann.react(answer, "🚫")
    world.env.inject_error("PATCH", "/channels/*/messages/*", status=500)
    await world.bob.react(answer, "🚫")
    kept = await world.service.privacy(f"discord:{world.guild.id}", f"discord:{world.ann.id}")
    assert kept.votes == 1
    await world.mod.react(answer, "🚫")
    assert "Noted: not a face." in world.now(answer).content


# after a restart, and marks made meanwhile


async def test_marks_work_after_a_restart(world: World, astronaut: bytes, variant: bytes) -> None:
    await taught(world, astronaut)
    answer = await asked(world, variant)
    await world.restart()
    await world.ann.react(answer, "✅")
    assert "Learned: Eileen" in world.now(answer).content
    await world.restart()
    await world.ann.unreact(answer, "✅")
    assert "Taken back." in world.now(answer).content
    assert await world.people() == {"Eileen": 1}
    await world.ann.send(world.channel, "Eileen", reply_to=answer)
    assert await world.people() == {"Eileen": 2}


async def test_marks_made_while_away_are_counted(
    world: World, astronaut: bytes, variant: bytes
) -> None:
    first = await taught(world, astronaut)
    second = await asked(world, variant)
    third = await asked(world, variant)
    await world.ann.react(second, "✅")
    await world.mod.react(third, "❌")
    backend, here = world.env.backend, world.channel.id
    with world.away():
        backend.set_reaction(here, second.id, "✅", world.ann.id, reacted=False)
        backend.set_reaction(here, third.id, "❌", world.mod.id, reacted=False)
        backend.set_reaction(here, third.id, "🚫", world.mod.id, reacted=True)
        backend.set_reaction(here, third.id, "✅", world.bob.id, reacted=True)
    await world.restart()
    assert world.now(first).content == first.content
    assert "Taken back." in world.now(second).content
    assert "Noted: not a face." in world.now(third).content
    assert await world.people() == {"Eileen": 1}

    before = world.now(third).content
    await world.restart()  # nothing new
    assert world.now(third).content == before


async def test_marks_made_in_a_direct_message_while_away_are_counted(
    world: World, astronaut: bytes
) -> None:
    ann, backend = world.ann.user, world.env.backend
    here = ann.dm_channel
    await ann.send_dm(attachments=backend.store_attachments(here.id, [("a.jpg", astronaut)]))
    answer = world.answer(here)
    with world.away():
        backend.set_reaction(here.id, answer.id, "🚫", ann.id, reacted=True)
    await world.restart()
    assert "顔ではない、と覚えました。" in world.answer(here).content
    await ann.set_reaction(answer, "🚫", reacted=False)
    assert "取り消しました。" in world.answer(here).content


async def test_a_deletion_and_a_question_made_while_away_are_carried_out(
    world: World, astronaut: bytes, squeezed: bytes
) -> None:
    first = await taught(world, astronaut)
    second = await asked(world, squeezed)
    backend, here = world.env.backend, world.channel.id
    with world.away():
        backend.set_reaction(here, first.id, "🗑️", world.bob.id, reacted=True)
        backend.set_reaction(here, second.id, "❓", world.bob.id, reacted=True)
    await world.restart()
    assert "Nearest: 🇦 Eileen" in world.now(second).content
    with world.away():
        backend.set_reaction(here, first.id, "🗑️", world.mod.id, reacted=True)
    await world.restart()
    assert [each.id for each in world.answers()] == [second.id]


async def test_originals_deleted_while_away_are_forgotten(world: World, astronaut: bytes) -> None:
    question = await world.ask(astronaut)
    posted = await world.bob.send(world.channel, "look", attachments=[("a.jpg", astronaut)])
    await world.ann.send(world.channel, world.me, reply_to=posted)
    await world.ann.slash(world.channel, "judge", picture=("a.jpg", astronaut))
    by_command = world.answer()
    assert len(world.answers()) == 3
    with world.away():
        for message in (question, posted):
            world.env.backend.delete_message(world.channel.id, message.id)
    await world.restart()
    assert [each.id for each in world.answers()] == [by_command.id]
    assert len(world.crops()) == 1


async def test_looking_back_survives_what_is_gone(world: World, astronaut: bytes) -> None:
    gone = await asked(world, astronaut)
    answer = await asked(world, astronaut)
    with world.away():
        world.env.backend.delete_message(world.channel.id, gone.id)
        world.env.backend.set_reaction(
            world.channel.id, answer.id, "🚫", world.ann.id, reacted=True
        )
    world.env.inject_error("GET", "/channels/*/messages/*", status=403, code=50001, times=1)
    await world.restart()
    assert world.now(answer).content == answer.content
    await world.restart()
    assert "Noted: not a face." in world.now(answer).content


# buttons


async def test_buttons_set_and_take_back_marks(
    world: World, astronaut: bytes, variant: bytes
) -> None:
    await taught(world, astronaut)
    channel = world.channel_without(add_reactions=False)
    await world.ask(variant, channel=channel)
    answer = world.answer(channel)
    assert list(buttons(answer)) == ["✅", "❌", "🚫", "🗑️"]
    for _ in range(2):
        result = await world.ann.click(answer, custom_id=buttons(answer)["✅"])
        assert result.acknowledged
        assert "Learned: Eileen" in world.now(answer).content
        await world.restart()
        await world.ann.click(answer, custom_id=buttons(answer)["✅"])
        assert "Taken back." in world.now(answer).content
        await world.restart()
    await world.ann.click(answer, custom_id=buttons(answer)["✅"])
    await world.restart()  # no reaction under the message takes the vote back
    assert "Learned: Eileen" in world.now(answer).content
    assert await world.people() == {"Eileen": 2}


async def test_a_moderators_button_counts_as_one(world: World, astronaut: bytes) -> None:
    channel = world.channel_without(add_reactions=False)
    await world.ask(astronaut, channel=channel)
    answer = world.answer(channel)
    await world.bob.click(answer, custom_id=buttons(answer)["🚫"])
    assert "Waiting for 1 more" in world.now(answer).content
    await world.mod.click(answer, custom_id=buttons(answer)["🚫"])
    assert "Noted: not a face." in world.now(answer).content


async def test_the_buttons_for_who_and_for_deleting(
    world: World, astronaut: bytes, squeezed: bytes
) -> None:
    await taught(world, astronaut)
    channel = world.channel_without(add_reactions=False)
    await world.ask(squeezed, channel=channel)
    answer = world.answer(channel)
    await world.bob.click(answer, custom_id=buttons(answer)["❓"])
    revealed = world.now(answer)
    assert "Nearest: 🇦 Eileen" in revealed.content
    assert list(buttons(revealed)) == ["🇦", "❌", "🚫", "🗑️"]
    result = await world.bob.click(revealed, custom_id=buttons(revealed)["🗑️"])
    (told,) = result.followups
    assert told.ephemeral
    assert told.content == "Only the poster or a moderator may do that."
    await world.ann.click(revealed, custom_id=buttons(revealed)["🗑️"])
    assert world.answers(channel) == []


async def test_a_button_under_a_forgotten_answer_says_so(world: World, astronaut: bytes) -> None:
    channel = world.channel_without(add_reactions=False)
    question = await world.ask(astronaut, channel=channel)
    answer = world.answer(channel)
    await world.service.forget_post(f"discord:{channel.id}:{question.id}")
    result = await world.ann.click(answer, custom_id=buttons(answer)["🚫"])
    (told,) = result.followups
    assert told.content.startswith("I can't find that.")


async def test_a_button_of_another_answer_counts_for_none(world: World, astronaut: bytes) -> None:
    channel = world.channel_without(add_reactions=False)
    keys = [
        f"discord:{channel.id}:{(await world.ask(astronaut, channel=channel)).id}" for _ in "12"
    ]
    first, _ = world.answers(channel)
    (stale,), (shown,) = [(await world.service.reply(key)).parts for key in keys]
    # As after a backup was restored: the message shows one answer, its buttons name another.
    await world.service.sent(keys[1], f"discord:{channel.id}:{first.id}", shown.verdict_id)
    result = await world.ann.click(first, custom_id=buttons(first)["🚫"])
    assert result.followups[-1].content.startswith("I can't find that.")
    for part in (stale, shown):
        assert await world.service.marks(part.verdict_id) == frozenset()
