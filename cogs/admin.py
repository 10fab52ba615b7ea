"""`/help`, and the answer to every command that fails."""

import logging
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.errors import HanteiError
from bot.platforms.discord import DiscordBot, localised
from bot.replying import say
from cogs.wording import wording

log = logging.getLogger(__name__)


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
        locale = self._bot.locale_of(interaction)
        await interaction.response.send_message(say(locale, "discord-help"), ephemeral=True)

    async def on_app_command_error(
        self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError
    ) -> None:
        """Answer a command that failed, whether or not it was acknowledged already."""
        cause = error.original if isinstance(error, app_commands.CommandInvokeError) else error
        words = wording(cause, self._bot.locale_of(interaction))
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
