"""`/enhance`: a picture made better, shown beside the first. Only who asks sees it."""

import asyncio
import time
from io import BytesIO
from typing import Any, Literal

import discord
from discord import app_commands
from discord.ext import commands

from bot.enhancing import HEADS, Better, Wish
from bot.platforms.discord import (
    DiscordBot,
    attachment_of,
    localised,
    patiently,
    plain,
    scope_of,
    user_id,
)
from bot.replying import say

_PAUSE = 2.0
"""Seconds between two edits that tell how far it is."""

_HEAD_CHOICES = [
    app_commands.Choice(name=localised(f"enhance-{head}"), value=head) for head in HEADS
]
_START_CHOICES = [
    app_commands.Choice(name=localised(f"discord-enhance-from-{start}"), value=start)
    for start in ("picture", "noise")
]


class Enhance(commands.Cog):
    """Anybody may ask, for one picture at a time."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._service = bot.service

    @app_commands.command(name="enhance", description=localised("discord-enhance-description"))
    @app_commands.describe(
        picture=localised("discord-enhance-picture-option"),
        head=localised("discord-enhance-head-option"),
        start=localised("discord-enhance-start-option"),
        strength=localised("discord-enhance-strength-option"),
    )
    @app_commands.choices(head=_HEAD_CHOICES, start=_START_CHOICES)
    async def enhance(
        self,
        interaction: discord.Interaction[Any],
        picture: discord.Attachment,
        head: Literal["demo", "taste", "photogenic"] = "demo",
        start: Literal["picture", "noise"] = "picture",
        strength: app_commands.Range[int, 1, 100] = 70,
    ) -> None:
        """Work, tell how far it is, and show what came of it."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        locale = self._bot.locale_of(interaction)
        wish = Wish(
            scope_of(interaction.guild_id, interaction.user),
            user_id(interaction.user),
            locale,
            attachment_of(picture),
            head,
            start,
            strength=strength / 100,
        )
        progress = _Progress(interaction, locale)
        better = await patiently(
            lambda: self._service.enhance(wish, progress.advance),
            lambda: interaction.edit_original_response(content=say(locale, "busy")),
        )
        await progress.end()
        await interaction.edit_original_response(
            content=plain(better.words), attachments=_files(better)
        )


class _Progress:
    """Edits the response now and then while there is something to wait for."""

    def __init__(self, interaction: discord.Interaction[Any], locale: str) -> None:
        self._interaction = interaction
        self._locale = locale
        self._told = time.monotonic()
        self._editing: asyncio.Task[Any] | None = None

    def advance(self, done: int, steps: int) -> None:
        """Called at each step, on the event loop."""
        waiting = self._editing is not None and not self._editing.done()
        if waiting or time.monotonic() - self._told < _PAUSE:
            return
        self._told = time.monotonic()
        words = say(self._locale, "enhance-progress", percent=round(100 * done / steps))
        edit = self._interaction.edit_original_response(content=words)
        self._editing = asyncio.ensure_future(edit)

    async def end(self) -> None:
        """No edit may come after the result."""
        if self._editing is not None:
            await asyncio.wait([self._editing])


def _files(better: Better) -> list[discord.File]:
    pictures = {"compared.png": better.beside, "better.png": better.result}
    return [
        discord.File(BytesIO(content), filename=name, description=better.words)
        for name, content in pictures.items()
    ]


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Enhance(bot))
