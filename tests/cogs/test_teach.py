"""`/teach`: a link to the page by direct message, and what it lets one do."""

import re
from datetime import timedelta

import discord
import pytest
from simcord.actors import MemberActor

from bot.domain import Role
from bot.members import Invitation, _hash
from bot.platforms.discord import place_of
from cogs.teach import access_of
from tests.cogs.conftest import World, response

pytestmark = pytest.mark.simcord(settle_timeout=60)

PAGE = "https://hantei.example.org"
with_page = pytest.mark.parametrize(
    "settings", [{"web": {"public_url": PAGE, "password": "x"}}], indirect=True
)


async def invited(world: World, who: MemberActor) -> Invitation:
    """Somebody asks for a link and gets it; whom it lets in."""
    result = await who.slash(world.channel, "teach")
    assert result.ephemeral
    assert response(result).content == "I have sent you a link in a direct message."
    (message,) = who.user.dm_channel.history()[-1:]
    found = re.search(rf"<{PAGE}/enter/([\w-]+)>\n", message.content)
    assert found, message.content
    assert found[1] not in response(result).content
    # Not asked of `invited`: simcord's clock is another one than that of a test.
    _, invitation = world.service.members._invited[_hash(found[1])]
    return invitation


@with_page
async def test_members_get_a_link_for_what_they_may_do(world: World) -> None:
    admins = world.guild.create_role("admins", permissions=discord.Permissions(manage_guild=True))
    boss = world.guild.add_member(world.env.create_user("boss"), roles=[admins])
    for who, role in ((world.ann, Role.TEACHER), (world.mod, Role.MODERATOR), (boss, Role.ADMIN)):
        invitation = await invited(world, who)
        assert invitation.access.role is role
        assert invitation.access.name == who.name
        assert invitation.user == f"discord:{who.id}"
        assert invitation.scope == f"discord:{world.guild.id}"


@with_page
async def test_only_what_a_member_may_read_is_shown_to_them(world: World) -> None:
    everybody = world.guild.default_role
    hidden = discord.PermissionOverwrite(view_channel=False)
    secret = world.guild.create_text_channel("secret", overwrites={everybody: hidden})
    late = discord.PermissionOverwrite(read_message_history=False)
    unread = world.guild.create_text_channel("unread", overwrites={everybody: late})
    adult = world.guild.create_text_channel("adult")
    guild = world.env.bot.get_guild(world.guild.id)
    cached = guild and guild.get_channel(adult.id)
    assert isinstance(cached, discord.TextChannel)
    cached.nsfw = True
    places = (await invited(world, world.ann)).access.places
    assert places is not None
    assert f"discord:{world.channel.id}" in places
    assert not places & {f"discord:{each.id}" for each in (secret, unread, adult)}


@with_page
async def test_who_has_left_is_known_without_a_privileged_intent(world: World) -> None:
    scope, ann = f"discord:{world.guild.id}", f"discord:{world.ann.id}"
    members = world.service.members
    await members.enter(scope, ann, (await invited(world, world.mod)).access)
    members._looked.clear()  # as after some minutes
    member = await members.member(scope, ann)
    assert member
    assert member.role is Role.TEACHER  # by what Discord says now
    world.guild.remove_member(world.ann)
    await world.env.settle()
    members._looked.clear()
    assert await members.member(scope, ann) is None


@with_page
async def test_who_is_timed_out_only_looks(world: World) -> None:
    guild = world.env.bot.get_guild(world.guild.id)
    assert guild
    member = await guild.fetch_member(world.ann.id)
    assert access_of(member).role is Role.TEACHER
    member.timed_out_until = discord.utils.utcnow() + timedelta(hours=1)
    assert access_of(member).role is Role.VIEWER


@with_page
async def test_closed_direct_messages_are_told(world: World) -> None:
    path = f"/channels/{world.ann.user.dm_channel.id}/messages"
    world.env.inject_error("POST", path, status=403, code=50007)
    result = await world.ann.slash(world.channel, "teach")
    assert response(result).content.startswith("I can't write to you:")


async def test_without_an_address_it_says_what_to_set(world: World) -> None:
    result = await world.ann.slash(world.channel, "teach")
    assert result.ephemeral
    assert "set web.public_url" in response(result).content


async def test_a_private_thread_is_a_place_of_its_own(world: World) -> None:
    thread = world.env.bot.get_channel(world.thread(world.channel).id)
    assert isinstance(thread, discord.Thread)
    assert place_of(thread) == f"discord:{world.channel.id}"
    thread._type = discord.ChannelType.private_thread  # type: ignore[attr-defined]
    assert place_of(thread) == f"discord:{thread.id}"


async def test_moderators_deeds_are_noted_without_names(world: World, astronaut: bytes) -> None:
    await world.ask(astronaut)
    await world.ann.send(world.channel, "Eileen", reply_to=world.answer())
    await world.mod.slash(world.channel, "people rename", name="Eileen", new_name="Collins")
    await world.mod.slash(world.channel, "setup like", score=4.0)
    deeds = await world.service.members.audit(f"discord:{world.guild.id}", 10)
    assert [(each.user, each.deed) for each in deeds] == [
        (f"discord:{world.mod.id}", "judged"),
        (f"discord:{world.mod.id}", "person-renamed"),
    ]
    assert deeds[0].of == f"channel:{world.channel.id}"
    assert re.fullmatch(r"person:\d+", deeds[1].of)
