"""Pictures made of numbers on the simulated Discord, and time that a test moves."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import discord
import numpy as np
from PIL import Image
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle

from tests.cogs.conftest import World
from tests.pixel_faces import GRAINS

READING = {"discord": {"read_along": True, "cooldown_pictures": 100}}
"""Settings with which the bot looks at what nobody shows it."""


class Clock:
    """The moment, UTC without a zone, to anybody who asks."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC).replace(tzinfo=None) + self._ahead

    def pass_by(self, **time: float) -> None:
        self._ahead += timedelta(**time)


def picture(number: int, brightness: float) -> bytes:
    """A picture that is a face from edge to edge, unlike all others, as PNG.

    Args:
        brightness: 0..255; by it `tests.pixel_faces.Brightness` scores.
    """
    grains = np.random.default_rng(number).normal(0, 20, (GRAINS, GRAINS, 3))
    grains += brightness - grains.mean()
    pixels = grains.clip(0, 255).round().astype(np.uint8).repeat(2, axis=0).repeat(2, axis=1)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


async def post(
    world: World,
    *pictures: bytes,
    by: MemberActor | None = None,
    channel: ChannelHandle | None = None,
    name: str = "a.png",
) -> discord.Message:
    """Ann (or somebody) posts pictures, and does not ask for anything."""
    uploads = [(name, each) for each in pictures]
    return await (by or world.ann).send(channel or world.channel, "look", attachments=uploads)


def link(message: discord.Message) -> str:
    assert message.guild is not None
    ids = message.guild.id, message.channel.id, message.id
    return "https://discord.com/channels/{}/{}/{}".format(*ids)


async def send_digests(world: World, clock: Clock) -> None:
    """A day later, the bot looks whether digests are due."""
    clock.pass_by(days=1)
    assert world.media.bot is not None
    cog: Any = world.media.bot.get_cog("Digests")
    await cog.send_due(clock())
    await world.env.settle()


def digests(world: World, member: MemberActor) -> list[discord.Message]:
    """The direct messages that the bot has sent somebody."""
    return world.answers(member.user.dm_channel)


def shown(digest: discord.Message) -> list[str]:
    """The links in a digest, in order."""
    lines = digest.content.splitlines()
    return [line.split()[1] for line in lines if line[:1].isdigit()]
