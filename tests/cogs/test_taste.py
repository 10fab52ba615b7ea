"""`/taste`: ratings by reactions, what they come to, their export, and forgetting them."""

import csv
import io

import pytest

from bot.platforms.discord import DiscordBot
from bot.rating_report import LEAST
from tests.cogs.conftest import World, response
from tests.cogs.tasting import READING, link, picture
from tests.pixel_faces import PixelNetworks

pytestmark = pytest.mark.simcord(settle_timeout=60)


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


def bob(world: World) -> str:
    return f"discord:{world.bob.id}"


def scope(world: World) -> str:
    return f"discord:{world.guild.id}"


async def taste(world: World, command: str, **options: object) -> str:
    """The words in which Bob is answered."""
    result = await world.bob.slash(world.channel, f"taste {command}", **options)
    assert result.ephemeral
    return response(result).content


async def scores(world: World) -> list[int]:
    """How Bob's ratings stand."""
    return [each.score for each in await world.service.ratings_of(scope(world), bob(world))]


async def test_a_rating_counts_can_be_changed_and_taken_back(world: World) -> None:
    await world.ask(picture(1, 100))
    answer = world.answer()
    await world.bob.react(answer, "4️⃣")
    assert await scores(world) == [4]
    await world.bob.react(answer, "2️⃣")
    assert await scores(world) == [2]
    await world.bob.unreact(answer, "2️⃣")
    assert await scores(world) == [4]
    await world.bob.unreact(answer, "4️⃣")
    assert await scores(world) == []


@pytest.mark.parametrize("settings", [READING], indirect=True)
async def test_show_tells_what_counts_and_what_waits(world: World) -> None:
    assert "You have rated nothing here yet" in await taste(world, "show")
    for number in range(LEAST):
        await world.ask(picture(number, 100))
        await world.bob.react(world.answer(), "5️⃣" if number else "3️⃣")
    told = await taste(world, "show")
    assert f"4.8 on average: 0 count, {LEAST} wait" in told
    assert f"I know your taste once {LEAST} count." in told
    assert "You get no digest" in told
    await world.service.allow(scope(world), f"discord:{world.ann.id}")
    await taste(world, "digest", time="7:30", zone="UTC")
    told = await taste(world, "show")
    assert f"{LEAST} count, 0 wait" in told
    assert "enough for me to know your taste" in told
    assert "Your next digest: <t:" in told


async def test_export_is_a_table_of_ones_own_ratings(world: World) -> None:
    asked = await world.ask(picture(1, 100))
    await world.bob.react(world.answer(), "4️⃣")
    await world.mod.react(world.answer(), "1️⃣")
    result = await world.bob.slash(world.channel, "taste export")
    assert result.ephemeral
    (file,) = response(result).attachments
    assert file.filename == "ratings.csv"
    table = (world.env.backend.cdn.get(file.url) or b"").decode()
    (row,) = csv.DictReader(io.StringIO(table))
    assert row["picture"] == link(asked)
    assert row["score"] == "4"
    assert row["rated_at"].endswith("Z")


async def test_reset_asks_first_and_forgets_at_once_and_for_good(world: World) -> None:
    await world.ask(picture(1, 100))
    answer = world.answer()
    await world.bob.react(answer, "4️⃣")
    await world.mod.react(answer, "5️⃣")
    asked = await world.bob.slash(world.channel, "taste reset")
    assert "cannot be undone" in response(asked).content
    await world.bob.click(response(asked), label="No")
    assert await scores(world) == [4]
    asked = await world.bob.slash(world.channel, "taste reset")
    await world.bob.click(response(asked), label="Yes")
    assert await scores(world) == []
    assert len(await world.service.ratings_of(scope(world), f"discord:{world.mod.id}")) == 1
    await world.restart()  # the mark is still under the answer, and is not counted anew
    await world.env.advance_time(1)
    assert await scores(world) == []
    await world.ask(picture(2, 100))
    await world.bob.react(world.answer(), "3️⃣")  # but new ones count
    assert await scores(world) == [3]


async def test_forgetting_a_user_ends_digests_and_ratings(world: World) -> None:
    await world.ask(picture(1, 100))
    await world.bob.react(world.answer(), "4️⃣")
    await taste(world, "digest")
    asked = await world.bob.slash(world.channel, "privacy forget")
    await world.bob.click(response(asked), label="Yes")
    assert await scores(world) == []
    assert await world.service.digests.of(bob(world)) == []


async def test_digests_are_changed_step_by_step_and_stopped(world: World) -> None:
    other = world.guild.create_text_channel("other")
    await taste(world, "digest", time="7:30", zone="Europe/Berlin", days="weekly")
    told = await taste(world, "digest", channel=other)
    assert f"{world.channel.mention} {other.mention}" in told
    assert "once a week" in told
    (found,) = await world.service.digests.of(bob(world))
    assert (found.schedule.minute, found.schedule.zone) == (450, "Europe/Berlin")
    assert found.schedule.weekday is not None
    assert "once a day" in await taste(world, "digest", days="daily")
    assert "I don't understand this time" in await taste(world, "digest", time="half past")
    assert "I don't know this zone" in await taste(world, "digest", zone="Berlin")
    assert await taste(world, "digest", off=True) == "There will be no more digests."
    assert await world.service.digests.of(bob(world)) == []


async def test_zones_are_suggested_while_typing(world: World) -> None:
    choices = await world.bob.autocomplete(world.channel, "taste digest", "zone", "berl")
    assert [each["value"] for each in choices] == ["Europe/Berlin"]


async def test_who_uses_discord_in_japanese_is_answered_so_and_by_their_clock(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DiscordBot, "locale_of", lambda *_: "ja")  # the simulation has no such user
    assert "（Asia/Tokyo）" in await taste(world, "digest")
    assert "次のまとめ" in await taste(world, "show")
    (found,) = await world.service.digests.of(bob(world))
    assert found.locale == "ja"
