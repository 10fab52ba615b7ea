"""`python -m bot.collect reactions`: who reacted, out of who could see it."""

from datetime import timedelta

import pytest

from bot import collect
from bot.platforms.discord import scope_of
from bot.platforms.discord_reactions import Outcome, count
from bot.reception_store import Received
from tests.cogs.conftest import World

pytestmark = pytest.mark.simcord(settle_timeout=60)

AT_ONCE = timedelta(0)


async def received(world: World) -> list[Received]:
    return await world.service._store.receptions.of(scope_of(world.guild.id, world.ann))


async def count_now(world: World, settled: timedelta = AT_ONCE) -> dict[Outcome, int]:
    bot = world.media.bot
    assert bot is not None
    bot._connection._intents.members = True  # as the command asks for
    return dict(await count(world.service._store, bot, settled, lambda *_: None))


async def test_who_reacted_out_of_who_could_see_it(world: World, astronaut: bytes) -> None:
    await world.service.choose_heads(f"discord:{world.channel.id}", ["photogenic"])
    await world.service.allow(scope_of(world.guild.id, world.ann), f"discord:{world.ann.id}")
    asked = await world.ask(astronaut)
    await world.bob.react(asked, "😍")
    await world.bob.react(asked, "🎉")  # the same person
    await world.ann.react(asked, "😍")  # her own
    assert await count_now(world, timedelta(days=2)) == {}
    assert await count_now(world) == {Outcome.COUNTED: 1}
    (seen,) = await received(world)
    assert (seen.reactions, seen.audience) == (1, 3)  # Bob, of Bob, Mod and the owner
    assert await count_now(world) == {}  # once is enough
    await world.ann.delete(asked)
    assert await received(world) == []


async def test_nobody_is_counted_who_did_not_agree(world: World, astronaut: bytes) -> None:
    await world.service.choose_heads(f"discord:{world.channel.id}", ["photogenic"])
    await world.ask(astronaut)
    assert await count_now(world) == {}


def test_without_a_token_it_says_so(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(str(tmp_path))
    assert collect.main(["reactions"]) == collect.USAGE_ERROR
    assert "discord.token is not set" in capsys.readouterr().err
