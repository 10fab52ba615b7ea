"""`/help`, and the one place that words what went wrong."""

import logging
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import Busy, HanteiError, NameTaken, NotAllowed, NotFound, PictureRefused
from bot.platforms.discord import DiscordBot, is_too_large, locale_of, localised
from bot.replying import refusal, say

log = logging.getLogger(__name__)


def wording(error: Exception, locale: str) -> str:
    """What the person who asked reads, and a line in the log.

    The log names what happened, and holds no token and nothing of what people wrote.
    """
    match error:
        case PictureRefused():
            return refusal(locale, error)
        case Busy():
            return say(locale, "busy")
        case app_commands.MissingPermissions():
            return say(locale, "discord-moderators-only")
        case app_commands.CommandOnCooldown():
            return say(locale, "cooldown", seconds=seconds(error.retry_after))
        case NotAllowed():
            return say(locale, "discord-not-allowed")
        case NameTaken():
            return say(locale, "discord-name-taken")
        case NotFound():
            return say(locale, "discord-not-found")
        case discord.Forbidden():
            log.warning("Discord forbids it: %s", error)
            return say(locale, "discord-forbidden")
        case discord.HTTPException() if is_too_large(error):
            log.warning("too large for Discord: %s", error)
            return say(locale, "discord-too-large")
        case _:
            log.error("not expected", exc_info=error)
            return say(locale, "discord-failed")


def seconds(retry_after: float) -> int:
    """Whole seconds to wait, at least one."""
    return max(1, round(retry_after))


class Admin(commands.Cog):
    """Help, and errors of commands."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot

    async def cog_load(self) -> None:
        """Take over the errors of all commands."""
        self._bot.tree.error(self.on_app_command_error)

    @app_commands.command(name="help", description=localised("discord-help-description"))
    async def help(self, interaction: discord.Interaction[Any]) -> None:
        """Say what the bot does and how to use it."""
        locale = locale_of(interaction, self._bot.settings.locale)
        await interaction.response.send_message(say(locale, "discord-help"), ephemeral=True)

    async def on_app_command_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError
    ) -> None:
        """Answer a command that failed, whether or not it was acknowledged already."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        words = wording(cause, locale_of(interaction, self._bot.settings.locale))
        if isinstance(cause, HanteiError):
            log.info("a command was refused: %s", type(cause).__name__)
        try:
            if interaction.response.is_done():
                await interaction.followup.send(words, ephemeral=True)
            else:
                await interaction.response.send_message(words, ephemeral=True)
        except discord.HTTPException as failure:
            log.warning("cannot say that a command failed: %s", failure)


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Admin(bot))
