"""What a command that is no bot asks of Discord: servers, channels, who sees and who reacted."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import discord

from bot.errors import SettingsError
from bot.settings import Settings

FAILURES = (discord.HTTPException, aiohttp.ClientError, OSError)
"""Of Discord, or on the way there."""


@asynccontextmanager
async def signed_in(settings: Settings) -> AsyncIterator[discord.Client]:
    """A client with the bot's token, that hears nothing: the bot may go on running.

    Raises:
        SettingsError: there is no token, or Discord does not take it, or is not reached.
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
        except FAILURES as error:
            raise not_reached(error) from error
        yield client


def not_reached(error: Exception) -> SettingsError:
    """What to say when nothing can be had from Discord at the moment."""
    why = str(error) or type(error).__name__
    return SettingsError(f"Discord is not reached ({why}); run it again later.")


class Server:
    """What has to be known of a server to say who can see a channel."""

    def __init__(self, guild: discord.Guild) -> None:
        self.guild = guild
        self._members: list[discord.Member] = []
        self._channels: dict[int, discord.abc.GuildChannel] = {}
        self._audiences: defaultdict[int, frozenset[int]] = defaultdict(frozenset)

    @classmethod
    async def open(cls, client: discord.Client, guild_id: int) -> "Server":
        """Ask for the server and its channels.

        Raises:
            discord.NotFound, discord.Forbidden: the bot is not there any more.
        """
        server = cls(await client.fetch_guild(guild_id))
        for channel in await server.guild.fetch_channels():
            server._channels[channel.id] = channel
        return server

    async def list_members(self) -> None:
        """Ask for the members, without whom nobody is known to see a channel.

        Raises:
            SettingsError: the bot may not list members.
        """
        try:
            members = [member async for member in self.guild.fetch_members(limit=None)]
        except discord.Forbidden as error:
            raise SettingsError(
                "The bot may not list members, so nobody knows who can see a channel: give it the "
                "Server Members Intent in Discord's developer portal."
            ) from error
        self._members = [member for member in members if not member.bot]

    async def channel(
        self, channel_id: int
    ) -> "tuple[discord.abc.Messageable, discord.abc.GuildChannel | None]":
        """A channel or thread, and the channel that says who may do what there."""
        found = self._channels.get(channel_id) or await self.guild.fetch_channel(channel_id)
        ruling = self._channels.get(found.parent_id) if isinstance(found, discord.Thread) else found
        assert isinstance(found, discord.abc.Messageable)  # noqa: S101 - a message was in it
        self._audiences[channel_id] = self._who_sees(ruling)
        return found, ruling

    async def message(self, channel_id: int, message_id: int) -> discord.Message:
        """Fetch a message of a channel or thread."""
        channel, _ = await self.channel(channel_id)
        return await channel.fetch_message(message_id)

    def audience(self, channel_id: int) -> frozenset[int]:
        """Ids of the people who can see a channel that was asked for, if members are listed."""
        return self._audiences[channel_id]

    def _who_sees(self, channel: discord.abc.GuildChannel | None) -> frozenset[int]:
        if channel is None:
            return frozenset()
        return frozenset(
            member.id for member in self._members if channel.permissions_for(member).read_messages
        )


async def who_reacted(message: discord.Message) -> frozenset[int]:
    """Ids of everybody, once however many reactions they added."""
    return frozenset(
        [user.id for reaction in message.reactions async for user in reaction.users(limit=None)]
    )
