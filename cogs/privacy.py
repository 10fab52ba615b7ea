"""`/privacy`: what is kept of a user, whether it may be learned, and how to have it forgotten."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.platforms.discord import DiscordBot, localised, scope_of, user_id
from bot.replying import say
from cogs.confirm import confirmed


class Privacy(
    commands.GroupCog,
    group_name="privacy",
    group_description=localised("discord-privacy-description"),
):
    """Everybody decides for themselves, and only they see the answers."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._service = bot.service

    @app_commands.command(name="show", description=localised("discord-privacy-show-description"))
    async def show(self, interaction: discord.Interaction[Any]) -> None:
        """Say what is kept of who asks."""
        await interaction.response.defer(ephemeral=True)
        scope = scope_of(interaction.guild_id, interaction.user)
        report = await self._service.privacy(scope, user_id(interaction.user))
        words = self._say(
            interaction,
            "discord-privacy-report",
            posts=report.posts,
            crops=report.crops,
            enrolled=report.enrolled,
            votes=report.votes,
            allowed="yes" if report.allowed else "no",
        )
        await interaction.edit_original_response(content=words)

    @app_commands.command(name="allow", description=localised("discord-privacy-allow-description"))
    @app_commands.describe(agree=localised("discord-agree-option"))
    async def allow(self, interaction: discord.Interaction[Any], agree: bool = True) -> None:
        """Agree, or no longer agree, that what who asks posts may be learned."""
        await interaction.response.defer(ephemeral=True)
        scope = scope_of(interaction.guild_id, interaction.user)
        refs = await self._service.allow(scope, user_id(interaction.user), agree)
        words = "discord-privacy-allowed" if agree else "discord-privacy-disallowed"
        await interaction.edit_original_response(content=self._say(interaction, words))
        self._bot.start_work(self._bot.delete_messages(refs), "deleting grids")

    @app_commands.command(
        name="forget", description=localised("discord-privacy-forget-description")
    )
    async def forget(self, interaction: discord.Interaction[Any]) -> None:
        """Forget all that who asks posted and voted here, after a question."""
        await interaction.response.defer(ephemeral=True)
        locale = self._bot.locale_of(interaction)
        if not await confirmed(interaction, say(locale, "discord-privacy-forget-sure"), locale):
            return
        scope = scope_of(interaction.guild_id, interaction.user)
        refs = await self._service.forget_user(scope, user_id(interaction.user))
        words = say(locale, "discord-privacy-forgotten", answers=len(refs))
        await interaction.edit_original_response(content=words, view=None)
        self._bot.start_work(self._bot.delete_messages(refs), "deleting forgotten answers")

    def _say(self, interaction: discord.Interaction[Any], words: str, **values: object) -> str:
        return say(self._bot.locale_of(interaction), words, **values)


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Privacy(bot))
