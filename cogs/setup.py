"""`/setup`: moderators choose what is judged in a channel."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.platforms.discord import DiscordBot, localised, place_of
from bot.replying import say
from cogs.moderating import ForModerators
from models.heads import HEADS

HEAD_CHOICES = [
    app_commands.Choice(name=localised(f"head-plural-{head}"), value=head) for head in HEADS
]


class Setup(
    ForModerators,
    commands.GroupCog,
    group_name="setup",
    group_description=localised("discord-setup-description"),
):
    """What is chosen holds for the channel and its threads."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._service = bot.service

    @app_commands.command(name="heads", description=localised("discord-setup-heads-description"))
    @app_commands.describe(
        first=localised("discord-setup-first-option"),
        second=localised("discord-setup-second-option"),
    )
    @app_commands.choices(first=HEAD_CHOICES, second=HEAD_CHOICES)
    async def heads(
        self, interaction: discord.Interaction[Any], first: str = "", second: str = ""
    ) -> None:
        """Choose what answers, in order; nothing goes back to the settings."""
        chosen = list(dict.fromkeys(head for head in (first, second) if head))
        await self._service.choose_heads(place_of(interaction.channel), chosen)
        await self._tell(interaction)

    @app_commands.command(name="show", description=localised("discord-setup-show-description"))
    async def show(self, interaction: discord.Interaction[Any]) -> None:
        """Say what answers here."""
        await self._tell(interaction)

    async def _tell(self, interaction: discord.Interaction[Any]) -> None:
        locale = self._bot.locale_of(interaction)
        heads = await self._service.heads_in(place_of(interaction.channel))
        if heads is None:
            words = say(locale, "discord-setup-default")
        else:
            names = [say(locale, f"head-plural-{head}") for head in heads]
            comma = "、" if locale == "ja" else ", "
            words = say(locale, "discord-setup-heads", heads=comma.join(names))
        await interaction.response.send_message(words, ephemeral=True)


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Setup(bot))
