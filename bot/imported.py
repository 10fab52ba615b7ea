"""What became of each picture or line of an import, and whose voice an import is."""

import csv
import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from bot.errors import SettingsError
from models.types import UserId

OPERATOR: UserId = "imported:operator"
"""Posts the pictures that are imported, and votes: as a moderator, whose word is trusted."""

PLACE = "import"
"""Where these votes are cast, as `bot.domain.Correction` has it."""


class Outcome(StrEnum):
    """What became of one picture or line, in the words of the summary."""

    ADDED = "learned"
    CONFIRMED = "confirmed"
    THERE = "there already"
    WAITING = "voted for, but the poster has not agreed"
    OUTVOTED = "voted for, but not agreed on"
    COPY = "copies of others"
    TWO_NAMES = "under two names"
    NO_FACE = "without a face"
    SEVERAL = "with several faces"
    UNFIT = "of another kind than the head judges"
    REFUSED = "refused"
    UNMATCHED = "not found here"


TAKEN = frozenset({Outcome.ADDED, Outcome.CONFIRMED, Outcome.THERE})


@dataclass(frozen=True, slots=True)
class Done:
    """What became of one picture or line.

    Attributes:
        what: the file, or the line.
        detail: what it is a copy of, or why it was not taken.
    """

    what: str
    name: str
    outcome: Outcome
    detail: str = ""


def summary(done: Sequence[Done]) -> str:
    """How many of what."""
    counts = Counter(each.outcome for each in done)
    return ", ".join(f"{counts[each]} {each}" for each in Outcome if counts[each]) or "nothing"


def write_report(file: Path, done: Sequence[Done]) -> None:
    """A CSV of what was not taken, for its owner only.

    Raises:
        SettingsError: it cannot be written.
    """
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise SettingsError(f"--report {file}: {error.strerror}.") from error
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["what", "name", "outcome", "detail"])
        rows.writerows(
            [each.what, each.name, each.outcome, each.detail]
            for each in done
            if each.outcome not in TAKEN
        )
