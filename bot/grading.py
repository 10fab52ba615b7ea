"""How good scores are, measured on pictures that people scored."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from bot.errors import SettingsError
from bot.intake import Intake
from bot.judge_files import at_work, judge_file, side_by_side
from bot.judging import Judge
from bot.named_files import refuse_missing
from bot.settings import Settings
from bot.trials import SCOPE
from datasets.scores import ScoresError, group_of, read
from models.crops import whole
from models.score_measures import Figures, Floats, figures, per_group
from models.types import Context, Crop, Kind, Refused, Scored

_NO_FACE, _NOT_JUDGED = "no face", "not judged"


@dataclass(frozen=True, slots=True)
class Graded:
    """A picture, the score that people gave it, and what the head said.

    Attributes:
        why_not: why there is no score, where there is none.
    """

    file: str
    truth: float
    scored: Scored | None = None
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What `python -m bot.evaluate score` measures."""

    head: str
    like_from: float
    pictures: tuple[Graded, ...]

    def figures(self) -> Figures | None:
        """Of the pictures that were scored; None if none was."""
        there, told = self._told()
        return figures(*told, threshold=self.like_from) if there else None

    def per_group(self) -> dict[str, Figures]:
        """The same of each group, by its name."""
        there, told = self._told()
        groups = [group_of(each.file) for each in there]
        return per_group(groups, *told, threshold=self.like_from) if there else {}

    def unscored(self) -> dict[str, int]:
        """How many pictures got no score, by why."""
        return dict(Counter(each.why_not for each in self.pictures if each.scored is None))

    def as_dict(self) -> dict[str, Any]:
        """For the JSON file; `models.score_measures.Figures` defines each figure."""
        overall = self.figures()
        return {
            "head": self.head,
            "like_from": self.like_from,
            "pictures": len(self.pictures),
            "unscored": self.unscored(),
            **(asdict(overall) if overall else {}),
            "per_group": {group: asdict(each) for group, each in self.per_group().items()},
        }

    def as_table(self) -> Table:
        """For people: a row over all, and a row a group."""
        table = Table(
            "", "faces", "r", "rho", "MAE", "RMSE", "like %", "decided", "close", "inside",
            box=box.SIMPLE,
            padding=0,
            caption="%: on the right side of the threshold; of those decided; too close to call; "
            "in the 90 % interval",
        )  # fmt: skip
        overall = self.figures()
        rows = {"all": overall} if overall else {}
        for name, each in (rows | self.per_group()).items():
            table.add_row(name, str(each.count), *_cells(each))
        for why, count in self.unscored().items():
            table.add_row(why, str(count))
        return table

    def _told(self) -> tuple[list[Graded], tuple[Floats, Floats, Floats, Floats]]:
        """Those with a score, and their truth, value, low and high."""
        there = [each for each in self.pictures if each.scored is not None]
        scored = [each.scored for each in there if each.scored is not None]
        return there, (
            np.array([each.truth for each in there]),
            np.array([each.value for each in scored]),
            np.array([each.low for each in scored]),
            np.array([each.high for each in scored]),
        )


def _cells(told: Figures) -> list[str]:
    correlations = (told.pearson, told.spearman)
    shares = (
        told.like_accuracy,
        told.like_accuracy_decided,
        told.undecided_share,
        told.coverage90,
    )
    return [
        *("–" if each is None else f"{each:.3f}" for each in correlations),
        f"{told.mae:.3f}",
        f"{told.rmse:.3f}",
        *("–" if each is None else f"{100 * each:.1f}" for each in shares),
    ]


async def grade(
    settings: Settings, head: str, labels: Path, images: Path, *, cropped: bool
) -> Result:
    """Measure: of each picture the largest face is scored.

    Args:
        labels: a file with the header `file score`, separated by tabs.
        images: the folder that the files are in.
        cropped: a picture in which no face is found is one, from edge to edge.

    Raises:
        SettingsError: the labels or pictures cannot be used.
        WeightsError: weights are missing or damaged.
    """
    truths = _read(labels, images)
    console, workers = Console(stderr=True), settings.judging.workers + 1  # one decodes meanwhile
    async with at_work(settings, console) as (intake, judge):
        each = partial(_grade, judge, intake, head, images, cropped)
        pictures = await side_by_side(each, list(truths.items()), workers, "scoring", console)
    return Result(head, settings.judging.like_from, tuple(pictures))


def _read(labels: Path, images: Path) -> Mapping[str, float]:
    try:
        truths = read(labels)
    except ScoresError as error:
        raise SettingsError(f"--labels: {error}") from error
    refuse_missing("--labels", truths, images)
    return truths


async def _grade(
    judge: Judge, intake: Intake, head: str, images: Path, cropped: bool, told: tuple[str, float]
) -> Graded:
    name, truth = told
    judged = await judge_file(judge, intake, images / name, heads=())
    if judged.picture is None or judged.judgement is None:
        return Graded(name, truth, why_not=f"{_NOT_JUDGED}: {judged.error}")
    faces = (face.crop for face in judged.judgement.faces if face.crop.kind is Kind.PHOTO)
    as_it_is = whole(judged.picture.pixels, Kind.PHOTO) if cropped else None
    crop: Crop | None = next(faces, as_it_is)
    if crop is None:
        return Graded(name, truth, why_not=_NO_FACE)
    (guess,) = await judge.guess(crop, Context(SCOPE), (head,))
    if isinstance(guess, Refused):
        return Graded(name, truth, why_not=guess.reason)
    return Graded(name, truth, guess if isinstance(guess, Scored) else None)
