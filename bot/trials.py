"""One search, for any command that measures: whom a picture shows, and what was said of it.

Everything is asked of the judge that answers people, in a scope of its own.
"""

import asyncio
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.errors import SettingsError
from bot.judging import Judge
from datasets.folders import FolderError, people, pictures
from models.gallery import Example, Gallery
from models.strangers import choose
from models.types import Context, Crop, Guess, Kind, Named, Vectors

SCOPE = "evaluation"
NOBODY_ELSE: Vectors = np.empty((0, 0), dtype=np.float32)
"""No unknown faces to set the thresholds by."""


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One picture, or rather one face in it.

    Attributes:
        person: whose picture it is, by the folder.
        crop: None if no face was found.
    """

    person: str
    file: Path
    crop: Crop | None = None
    face_hash: str = ""
    vector: Vectors | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """One search.

    Attributes:
        file: the picture.
        person: whose face it was.
        enrolled: whether that person was in the gallery.
        answered: the name that was given, or None for "I don't know" or no face.
        best: the most likely name, given or not.
        probability: of `best`; minus infinity where there is none.
        left_out: a person of the gallery who was taken out for this.
        looked: whether there was a face to judge.
    """

    file: Path
    person: str
    enrolled: bool
    answered: str | None
    best: str | None
    probability: float
    left_out: bool = False
    looked: bool = True

    @property
    def right(self) -> bool:
        """Whether the most likely name is right."""
        return self.enrolled and self.best == self.person


def draw(
    rng: np.random.Generator, gallery: Sequence[Shown], shots: int
) -> tuple[list[Shown], list[Shown]]:
    """Pictures to enrol and pictures to search for."""
    enrolled: list[Shown] = []
    others: list[Shown] = []
    for person in sorted({shown.person for shown in gallery}):
        own = [shown for shown in gallery if shown.person == person]
        order = [own[i] for i in rng.permutation(len(own)).tolist()]
        enrolled += order[:shots]
        others += order[shots:]
    return enrolled, others


async def enrol(
    judge: Judge,
    shown: Sequence[Shown],
    head: str,
    kind: Kind,
    unknowns: Vectors = NOBODY_ELSE,
) -> str:
    """Replace the gallery of a head; returns where its thresholds come from.

    Args:
        kind: of all these faces.
        unknowns: faces to set the thresholds by, shape (n, dimensions).
    """
    examples = [
        Example(each.person, each.vector, each.face_hash, kind=kind)
        for each in shown
        if each.vector is not None
    ]
    fingerprint = judge.fingerprint(head)
    gallery = await asyncio.to_thread(
        Gallery,
        fingerprint,
        examples,
        (),
        choose(unknowns, fingerprint, kind),
        judge.false_name_rate,
        kind=kind,
    )
    judge.set_gallery(SCOPE, head, gallery)
    return gallery.calibrated_from


async def attempt(
    judge: Judge, shown: Shown, names: set[str], head: str, *, left_out: bool = False
) -> Trial:
    """Ask who it is.

    Args:
        names: of everybody in the gallery.
    """
    guesses: tuple[Guess, ...] = ()
    if shown.crop is not None:
        guesses = await judge.guess(shown.crop, Context(SCOPE), [head])
    named = next((guess for guess in guesses if isinstance(guess, Named)), None)
    best = named.candidates[0] if named is not None and named.candidates else None
    known = best is not None and named is not None and named.answer == "known"
    return Trial(
        shown.file,
        shown.person,
        shown.person in names,
        best.name if best is not None and known else None,
        best.name if best is not None else None,
        best.probability if best is not None else -math.inf,
        left_out,
        shown.crop is not None,
    )


def share(happened: Sequence[bool]) -> float | None:
    """How often it happened, 0..1; None of nothing."""
    return sum(happened) / len(happened) if happened else None


def percent(part: float | None, interval: Sequence[float] | None = None) -> str:
    """A share for people, with its interval."""
    if part is None:
        return "too few to say"
    told = f"{100 * part:.1f} %"
    return told + (f" ({100 * interval[0]:.1f}-{100 * interval[1]:.1f})" if interval else "")


def by_person(option: str, folder: Path) -> tuple[Shown, ...]:
    """A folder per person.

    Raises:
        SettingsError: the folder cannot be used; `option` named it.
    """
    try:
        return tuple(Shown(name, file) for name, file in people(folder))
    except FolderError as error:
        raise SettingsError(f"{option}: {error}") from error


def any_nesting(option: str, folder: Path | None) -> tuple[Shown, ...]:
    """Strangers: pictures at any depth; raises as `by_person`."""
    if folder is None:
        return ()
    return tuple(_nested(option, folder))


def _nested(option: str, folder: Path) -> Iterator[Shown]:
    """Whoever is in a folder is one person; a picture at the top is a person of its own."""
    try:
        files = list(pictures(folder))
    except FolderError as error:
        raise SettingsError(f"{option}: {error}") from error
    for file in files:
        below = file.relative_to(folder)
        person = str(below.parent) if len(below.parts) > 1 else below.name
        yield Shown(f"{option} {person}", file)
