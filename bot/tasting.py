"""Personal taste, measured: what people gave pictures, foretold from what they gave others."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from bot.domain import Attachment
from bot.errors import PictureRefused, SettingsError
from bot.intake import Intake
from bot.judge_files import side_by_side
from bot.judging import load_scene
from bot.named_files import refuse_missing
from bot.settings import Settings
from bot.taste_curve import STEPS, Point, Rated, learning_curve
from datasets.ratings import RatingsError, read_ratings, read_texts
from datasets.split import copies
from models.crops import uncut
from models.taste import Ratings
from models.types import Embedder, Kind, UserId, Vectors


@dataclass(frozen=True, slots=True)
class Files:
    """What is measured on.

    Attributes:
        ratings: the table of users, files and scores.
        images: the folder that files are relative to.
        text: the table of files and what is written beside them, or None.
    """

    ratings: Path
    images: Path
    text: Path | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What `python -m bot.evaluate taste` measures."""

    model: str
    users: int
    ratings: int
    pictures: int
    refused: int
    text: bool
    curve: tuple[Point, ...]

    def as_dict(self) -> dict[str, Any]:
        """For the JSON file; docs/quality.md defines each figure."""
        return asdict(self)

    def as_table(self) -> Table:
        """For people."""
        table = Table(
            *("ratings", "users", "error", "of my mean", "of everybody's", "rank", "inside"),
            box=box.SIMPLE,
            caption=f"{self.users} users, {self.ratings} ratings of {self.pictures} pictures",
        )
        for each in self.curve:
            errors = (each.mae, each.mae_my_mean, each.mae_everybody)
            table.add_row(
                *(str(each.ratings), str(each.users)),
                *(f"{error:.3f}" for error in errors),
                "-" if each.spearman is None else f"{each.spearman:.2f}",
                f"{100 * each.coverage90:.1f} %",
            )
        return table


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """A picture as it is compared: its vector, shape (dimensions,), and its perceptual hash."""

    vector: Vectors
    phash: str


async def taste(settings: Settings, files: Files, seed: int) -> Result:
    """Measure. All of each picture is looked at, whether or not it shows a face.

    Args:
        seed: draws which of a person's ratings are known first.

    Raises:
        SettingsError: a file or folder cannot be used.
        WeightsError: weights are missing or damaged.
    """
    given, texts = await asyncio.to_thread(_read, files)
    names = sorted({name for _, name in given})
    embedder = await asyncio.to_thread(load_scene, settings)
    seen = await _seen(settings, embedder, files.images, names)
    if not seen:
        raise SettingsError(f"--images {files.images}: none of the pictures can be opened.")
    vectors, blocks = np.stack([each.vector for each in seen.values()]), embedder.blocks
    if texts is not None:
        words = await asyncio.to_thread(_embedded, [texts.get(name, "") for name in seen])
        vectors, blocks = np.concatenate([vectors, words], axis=1), (*blocks, words.shape[1])
    rated = Rated(
        _ratings(given, tuple(seen)),
        vectors,
        blocks,
        tuple(seen),
        copies([each.phash for each in seen.values()]),
    )
    with Progress(console=Console(stderr=True), transient=True) as bar:
        advance = partial(_advance, bar, bar.add_task("learning tastes", total=None))
        curve = await asyncio.to_thread(learning_curve, rated, seed, advance)
    if not curve:
        raise SettingsError(
            f"--ratings {files.ratings}: nobody has rated enough pictures; {STEPS[0]} are needed "
            "to learn from, and another fifth to foretell."
        )
    return Result(
        embedder.fingerprint,
        len(set(rated.ratings.user)),
        len(rated.ratings.user),
        len(seen),
        len(names) - len(seen),
        texts is not None,
        curve,
    )


def _advance(bar: Progress, task: TaskID, done: int, total: int) -> None:
    bar.update(task, completed=done, total=total)


def _read(files: Files) -> tuple[dict[tuple[UserId, str], float], Mapping[str, str] | None]:
    """The ratings and the texts; refuses files that are not there."""
    try:
        given = read_ratings(files.ratings)
        texts = None if files.text is None else read_texts(files.text)
    except RatingsError as error:
        raise SettingsError(str(error)) from error
    refuse_missing("--ratings", sorted({name for _, name in given}), files.images)
    return given, texts


async def _seen(
    settings: Settings, embedder: Embedder, folder: Path, names: Sequence[str]
) -> dict[str, _Seen]:
    """Each picture that can be opened, by its name."""
    workers = settings.judging.workers + 1  # one decodes while the others embed
    queue = max(settings.intake.queue, workers)
    intake = Intake(settings.intake.model_copy(update={"queue": queue}))
    try:
        look = partial(_look, intake, embedder, folder)
        console = Console(stderr=True)
        found = await side_by_side(look, names, workers, "looking at pictures", console)
    finally:
        await intake.close()
    return {name: each for name, each in zip(names, found, strict=True) if each is not None}


async def _look(intake: Intake, embedder: Embedder, folder: Path, name: str) -> _Seen | None:
    data = await asyncio.to_thread((folder / name).read_bytes)
    try:
        picture = await intake.picture(Attachment(name, data))
    except PictureRefused:
        return None
    (vector,) = await asyncio.to_thread(embedder.embed, [uncut(picture, Kind.ILLUSTRATION)])
    return _Seen(vector, picture.phash)


def _embedded(texts: Sequence[str]) -> Vectors:
    from models.text_features import TextEmbedder

    try:
        return TextEmbedder().embed(texts)
    except ValueError as error:
        raise SettingsError(f"--text: {error}") from error


def _ratings(given: Mapping[tuple[UserId, str], float], names: Sequence[str]) -> Ratings:
    """Those of pictures that could be opened."""
    place = {name: row for row, name in enumerate(names)}
    kept = [(user, place[name], score) for (user, name), score in given.items() if name in place]
    users, items, scores = zip(*kept, strict=True)
    return Ratings(users, np.array(items, dtype=np.intp), np.array(scores, dtype=np.float64))
