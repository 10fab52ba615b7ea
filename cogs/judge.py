"""A mention, a direct message, a command or a watched channel → the pictures judged."""

import asyncio
import logging
import re
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any, Protocol

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain import Attachment, Part, Post, Reply
from bot.platforms.discord import (
    DiscordBot,
    attachment_of,
    content_of,
    file_of,
    is_private,
    is_too_large,
    localised,
    patiently,
    permissions_in,
    pictures_in,
    place_of,
    plain,
    ref_of,
    scope_of,
    user_id,
)
from bot.replying import say
from bot.settings import Discord as DiscordSettings
from cogs.marking import add_marks, buttons
from cogs.wording import seconds, wording

log = logging.getLogger(__name__)

MOST_PICTURES = 4
"""Of one message."""

LONGEST_TEXT = 1000
"""Characters beside the pictures that count."""

_POINTERS = re.compile(r"<(@[!&]?|#|/[^<>:]+:)\d+>|@everyone|@here")
"""What a message has for mentions of people, roles, channels and commands."""

_ORDINARY = frozenset({discord.MessageType.default, discord.MessageType.reply})


class Judge(commands.Cog):
    """Hands pictures to the service and sends what comes back."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._service = bot.service
        self._settings = bot.settings.discord
        self._cooldown = Cooldown(self._settings)
        self._seen = Cooldown(self._settings)
        self._answering: dict[str, asyncio.Task[None]] = {}
        self._menu = app_commands.ContextMenu(
            name=localised("discord-judge-menu"), callback=self.judge_message
        )

    async def cog_load(self) -> None:
        """Offer the message menu; by itself a cog does that for slash commands only."""
        self._bot.tree.add_command(self._menu)

    # asked by a message

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Judge the pictures of a message, or those of the message that it replies to."""
        if message.author.bot or message.type not in _ORDINARY:
            return
        called = message.guild is None or self._bot.user in message.mentions
        pictures = pictures_in(message)
        if pictures and (called or self._is_watched(message.channel)):
            await self._ask(message, message, pictures, called=called)
        elif pictures and await self._is_followed(message.channel):
            self._look(message, pictures)
        elif called and not pictures:
            await self._ask_about_reply(message)

    async def _ask_about_reply(self, message: discord.Message) -> None:
        original = await _replied_to(message, self._bot.user)
        if original is not None and original.author == self._bot.user:
            return  # it names somebody: `cogs.correct` listens for that
        pictures = pictures_in(original) if original is not None else []
        if original is not None and pictures:
            await self._ask(message, original, pictures, called=True)
        else:
            why = "no-picture" if original is None else "discord-no-picture-there"
            await self._explain(message, why)

    async def _ask(
        self,
        message: discord.Message,
        original: discord.Message,
        pictures: Sequence[Attachment],
        *,
        called: bool,
    ) -> None:
        """Judge the pictures of `original`, for the author of `message`; often they are one."""
        outlet = MessageOutlet(message)
        if not outlet.may_send:
            log.warning("no permission to write in channel %s", message.channel.id)
            if called:
                place = f"<#{message.channel.id}>"
                await outlet.tell(self._say(message, "discord-cannot-send", channel=place))
            return
        if not await self._admit(message, len(pictures)):
            return
        post = self._post_of(message, original, pictures, called=called)
        self._start(post, outlet, left_out=len(pictures) > MOST_PICTURES, called=called)

    def _post_of(
        self,
        message: discord.Message,
        original: discord.Message,
        pictures: Sequence[Attachment],
        *,
        called: bool,
    ) -> Post:
        request = () if original is message else (message.id,)
        return Post(
            scope=scope_of(message.guild.id if message.guild else None, message.author),
            key=ref_of(message.channel.id, original.id, *request),
            author=user_id(original.author),
            asker=user_id(message.author),
            locale=self._locale(message),
            pictures=tuple(pictures[:MOST_PICTURES]),
            text=_text_of(original),
            allow_explicit=self._allows_explicit(message.channel),
            place=place_of(message.channel),
            asked=called,
        )

    def _look(self, message: discord.Message, pictures: Sequence[Attachment]) -> None:
        """Take note of pictures for digests, without a word; of a flood, only its beginning."""
        post = self._post_of(message, message, pictures, called=False)
        seen = len(post.pictures)
        if self._seen.take(message.author.id, seen, message.created_at) is None:
            self._begin(post, self._look_at(post), "look at")

    async def _explain(self, message: discord.Message, why: str) -> None:
        """Tell somebody who called without a picture how it works."""
        if await self._admit(message, 1):
            await MessageOutlet(message).tell(self._say(message, why))

    async def _admit(self, message: discord.Message, pictures: int) -> bool:
        """Whether the author may ask now; if not, they are told once."""
        wait = self._cooldown.take(message.author.id, pictures, message.created_at)
        if wait is not None and self._cooldown.is_news(message.author.id):
            words = self._say(message, "cooldown", seconds=seconds(wait))
            await MessageOutlet(message).tell(words)
        return wait is None

    def _locale(self, message: discord.Message) -> str:
        return self._bot.locale_of(message.guild)

    def _say(self, message: discord.Message, words: str, **values: object) -> str:
        return say(self._locale(message), words, **values)

    # asked by a command

    @app_commands.command(name="judge", description=localised("discord-judge-description"))
    @app_commands.describe(picture=localised("discord-picture-option"))
    async def judge(
        self, interaction: discord.Interaction[Any], picture: discord.Attachment
    ) -> None:
        """Judge an uploaded picture."""
        key = ref_of(_channel_id(interaction), "command", interaction.id)
        await self._ask_by_command(interaction, key, interaction.user, [attachment_of(picture)])

    async def judge_message(
        self, interaction: discord.Interaction[Any], message: discord.Message
    ) -> None:
        """Judge the pictures of the message whose menu was used."""
        pictures = pictures_in(message) if message.author != self._bot.user else []
        if not pictures:
            words = say(self._locale_of_user(interaction), "discord-no-picture-there")
            await interaction.response.send_message(words, ephemeral=True)
            return
        key = ref_of(_channel_id(interaction), message.id, interaction.id)
        text = _text_of(message)
        await self._ask_by_command(interaction, key, message.author, pictures, text)

    async def _ask_by_command(
        self,
        interaction: discord.Interaction[Any],
        key: str,
        author: discord.abc.Snowflake,
        pictures: Sequence[Attachment],
        text: str | None = None,
    ) -> None:
        wait = self._cooldown.take(interaction.user.id, len(pictures), interaction.created_at)
        if wait is not None:
            raise app_commands.CommandOnCooldown(self._cooldown.rule, wait)
        await interaction.response.defer(thinking=True)
        post = Post(
            scope=scope_of(interaction.guild_id, interaction.user),
            key=key,
            author=user_id(author),
            asker=user_id(interaction.user),
            locale=self._locale_of_user(interaction),
            pictures=tuple(pictures[:MOST_PICTURES]),
            text=text,
            allow_explicit=self._allows_explicit(interaction.channel),
            place=place_of(interaction.channel),
        )
        self._start(post, CommandOutlet(interaction), left_out=len(pictures) > MOST_PICTURES)

    def _locale_of_user(self, interaction: discord.Interaction[Any]) -> str:
        return self._bot.locale_of(interaction)

    # where

    def _is_watched(self, channel: object) -> bool:
        places = {getattr(channel, "id", None), getattr(channel, "parent_id", None)}
        return not places.isdisjoint(self._settings.watch_channels)

    async def _is_followed(self, channel: object) -> bool:
        """Whether somebody gets digests of what everybody who reads the channel can see."""
        if not self._settings.read_along or is_private(channel):
            return False
        return await self._service.digests.follows(place_of(channel))

    def _allows_explicit(self, channel: object) -> bool:
        places = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
        restricted = isinstance(channel, places) and channel.is_nsfw()
        return restricted and self._settings.explicit_in_age_restricted

    # answering

    def _start(self, post: Post, outlet: "Outlet", *, left_out: bool, called: bool = True) -> None:
        answering = self._answer if called else self._remark
        self._begin(post, answering(post, outlet, left_out=left_out), "answer to")

    def _begin(self, post: Post, work: Coroutine[Any, Any, None], what: str) -> None:
        if post.key in self._answering:  # Discord has delivered the event twice
            work.close()
            return
        task = self._bot.start_work(work, f"{what} {post.key}")
        self._answering[post.key] = task
        task.add_done_callback(lambda _: self._answering.pop(post.key, None))

    async def _answer(self, post: Post, outlet: "Outlet", *, left_out: bool) -> None:
        try:
            reply = await patiently(
                lambda: self._service.answer(post),
                lambda: outlet.wait(say(post.locale, "busy")),
            )
            if reply is None:  # it was answered before a restart
                return
            await self._deliver(reply, post, outlet, left_out=left_out)
        except Exception as error:  # whatever it was, who asked is told
            await outlet.tell(wording(error, post.locale))
            await self._bot.delete_messages(await self._service.forget_post(post.key))

    async def _remark(self, post: Post, outlet: "Outlet", *, left_out: bool) -> None:
        """Answer nobody's question (a watched channel): only where there is a face to speak of."""
        try:
            reply = await patiently(lambda: self._service.answer(post), _say_nothing)
            if reply is not None and reply.parts:
                await self._deliver(reply, post, outlet, left_out=left_out)
        except Exception:
            log.exception("cannot remark on %s", post.key)
            await self._bot.delete_messages(await self._service.forget_post(post.key))

    async def _look_at(self, post: Post) -> None:
        await patiently(lambda: self._service.look(post), _say_nothing)

    async def _deliver(self, reply: Reply, post: Post, outlet: "Outlet", *, left_out: bool) -> None:
        """One message a Part; the words for the whole lead the first."""
        may = outlet.permissions
        as_reactions = may.add_reactions and may.read_message_history
        lead = reply.words
        if reply.parts and not may.attach_files:
            lead += "\n" + say(post.locale, "discord-no-files")
        if not reply.parts:
            await self._service.sent(post.key, _ref(await outlet.send(plain(lead))))
        shown: list[tuple[str, Part]] = []
        for number, part in enumerate(reply.parts, start=1):
            content = content_of(part, lead if number == 1 else "")
            view = buttons(part, post.locale, marks=not as_reactions)
            file = file_of(part, number) if may.attach_files else None
            ref = _ref(await _send(outlet, content, file, view, post.locale))
            await self._service.sent(post.key, ref, part.verdict_id)
            shown.append((ref, part))
        if left_out:
            words = say(post.locale, "discord-left-out", most=MOST_PICTURES)
            await self._service.sent(post.key, _ref(await outlet.send(words)))
        if as_reactions:
            self._bot.start_work(self._add_marks(shown, post.locale), f"marks for {post.key}")

    async def _add_marks(self, shown: Sequence[tuple[str, Part]], locale: str) -> None:
        for ref, part in shown:
            await add_marks(self._bot.message_at(ref), part, part.marks, locale)

    # the original goes

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Forget what was judged in a deleted message."""
        await self._forget_original(ref_of(payload.channel_id, payload.message_id))

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Forget what was judged in deleted messages."""
        for message_id in payload.message_ids:
            await self._forget_original(ref_of(payload.channel_id, message_id))

    async def _forget_original(self, ref: str) -> None:
        answering = [
            task for key, task in self._answering.items() if f"{key}:".startswith(f"{ref}:")
        ]
        if answering:  # what is sent in this moment must be deleted too
            await asyncio.wait(answering)
        await self._bot.delete_messages(await self._service.forget_original(ref))


