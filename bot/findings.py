"""What `doctor` finds, and how it is printed."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.markup import escape

from bot.settings import Settings

_SIGNS = {"good": "[green]ok  [/]", "note": "[yellow]note[/]", "bad": "[red]FIX [/]"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found.

    Attributes:
        state: `bad` keeps the bot (or a part that is turned on) from working.
        mend: what to do about it; empty when nothing is to be done.
    """

    about: str
    state: Literal["good", "note", "bad"]
    found: str
    mend: str = ""


Check = Callable[[Settings], Awaitable[Finding]]


def show(console: Console, finding: Finding) -> None:
    """Print a line, and another if there is something to mend."""
    console.print(f"{_SIGNS[finding.state]} {finding.about}: {escape(finding.found)}")
    if finding.mend:
        console.print(f"     → {escape(finding.mend)}", style="bold")
