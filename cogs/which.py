"""The question whether a typed name is a person's or a character's.

No cog, because it belongs to the message that it answers: see `cogs.correct`.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import discord

from bot.replying import say

SECONDS = 600
"""For which the question stands."""


class Which(discord.ui.View):
    """A button a head. Only who typed the name may press one.

    Args:
        asked: the Discord id of who typed it.
        chosen: told which head was meant.
    """

    def __init__(
        self,
        heads: Sequence[str],
        locale: str,
        asked: int,
        chosen: Callable[[str], Awaitable[None]],
    ) -> None:
        super().__init__(timeout=SECONDS)
        self._locale = locale
        self._asked = asked
        self._chosen = chosen
        for head in heads:
            self.add_item(_Choice(head, locale))

    async def interaction_check(self, interaction: discord.Interaction[Any]) -> bool:
        """See discord.py."""
        if interaction.user.id == self._asked:
            return True
        words = say(self._locale, "discord-which-not-yours")
        await interaction.response.send_message(words, ephemeral=True)
        return False

    async def choose(self, interaction: discord.Interaction[Any], head: str) -> None:
        """The question has served its purpose: the answer itself shows what came of it."""
        self.stop()
        await interaction.response.defer()
        await interaction.delete_original_response()
        await self._chosen(head)


class _Choice(discord.ui.Button[Which]):
    def __init__(self, head: str, locale: str) -> None:
        super().__init__(label=say(locale, f"head-{head}"))
        self._head = head

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        assert self.view is not None  # noqa: S101 - it is in one
        await self.view.choose(interaction, self._head)