class Cooldown:
    """So many pictures a person in so many seconds."""

    def __init__(self, settings: DiscordSettings) -> None:
        self.rule = app_commands.Cooldown(settings.cooldown_pictures, settings.cooldown_seconds)
        self._buckets: commands.CooldownMapping[int] = commands.CooldownMapping(
            self.rule, lambda user: user
        )
        self._told: set[int] = set()

    def take(self, user: int, pictures: int, moment: datetime) -> float | None:
        """Count pictures; returns the seconds to wait if they are too many.

        More pictures at once than the rule allows are counted as that many: else a message of
        four could never be answered where the operator allows three.
        """
        tokens = min(pictures, int(self.rule.rate))
        wait = self._buckets.update_rate_limit(user, moment.timestamp(), tokens=tokens)
        if wait is None:
            self._told.discard(user)
        return wait

    def is_news(self, user: int) -> bool:
        """Whether somebody who has to wait has not been told yet; they now have."""
        news = user not in self._told
        self._told.add(user)
        return news


class Outlet(Protocol):
    """Where an answer goes: a reply to a message, or the response to a command."""

    permissions: discord.Permissions

    async def wait(self, words: str) -> None:
        """Show words until the next `send`."""
        ...

    async def send(
        self, content: str, file: discord.File | None = None, view: discord.ui.View | None = None
    ) -> discord.Message:
        """Send one message of the answer.

        Raises:
            discord.HTTPException: Discord does not take it.
        """
        ...

    async def tell(self, words: str) -> None:
        """Say something that is no answer, as well as the place allows; never fails."""
        ...


