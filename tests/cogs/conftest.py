"""A simulated Discord with the real bot in it, on real weights and a real database."""

import asyncio
import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
import pytest
import simcord
from PIL import Image
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle, GuildHandle
from simcord.results import InteractionResult, ResponseMessage

import cogs.marking
from bot.errors import PictureRefused, Reason
from bot.intake import Intake
from bot.platforms.discord import DiscordBot
from bot.service import Service
from bot.settings import Settings


class SimcordMedia:
    """Fetches what people upload to the simulated Discord, through discord.py."""

    def __init__(self) -> None:
        self.bot: DiscordBot | None = None

    async def fetch(self, url: str, max_bytes: int) -> bytes:
        assert self.bot is not None
        try:
            body = await self.bot.http.get_from_cdn(url)
        except discord.NotFound as error:
            raise PictureRefused(Reason.DOWNLOAD) from error
        if len(body) > max_bytes:
            raise PictureRefused(Reason.TOO_MANY_BYTES)
        return body

    async def close(self) -> None:
        pass


@dataclass
class World:
    """A server with a channel: Ann posts pictures, Bob passes by, Mod moderates."""

    env: simcord.Env
    media: SimcordMedia
    settings: Settings
    service: Service
    guild: GuildHandle
    channel: ChannelHandle
    ann: MemberActor
    bob: MemberActor
    mod: MemberActor

    @property
    def me(self) -> str:
        """A mention of the bot."""
        return f"<@{self.env.backend.bot_user.id}>"

    async def ask(
        self,
        picture: bytes,
        *more: bytes,
        by: MemberActor | None = None,
        channel: ChannelHandle | None = None,
        name: str = "picture.jpg",
    ) -> discord.Message:
        """Ann (or somebody) mentions the bot with pictures."""
        uploads = [(name, each) for each in (picture, *more)]
        where = channel or self.channel
        return await (by or self.ann).send(where, f"{self.me} who?", attachments=uploads)

    def answers(self, channel: ChannelHandle | None = None) -> list[discord.Message]:
        """What the bot has said in a channel, oldest first, without what only one person sees."""
        own = self.env.backend.bot_user.id
        return [
            message
            for message in (channel or self.channel).history()
            if message.author.id == own and not message.flags.ephemeral
        ]

    def answer(self, channel: ChannelHandle | None = None) -> discord.Message:
        """The last thing the bot has said in a channel, as it reads now."""
        return self.answers(channel)[-1]

    def now(self, message: discord.Message) -> discord.Message:
        """A message of the bot as it reads now."""
        (found,) = (
            each
            for channel_id in self.env.backend.messages
            for each in self._channel(channel_id).history()
            if each.id == message.id
        )
        return found

    def thread(self, parent: ChannelHandle) -> ChannelHandle:
        """A thread, or a post in a forum, by Ann."""
        made = self.env.backend.create_thread(parent.id, "thread", self.ann.id)
        return self._channel(made.id)

    def channel_without(self, **permissions: bool) -> ChannelHandle:
        """A channel where the bot lacks permissions, given as `name=False`."""
        bot_itself = self.guild.me
        assert bot_itself is not None
        overwrite = discord.PermissionOverwrite(**permissions)
        return self.guild.create_text_channel("limited", overwrites={bot_itself: overwrite})

    def _channel(self, channel_id: int) -> ChannelHandle:
        return ChannelHandle(self.env, self.guild, self.env.backend.get_channel(channel_id))

    async def restart(self, settings: Settings | None = None) -> None:
        """A new process on the same database."""
        fresh = DiscordBot(settings or self.settings, self.service)
        self.media.bot = fresh
        await self.env.restart_bot(fresh)

    async def channel_digest(self, channel: ChannelHandle | None = None) -> None:
        """What is new, as the bot posts it to a channel once a day."""
        assert self.media.bot is not None
        cog: Any = self.media.bot.get_cog("Clusters")
        await cog.post_digest((channel or self.channel).id)
        await self.env.settle()

    @contextmanager
    def away(self) -> Iterator[None]:
        """While the bot hears nothing of what happens."""
        listening = list(self.env.backend.subscribers)
        self.env.backend.subscribers.clear()
        try:
            yield
        finally:
            self.env.backend.subscribers.extend(listening)

    async def people(self) -> dict[str, int]:
        """Names in the server, with the number of their examples."""
        known = await self.service.people(f"discord:{self.guild.id}")
        return {person.name: person.examples for person in known}

    def crops(self) -> list[Path]:
        """The faces on disk."""
        return sorted((self.settings.store.data_dir / "crops").rglob("*.png"))


