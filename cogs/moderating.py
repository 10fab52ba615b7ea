"""Commands for moderators only. No cog, because several cogs use it: see `cogs.marking`."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.platforms.discord import may_manage


class ForModerators(commands.Cog):
    """A cog whose commands refuse everybody else."""

    async def interaction_check(self, interaction: discord.Interaction[Any]) -> bool:
        """See discord.py."""
        if not may_manage(interaction):
            raise app_commands.MissingPermissions(["manage_messages"])
        return True
