"""`python -m bot.collect reactions`: how what posters who agree posted on Discord was received.

Of the people who could see a message: how many reacted to it, with whatever. It asks Discord while
the bot may go on running, and changes nothing there.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from enum import StrEnum

import discord

from bot.platforms.discord import ids_of, original_of
from bot.platforms.discord_servers import Server, signed_in, who_reacted
from bot.reception_store import Received
from bot.settings import Settings
from bot.store import Store

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
    async with signed_in(settings) as client:
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
            server = await Server.open(client, int(scope.partition(":")[2]))
            await server.list_members()
            for each in received:
                outcomes[await _count_one(store, server, each)] += 1
                advance(outcomes.total(), total)
    return outcomes


async def _count_one(store: Store, server: Server, received: Received) -> Outcome:
    original = original_of(received.key)
    if original is None:  # there is no message to react to
        return Outcome.GONE
    channel_id, message_id = ids_of(original)
    try:
        message = await server.message(channel_id, message_id)
        reacted = await who_reacted(message)
    except (discord.NotFound, discord.Forbidden):
        return Outcome.GONE
    audience = server.audience(channel_id) - {message.author.id}
    if not audience:
        return Outcome.UNSEEN
    await store.receptions.count(received.verdict_id, len(reacted & audience), len(audience))
    return Outcome.COUNTED
