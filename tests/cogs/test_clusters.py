"""`/unknown` and the digest: moderators name, merge, split and ignore, on faces made of numbers."""

from io import BytesIO
from typing import Any

import discord
import pytest
from PIL import Image
from simcord.actors import MemberActor
from simcord.results import InteractionResult, ResponseMessage

from bot.settings import Settings
from bot.store import Store
from cogs.clusters import DIGEST_LOOK
from tests.cogs.conftest import World, response
from tests.pixel_faces import PixelNetworks, post_shots

pytestmark = pytest.mark.simcord(settle_timeout=60)


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


def scope(world: World) -> str:
    return f"discord:{world.guild.id}"


def ann(world: World) -> str:
    return f"discord:{world.ann.id}"


async def seen(world: World, store: Store, person: str, shots: range) -> list[int]:
    """Ann, who agreed, posts pictures of somebody. Returns the verdicts."""
    await world.service.allow(scope(world), ann(world))
    found = await post_shots(store, person, shots, scope=scope(world), author=ann(world))
    await world.service.cluster_anew()
    return found


async def unknown(world: World, by: MemberActor | None = None) -> InteractionResult:
    result = await (by or world.mod).slash(world.channel, "unknown")
    assert result.ephemeral
    return result


async def faces(world: World) -> list[set[int]]:
    return [set(each.faces) for each in await world.service.unknown(scope(world))]


def labels(message: discord.Message | ResponseMessage) -> list[str]:
    """What stands on the buttons."""
    found: list[str] = []

    def walk(components: Any) -> None:
        for each in components:
            told = each if isinstance(each, dict) else each.to_dict()
            if told["type"] == 2:
                found.append(told["label"])
            walk(told.get("components", ()))

    walk(message.components)
    return found


async def press(
    world: World, shown: Any, label: str, by: MemberActor | None = None
) -> InteractionResult:
    return await (by or world.mod).click(shown, label=label)


async def test_a_cluster_is_shown_and_named(world: World, store: Store) -> None:
    await seen(world, store, "Mai", range(4))
    shown = response(await unknown(world))
    assert shown.content == "Who is this? Seen 4 times."
    assert labels(shown) == ["Name …", "Merge with …", "Split …", "Ignore", "Next"]
    (picture,) = shown.attachments
    assert picture.description == "4 faces in a numbered grid."
    with Image.open(BytesIO(await picture.read())) as grid:
        assert min(grid.size) > 600

    form = await press(world, shown, "Name …")
    assert form.modal is not None
    assert form.modal["title"] == "Who is this? Seen 4 times."
    await world.mod.submit_modal(form, {"name": "Mai *S*"})
    assert shown.content == r"Learned from 4 faces: Mai \*S\*"
    assert shown.attachments == []
    assert labels(shown) == ["Next"]
    assert await world.people() == {"Mai *S*": 4}
    await press(world, shown, "Next")
    assert shown.content.startswith("Nobody unknown was seen three times or more.")


async def test_it_is_for_moderators_only_also_the_buttons(world: World, store: Store) -> None:
    verdicts = await seen(world, store, "Mai", range(3))
    refused = "Only people who may manage messages or the server can do that."
    assert response(await unknown(world, by=world.bob)).content == refused

    await world.channel_digest()
    digest = world.answer()
    for label in ("Name …", "Merge with …", "Split …", "Ignore"):
        result = await press(world, digest, label, by=world.bob)
        assert response(result).content == refused
        assert result.ephemeral
    assert await faces(world) == [set(verdicts)]


async def test_next_goes_around(world: World, store: Store) -> None:
    await seen(world, store, "Mai", range(4))
    await seen(world, store, "Yuna", range(3))
    shown = response(await unknown(world))
    said = [shown.content]
    for _ in range(2):
        await press(world, shown, "Next")
        said.append(shown.content)
    assert [each.partition("Seen ")[2] for each in said] == ["4 times.", "3 times.", "4 times."]


async def test_merging(world: World, store: Store) -> None:
    mai = await seen(world, store, "Mai", range(4))
    wig = await seen(world, store, "Mai in a wig", range(3))
    shown = response(await unknown(world))
    await press(world, shown, "Merge with …")
    assert shown.content == "Which of these is the same person?"
    (_, other) = await world.service.unknown(scope(world))
    await world.mod.select(shown, [str(other.id)])
    assert shown.content == "Who is this? Seen 7 times."
    await world.service.cluster_anew()
    assert await faces(world) == [{*mai, *wig}]
    nobody_else = await press(world, shown, "Merge with …")
    assert nobody_else.followups[0].content == "There is no other unknown person to merge with."