class MessageOutlet:
    """Replies to a message."""

    def __init__(self, message: discord.Message) -> None:
        self.permissions = permissions_in(message)
        in_thread = isinstance(message.channel, discord.Thread)
        may = self.permissions
        self.may_send = may.send_messages_in_threads if in_thread else may.send_messages
        self._message = message
        self._notice: discord.Message | None = None

    async def wait(self, words: str) -> None:
        """See `Outlet`."""
        self._notice = await self.send(words)

    async def send(
        self, content: str, file: discord.File | None = None, view: discord.ui.View | None = None
    ) -> discord.Message:
        """See `Outlet`."""
        given = _given(file=file, view=view)
        if self.permissions.read_message_history:  # a reply takes it
            given["reference"] = self._message
        sent = await self._message.channel.send(content, **given)
        if self._notice is not None:
            notice, self._notice = self._notice, None
            with suppress(discord.HTTPException):
                await notice.delete()
        return sent

    async def tell(self, words: str) -> None:
        """See `Outlet`; in a direct message if it may not write here."""
        try:
            if self.may_send:
                await self.send(words)
            else:
                await self._message.author.send(words)
        except discord.HTTPException as error:
            log.warning("cannot tell %s: %s", self._message.author.id, error)


class CommandOutlet:
    """Responds to a deferred interaction."""

    def __init__(self, interaction: discord.Interaction[Any]) -> None:
        in_guild = interaction.guild_id is not None
        self.permissions = interaction.app_permissions if in_guild else discord.Permissions.all()
        self._interaction = interaction
        self._begun = False

    async def wait(self, words: str) -> None:
        """See `Outlet`."""
        await self._interaction.edit_original_response(content=words)

    async def send(
        self, content: str, file: discord.File | None = None, view: discord.ui.View | None = None
    ) -> discord.Message:
        """See `Outlet`."""
        given = _given(file=file, view=view)
        if self._interaction.is_expired():  # it has waited in the queue for a quarter of an hour
            channel = self._interaction.channel
            assert isinstance(channel, discord.abc.Messageable)  # noqa: S101 - a command was used
            return await channel.send(content, **given)
        if self._begun:
            return await self._interaction.followup.send(content, wait=True, **given)
        files = [file] if file is not None else []
        sent = await self._interaction.edit_original_response(
            content=content, attachments=files, view=view
        )
        self._begun = True
        return sent

    async def tell(self, words: str) -> None:
        """See `Outlet`."""
        try:
            await self.send(words)
        except discord.HTTPException as error:
            log.warning("cannot answer a command: %s", error)


