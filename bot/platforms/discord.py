"""Discord: a bot that people mention, write to, or ask by a command.

This module connects, and holds what the cogs share: how people, places and messages are named
towards the service, how a Part becomes a message, and work in the background. The cogs (`cogs/`)
translate what happens on Discord into calls of the service, and are loaded by name, so that
imports keep pointing one way.
"""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from io import BytesIO
from typing import Any, TypeVar
from weakref import WeakValueDictionary

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain import Attachment, Part, is_of_x
from bot.errors import Busy, SettingsError
from bot.replying import say
from bot.service import Service
from bot.settings import Settings
from models.types import Scope, UserId

log = logging.getLogger(__name__)
Result = TypeVar("Result")

COGS = (
    "cogs.admin",
    "cogs.judge",
    "cogs.correct",
    "cogs.why",
    "cogs.people",
    "cogs.clusters",
    "cogs.privacy",
    "cogs.setup",
    "cogs.enhance",
    "cogs.taste",
    "cogs.digests",
    "cogs.stats",
    "cogs.review",
    "cogs.teach",
)

RETRY_SECONDS = 2.0
"""Between two attempts to be judged while the queue is full."""

LONGEST_MESSAGE = 2000
"""Characters, by Discord's rule."""

_LONGEST_DESCRIPTION = 1024
_TOO_LARGE = 40005
"""Discord's error code for a file that is larger than the place allows."""

_MESSAGE = re.compile(r"discord:\d+:\d+")

_PICTURE_SUFFIXES = (".jpg", ".jpeg", ".jfif", ".png", ".webp", ".gif", ".avif", ".heic", ".heif")


class DiscordPlatform:
    """Runs the bot with the token of the settings."""

    name = "discord"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    async def run(self, service: Service) -> None:
        """See `Platform`."""
        token = self._settings.discord.token
        if token is None:
            raise SettingsError("discord.token is missing.")
        async with DiscordBot(self._settings, service) as bot:
            try:
                await bot.start(token.get_secret_value())
            except discord.LoginFailure as error:
                raise SettingsError(
                    "discord.token is not a valid token: copy it again from the Bot page of your "
                    "application at https://discord.com/developers/applications."
                ) from error
            except discord.PrivilegedIntentsRequired as error:
                raise SettingsError(
                    "discord.watch_channels needs the Message Content intent, and so does "
                    "discord.read_along: turn it on on the Bot page of your application at "
                    "https://discord.com/developers/applications, or leave both out."
                ) from error


