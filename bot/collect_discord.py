"""`python -m bot.collect discord`: what people posted in channels that the bot can read.

Authors have agreed if their standing word is `/privacy allow`. The bot may go on running.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.collect_command import at_work
from bot.collecting import Terms
from bot.errors import SettingsError
from bot.platforms.discord_history import ChannelSource, Room
from bot.platforms.discord_servers import signed_in
from bot.settings import Settings


async def collect(
    settings: Settings, terms: Terms, channels: Sequence[int], since: datetime | None
) -> str:
    """Add the pictures of channels; see `ChannelSource`.

    Returns:
        What was done, a line a channel.

    Raises:
        SettingsError: Discord does not take the token, or the bot may not read a channel.
        WeightsError: weights are missing or damaged.
    """
    async with signed_in(settings) as client:
        flags = client.application_flags
        if not (flags.gateway_message_content or flags.gateway_message_content_limited):
            raise SettingsError(
                "The bot may not see what others post: turn on Message Content Intent in Discord's "
                "developer portal (Bot → Privileged Gateway Intents)."
            )
        rooms = [await Room.open(client, channel_id) for channel_id in channels]
        async with at_work(settings, terms) as collector:
            most_bytes = settings.intake.max_bytes
            sources = [ChannelSource(each, most_bytes, since) for each in rooms]
            return "\n".join([await collector.run(each, each.scope) for each in sources])
