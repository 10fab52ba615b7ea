"""What `/taste digest` and `/setup digest` have in common. No cog: see `cogs.marking`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import discord
from discord import app_commands

from bot.digest_store import Subscription
from bot.digests import next_time
from bot.platforms.discord import DiscordBot, localised, place_of, scope_of, user_id
from bot.replying import say
from bot.scheduling import Schedule, is_zone, minute_of, today, zones_like

Command = TypeVar("Command")

DAYS = [
    app_commands.Choice(name=localised(f"discord-digest-{days}"), value=days)
    for days in ("daily", "weekly")
]

_EVENING = 20 * 60
"""The minute of the day at which a digest is due unless somebody says."""

Channel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.ForumChannel
"""Where, or in whose threads and posts, there can be pictures."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody chose of a command's options; what is empty stays as it is.

    Attributes:
        channel: where pictures come from; None for where the command is used.
        time: `HH:MM`.
        days: `daily` or `weekly`.
        off: no more digests.
    """

    channel: Channel | None
    time: str
    zone: str
    days: str
    off: bool


class Unclear(Exception):
    """What was wished cannot be: a message of `bot/locale` says why."""


async def subscribe(
    bot: DiscordBot, interaction: discord.Interaction[Any], wish: Wish, *, outlet: str = ""
) -> None:
    """Do what was wished, and say what holds now.

    Args:
        outlet: where digests are posted for everybody; by default they are sent to who asks.
    """
    await interaction.response.defer(ephemeral=True)
    locale = bot.locale_of(interaction)
    user = "" if outlet else user_id(interaction.user)
    try:
        if wish.off:
            words = await _end(bot, interaction, user, outlet)
        else:
            words = await _begin(bot, interaction, wish, user, outlet)
    except Unclear as error:
        words = say(locale, str(error))
    await interaction.edit_original_response(content=words)


async def _end(
    bot: DiscordBot, interaction: discord.Interaction[Any], user: str, outlet: str
) -> str:
    """In a server the one there; in a direct message all that one gets."""
    digests = bot.service.digests
    scope = scope_of(interaction.guild_id, interaction.user)
    if interaction.guild_id is None:
        ended = await digests.of(user)
    else:
        found = await digests.subscription(scope, user, outlet)
        ended = [] if found is None else [found]
    for each in ended:
        await digests.unsubscribe(each)
    return say(bot.locale_of(interaction), "discord-digest-ended")


async def _begin(
    bot: DiscordBot, interaction: discord.Interaction[Any], wish: Wish, user: str, outlet: str
) -> str:
    locale = bot.locale_of(interaction)
    scope = scope_of(interaction.guild_id, interaction.user)
    digests = bot.service.digests
    before = await digests.subscription(scope, user, outlet)
    schedule = _schedule(before, wish, locale)
    place = _place(interaction, wish.channel)
    may = interaction.app_permissions
    if outlet and not (may.send_messages and may.attach_files):
        raise Unclear("discord-digest-cannot-post")
    subscription = await digests.subscribe(scope, place, schedule, locale, user=user, outlet=outlet)
    words = say(
        locale,
        "discord-digest-begun",
        channels=_mentions(subscription),
        often="weekly" if schedule.weekday is not None else "daily",
        next=discord.utils.format_dt(next_time(subscription), "F"),
        zone=schedule.zone,
    )
    if not bot.settings.discord.read_along:
        words += "\n" + say(locale, "discord-digest-not-reading")
    return words


def _place(interaction: discord.Interaction[Any], chosen: Channel | None) -> str:
    """Where pictures are to come from.

    Raises:
        Unclear: who asks, or the bot, may not read there.
    """
    here = interaction.channel
    channel = chosen or (here.parent if isinstance(here, discord.Thread) else here)
    member, guild = interaction.user, interaction.guild
    if guild is None or not isinstance(member, discord.Member):
        raise Unclear("discord-digest-server-only")
    if not (readable(channel, member) and readable(channel, guild.me)):
        raise Unclear("discord-digest-cannot-read")
    return place_of(channel)


def _schedule(before: Subscription | None, wish: Wish, locale: str) -> Schedule:
    """What was not wished stays as it was before.

    Raises:
        Unclear: it is no time, or no zone.
    """
    default = Schedule(_EVENING, "Asia/Tokyo" if locale == "ja" else "UTC")
    old = default if before is None else before.schedule
    zone = wish.zone or old.zone
    if not is_zone(zone):
        raise Unclear("discord-digest-no-zone")
    try:
        minute = minute_of(wish.time) if wish.time else old.minute
    except ValueError as error:
        raise Unclear("discord-digest-no-time") from error
    now = datetime.now(UTC).replace(tzinfo=None)
    weekdays = {"": old.weekday, "daily": None, "weekly": today(zone, now)}
    return Schedule(minute, zone, weekdays[wish.days])


def readable(channel: object, member: discord.Member) -> bool:
    """Whether a member may read what was posted in a channel of a server."""
    if not isinstance(channel, discord.abc.GuildChannel):
        return False
    may = channel.permissions_for(member)
    return may.view_channel and may.read_message_history


def channel_of(place: str) -> int:
    """The Discord id of a place."""
    return int(place.rpartition(":")[2])


def _mentions(subscription: Subscription) -> str:
    return " ".join(f"<#{channel_of(place)}>" for place in subscription.places)


async def suggest_zones(
    interaction: discord.Interaction[Any],  # noqa: ARG001 - discord.py passes it
    typed: str,
) -> list[app_commands.Choice[str]]:
    """Zones for what has been typed so far."""
    return [app_commands.Choice(name=zone, value=zone) for zone in zones_like(typed)]


def with_options(command: Command) -> Command:
    """What Discord shows of the options of a command whose parameters are those of a `Wish`."""
    described = app_commands.describe(
        channel=localised("discord-digest-channel-option"),
        time=localised("discord-digest-time-option"),
        zone=localised("discord-digest-zone-option"),
        days=localised("discord-digest-days-option"),
        off=localised("discord-digest-off-option"),
    )
    chosen = app_commands.choices(days=DAYS)
    return described(chosen(app_commands.autocomplete(zone=suggest_zones)(command)))
