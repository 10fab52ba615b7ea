"""`/review`: moderators see which votes are held and what people disagree on, and decide.

All that a button needs is in its custom id, so that it works after a restart; the right to press it
is looked at each time.
"""

import re
from collections.abc import Sequence
from typing import Any, Self

import discord
from discord import app_commands
from discord.ext import commands

from bot.domain import Standing, Verdict
from bot.errors import NotFound
from bot.platforms.discord import (
    LONGEST_MESSAGE,
    DiscordBot,
    link_of,
    localised,
    may_manage,
    plain,
    scope_of,
    user_id,
)
from bot.replying import say
from bot.teaching_store import Hold
from cogs.wording import wording

MOST_HOLDS = 5
"""In a message, which has room for so many rows of buttons."""

MOST_DISPUTED = 8

_DEEDS = {"release": discord.ButtonStyle.success, "reject": discord.ButtonStyle.danger}


class HoldButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"hantei:hold:(?P<hold>[0-9]+):(?P<deed>release|reject)",
):
    """A moderator's word on held votes.

    Args:
        number: of the hold in the list.
    """

    def __init__(self, hold_id: int, deed: str, number: int = 0, locale: str = "en") -> None:
        super().__init__(
            discord.ui.Button(
                label=say(locale, f"review-{deed}", number=number),
                style=_DEEDS[deed],
                custom_id=f"hantei:hold:{hold_id}:{deed}",
                row=max(0, number - 1),
            )
        )
        self._hold_id = hold_id
        self._deed = deed

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py passes it
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
        /,
    ) -> Self:
        """See discord.py; the label is on the message already."""
        return cls(int(match["hold"]), match["deed"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """See discord.py. The cog listens for the event."""
        release = self._deed == "release"
        interaction.client.dispatch("hold_decided", interaction, self._hold_id, release)


class Review(commands.Cog):
    """In a server for its moderators; in a direct message for everybody's own pictures."""

    def __init__(self, bot: DiscordBot) -> None:
        self._bot = bot
        self._service = bot.service

    @app_commands.command(name="review", description=localised("discord-review-description"))
    async def review(self, interaction: discord.Interaction[Any]) -> None:
        """List what waits for a moderator."""
        if not may_manage(interaction):
            raise app_commands.MissingPermissions(["manage_messages"])
        await interaction.response.defer(ephemeral=True)
        await self._show(interaction)

    @commands.Cog.listener()
    async def on_hold_decided(
        self, interaction: discord.Interaction[Any], hold_id: int, release: bool
    ) -> None:
        """Somebody presses a button."""
        locale = self._bot.locale_of(interaction)
        if not may_manage(interaction):
            words = say(locale, "discord-moderators-only")
            await interaction.response.send_message(words, ephemeral=True)
            return
        await interaction.response.defer()
        scope = scope_of(interaction.guild_id, interaction.user)
        deed = "released" if release else "rejected"
        told = f"review-{deed}"
        try:
            await self._service.teaching.decide(scope, hold_id, release)
            user = user_id(interaction.user)
            await self._service.members.note(scope, user, deed, f"hold:{hold_id}")
        except NotFound:
            told = "review-gone"
        except Exception as error:  # whatever it was, who pressed is told
            await interaction.followup.send(wording(error, locale), ephemeral=True)
            return
        await self._show(interaction, say(locale, told))

    async def _show(self, interaction: discord.Interaction[Any], told: str = "") -> None:
        """The list as it is now, below what has just been done."""
        scope = scope_of(interaction.guild_id, interaction.user)
        locale = self._bot.locale_of(interaction)
        holds = await self._service.teaching.holds(scope)
        disputed = await self._service.teaching.disputed(scope)
        shown = [*_held(holds, locale), *_disputed(disputed, locale)]
        lines = [told] if told else []
        lines += [*shown, say(locale, "review-page")] if shown else [say(locale, "review-nothing")]
        view = discord.ui.View(timeout=None)
        for number, hold in enumerate(holds[:MOST_HOLDS], start=1):
            for deed in _DEEDS:
                view.add_item(HoldButton(hold.id, deed, number, locale))
        words = "\n".join(lines)[:LONGEST_MESSAGE]
        await interaction.edit_original_response(content=words, view=view)


def _held(holds: Sequence[Hold], locale: str) -> list[str]:
    if not holds:
        return []
    lines = [f"**{say(locale, 'review-held')}**"]
    for number, hold in enumerate(holds[:MOST_HOLDS], start=1):
        told = say(
            locale,
            "review-held-against" if hold.against else "review-held-for",
            voters=hold.voters,
            faces=len(hold.faces),
            name=plain(hold.name),
        )
        lines.append(f"{number}. {told}")
    return [*lines, *_more(len(holds) - MOST_HOLDS, locale)]


def _disputed(disputed: Sequence[tuple[Verdict, Standing]], locale: str) -> list[str]:
    if not disputed:
        return []
    lines = [f"**{say(locale, 'review-disputed')}**"]
    for verdict, standing in disputed[:MOST_DISPUTED]:
        link = link_of(verdict.scope, verdict.post_key)
        named = "review-disputed-face" if standing.name else "review-disputed-nobody"
        told = say(locale, named, name=plain(standing.name or ""), link=link)
        lines.append(f"• {told}")
    return [*lines, *_more(len(disputed) - MOST_DISPUTED, locale)]


def _more(more: int, locale: str) -> list[str]:
    return [say(locale, "review-more", more=more)] if more > 0 else []


async def setup(bot: DiscordBot) -> None:
    """Called by discord.py."""
    await bot.add_cog(Review(bot))
    bot.add_dynamic_items(HoldButton)
