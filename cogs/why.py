"""Why an answer is as it is: `/why`, a message menu and a button. Only who asks sees it."""

from io import BytesIO
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain import Explanation
from bot.platforms.discord import DiscordBot, localised, patiently, plain, ref_of, user_id
from bot.replying import say
from cogs.marking import WhyButton
from cogs.wording import wording

_LONGEST_DESCRIPTION = 1024
_LONGEST_WORDS = 1900
"""Characters, so that with the bars of a spoiler they still are a message."""


class Why(commands.Cog):
    """Whoever can see an answer may ask."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._service = bot.service
        self._menu = app_commands.ContextMenu(
            name=localised("discord-why-menu"), callback=self.why_message
        )

    async def cog_load(self) -> None:
        """Offer the message menu; by itself a cog does that for slash commands only."""
        self._bot.tree.add_command(self._menu)

    @app_commands.command(name="why", description=localised("discord-why-description"))
    async def why(self, interaction: discord.Interaction[Any]) -> None:
        """Explain the latest answer in the channel, if there is one to who asks."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        assert interaction.channel_id is not None  # noqa: S101 - commands are used in channels
        under = ref_of(interaction.channel_id)
        verdict_id = await self._service.latest(under, user_id(interaction.user))
        await self._explain(interaction, verdict_id, "discord-why-none")

    async def why_message(
        self, interaction: discord.Interaction[Any], message: discord.Message
    ) -> None:
        """Explain the message whose menu was used."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        verdict_id = await self._service.verdict_at(ref_of(message.channel.id, message.id))
        await self._explain(interaction, verdict_id, "discord-why-no-answer")

    @commands.Cog.listener()
    async def on_why_button(self, interaction: discord.Interaction[Any], verdict_id: int) -> None:
        """Somebody presses a `cogs.marking.WhyButton`."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        message = interaction.message
        assert message is not None  # noqa: S101 - a button is under a message
        shown = await self._service.verdict_at(ref_of(message.channel.id, message.id))
        wanted = verdict_id if shown == verdict_id else None
        try:
            await self._explain(interaction, wanted, "discord-not-found")
        except Exception as error:  # whatever it was, who pressed is told
            words = wording(error, self._bot.locale_of(interaction))
            await interaction.edit_original_response(content=words)

    async def _explain(
        self, interaction: discord.Interaction[Any], verdict_id: int | None, if_none: str
    ) -> None:
        locale = self._bot.locale_of(interaction)
        if verdict_id is None:
            await interaction.edit_original_response(content=say(locale, if_none))
            return
        explained = await patiently(
            lambda: self._service.why(verdict_id),
            lambda: interaction.edit_original_response(content=say(locale, "busy")),
        )
        in_guild = interaction.guild_id is not None
        may_attach = not in_guild or interaction.app_permissions.attach_files
        file = _file_of(explained) if may_attach else None
        await interaction.edit_original_response(
            content=_content_of(explained), attachments=[file] if file is not None else []
        )


def _content_of(explained: Explanation) -> str:
    shown = plain(explained.words)[:_LONGEST_WORDS]
    return f"||{shown}||" if explained.spoiler else shown


def _file_of(explained: Explanation) -> discord.File | None:
    if explained.image is None:
        return None
    return discord.File(
        BytesIO(explained.image),
        filename="why.jpg",
        spoiler=explained.spoiler,
        description=explained.description[:_LONGEST_DESCRIPTION],
    )


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Why(bot))
    bot.add_dynamic_items(WhyButton)