async def _send(
    outlet: Outlet,
    content: str,
    file: discord.File | None,
    view: discord.ui.View | None,
    locale: str,
) -> discord.Message:
    """Send; without the file, and saying so, if Discord does not take the file."""
    try:
        return await outlet.send(content, file, view)
    except discord.HTTPException as error:
        refused = is_too_large(error) or isinstance(error, discord.Forbidden)
        if file is None or not refused:
            raise
        log.warning("sending words only: %s", error)
        return await outlet.send(f"{content}\n{say(locale, 'discord-no-files')}", None, view)


def _text_of(message: discord.Message) -> str | None:
    """What is written beside the pictures, without mentions; None if that is nothing."""
    return _POINTERS.sub("", message.content).strip()[:LONGEST_TEXT] or None


async def _say_nothing() -> None:
    """For `patiently`."""


async def _replied_to(
    message: discord.Message, me: discord.ClientUser | None
) -> discord.Message | None:
    """The message that this one replies to, fetched if the event does not show its attachments.

    An event hides the attachments of other people's messages from a bot without the message
    content intent; a request for the one message shows them to any bot to which Discord has
    granted message content, without having all messages sent to it.
    """
    reference = message.reference
    if reference is None or reference.message_id is None:
        return None
    known = reference.resolved if isinstance(reference.resolved, discord.Message) else None
    if known is not None and (known.attachments or known.author == me):
        return known
    try:
        return await message.channel.fetch_message(reference.message_id)
    except discord.HTTPException:
        return known


def _given(**arguments: object) -> dict[str, Any]:
    """Without those that are None, for which discord.py has another word."""
    return {name: value for name, value in arguments.items() if value is not None}


def _ref(message: discord.Message) -> str:
    return ref_of(message.channel.id, message.id)


def _channel_id(interaction: discord.Interaction[Any]) -> int:
    assert interaction.channel_id is not None  # noqa: S101 - commands are used in channels
    return interaction.channel_id


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Judge(bot))
