"""`/setup`: moderators choose what is judged in a channel."""

from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.platforms.discord import DiscordBot, localised, place_of, ref_of, scope_of, user_id
from bot.replying import say
from cogs.moderating import ForModerators
from cogs.subscribing import Channel, Wish, subscribe, with_options
from models.heads import HEADS

HEAD_CHOICES = [
    app_commands.Choice(name=localised(f"head-plural-{head}"), value=head) for head in HEADS
]

_NEXT = localised("discord-setup-second-option")


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
        **dict.fromkeys(("second", "third", "fourth", "fifth"), _NEXT),
    )
    @app_commands.choices(
        first=HEAD_CHOICES,
        second=HEAD_CHOICES,
        third=HEAD_CHOICES,
        fourth=HEAD_CHOICES,
        fifth=HEAD_CHOICES,
    )
    async def heads(
        self,
        interaction: discord.Interaction[Any],
        first: str = "",
        second: str = "",
        third: str = "",
        fourth: str = "",
        fifth: str = "",
    ) -> None:
        """Choose what answers, in order; nothing goes back to the settings."""
        chosen = list(dict.fromkeys(filter(None, (first, second, third, fourth, fifth))))
        await self._service.choose_heads(place_of(interaction.channel), chosen)
        await self._note(interaction)
        await self._tell(interaction, await self._heads(interaction))

    @app_commands.command(name="like", description=localised("discord-setup-like-description"))
    @app_commands.describe(score=localised("discord-setup-like-option"))
    async def like(
        self,
        interaction: discord.Interaction[Any],
        score: app_commands.Range[float, 1.0, 5.0] | None = None,
    ) -> None:
        """Choose from which score on it is a like; nothing goes back to the settings."""
        await self._service.choose_like_from(place_of(interaction.channel), score)
        await self._note(interaction)
        await self._tell(interaction, await self._like(interaction))

    @app_commands.command(name="digest", description=localised("discord-setup-digest-description"))
    @with_options
    async def digest(
        self,
        interaction: discord.Interaction[Any],
        channel: Channel | None = None,
        time: str = "",
        zone: str = "",
        days: str = "",
        off: bool = False,
    ) -> None:
        """Post the best of what is posted here, for everybody, or no longer."""
        wish = Wish(channel, time, zone, days, off)
        outlet = ref_of(interaction.channel_id or 0)
        await subscribe(self._bot, interaction, wish, outlet=outlet)

    @app_commands.command(name="show", description=localised("discord-setup-show-description"))
    async def show(self, interaction: discord.Interaction[Any]) -> None:
        """Say what answers here, and what is a like."""
        words = (await self._heads(interaction), await self._like(interaction))
        await self._tell(interaction, "\n".join(words))

    async def _note(self, interaction: discord.Interaction[Any]) -> None:
        scope, user = scope_of(interaction.guild_id, interaction.user), user_id(interaction.user)
        channel = place_of(interaction.channel).partition(":")[2]
        await self._service.members.note(scope, user, "judged", f"channel:{channel}")

    async def _heads(self, interaction: discord.Interaction[Any]) -> str:
        locale = self._bot.locale_of(interaction)
        heads = await self._service.heads_in(place_of(interaction.channel))
        if heads is None:
            return say(locale, "discord-setup-default")
        names = [say(locale, f"head-plural-{head}") for head in heads]
        comma = "、" if locale == "ja" else ", "
        return say(locale, "discord-setup-heads", heads=comma.join(names))

    async def _like(self, interaction: discord.Interaction[Any]) -> str:
        score = await self._service.like_from(place_of(interaction.channel))
        return say(self._bot.locale_of(interaction), "discord-setup-like", score=f"{score:.1f}")

    async def _tell(self, interaction: discord.Interaction[Any], words: str) -> None:
        await interaction.response.send_message(words, ephemeral=True)


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Setup(bot))
