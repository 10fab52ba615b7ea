"""Sends digests: the best of what was posted, to those who asked for it and when they did.

It shows and links, and never reacts to a picture: a like is a person's.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import UTC, datetime
from io import BytesIO

import discord
from discord.ext import commands

from bot.digest_store import Subscription
from bot.platforms.discord import (
    DiscordBot,
    ids_of,
    is_private,
    link_of,
    original_of,
    plain,
    ref_of,
)
from bot.recommending import Ranked, choose
from bot.replying import say
from cogs.subscribing import channel_of, readable

log = logging.getLogger(__name__)

LOOK = 300.0
"""Seconds between two looks whether a digest is due: it comes so much late at the most."""


class Gone(Exception):
    """Who was to get a digest has left the server, or the server is gone."""


class Digests(commands.Cog):
    """One loop for all of them."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._service = bot.service
        self._digests = bot.service.digests
        self._sending: asyncio.Task[None] | None = None

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Begin to look whether a digest is due."""
        if self._sending is None or self._sending.done():
            self._sending = self._bot.start_work(self._send_forever(), "sending digests")

    async def _send_forever(self) -> None:
        while True:
            try:
                await self.send_due(datetime.now(UTC).replace(tzinfo=None))
            except Exception:  # the next look is a new chance
                log.exception("cannot look whether a digest is due")
            await asyncio.sleep(LOOK)

    async def send_due(self, now: datetime) -> None:
        """Send every digest whose time has come. Moments are UTC without a zone."""
        for each in await self._digests.due(now):
            if await self._digests.claim(each, now):
                await self._try(each, now)

    async def _try(self, subscription: Subscription, now: datetime) -> None:
        """Send one; what cannot be delivered is tried again next time, a few times."""
        to = subscription.reader
        try:
            await self._send(subscription, now)
        except Gone:
            await self._digests.unsubscribe(subscription)
            log.info("no more digests for %s, who is not there any more", to)
        except discord.Forbidden as error:  # direct messages closed, say
            log.warning("may not send a digest to %s: %s", to, error)
            if await self._digests.failed(subscription):
                log.warning("no more digests for %s: too many could not be sent", to)
        except discord.HTTPException as error:
            log.warning("cannot send a digest to %s: %s", to, error)
        except Exception:  # one that fails must not keep the others from being sent
            log.exception("cannot make a digest for %s", to)

    async def _send(self, subscription: Subscription, now: datetime) -> None:
        """Nothing if nothing is new.

        Raises:
            Gone: there is nobody to send it to.
            discord.HTTPException: Discord does not take it.
        """
        guild = self._bot.get_guild(int(subscription.scope.rpartition(":")[2]))
        if guild is None:
            raise Gone
        outlet: discord.abc.Messageable
        if subscription.user:
            outlet = member = await _member(guild, channel_of(subscription.user))
            explicit = True
        else:
            outlet, explicit = await self._outlet(subscription)
            member = guild.me
        places = [
            place
            for place in subscription.places
            if self._may_show(guild, place, member, explicit=explicit)
        ]
        chosen = await self._choose(subscription, places, now)
        if chosen:
            await self._show(outlet, guild, subscription, chosen)
        await self._digests.delivered(subscription, now)

    async def _outlet(
        self, subscription: Subscription
    ) -> tuple[discord.TextChannel | discord.Thread, bool]:
        """Where it is posted for everybody, and whether that is marked for adults."""
        channel_id = channel_of(subscription.outlet)
        try:
            channel = self._bot.get_channel(channel_id) or await self._bot.fetch_channel(channel_id)
        except discord.NotFound as error:
            raise Gone from error
        if not isinstance(channel, discord.TextChannel | discord.Thread):
            raise Gone
        return channel, channel.is_nsfw()

    def _may_show(
        self, guild: discord.Guild, place: str, reader: discord.Member, *, explicit: bool
    ) -> bool:
        """Whether reader and bot may read there now; what is for adults stays among them."""
        channel = guild.get_channel(channel_of(place))
        for_adults = getattr(channel, "nsfw", False)
        may_read = readable(channel, reader) and readable(channel, guild.me)
        return may_read and (explicit or not for_adults)

    async def _choose(
        self, subscription: Subscription, places: Sequence[str], now: datetime
    ) -> list[Ranked]:
        """The best whose messages are still there: one may have gone while the bot was away."""
        ranked = await self._digests.ranked(subscription, places, now)
        while True:
            chosen = choose(ranked)
            gone = [each for each in chosen if not await self._is_there(each)]
            if not gone:
                return chosen
            ranked = [each for each in ranked if each not in gone]

    async def _is_there(self, ranked: Ranked) -> bool:
        """Whether the message can be linked to: it exists, and not only for a few."""
        ref = original_of(ranked.posted.key)
        if ref is None:  # it came with a command, in no message
            return False
        channel_id, message_id = ids_of(ref)
        try:
            channel = self._bot.get_channel(channel_id) or await self._bot.fetch_channel(channel_id)
            if not isinstance(channel, discord.abc.Messageable) or is_private(channel):
                return False
            await channel.fetch_message(message_id)
        except discord.NotFound:
            await self._bot.delete_messages(await self._service.forget_original(ref))
            return False
        except discord.Forbidden:
            return False
        return True

    async def _show(
        self,
        outlet: discord.abc.Messageable,
        guild: discord.Guild,
        subscription: Subscription,
        chosen: Sequence[Ranked],
    ) -> None:
        picture = await self._digests.picture(chosen)
        if picture is None:  # forgotten in this moment
            return
        locale = subscription.locale
        alt = say(locale, "discord-digest-grid", pictures=len(chosen))
        file = discord.File(BytesIO(picture), filename="digest.jpg", description=alt)
        message = await outlet.send(words_of(subscription, chosen, guild.name), file=file)
        ref = ref_of(message.channel.id, message.id)
        if not await self._digests.sent(ref, subscription, chosen):
            await self._bot.delete_messages([ref])  # one was forgotten while it was sent


def words_of(subscription: Subscription, chosen: Sequence[Ranked], server: str) -> str:
    """Links to the originals, best first, and how to have no more of this."""
    locale = subscription.locale
    whose = "own" if subscription.user else "all"
    since = discord.utils.format_dt(subscription.since.replace(tzinfo=UTC), "f")
    lines = [
        say(
            locale,
            "discord-digest-line",
            number=number,
            link=link_of(subscription.scope, each.posted.key),
            score=f"{each.score:.1f}",
        )
        for number, each in enumerate(chosen, start=1)
    ]
    lead = say(locale, f"discord-digest-lead-{whose}", server=plain(server), since=since)
    return "\n".join([lead, *lines, say(locale, f"discord-digest-stop-{whose}")])


async def _member(guild: discord.Guild, user: int) -> discord.Member:
    """Somebody who is in the server.

    Raises:
        Gone: they are not any more.
    """
    try:
        return guild.get_member(user) or await guild.fetch_member(user)
    except discord.NotFound as error:
        raise Gone from error


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Digests(bot))
