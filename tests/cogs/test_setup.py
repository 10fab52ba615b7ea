"""`/setup`, and what follows from it: two names for a face, and the question which is meant."""

import discord
import pytest
from simcord.actors import MemberActor

from tests.cogs.conftest import World, response

pytestmark = pytest.mark.simcord(settle_timeout=60)


async def setup(
    world: World, command: str, *, by: MemberActor | None = None, **options: str
) -> str:
    """The words in which the bot answers."""
    result = await (by or world.mod).slash(world.channel, f"setup {command}", **options)
    assert result.ephemeral
    return response(result).content


async def heads_of(world: World, answer: discord.Message) -> list[str]:
    """Which heads looked at the face."""
    verdict_id = await world.service.verdict_at(f"discord:{answer.channel.id}:{answer.id}")
    assert verdict_id is not None
    return [guess.head for guess in (await world.service.verdict(verdict_id)).guesses]


async def named_both(world: World, astronaut: bytes) -> discord.Message:
    """A channel where both heads look, and an answer in it."""
    await setup(world, "heads", first="character", second="idol")
    await world.ask(astronaut)
    return world.answer()


async def test_moderators_choose_the_heads_of_a_channel(world: World, astronaut: bytes) -> None:
    assert "people in photographs" in await setup(world, "show")
    told = await setup(world, "heads", first="character", second="idol")
    assert told == "In this channel I look for: characters, cosplay included, people."
    await world.ask(astronaut)
    assert await heads_of(world, world.answer()) == ["character", "idol"]
    thread = world.thread(world.channel)
    await world.ask(astronaut, channel=thread)
    assert await heads_of(world, world.answer(thread)) == ["character", "idol"]
    elsewhere = world.guild.create_text_channel("elsewhere")
    await world.ask(astronaut, channel=elsewhere)
    assert await heads_of(world, world.answer(elsewhere)) == ["idol"]
    assert "people in photographs" in await setup(world, "heads")


async def test_nobody_else_may(world: World) -> None:
    words = await setup(world, "heads", by=world.ann, first="character")
    assert words.startswith("Only people who may manage")
    assert "people in photographs" in await setup(world, "show")


async def test_an_unknown_name_is_asked_about_once(
    world: World, astronaut: bytes, variant: bytes
) -> None:
    answer = await named_both(world, astronaut)
    assert answer.content.count("I don't know who this is") == 1
    typed = await world.ann.send(world.channel, "Eileen", reply_to=answer)
    question = world.answer()
    assert question.content == "Eileen: is that the person, or the character?"
    assert "Learned" not in world.now(answer).content
    refused = await world.bob.click(question, label="A person")
    assert response(refused).content == "Only who typed the name can say that."
    await world.ann.click(question, label="A person")
    assert "Learned: Eileen" in world.now(answer).content
    assert question.id not in [each.id for each in world.answers()]
    await world.ask(variant)
    again = world.answer()
    assert "I think this is Eileen" in again.content
    await world.ann.send(world.channel, "eileen", reply_to=again)  # whom the bot knows by now
    assert "Learned: Eileen" in world.now(again).content
    await world.ann.delete(typed)
    assert "Taken back." in world.now(answer).content


async def test_a_face_can_be_somebody_and_dressed_as_somebody(
    world: World, astronaut: bytes
) -> None:
    answer = await named_both(world, astronaut)
    for name, label in (("Eileen", "A person"), ("Captain Hantei", "A character")):
        await world.ann.send(world.channel, name, reply_to=answer)
        await world.ann.click(world.answer(), label=label)
    words = world.now(answer).content
    assert "Cosplay of Captain Hantei, I was told." in words
    assert "This is Eileen, I was told." in words
    assert words.index("Captain") < words.index("This is Eileen")
    listed = await world.mod.slash(world.channel, "people list")
    assert response(listed).content == "Eileen: 1\nCaptain Hantei (character): 1"
