"""`/taste`: what is known of what a user likes, and digests of what they may like."""

from io import BytesIO
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.digests import next_time
from bot.platforms.discord import DiscordBot, link_of, localised, scope_of, user_id
from bot.rating_report import as_csv, report
from bot.replying import say
from cogs.confirm import confirmed
from cogs.subscribing import Channel, Wish, subscribe, with_options
from models.taste import LEAST


class Taste(
    commands.GroupCog,
    group_name="taste",
    group_description=localised("discord-taste-description"),
):
    """Everybody has a taste of their own in each server, and only they see the answers."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._service = bot.service

    @app_commands.command(name="show", description=localised("discord-taste-show-description"))
    async def show(self, interaction: discord.Interaction[Any]) -> None:
        """Say what the ratings of who asks come to, and when the next digest comes."""
        await interaction.response.defer(ephemeral=True)
        scope, user = scope_of(interaction.guild_id, interaction.user), user_id(interaction.user)
        told = report(await self._service.ratings_of(scope, user))
        subscription = await self._service.digests.subscription(scope, user)
        words = self._say(
            interaction,
            "discord-taste-report",
            counted=told.counted,
            waiting=told.waiting,
            expired=told.expired,
            mean="" if told.mean is None else f"{told.mean:.1f}",
            rated="no" if told.mean is None else "yes",
            known="yes" if told.known else "no",
            least=LEAST,
        )
        if subscription is None:
            words += "\n" + self._say(interaction, "discord-taste-no-digest")
        else:
            when = discord.utils.format_dt(next_time(subscription), "F")
            words += "\n" + self._say(interaction, "discord-taste-next-digest", when=when)
        await interaction.edit_original_response(content=words)

    @app_commands.command(name="reset", description=localised("discord-taste-reset-description"))
    async def reset(self, interaction: discord.Interaction[Any]) -> None:
        """Forget all ratings of who asks, after a question."""
        await interaction.response.defer(ephemeral=True)
        locale = self._bot.locale_of(interaction)
        if not await confirmed(interaction, say(locale, "discord-taste-reset-sure"), locale):
            return
        scope = scope_of(interaction.guild_id, interaction.user)
        await self._service.forget_ratings(scope, user_id(interaction.user))
        words = say(locale, "discord-taste-forgotten")
        await interaction.edit_original_response(content=words, view=None)

    @app_commands.command(name="export", description=localised("discord-taste-export-description"))
    async def export(self, interaction: discord.Interaction[Any]) -> None:
        """Hand over all ratings of who asks."""
        await interaction.response.defer(ephemeral=True)
        scope = scope_of(interaction.guild_id, interaction.user)
        ratings = await self._service.ratings_of(scope, user_id(interaction.user))
        table = as_csv(ratings, lambda each: link_of(scope, each.key)).encode()
        file = discord.File(BytesIO(table), filename="ratings.csv")
        words = self._say(interaction, "discord-taste-exported", ratings=len(ratings))
        await interaction.edit_original_response(content=words, attachments=[file])

    @app_commands.command(name="digest", description=localised("discord-taste-digest-description"))
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
        """Have the best of what is posted sent by direct message, or no longer."""
        await subscribe(self._bot, interaction, Wish(channel, time, zone, days, off))

    def _say(self, interaction: discord.Interaction[Any], words: str, **values: object) -> str:
        return say(self._bot.locale_of(interaction), words, **values)


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Taste(bot))
