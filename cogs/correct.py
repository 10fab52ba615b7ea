"""Marks, buttons and typed names under an answer → votes, and the answer edited to match."""

import asyncio
import logging
import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import discord
from discord.ext import commands

from bot.correcting import LONGEST_NAME, clean_name, reads_like_chat
from bot.domain import RATING_MARKS, Action, Correction, Mark, Part
from bot.errors import NotAllowed, NotFound
from bot.offering import VOTES
from bot.platforms.discord import (
    DiscordBot,
    content_of,
    ids_of,
    pictures_in,
    place_of,
    plain,
    ref_of,
    user_id,
)
from bot.replying import say
from cogs import marking
from cogs.marking import MarkButton, add_marks, buttons, has_mark_buttons, mark_of
from cogs.which import Which
from cogs.wording import wording
from models.types import UserId

log = logging.getLogger(__name__)

CATCH_UP_AGE = timedelta(days=14)
CATCH_UP_MOST = 1000
"""Messages that are read again at start: so old, so many, newest first."""

TYPED_MOST = 1000
"""Typed names that can be taken back by deleting the message, until a restart."""

_NO_NAME = re.compile(r"<@[!&]?\d+>|<a?:\w+:\d+>")
"""Mentions and custom emoji, as Discord writes them."""


@dataclass(frozen=True, slots=True)
class Voter:
    """Who sets or takes back a mark, and whether they moderate the channel."""

    id: UserId
    trusted: bool = False


