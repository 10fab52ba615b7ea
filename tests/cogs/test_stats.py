"""`/stats` and `/review`, and where votes are cast, on faces made of numbers."""

import sqlite3
from typing import Any

import pytest
from simcord.actors import MemberActor

from bot.domain import Action, Correction
from bot.store import Store
from tests.cogs.conftest import World, response
from tests.cogs.tasting import picture
from tests.cogs.test_clusters import labels
from tests.pixel_faces import PixelNetworks, post_shots

pytestmark = pytest.mark.simcord(settle_timeout=60)


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


def scope(world: World) -> str:
    return f"discord:{world.guild.id}"


def user(member: MemberActor) -> str:
    return f"discord:{member.id}"


async def faces(world: World, store: Store, count: int) -> list[int]:
    """Ann, who agreed, posts pictures."""
    await world.service.allow(scope(world), user(world.ann))
    return await post_shots(store, "Mai", range(count), scope=scope(world), author=user(world.ann))


async def say(world: World, verdict: int, voter: str, name: str, trusted: bool = False) -> None:
    await world.service.correct(
        Correction(verdict, "idol", voter, Action.NAME, trusted=trusted, name=name)
    )


async def asked(world: World, command: str, by: MemberActor) -> Any:
    result = await by.slash(world.channel, command)
    assert result.ephemeral
    return response(result)


async def test_stats_show_ones_own_figures_and_moderators_everybodys(
    world: World, store: Store
) -> None:
    shown = await asked(world, "stats", world.bob)
    assert shown.content == "Nobody has taught me anything here yet."
    for shot in await faces(world, store, 2):
        await say(world, shot, user(world.mod), "Mai *S*", trusted=True)
        await say(world, shot, user(world.bob), "Mai *S*")
    await world.service.teaching.recount(scope(world), "idol")

    shown = (await asked(world, "stats", world.bob)).content
    assert "4 votes so far; 2 faces are settled by them." in shown
    assert "You: 2 votes, behind 2 settled faces, right 100 % of 2 times" in shown
    assert "⬜" * 10 + " right 0 %, wrong name 0 %, “I don't know” 100 %" in shown
    assert r"Mai \*S\*: 2 pictures" in shown
    assert f"<@{world.mod.id}>" not in shown
    shown = (await asked(world, "stats", world.mod)).content
    assert f"<@{world.bob.id}>: 2 votes, behind 2 settled faces" in shown

    await world.service.forget_user(scope(world), user(world.bob))
    assert str(world.bob.id) not in (await asked(world, "stats", world.mod)).content


async def held(world: World, store: Store) -> Any:
    """Five newcomers for one name, and what moderators are shown of it."""
    shots = await faces(world, store, 2)
    for number in range(5):
        await say(world, shots[0], f"discord:{number}", "Mai *S*")
    await say(world, shots[1], user(world.bob), "Mai")
    await say(world, shots[1], "discord:7", "Yuna")
    return await asked(world, "review", world.mod)


async def test_review_shows_what_waits_and_a_moderator_decides(world: World, store: Store) -> None:
    shown = await held(world, store)
    assert r"1. 5 new voters say that a face shows Mai \*S\*." in shown.content
    assert "Mai? https://discord.com/channels/" in shown.content
    assert "The web page shows the faces, too" in shown.content
    assert labels(shown) == ["Release 1", "Reject 1"]
    await world.mod.click(shown, label="Release 1")
    assert shown.content.startswith("They count now.")
    assert labels(shown) == []
    assert await world.people() == {"Mai *S*": 1}


async def test_review_is_for_moderators_also_its_buttons(world: World, store: Store) -> None:
    refused = "Only people who may manage messages or the server can do that."
    assert (await asked(world, "review", world.bob)).content == refused
    shown = await held(world, store)
    backend = world.env.backend
    member = backend.guilds[world.guild.id].members[world.mod.id]
    roles, member.role_ids = member.role_ids, []  # moderates no longer
    result = await world.mod.click(shown, label="Release 1")
    assert response(result).content == refused
    member.role_ids = roles
    assert len(await world.service.teaching.holds(scope(world))) == 1
    await world.mod.click(shown, label="Reject 1")
    assert shown.content.startswith("They will never count.")
    assert await world.people() == {}


async def test_nothing_to_review(world: World) -> None:
    shown = await asked(world, "review", world.mod)
    assert shown.content == "Nothing is held, and nobody disagrees."


async def test_votes_say_in_which_channel_they_were_cast(world: World) -> None:
    thread = world.thread(world.channel)
    for where in (world.channel, thread):
        await world.ask(picture(where.id % 1000, 100), channel=where)
        answer = world.answer(where)
        await world.bob.react(answer, "4️⃣")
        await world.bob.send(where, "Mai", reply_to=answer)
    with sqlite3.connect(world.settings.store.data_dir / "hantei.sqlite3") as database:
        places = database.execute("SELECT place FROM votes").fetchall()
    assert places == [(f"discord:{world.channel.id}",)] * 4
