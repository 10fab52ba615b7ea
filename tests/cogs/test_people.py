"""`/people`: enrolling, listing, renaming, merging and removing, for moderators."""

import discord
import pytest
from simcord.actors import MemberActor

from bot.domain import Person
from cogs.people import listed
from tests.cogs.conftest import World, response

pytestmark = pytest.mark.simcord(settle_timeout=60)


async def enroll(
    world: World, picture: bytes, name: str, *, by: MemberActor | None = None, right: bool = True
) -> str:
    """The words in which the bot answers."""
    result = await (by or world.mod).slash(
        world.channel,
        "people enroll",
        name=name,
        picture=("a.jpg", picture),
        i_have_the_right=right,
    )
    assert result.ephemeral
    return response(result).content


async def people(world: World, command: str, *, by: MemberActor | None = None, **names: str) -> str:
    """The words in which the bot answers."""
    result = await (by or world.mod).slash(world.channel, f"people {command}", **names)
    assert result.ephemeral
    return response(result).content


async def test_enrolling_teaches_at_once(world: World, astronaut: bytes, variant: bytes) -> None:
    assert (await enroll(world, astronaut, "Eileen")).endswith("**Learned: Eileen**")
    assert await people(world, "list") == "Eileen: 1"
    await world.ask(variant)
    assert "I think this is Eileen" in world.answer().content


async def test_enrolling_takes_the_right_to_the_picture(world: World, astronaut: bytes) -> None:
    words = await enroll(world, astronaut, "Eileen", right=False)
    assert words.startswith("I can enrol this picture only if you have the right")
    assert await world.people() == {}
    assert world.crops() == []


async def test_a_picture_to_enrol_shows_one_face(
    world: World, astronaut: bytes, nobody: bytes, pair: bytes
) -> None:
    assert await enroll(world, nobody, "Eileen") == "I found no face in this picture."
    assert await enroll(world, pair, "Eileen") == (
        "There are 2 faces. Send a picture with only one."
    )
    assert (await enroll(world, b"text", "Eileen")).startswith("This is not a picture.")
    assert await world.people() == {}


async def test_everything_is_for_moderators_only(world: World, astronaut: bytes) -> None:
    await enroll(world, astronaut, "Eileen")
    refused = "Only people who may manage messages or the server can do that."
    assert await enroll(world, astronaut, "Eve", by=world.bob) == refused
    assert await people(world, "list", by=world.bob) == refused
    assert await people(world, "rename", by=world.bob, name="Eileen", new_name="Eve") == refused
    assert await people(world, "merge", by=world.bob, name="Eileen", into="Eve") == refused
    assert await people(world, "remove", by=world.bob, name="Eileen") == refused
    assert await world.people() == {"Eileen": 1}
    typed = await world.bob.autocomplete(world.channel, "people remove", "name", "")
    assert typed == []


async def test_who_manages_the_server_may_too(world: World, astronaut: bytes) -> None:
    managers = world.guild.create_role(
        "managers", permissions=discord.Permissions(manage_guild=True)
    )
    manager = world.guild.add_member(world.env.create_user("manager"), roles=[managers])
    assert "Learned" in await enroll(world, astronaut, "Eileen", by=manager)


async def test_names_are_completed(world: World, astronaut: bytes) -> None:
    await enroll(world, astronaut, "Eileen Collins")
    for command, option in (("rename", "name"), ("merge", "into"), ("remove", "name")):
        offered = await world.mod.autocomplete(world.channel, f"people {command}", option, "coll")
        assert [each["value"] for each in offered] == ["Eileen Collins"]
    assert await world.mod.autocomplete(world.channel, "people rename", "name", "x") == []


async def test_renaming_and_merging(world: World, astronaut: bytes, variant: bytes) -> None:
    await enroll(world, astronaut, "Eileen")
    await enroll(world, variant, "Col. Collins")
    taken = await people(world, "rename", name="Eileen", new_name="col. collins")
    assert taken.startswith("Somebody else has that name already.")
    unknown = await people(world, "rename", name="Who", new_name="Mai")
    assert unknown.startswith("I can't find that.")
    renamed = await people(world, "rename", name="Eileen", new_name="E*ileen*")
    assert renamed == r"The name is now E\*ileen\*."
    merged = await people(world, "merge", name="Col. Collins", into="E*ileen*")
    assert merged == r"They are one now: E\*ileen\*."
    assert await world.people() == {"E*ileen*": 2}


async def test_removing_asks_first_and_forgets_everything(world: World, astronaut: bytes) -> None:
    await world.ask(astronaut)
    await world.ann.send(world.channel, "Eileen", reply_to=world.answer())
    asked = await world.mod.slash(world.channel, "people remove", name="Eileen")
    assert response(asked).content.startswith("Forget Eileen with all pictures")
    await world.mod.click(response(asked), label="No")
    assert response(asked).content == "Nothing was changed."
    assert await world.people() == {"Eileen": 1}

    asked = await world.mod.slash(world.channel, "people remove", name="Eileen")
    await world.mod.click(response(asked), label="Yes")
    assert response(asked).content == "Eileen is forgotten."
    assert await world.people() == {}
    assert world.answers() == []
    assert world.crops() == []


async def test_a_question_that_nobody_answers_means_no(world: World, astronaut: bytes) -> None:
    await enroll(world, astronaut, "Eileen")
    asked = await world.mod.slash(world.channel, "people remove", name="Eileen")
    await world.env.advance_time(180)
    assert response(asked).content == "Nothing was changed."
    assert response(asked).components == []
    assert await world.people() == {"Eileen": 1}


async def test_removing_nobody(world: World) -> None:
    asked = await world.mod.slash(world.channel, "people remove", name="Eileen")
    await world.mod.click(response(asked), label="Yes")
    (told,) = asked.followups
    assert told.content.startswith("I can't find that.")
    assert response(asked).components == []


async def test_in_a_direct_message_everybody_has_people_of_their_own(
    world: World, astronaut: bytes
) -> None:
    ann = world.ann.user
    result = await ann.slash(
        "people enroll", name="Eileen", picture=("a.jpg", astronaut), i_have_the_right=True
    )
    assert "Learned: Eileen" in response(result).content
    assert response(await ann.slash("people list")).content == "Eileen: 1"
    assert await people(world, "list") == "Nobody is enrolled yet."


def test_a_list_longer_than_a_message_ends_with_how_many_more() -> None:
    everybody = [Person(n, "s", "idol", f"{n:03} {'x' * 70}", 1) for n in range(100)]
    words = listed(everybody, "en")
    assert len(words) <= 2000
    *names, more = words.split("\n")
    assert more == f"… and {100 - len(names)} more"
    assert len(names) > 20