class Correct(commands.Cog):
    """Listens for marks and names, and looks for the marks it missed."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._service = bot.service
        self._catching_up: asyncio.Task[None] | None = None
        self._typed: dict[str, tuple[str, Correction]] = {}

    # reactions: raw events, because the message may be older than this process

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Somebody sets a mark."""
        member = payload.member
        mark, verdict_id = await self._marked(payload)
        if mark is None or verdict_id is None or (member is not None and member.bot):
            return
        trusted = member is not None and await self._bot.moderates(member, payload.channel_id)
        ref = ref_of(payload.channel_id, payload.message_id)
        try:
            await self.press(ref, verdict_id, mark, _voter(payload.user_id, trusted))
        except NotAllowed:
            with suppress(discord.HTTPException):  # it takes Manage Messages
                someone = discord.Object(payload.user_id)
                await self._bot.message_at(ref).remove_reaction(payload.emoji, someone)

    @commands.Cog.listener()
    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        """Somebody takes a mark back, or a moderator does it for them."""
        mark, verdict_id = await self._marked(payload)
        if mark is not None and verdict_id is not None and mark in VOTES:
            ref = ref_of(payload.channel_id, payload.message_id)
            await self.press(ref, verdict_id, mark, _voter(payload.user_id), withdraw=True)

    @commands.Cog.listener()
    async def on_raw_reaction_clear(self, payload: discord.RawReactionClearEvent) -> None:
        """A moderator removes all marks from a message."""
        await self._cleared(payload.channel_id, payload.message_id)

    @commands.Cog.listener()
    async def on_raw_reaction_clear_emoji(
        self, payload: discord.RawReactionClearEmojiEvent
    ) -> None:
        """A moderator removes one mark of everybody from a message."""
        await self._cleared(payload.channel_id, payload.message_id)

    async def _cleared(self, channel_id: int, message_id: int) -> None:
        ref = ref_of(channel_id, message_id)
        verdict_id = await self._service.verdict_at(ref)
        if verdict_id is not None:
            with suppress(NotFound, discord.HTTPException):
                await self._read_again(ref, verdict_id)

    async def _marked(
        self, payload: discord.RawReactionActionEvent
    ) -> tuple[Mark | None, int | None]:
        """The mark, and the answer under which it stands; one is None if it means nothing."""
        mark = mark_of(payload.emoji)
        if mark is None or (self._bot.user is not None and payload.user_id == self._bot.user.id):
            return None, None
        ref = ref_of(payload.channel_id, payload.message_id)
        return mark, await self._service.verdict_at(ref)

    # names typed as a reply

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Somebody replies to an answer with the name of who it is."""
        name = " ".join(_NO_NAME.sub(" ", message.content).split())
        reference = message.reference
        if message.author.bot or not name or reference is None or reference.message_id is None:
            return
        if pictures_in(message):  # a new picture is a new question
            return
        ref = ref_of(reference.channel_id, reference.message_id)
        verdict_id = await self._service.verdict_at(ref)
        if verdict_id is None:
            return
        if reads_like_chat(name) or any(each != self._bot.user for each in message.mentions):
            await self._tell(message, "discord-not-a-name")
        else:
            await self._name(ref, verdict_id, name, message)

    async def _tell(self, message: discord.Message, words: str, **values: object) -> None:
        with suppress(discord.HTTPException):
            await message.reply(say(self._bot.locale_of(message.guild), words, **values))

    async def _name(self, ref: str, verdict_id: int, name: str, message: discord.Message) -> None:
        try:
            name = clean_name(name)
        except NotFound:
            await self._tell(message, "discord-name-length", longest=LONGEST_NAME)
            return
        with suppress(NotFound):
            heads = await self._service.heads_for(verdict_id, name)
            learn = partial(self._learn, ref, verdict_id, name, message)
            if len(heads) == 1:
                await learn(heads[0])
                return
            locale = self._bot.locale_of(message.guild)
            question = say(locale, "discord-which", name=plain(name))
            with suppress(discord.HTTPException):
                await message.reply(question, view=Which(heads, locale, message.author.id, learn))

    async def _learn(
        self, ref: str, verdict_id: int, name: str, message: discord.Message, head: str
    ) -> None:
        """The name is a vote under this head."""
        trusted = await self._bot.moderates(message.author, message.channel.id)
        who = user_id(message.author)
        place = place_of(message.channel)
        correction = Correction(
            verdict_id, head, who, Action.NAME, trusted=trusted, name=name, place=place
        )
        async with self._bot.lock(verdict_id):
            with suppress(NotFound):
                await self._show(ref, await self._service.correct(correction))
                self._remember(ref_of(message.channel.id, message.id), ref, correction)

    def _remember(self, typed: str, ref: str, correction: Correction) -> None:
        """So that deleting the message with the name takes the name back."""
        self._typed[typed] = (ref, correction)
        if len(self._typed) > TYPED_MOST:
            del self._typed[next(iter(self._typed))]

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """A name is taken back: the message in which it was typed is deleted."""
        found = self._typed.pop(ref_of(payload.channel_id, payload.message_id), None)
        if found is None:
            return
        ref, correction = found
        async with self._bot.lock(correction.verdict_id):
            with suppress(NotFound):
                undone = replace(correction, withdraw=True)
                await self._show(ref, await self._service.correct(undone))

    # buttons

    @commands.Cog.listener()
    async def on_mark_button(
        self, interaction: discord.Interaction[Any], verdict_id: int, mark: Mark
    ) -> None:
        """Somebody presses a `cogs.marking.MarkButton`."""
        await interaction.response.defer()
        message = interaction.message
        assert message is not None  # noqa: S101 - a button is under a message
        trusted = interaction.guild_id is not None and interaction.permissions.manage_messages
        voter = _voter(interaction.user.id, trusted)
        try:
            await self.toggle(ref_of(message.channel.id, message.id), verdict_id, mark, voter)
        except Exception as error:  # whatever it was, who pressed is told
            locale = self._bot.locale_of(interaction)
            await interaction.followup.send(wording(error, locale), ephemeral=True)

    # what a mark does

    async def press(
        self, ref: str, verdict_id: int, mark: Mark, voter: Voter, *, withdraw: bool = False
    ) -> None:
        """Set a mark or take it back, and edit the message to show what came of it.

        A mark that is not on offer and an answer that is gone change nothing.

        Raises:
            NotAllowed: the voter may not delete the answer.
        """
        async with self._bot.lock(verdict_id):
            with suppress(NotFound):
                part = await self._apply(ref, verdict_id, mark, voter, withdraw=withdraw)
                if part is not None:
                    await self._show(ref, part)

    async def toggle(self, ref: str, verdict_id: int, mark: Mark, voter: Voter) -> None:
        """Press a button: it sets the mark, or takes it back if it is set.

        Raises:
            NotAllowed: the voter may not delete the answer.
            NotFound: the answer is gone, or the message shows another.
        """
        async with self._bot.lock(verdict_id):
            if await self._service.verdict_at(ref) != verdict_id:
                raise NotFound(f"{ref} does not show verdict {verdict_id}")
            withdraw = (voter.id, mark) in await self._service.marks(verdict_id)
            part = await self._apply(ref, verdict_id, mark, voter, withdraw=withdraw)
            if part is not None:
                await self._show(ref, part)

    async def _apply(
        self, ref: str, verdict_id: int, mark: Mark, voter: Voter, *, withdraw: bool
    ) -> Part | None:
        """The Part as it is afterwards; None if there is nothing (more) to show."""
        part = await self._service.part(verdict_id)
        if mark not in part.marks and mark not in RATING_MARKS:  # every answer can be rated
            return None
        if mark is Mark.DELETE:
            refs = await self._service.delete(verdict_id, voter.id, trusted=voter.trusted)
            await self._bot.delete_messages(refs)
            return None
        if mark is Mark.WHO:
            await self._reveal(ref, part)
            return None
        return await self._service.mark(
            verdict_id,
            mark,
            voter.id,
            trusted=voter.trusted,
            withdraw=withdraw,
            place=self._bot.place_at(ref),
        )

    async def _reveal(self, ref: str, before: Part) -> None:
        """Show the nearest names and offer their letters."""
        part = await self._service.reveal(before.verdict_id)
        message = await self._show(ref, part)
        if message is None:
            return
        locale = (await self._service.verdict(part.verdict_id)).locale
        if has_mark_buttons(message):
            await message.edit(view=buttons(part, locale))
        else:
            new = [mark for mark in part.marks if mark not in before.marks]
            work = add_marks(message, part, new, locale)
            self._bot.start_work(work, f"marks under {ref}")

    async def _show(self, ref: str, part: Part) -> discord.Message | None:
        """Edit the message of a Part; None if it is gone or out of reach."""
        content = content_of(part, await self._service.lead(part.verdict_id))
        try:
            return await self._bot.message_at(ref).edit(content=content)
        except discord.NotFound:
            return None
        except discord.HTTPException as error:
            log.warning("cannot edit %s: %s", ref, error)
            return None

    # marks made while the bot was away

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """A session begins: what happened before it was missed.

        A session that is only resumed needs nothing: Discord sends what it missed.
        """
        if self._catching_up is None or self._catching_up.done():
            self._catching_up = self._bot.start_work(self._catch_up(), "reading marks again")

    async def _catch_up(self) -> None:
        messages = await self._service.messages_since(CATCH_UP_AGE)
        mine = [each for each in messages if each[0].startswith("discord:")]
        for ref, verdict_id in reversed(mine[-CATCH_UP_MOST:]):
            try:
                await self._read_again(ref, verdict_id)
            except (NotFound, discord.NotFound, discord.Forbidden) as error:
                log.debug("%s is deleted or out of reach: %s", ref, error)
            except (discord.HTTPException, discord.InvalidData) as error:
                log.warning("cannot read the marks under %s: %s", ref, error)
            await asyncio.sleep(marking.CATCH_UP_PAUSE)

    async def _read_again(self, ref: str, verdict_id: int) -> None:
        """Count the marks that are under a message now, and no others.

        Raises:
            NotFound: the answer is gone.
            discord.HTTPException: the message cannot be had.
        """
        async with self._bot.lock(verdict_id):  # first, so that no newer mark is overlooked
            message = await self._fetch(ref)
            key = (await self._service.verdict(verdict_id)).post_key
            if await _original_is_gone(message, key):
                await self._bot.delete_messages(await self._service.forget_post(key))
                return
            present = await _marks_under(message)
            counted = await self._service.marks(verdict_id)
            # Buttons leave nothing under the message, so nothing can be missing there.
            gone = () if has_mark_buttons(message) else sorted(counted - present.keys())
            forgotten = await self._service.ratings_forgotten(verdict_id)
            new = sorted(
                (voter, mark)
                for voter, mark in present.keys() - counted
                if mark not in RATING_MARKS or voter not in forgotten
            )
            part = None
            for voter, mark in gone:
                who = Voter(voter)
                part = await self._apply(ref, verdict_id, mark, who, withdraw=True) or part
            for voter, mark in new:
                who = Voter(voter, await self._moderated(message, present[voter, mark]))
                with suppress(NotAllowed):
                    part = await self._apply(ref, verdict_id, mark, who, withdraw=False) or part
            if part is not None:
                await self._show(ref, part)

    async def _fetch(self, ref: str) -> discord.Message:
        channel_id, message_id = ids_of(ref)
        channel = self._bot.get_channel(channel_id) or await self._bot.fetch_channel(channel_id)
        if not isinstance(channel, discord.abc.Messageable):
            raise NotFound(f"{ref} is not in a channel with messages")
        return await channel.fetch_message(message_id)

    async def _moderated(self, message: discord.Message, user: discord.abc.User) -> bool:
        """Whether a user moderates, who may not be known as a member yet."""
        if message.guild is not None and not isinstance(user, discord.Member):
            try:
                user = await message.guild.fetch_member(user.id)
            except discord.NotFound:
                return False  # has left the server
        return await self._bot.moderates(user, message.channel.id)


async def _marks_under(
    message: discord.Message,
) -> dict[tuple[UserId, Mark], discord.User | discord.Member]:
    """Who has set which mark on a message, bots left out."""
    present: dict[tuple[UserId, Mark], discord.User | discord.Member] = {}
    for reaction in message.reactions:
        emoji = reaction.emoji
        mark = mark_of(discord.PartialEmoji(name=emoji)) if isinstance(emoji, str) else None
        if mark is None or reaction.count == reaction.me:  # only the bot's own
            continue
        kinds = [discord.ReactionType.normal]
        if reaction.burst_count:
            kinds.append(discord.ReactionType.burst)
        for kind in kinds:
            async for user in reaction.users(type=kind):
                if not user.bot:
                    present[user_id(user), mark] = user
    return present


async def _original_is_gone(message: discord.Message, key: str) -> bool:
    """Whether the message with the picture that was judged is deleted; for the key see `ref_of`."""
    original = key.split(":")[2]
    if not original.isdecimal():  # the picture came with a command
        return False
    reference = message.reference
    if reference is not None and reference.message_id == int(original) and reference.resolved:
        return isinstance(reference.resolved, discord.DeletedReferencedMessage)
    try:
        await message.channel.fetch_message(int(original))
    except discord.NotFound:
        return True
    return False


def _voter(discord_id: int, trusted: bool = False) -> Voter:
    return Voter(user_id(discord.Object(discord_id)), trusted)


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Correct(bot))
    bot.add_dynamic_items(MarkButton)
