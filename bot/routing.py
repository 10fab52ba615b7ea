"""Photograph, drawing or nobody, measured: what the judge makes of pictures of each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bot.errors import SettingsError
from bot.intake import Intake
from bot.judge_files import judge_file, side_by_side
from bot.judging import Judge
from bot.settings import Settings
from datasets.folders import FolderError, pictures
from models.types import Route

ROUTES: tuple[Route, ...] = ("photo", "illustration", "nobody")


@dataclass(frozen=True, slots=True)
class Routed:
    """One picture.

    Attributes:
        true: what it is, by the folder.
        route: what the judge made of it; None if it refused it.
        faces: how many were found, all of which face heads would judge.
    """

    file: Path
    true: Route
    route: Route | None
    faces: int


@dataclass(frozen=True, slots=True)
class Result:
    """What `python -m bot.evaluate route` measures."""

    pictures: tuple[Routed, ...]

    def as_dict(self) -> dict[str, Any]:
        """For the JSON file; a refused picture counts as wrong."""
        seen = [each for each in self.pictures if each.true != "nobody"]
        nobody = [each for each in self.pictures if each.true == "nobody"]
        return {
            "n": len(self.pictures),
            "confusion": {true: self._row(true) for true in ROUTES},
            "accuracy": _accuracy(self.pictures),
            "photo_vs_illustration_accuracy": _accuracy(seen),
            "nobody_judged": sum(each.faces > 0 for each in nobody),
            "refused": sum(each.route is None for each in self.pictures),
        }

    def _row(self, true: Route) -> dict[str, int]:
        told = Counter(each.route for each in self.pictures if each.true == true)
        return {route: told[route] for route in ROUTES}

    def as_table(self) -> Table:
        """For people: a row for what the pictures are, a column for what they were taken for."""
        told = self.as_dict()
        table = Table("", *ROUTES, box=box.SIMPLE, caption=f"right: {100 * told['accuracy']:.1f} %")
        for true, row in told["confusion"].items():
            table.add_row(true, *(str(count) for count in row.values()))
        return table


async def route(settings: Settings, folders: dict[Route, Path]) -> Result:
    """Measure on a folder of each, any nesting.

    Raises:
        SettingsError: a folder cannot be used.
        WeightsError: weights are missing or damaged.
    """
    shown = [(true, file) for true, folder in folders.items() for file in _files(true, folder)]
    console = Console(stderr=True)
    intake = Intake(settings.intake)
    try:
        async with Judge(settings) as judge:
            look = partial(_look, judge, intake)
            workers = settings.judging.workers + 1  # keeps the judge busy while one decodes
            return Result(
                tuple(await side_by_side(look, shown, workers, "looking at pictures", console))
            )
    finally:
        await intake.close()


async def _look(judge: Judge, intake: Intake, shown: tuple[Route, Path]) -> Routed:
    true, file = shown
    judged = await judge_file(judge, intake, file, heads=())
    if judged.judgement is None:
        return Routed(file, true, None, 0)
    return Routed(file, true, judged.judgement.route, len(judged.judgement.faces))


def _files(true: Route, folder: Path) -> Sequence[Path]:
    option = "--nobody" if true == "nobody" else f"--{true}s"
    try:
        return list(pictures(folder))
    except FolderError as error:
        raise SettingsError(f"{option}: {error}") from error


def _accuracy(pictures: Sequence[Routed]) -> float:
    return sum(each.route == each.true for each in pictures) / len(pictures)