class DiscordBot(commands.Bot):
    """The client, with what all cogs need.

    Attributes:
        settings: all of them; the cogs read `settings.discord`.
        service: the one API that the cogs translate to.
    """

    def __init__(self, settings: Settings, service: Service) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,  # never used: see `on_message`
            help_command=None,
            intents=_intents(settings),
            allowed_mentions=discord.AllowedMentions.none(),
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
            max_messages=None,
        )
        self.settings = settings
        self.service = service
        self._work: set[asyncio.Task[None]] = set()
        self._locks: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()

    async def setup_hook(self) -> None:
        """Load the cogs and tell Discord about their commands."""
        await self.tree.set_translator(_Translator())
        for cog in COGS:
            await self.load_extension(cog)
        await self.tree.sync()

    async def on_message(self, message: discord.Message, /) -> None:
        """There are no commands with a prefix; the cogs listen for messages themselves."""

    async def close(self) -> None:
        """Stop the work in the background, then disconnect."""
        await self._cancel_work()
        await super().close()
        await self._cancel_work()  # what arrived while disconnecting

    def start_work(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run something in the background until it ends or the bot closes; failures are logged."""
        task = asyncio.create_task(work, name=name)
        self._work.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._work.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("%s failed", task.get_name(), exc_info=error)

    async def _cancel_work(self) -> None:
        for task in self._work:
            task.cancel()
        await asyncio.gather(*self._work, return_exceptions=True)

    def lock(self, verdict_id: int) -> asyncio.Lock:
        """Held while an answer changes and its message is edited, so that both end up alike."""
        return self._locks.setdefault(verdict_id, asyncio.Lock())

    def locale_of(self, found: discord.Guild | discord.Interaction[Any] | None) -> str:
        """`ja` or `en`: that of who uses a command, of a server, or (None) of a direct message."""
        if found is None:
            return self.settings.locale
        if isinstance(found, discord.Interaction):
            return "ja" if found.locale is discord.Locale.japanese else "en"
        chosen = self.settings.discord.server_language
        if chosen != "auto":
            return chosen
        return "ja" if found.preferred_locale is discord.Locale.japanese else "en"

    def message_at(self, ref: str) -> discord.PartialMessage:
        """A message to act on, without asking Discord for it first."""
        channel_id, message_id = ids_of(ref)
        return self.get_partial_messageable(channel_id).get_partial_message(message_id)

    def place_at(self, ref: str) -> str:
        """The place that a message is in; that of an unknown thread is the thread itself."""
        channel_id, _ = ids_of(ref)
        return place_of(self.get_channel(channel_id) or discord.Object(channel_id))

    async def delete_messages(self, refs: Iterable[str]) -> None:
        """Delete own messages. Those already gone, or out of reach, are no error."""
        for ref in refs:
            try:
                await self.message_at(ref).delete()
            except discord.NotFound:
                continue
            except discord.HTTPException as error:
                log.warning("cannot delete %s: %s", ref, error)

    async def moderates(self, user: discord.abc.User, channel_id: int) -> bool:
        """Whether a member may manage other people's messages in a channel; nobody may in a DM.

        Raises:
            discord.HTTPException: the channel is unknown and cannot be had.
        """
        if not isinstance(user, discord.Member):
            return False
        channel = self.get_channel(channel_id) or await self.fetch_channel(channel_id)
        if not isinstance(channel, discord.abc.GuildChannel | discord.Thread):
            return False
        return channel.permissions_for(user).manage_messages


def _intents(settings: Settings) -> discord.Intents:
    """Only what is used. Message content is privileged: it takes that to see what nobody shows."""
    intents = discord.Intents.none()
    intents.guilds = intents.messages = intents.reactions = True
    intents.message_content = bool(settings.discord.watch_channels) or settings.discord.read_along
    return intents


# naming people, places and messages


def user_id(user: discord.abc.Snowflake) -> UserId:
    """How the service calls a user."""
    return f"discord:{user.id}"


def scope_of(guild_id: int | None, user: discord.abc.Snowflake) -> Scope:
    """The server, or a direct conversation with one user."""
    return f"discord-dm:{user.id}" if guild_id is None else f"discord:{guild_id}"


def place_of(channel: object) -> str:
    """Where heads are chosen: the channel, for its threads as well.

    A private thread is a place of its own, for not all who read the channel read it.
    """
    parent = None if is_private(channel) else getattr(channel, "parent_id", None)
    return f"discord:{parent or getattr(channel, 'id', 0)}"


def is_private(channel: object) -> bool:
    """Whether it is a thread that not everybody can read who reads its channel."""
    return isinstance(channel, discord.Thread) and channel.is_private()


def ref_of(channel_id: int, *path: int | str) -> str:
    """The reference of a message: `discord:CHANNEL:MESSAGE`.

    The key of a request to judge begins with the reference of the message with the pictures, so
    that deleting that message finds all requests about it:

    - `discord:CHANNEL:MESSAGE` asks by itself;
    - `discord:CHANNEL:MESSAGE:REQUEST` was asked about by another message or an interaction;
    - `discord:CHANNEL:MESSAGE:collected:SHA256` was collected; see `bot.platforms.discord_history`;
    - `discord:CHANNEL:command:INTERACTION` came with a command, in no message.
    """
    return ":".join(("discord", str(channel_id), *map(str, path)))


def ids_of(ref: str) -> tuple[int, int]:
    """Channel and message of a reference."""
    _, channel_id, message_id = ref.split(":")
    return int(channel_id), int(message_id)


def original_of(key: str) -> str | None:
    """The reference of the message with the pictures; None if they are in none of Discord's."""
    if not key.startswith("discord:"):
        return None
    ref = ":".join(key.split(":")[:3])
    return ref if _MESSAGE.fullmatch(ref) else None


def link_of(scope: Scope, key: str) -> str:
    """The address of the message with the pictures, or of its channel if there is no message."""
    if is_of_x(key):
        return f"https://x.com/i/status/{key.split(':')[1]}"
    platform, _, server = scope.partition(":")
    path = (original_of(key) or ":".join(key.split(":")[:2])).split(":")[1:]
    where = server if platform == "discord" else "@me"
    return "/".join(("https://discord.com/channels", where, *path))


def may_manage(interaction: discord.Interaction[Any]) -> bool:
    """Whether who uses a command moderates the place; in a direct message everybody does."""
    may = interaction.permissions
    return interaction.guild_id is None or may.manage_messages or may.manage_guild


def permissions_in(message: discord.Message) -> discord.Permissions:
    """What the bot may do where a message is; everything where Discord does not say."""
    channel = message.channel
    if message.guild is None or isinstance(channel, discord.PartialMessageable):
        return discord.Permissions.all()
    return channel.permissions_for(message.guild.me)


def pictures_in(message: discord.Message) -> list[Attachment]:
    """The attachments that are pictures, by type or by name."""
    return [attachment_of(each) for each in message.attachments if is_picture(each)]


def attachment_of(uploaded: discord.Attachment) -> Attachment:
    """An upload as the service takes it."""
    return Attachment(uploaded.filename, url=uploaded.url, spoiler=uploaded.is_spoiler())


def is_picture(uploaded: discord.Attachment) -> bool:
    """Whether an upload is a picture, by type or by name."""
    by_type = (uploaded.content_type or "").startswith("image/")
    return by_type or uploaded.filename.lower().endswith(_PICTURE_SUFFIXES)


# a Part as a message


def content_of(part: Part, lead: str = "") -> str:
    """The text of the message that shows a Part.

    Args:
        lead: words for the whole reply, above the first Part.
    """
    shown = plain(part.words) + (f"\n**{plain(part.status)}**" if part.status else "")
    if part.spoiler:
        shown = f"||{shown}||"
    return (f"{plain(lead)}\n{shown}" if lead else shown)[:LONGEST_MESSAGE]


def plain(words: str) -> str:
    """Words with nothing in them that Discord would format: names are typed by people."""
    return discord.utils.escape_markdown(words, ignore_links=False)


def file_of(part: Part, number: int) -> discord.File | None:
    """The crop of a Part as an upload, named `face-NUMBER.jpg`."""
    if part.image is None:
        return None
    return discord.File(
        BytesIO(part.image),
        filename=f"face-{number}.jpg",
        spoiler=part.spoiler,
        description=part.description[:_LONGEST_DESCRIPTION],
    )


def is_too_large(error: discord.HTTPException) -> bool:
    """Whether Discord found a message or file too large."""
    return error.status == 413 or error.code == _TOO_LARGE


async def patiently(
    work: Callable[[], Awaitable[Result]], tell: Callable[[], Awaitable[object]]
) -> Result:
    """Try until the queue has a place.

    Args:
        tell: called once, if it has to wait.
    """
    told = False
    while True:
        try:
            return await work()
        except Busy:
            if not told:
                await tell()
                told = True
            await asyncio.sleep(RETRY_SECONDS)


# words of commands


def localised(message: str) -> app_commands.locale_str:
    """A message of `bot/locale` as the name or description of a command."""
    return app_commands.locale_str(say("en", message), message=message)


class _Translator(app_commands.Translator):
    async def translate(
        self,
        string: app_commands.locale_str,
        locale: discord.Locale,
        context: app_commands.TranslationContextTypes,  # noqa: ARG002 - discord.py passes it
    ) -> str | None:
        message = string.extras.get("message")
        return say("ja", message) if message and locale is discord.Locale.japanese else None
