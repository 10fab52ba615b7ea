"""A question before what cannot be undone."""

from typing import Any

import discord

from bot.replying import say

SECONDS = 120
"""For which the question stands."""


class Question(discord.ui.View):
    """Yes or no. `yes` is None until somebody has answered."""

    def __init__(self, locale: str) -> None:
        super().__init__(timeout=SECONDS)
        self.yes: bool | None = None
        self.confirm.label = say(locale, "discord-yes")
        self.cancel.label = say(locale, "discord-no")

    @discord.ui.button(style=discord.ButtonStyle.danger)
    async def confirm(
        self,
        interaction: discord.Interaction[Any],
        button: discord.ui.Button[Any],  # noqa: ARG002 - discord.py passes it
    ) -> None:
        """Yes."""
        await self._answered(interaction, yes=True)

    @discord.ui.button(style=discord.ButtonStyle.secondary)
    async def cancel(
        self,
        interaction: discord.Interaction[Any],
        button: discord.ui.Button[Any],  # noqa: ARG002
    ) -> None:
        """No."""
        await self._answered(interaction, yes=False)

    async def _answered(self, interaction: discord.Interaction[Any], *, yes: bool) -> None:
        self.yes = yes
        await interaction.response.defer()
        self.stop()


async def confirmed(interaction: discord.Interaction[Any], words: str, locale: str) -> bool:
    """Ask who used a (deferred, ephemeral) command; silence is no."""
    question = Question(locale)
    await interaction.edit_original_response(content=words, view=question)
    await question.wait()
    if not question.yes:
        words = say(locale, "discord-nothing-done")
    await interaction.edit_original_response(content=words, view=None)
    return bool(question.yes)
