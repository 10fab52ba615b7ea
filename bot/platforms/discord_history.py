"""What people posted in channels on Discord, for `bot.collecting`. It changes nothing there."""

from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial

import discord

from bot.collected_store import Origin
from bot.collecting import Found, Reached
from bot.errors import PictureRefused, Reason, SettingsError
from bot.platforms.discord import is_picture, place_of, ref_of, user_id
from bot.platforms.discord_servers import FAILURES, Server, not_reached, who_reacted

LICENCE = "posted on this server; Discord's developer policy: nothing learned without consent"

_A_STRETCH = 100
"""Messages without pictures after which the cursor moves all the same."""


class Room:
    """A channel or thread that may be read.

    Attributes:
        audience: who can see it; None if the bot may not list members.
    """

    def __init__(
        self, server: Server, channel: discord.abc.Messageable, audience: frozenset[int] | None
    ) -> None:
        self.scope = f"discord:{server.guild.id}"
        self.channel = channel
        self.audience = audience

    @classmethod
    async def open(cls, client: discord.Client, channel_id: int) -> "Room":
        """Ask for a channel, who sees it, and whether the bot may read it.

        Raises:
            SettingsError: it may not; or the channel is age-restricted, or holds no messages.
        """
        told = f"channel {channel_id}"
        try:
            found = await client.fetch_channel(channel_id)
            if not isinstance(found, discord.abc.GuildChannel | discord.Thread):
                raise SettingsError(f"{told} is in no server.")
            server = await Server.open(client, found.guild.id)
            with suppress(SettingsError):  # then nobody knows how many could see it
                await server.list_members()
            if not isinstance(found, discord.abc.Messageable):
                raise SettingsError(f"{told} holds no messages; name its threads instead.")
            channel, ruling = await server.channel(channel_id)
            assert client.user is not None  # noqa: S101 - it is logged in
            me = await server.guild.fetch_member(client.user.id)
        except (discord.NotFound, discord.Forbidden) as error:
            raise SettingsError(f"{told}: there is none that the bot can see.") from error
        except FAILURES as error:
            raise not_reached(error) from error
        may = ruling.permissions_for(me) if ruling else discord.Permissions.none()
        if not (may.read_messages and may.read_message_history):
            raise SettingsError(
                f"{told}: the bot may not read it; give it View Channel and Read Message History."
            )
        if getattr(ruling, "nsfw", False):
            raise SettingsError(f"{told} is age-restricted: nothing is collected there.")
        return cls(server, channel, server.audience(channel_id) or None)


class ChannelSource:
    """What people, not bots, posted in a channel, oldest first. The cursor is the last message.

    Args:
        most_bytes: of a picture, beyond which it is not read.
        since: where to begin the first time, with its zone; None for the beginning.
    """

    total = None

    def __init__(self, room: Room, most_bytes: int, since: datetime | None) -> None:
        self._room = room
        self._most_bytes = most_bytes
        self._since = since
        self.scope = room.scope
        self.name = f"discord:{getattr(room.channel, 'id', 0)}"

    async def found(self, cursor: str | None) -> AsyncGenerator[Found | Reached, None]:
        """See `bot.collecting.Source`.

        Raises:
            SettingsError: Discord is not reached.
        """
        after = discord.Object(int(cursor)) if cursor else self._since
        passed = 0
        try:
            messages = self._room.channel.history(limit=None, after=after, oldest_first=True)
            async for message in messages:
                found = await self._found(message)
                for each in found:
                    yield each
                passed = 0 if found else passed + 1
                cursor = str(message.id)
                if passed % _A_STRETCH == 0:
                    yield Reached(cursor)
        except FAILURES as error:
            raise not_reached(error) from error
        if cursor:
            yield Reached(cursor)

    async def _found(self, message: discord.Message) -> list[Found]:
        uploads = [each for each in message.attachments if is_picture(each)]
        if not uploads or message.author.bot or message.webhook_id:
            return []
        liked, audience = await who_reacted(message), self._room.audience
        seen_by = None if audience is None else audience - {message.author.id}
        likes = liked - {message.author.id}
        origin = Origin(
            source=self.name,
            url=message.jump_url,
            licence=LICENCE,
            author_name=message.author.display_name,
            text=message.content or None,
            likes=len(likes if seen_by is None else likes & seen_by),
            audience=None if seen_by is None else len(seen_by),
            posted=message.created_at.astimezone(UTC).replace(tzinfo=None),
        )
        return [
            Found(
                name=f"{message.jump_url} {each.filename}",
                author=user_id(message.author),
                origin=origin,
                read=partial(self._read, each),
                original=ref_of(message.channel.id, message.id),
                place=place_of(message.channel),
                spoiler=each.is_spoiler(),
            )
            for each in uploads
        ]

    async def _read(self, uploaded: discord.Attachment) -> bytes:
        if uploaded.size > self._most_bytes:
            raise PictureRefused(Reason.TOO_MANY_BYTES, f"{uploaded.size / 1e6:.0f}")
        try:
            return await uploaded.read()
        except (discord.NotFound, discord.Forbidden) as error:
            raise PictureRefused(Reason.DOWNLOAD, f"HTTP {error.status}") from error
        except FAILURES as error:
            raise not_reached(error) from error