def marks(message: discord.Message) -> list[str]:
    """The reactions of a message, in order."""
    return [str(reaction.emoji) for reaction in message.reactions]


def buttons(message: discord.Message) -> dict[str, str]:
    """The custom ids of the marks that are buttons of a message by their emoji, in order."""
    return {str(each.emoji): each.custom_id or "" for each in _buttons(message) if each.emoji}


def why_button(message: discord.Message) -> discord.Button:
    """The only button without an emoji."""
    (found,) = (each for each in _buttons(message) if not each.emoji)
    return found


def _buttons(message: discord.Message) -> list[discord.Button]:
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return [each for row in rows for each in row.children if isinstance(each, discord.Button)]


def response(result: InteractionResult) -> ResponseMessage:
    """What a command was answered with."""
    assert result.response is not None
    return result.response


@pytest.fixture
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """The defaults; a test may give a dictionary of others by indirect parametrization."""
    given = dict(getattr(request, "param", {}))
    return Settings.model_validate({**given, "store": {"data_dir": tmp_path / "data"}})


@pytest.fixture(scope="session")
def media() -> SimcordMedia:
    return SimcordMedia()


@pytest.fixture(scope="session")
def intake(media: SimcordMedia) -> Iterator[Intake]:
    """One decoder process for all tests, reading from whichever Discord is simulated."""
    shared = Intake(Settings().intake, media)
    yield shared
    asyncio.run(shared.close())


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord's limits do not bind the simulation."""
    monkeypatch.setattr(cogs.marking, "MARK_PAUSE", 0)
    monkeypatch.setattr(cogs.marking, "CATCH_UP_PAUSE", 0)


@pytest.fixture
def simcord_bot(settings: Settings, service: Service, media: SimcordMedia) -> DiscordBot:
    media.bot = DiscordBot(settings, service)
    return media.bot


@pytest.fixture
def world(
    simcord_env: simcord.Env, media: SimcordMedia, settings: Settings, service: Service
) -> World:
    env = simcord_env
    guild = env.create_guild(preferred_locale="en-US")
    moderators = guild.create_role(
        "moderators", permissions=discord.Permissions(manage_messages=True)
    )
    return World(
        env,
        media,
        settings,
        service,
        guild,
        guild.create_text_channel("pictures"),
        guild.add_member(env.create_user("ann")),
        guild.add_member(env.create_user("bob")),
        guild.add_member(env.create_user("mod"), roles=[moderators]),
    )


@pytest.fixture(scope="session")
def variant(astronaut: bytes) -> bytes:
    """The same person in a picture that is no near duplicate: mirrored and darker."""
    mirrored = Image.open(io.BytesIO(astronaut)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return _jpeg(mirrored.point(lambda value: value * 0.7))


@pytest.fixture(scope="session")
def squeezed(astronaut: bytes) -> bytes:
    """The same person, mirrored and too narrow to be known, which makes her a candidate only."""
    mirrored = Image.open(io.BytesIO(astronaut)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return _jpeg(mirrored.resize((440, 1024)))


@pytest.fixture(scope="session")
def pair(astronaut: bytes, variant: bytes) -> bytes:
    """Two faces side by side."""
    whole = Image.new("RGB", (1024, 512))
    for left, picture in ((0, astronaut), (512, variant)):
        whole.paste(Image.open(io.BytesIO(picture)), (left, 0))
    return _jpeg(whole)


@pytest.fixture(scope="session")
def nobody() -> bytes:
    """A picture without a face."""
    return _jpeg(Image.linear_gradient("L").convert("RGB"))


def _jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return file.getvalue()
