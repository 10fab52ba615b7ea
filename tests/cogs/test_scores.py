"""Scores on Discord: who may have beauty scored, and what moderators choose."""

import discord
import pytest

from bot.settings import Settings
from models.types import Scored
from tests.cogs.conftest import World, marks, response
from tests.cogs.tasting import picture, post
from tests.pixel_faces import PixelNetworks

pytestmark = pytest.mark.simcord(settle_timeout=60)

SCORE = "Beauty: "
ASKS = "If this is you"


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


async def setup(world: World, command: str, **options: object) -> str:
    result = await world.mod.slash(world.channel, f"setup {command}", **options)
    assert result.ephemeral
    return response(result).content


async def scored(world: World, message: discord.Message) -> list[str]:
    """The heads that gave the face under a message a score."""
    verdict_id = await world.service.verdict_at(f"discord:{message.channel.id}:{message.id}")
    assert verdict_id is not None
    verdict = await world.service.verdict(verdict_id)
    return [guess.head for guess in verdict.guesses if isinstance(guess, Scored)]


async def test_beauty_waits_for_the_posters_word_and_asks_only_once(world: World) -> None:
    await setup(world, "heads", first="beauty")
    await world.ask(picture(1, 150))
    answer = world.answer()
    assert ASKS in answer.content
    assert "🙋" in marks(answer)
    await world.bob.react(answer, "🙋")
    await world.mod.react(answer, "🙋")
    assert SCORE not in world.now(answer).content.replace("Beauty: no score", "")
    assert await scored(world, answer) == []
    assert [str(e.emoji) for e in world.now(answer).reactions if e.count > 1] == []  # taken away
    await world.ann.react(answer, "🙋")
    assert ASKS not in world.now(answer).content
    assert SCORE in world.now(answer).content
    assert await scored(world, answer) == ["beauty"]
    await world.ask(picture(2, 150))
    assert await scored(world, world.answer()) == ["beauty"]
    assert "🙋" not in marks(world.answer())


async def test_nobody_has_other_peoples_beauty_scored(world: World) -> None:
    await setup(world, "heads", first="beauty", second="idol")
    await world.ask(picture(1, 150))
    await world.ann.react(world.answer(), "🙋")  # she has said so, for pictures of her own
    posted = await post(world, picture(2, 150))
    await world.bob.send(world.channel, f"{world.me} well?", reply_to=posted)
    assert "I score only pictures that who asks has posted." in world.answer().content
    assert await scored(world, world.answer()) == []
    await world.bob.context_menu(world.channel, "Judge this picture", posted)
    assert await scored(world, world.answer()) == []


async def test_beauty_is_never_scored_where_the_bot_only_watches(world: World) -> None:
    await setup(world, "heads", first="beauty", second="idol")
    await world.ask(picture(1, 150))
    await world.ann.react(world.answer(), "🙋")
    watching = world.settings.discord.model_copy(update={"watch_channels": (world.channel.id,)})
    await world.restart(world.settings.model_copy(update={"discord": watching}))
    before = len(world.answers())
    await post(world, picture(2, 150))
    assert len(world.answers()) == before + 1
    assert "Beauty" not in world.answer().content
    assert await scored(world, world.answer()) == []


async def test_moderators_choose_five_heads_and_what_is_a_like(world: World) -> None:
    heads = {"first": "taste", "second": "photogenic", "third": "beauty", "fourth": "idol"}
    told = await setup(world, "heads", **heads, fifth="character")
    assert told.count(", ") >= 4
    assert "A score of 3.0 or more is a like here." in await setup(world, "show")
    assert await setup(world, "like", score=2.0) == "A score of 2.0 or more is a like here."
    assert told in await setup(world, "show")
    await world.ask(picture(1, 127))  # 3.0, give or take 0.5
    assert "– like" in world.answer().content
    assert await setup(world, "like", score=4.5) == "A score of 4.5 or more is a like here."
    await world.ask(picture(2, 127))
    assert "– nope" in world.answer().content
    assert await setup(world, "like") == "A score of 3.0 or more is a like here."
    await world.ask(picture(3, 127))
    assert "– too close to call" in world.answer().content


async def test_others_may_not_choose_what_is_a_like(world: World) -> None:
    result = await world.bob.slash(world.channel, "setup like", score=1.0)
    assert response(result).content.startswith("Only people who may manage")


def test_the_settings_have_their_say_where_nobody_chose() -> None:
    given = {"channel_like_from": {"7": 4.0}}
    assert Settings.model_validate({"discord": given}).like_from("discord:7") == 4.0
