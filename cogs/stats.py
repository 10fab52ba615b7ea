"""`/stats`: who taught what, how often the bot was right, and who needs pictures."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.platforms.discord import (
    LONGEST_MESSAGE,
    DiscordBot,
    localised,
    may_manage,
    plain,
    scope_of,
    user_id,
)
from bot.replying import say
from bot.stats import Needy, Report, Teacher, Week
from models.types import UserId

MOST_TEACHERS = 10
MOST_WEEKS = 6
MOST_NEEDY = 5

_SQUARES = (("right", "🟩"), ("unknown", "⬜"), ("wrong", "🟥"))
"""What a week is drawn with."""

_SIDE = 10
"""Squares a week."""


class Stats(commands.Cog):
    """Everybody sees their own figures and what is true of all; moderators see everybody's."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._service = bot.service

    @app_commands.command(name="stats", description=localised("discord-stats-description"))
    async def stats(self, interaction: discord.Interaction[Any]) -> None:
        """Show the figures of this server, or of one's own pictures in a direct message."""
        await interaction.response.defer(ephemeral=True)
        scope, user = scope_of(interaction.guild_id, interaction.user), user_id(interaction.user)
        locale = self._bot.locale_of(interaction)
        report = await self._service.teaching.report(scope)
        lines = [*_totals(report, user, locale), *_weeks(report.weeks, locale)]
        lines += _needy(report.needy, locale)
        lines += _teachers(report.teachers, locale) if may_manage(interaction) else []
        await interaction.edit_original_response(content=_that_fit(lines))


def _totals(report: Report, user: UserId, locale: str) -> list[str]:
    if not report.votes:
        return [say(locale, "stats-nothing")]
    return [
        say(locale, "stats-total", votes=report.votes, labels=report.labels),
        _row(report.teacher(user), say(locale, "stats-you"), locale),
    ]


def _row(teacher: Teacher, who: str, locale: str) -> str:
    return say(
        locale,
        "stats-row",
        who=who,
        votes=teacher.votes,
        labels=teacher.labels,
        right=_right(teacher, locale),
    )


def _right(teacher: Teacher, locale: str) -> str:
    if teacher.moderates:
        return say(locale, "stats-moderates")
    if teacher.share is None:
        return say(locale, "stats-unmeasured")
    return say(locale, "stats-right", percent=teacher.share, counted=teacher.counted)


def _weeks(weeks: tuple[Week, ...], locale: str) -> list[str]:
    if not weeks:
        return []
    title = f"**{say(locale, 'stats-weeks')}**"
    return [title, *(_week(each, locale) for each in weeks[-MOST_WEEKS:])]


def _week(week: Week, locale: str) -> str:
    words = say(locale, "stats-share", **week.shares)
    return f"`{week.start:%m/%d}` {_squares(week)} {words}"


def _squares(week: Week) -> str:
    """Ten of them, in the shares of the week; what is left by rounding is the last kind's."""
    drawn = ""
    for kind, square in _SQUARES[:-1]:
        drawn += square * round(week.shares[kind] * _SIDE / 100)
    return (drawn + _SQUARES[-1][1] * _SIDE)[:_SIDE]


def _needy(needy: tuple[Needy, ...], locale: str) -> list[str]:
    if not needy:
        return []
    lines = [f"**{say(locale, 'stats-needy')}**"]
    for each in needy[:MOST_NEEDY]:
        told = say(locale, "stats-needy-examples", examples=each.examples)
        if each.disputed:
            told += " · " + say(locale, "stats-needy-disputed", disputed=each.disputed)
        lines.append(f"{plain(each.name)}: {told}")
    return lines


def _teachers(teachers: tuple[Teacher, ...], locale: str) -> list[str]:
    """As Discord shows them; those who came by another way have a number."""
    if not teachers:
        return []
    lines = [f"**{say(locale, 'stats-teachers')}**"]
    for number, each in enumerate(teachers[:MOST_TEACHERS], start=1):
        platform, _, discord_id = each.user.partition(":")
        unnamed = say(locale, "stats-teacher", number=number)
        who = f"<@{discord_id}>" if platform == "discord" else unnamed
        lines.append(_row(each, who, locale))
    return lines


def _that_fit(lines: list[str]) -> str:
    """As many of the lines as a message takes."""
    while len("\n".join(lines)) > LONGEST_MESSAGE:
        lines = lines[:-1]
    return "\n".join(lines)


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Stats(bot))
