"""`python -m bot.collect reactions`: how what posters who agree posted on Discord was received.

Of the people who could see a message: how many reacted to it, with whatever. It asks Discord while
the bot may go on running, and changes nothing there.
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum

import discord

from bot.errors import SettingsError
from bot.reception_store import Received
from bot.settings import Settings
from bot.store import Store
from models.types import Scope

SETTLED = timedelta(days=2)
"""After which few reactions are still to come: pictures are counted once they are so old."""

Advance = Callable[[int, int], None]


class Outcome(StrEnum):
    """What became of one picture, in the words of the summary."""

    COUNTED = "counted"
    GONE = "deleted or out of reach"
    UNSEEN = "without an audience"


async def collect(settings: Settings, store: Store, advance: Advance) -> Counter[Outcome]:
    """Count what is due in every server.

    Raises:
        SettingsError: there is no token, Discord does not take it, or the bot may not list members.
    """
    token = settings.discord.token
    if token is None or not token.get_secret_value():
        raise SettingsError("discord.token is not set, so Discord cannot be asked.")
    intents = discord.Intents.none()
    intents.guilds = intents.members = True  # without them discord.py would not ask for members
    async with discord.Client(intents=intents) as client:
        try:
            await client.login(token.get_secret_value())
        except discord.LoginFailure as error:
            raise SettingsError("discord.token is not taken by Discord; make a new one.") from error
        return await count(store, client, SETTLED, advance)


async def count(
    store: Store, client: discord.Client, settled: timedelta, advance: Advance
) -> Counter[Outcome]:
    """Count what has been up for so long, with a client that is logged in; see `collect`."""
    due = {
        scope: await store.receptions.due(scope, settled)
        for scope in await store.receptions.scopes("discord:")
    }
    total, outcomes = sum(map(len, due.values())), Counter[Outcome]()
    for scope, received in due.items():
        with suppress(discord.NotFound, discord.Forbidden):  # the bot has left this server
            server = await _Server.open(client, scope)
            for each in received:
                outcomes[await _count_one(store, server, each)] += 1
                advance(outcomes.total(), total)
    return outcomes


async def _count_one(store: Store, server: "_Server", received: Received) -> Outcome:
    channel_id, message_id = received.key.split(":")[1:3]
    if not message_id.isdecimal():  # it came with a command: there is no message to react to
        return Outcome.GONE
    try:
        message = await server.message(int(channel_id), int(message_id))
        reacted = await _who_reacted(message)
    except (discord.NotFound, discord.Forbidden):
        return Outcome.GONE
    audience = server.audience(int(channel_id)) - {message.author.id}
    if not audience:
        return Outcome.UNSEEN
    await store.receptions.count(received.verdict_id, len(reacted & audience), len(audience))
    return Outcome.COUNTED


class _Server:
    """What has to be known of a server to say who can see a channel."""

    def __init__(self, guild: discord.Guild, members: list[discord.Member]) -> None:
        self._guild = guild
        self._members = members
        self._channels: dict[int, discord.abc.GuildChannel] = {}
        self._audiences: defaultdict[int, frozenset[int]] = defaultdict(frozenset)

    @classmethod
    async def open(cls, client: discord.Client, scope: Scope) -> "_Server":
        """Ask for the server, its channels and its members.

        Raises:
            SettingsError: the bot may not list members.
            discord.NotFound, discord.Forbidden: the bot is not there any more.
        """
        guild = await client.fetch_guild(int(scope.partition(":")[2]))
        try:
            members = [member async for member in guild.fetch_members(limit=None)]
        except discord.Forbidden as error:
            raise SettingsError(
                "The bot may not list members, so nobody knows who can see a channel: give it the "
                "Server Members Intent in Discord's developer portal."
            ) from error
        server = cls(guild, [member for member in members if not member.bot])
        for channel in await guild.fetch_channels():
            server._channels[channel.id] = channel
        return server

    async def message(self, channel_id: int, message_id: int) -> discord.Message:
        """Fetch a message of a channel or thread."""
        channel = self._channels.get(channel_id) or await self._guild.fetch_channel(channel_id)
        if isinstance(channel, discord.Thread):
            parent = self._channels.get(channel.parent_id)
            self._audiences[channel_id] = self._who_sees(parent)
        else:
            self._audiences[channel_id] = self._who_sees(channel)
        assert isinstance(channel, discord.abc.Messageable)  # noqa: S101 - a message was in it
        return await channel.fetch_message(message_id)

    def audience(self, channel_id: int) -> frozenset[int]:
        """Ids of the people who can see a channel of which a message was fetched."""
        return self._audiences[channel_id]

    def _who_sees(self, channel: discord.abc.GuildChannel | None) -> frozenset[int]:
        if channel is None:
            return frozenset()
        return frozenset(
            member.id for member in self._members if channel.permissions_for(member).read_messages
        )


async def _who_reacted(message: discord.Message) -> frozenset[int]:
    """Ids of everybody, once however many reactions they added."""
    return frozenset(
        [user.id for reaction in message.reactions async for user in reaction.users(limit=None)]
    )
