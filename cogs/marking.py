"""Marks as reactions and as buttons.

No cog, because two cogs use it: discord.py runs the module of a cog anew when it loads it, so
what two of them share must not be in one of them.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Any, Self

import discord

from bot.domain import Mark, Part
from bot.replying import say

MARK_PAUSE = 0.25
"""Seconds between two marks: Discord takes one reaction in about that time."""

CATCH_UP_PAUSE = 0.5
"""Seconds between two messages whose marks are read again."""

_VARIATION_SELECTOR = "\ufe0f"


class MarkButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]],
    template=r"hantei:(?P<verdict>[0-9]+):(?P<mark>[A-Z_]+)",
):
    """A mark as a button, for channels where the bot may not add reactions.

    Everything it needs is in its custom id, so that it works after a restart.
    """

    def __init__(self, verdict_id: int, mark: Mark) -> None:
        custom_id = f"hantei:{verdict_id}:{mark.name}"
        super().__init__(discord.ui.Button(emoji=mark.value, custom_id=custom_id))
        self._verdict_id = verdict_id
        self._mark = mark

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py passes it
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
        /,
    ) -> Self:
        """See discord.py."""
        return cls(int(match["verdict"]), Mark[match["mark"]])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """See discord.py. `cogs.correct` listens for the event."""
        interaction.client.dispatch("mark_button", interaction, self._verdict_id, self._mark)


class WhyButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=r"hantei-why:(?P<verdict>[0-9]+)"
):
    """Asks why an answer is as it is; under every answer, for its answer is not for all to see.

    (A reaction could only be answered in public.)
    """

    def __init__(self, verdict_id: int, locale: str) -> None:
        label, custom_id = say(locale, "discord-why-button"), f"hantei-why:{verdict_id}"
        super().__init__(discord.ui.Button(label=label, custom_id=custom_id))
        self._verdict_id = verdict_id

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - discord.py passes it
        item: discord.ui.Item[Any],  # noqa: ARG003
        match: re.Match[str],
        /,
    ) -> Self:
        """See discord.py; the label is on the message already."""
        return cls(int(match["verdict"]), "en")

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """See discord.py. `cogs.why` listens for the event."""
        interaction.client.dispatch("why_button", interaction, self._verdict_id)


def buttons(part: Part, locale: str, *, marks: bool = True) -> discord.ui.View:
    """The marks of a Part as buttons, if it has them as such, and the question why."""
    view = discord.ui.View(timeout=None)
    for mark in part.marks if marks else ():
        view.add_item(MarkButton(part.verdict_id, mark))
    view.add_item(WhyButton(part.verdict_id, locale))
    return view


def has_mark_buttons(message: discord.Message) -> bool:
    """Whether the marks under a message are buttons, not reactions."""
    rows = (row for row in message.components if isinstance(row, discord.ActionRow))
    return any(
        (each.custom_id or "").startswith("hantei:")
        for row in rows
        for each in row.children
        if isinstance(each, discord.Button)
    )


async def add_marks(
    message: discord.Message | discord.PartialMessage,
    part: Part,
    marks: Sequence[Mark],
    locale: str,
) -> None:
    """Offer marks under a message as reactions, slowly; as buttons if they are not allowed."""
    for mark in marks:
        try:
            await message.add_reaction(mark.value)
        except discord.NotFound:
            return
        except discord.Forbidden:
            await message.edit(view=buttons(part, locale))
            return
        await asyncio.sleep(MARK_PAUSE)


def mark_of(emoji: discord.PartialEmoji) -> Mark | None:
    """The mark that an emoji is, with or without the variation selector that some clients add."""
    return _MARKS.get(emoji.name.replace(_VARIATION_SELECTOR, "")) if emoji.id is None else None


_MARKS = {mark.value.replace(_VARIATION_SELECTOR, ""): mark for mark in Mark}