async def test_splitting(world: World, store: Store) -> None:
    mai = await seen(world, store, "Mai", range(5))
    shown = response(await unknown(world))
    await press(world, shown, "Split …")
    assert shown.content.startswith("Which of these faces are somebody else?")
    await press(world, shown, "Back")
    assert shown.content == "Who is this? Seen 5 times."
    await press(world, shown, "Split …")
    await world.mod.select(shown, [str(mai[0]), str(mai[1])])
    assert shown.content == "Who is this? Seen 3 times."
    await world.service.cluster_anew()
    assert await faces(world) == [set(mai[2:])]


async def test_ignoring_after_a_restart(world: World, store: Store) -> None:
    await seen(world, store, "Mai", range(3))
    await world.channel_digest()
    await world.restart()
    await press(world, world.answer(), "Ignore")
    told = world.answer()
    assert told.content == "Noted: nobody will be asked about this person again."
    assert told.attachments == []
    assert labels(told) == []
    assert await faces(world) == []


async def test_choosing_after_a_restart(world: World, store: Store) -> None:
    mai = await seen(world, store, "Mai", range(4))
    await world.channel_digest()
    await press(world, world.answer(), "Split …")
    await world.restart()
    await world.mod.select(world.answer(), [str(mai[0])])
    assert world.answer().content == "Who is this? Seen 3 times."


async def test_what_is_answered_already_is_said_to_be(world: World, store: Store) -> None:
    await seen(world, store, "Mai", range(3))
    shown = response(await unknown(world))
    await world.service.ignore_cluster(
        scope(world), (await world.service.unknown(scope(world)))[0].id
    )
    result = await press(world, shown, "Ignore")
    assert result.followups[0].content.startswith("That can't be done any more")
    result = await press(world, shown, "Name …")
    assert response(result).content.startswith("That can't be done any more")


async def test_a_name_of_nothing_but_spaces(world: World, store: Store) -> None:
    await seen(world, store, "Mai", range(3))
    shown = response(await unknown(world))
    form = await press(world, shown, "Name …")
    await world.mod.submit_modal(form, {"name": "   "})
    assert shown.content == "Who is this? Seen 3 times."
    assert await world.people() == {}


async def test_another_servers_clusters_are_out_of_reach(world: World, store: Store) -> None:
    await world.service.allow("discord:1", ann(world))
    await post_shots(store, "Mai", range(3), scope="discord:1", author=ann(world))
    await world.service.cluster_anew()
    assert response(await unknown(world)).content.startswith("Nobody unknown was seen")


async def test_a_grid_goes_when_its_poster_takes_the_word_back(world: World, store: Store) -> None:
    await seen(world, store, "Mai", range(3))
    await world.channel_digest()
    assert len(world.answers()) == 1
    await world.ann.slash(world.channel, "privacy allow", agree=False)
    assert world.answers() == []


async def test_a_grid_goes_with_a_forgotten_post(world: World, store: Store) -> None:
    await seen(world, store, "Mai", range(4))
    await world.channel_digest()
    asked = await world.ann.slash(world.channel, "privacy forget")
    await world.ann.click(response(asked), label="Yes")
    assert world.answers() == []


async def test_the_digest_speaks_the_servers_language(world: World, store: Store) -> None:
    await seen(world, store, "Mai", range(11))
    japanese = world.settings.model_copy(
        update={"discord": world.settings.discord.model_copy(update={"server_language": "ja"})}
    )
    await world.restart(japanese)
    await world.channel_digest()
    assert world.answer().content == (
        "この人はだれ？ 11 回見ました。\n新しい順に 9 枚を表示しています。"
    )


# the digest by itself


async def test_a_digest_comes_once_and_not_again_after_a_restart(
    world: World, store: Store
) -> None:
    channel = world.channel.id
    settings = Settings.model_validate(
        {
            "store": {"data_dir": world.settings.store.data_dir},
            "discord": {"digest_channel": channel},
        }
    )
    await world.restart(settings)
    assert world.answers() == []  # nothing is new
    await seen(world, store, "Mai", range(3))
    await world.env.advance_time(DIGEST_LOOK + 1)
    (digest,) = world.answers()
    assert digest.content == "Who is this? Seen 3 times."
    assert labels(digest) == ["Name …", "Merge with …", "Split …", "Ignore"]
    await world.env.advance_time(DIGEST_LOOK + 1)
    await world.restart(settings)
    assert len(world.answers()) == 1


async def test_no_digest_is_lost_where_the_bot_may_not_post(world: World, store: Store) -> None:
    await seen(world, store, "Mai", range(3))
    await world.channel_digest(world.channel_without(attach_files=False))
    await world.channel_digest()
    assert len(world.answers()) == 1
