"""Finding faces, measured: precision, recall and average precision on any pictures with boxes."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich import box
from rich.table import Table

from bot.errors import PictureRefused, SettingsError
from bot.intake import Intake
from bot.judging import load_detector
from bot.settings import Settings
from datasets.boxes import BoxesError, Marks, Sides, read
from datasets.folders import FolderError, pictures
from models.detection_measures import (
    LEAST_SCORE,
    Looked,
    Rates,
    average_precision,
    rates,
    stricter_average_precision,
)
from models.types import Box, Face, Kind, Picture


@dataclass(frozen=True, slots=True)
class Result:
    """What `python -m bot.evaluate detect` measures.

    Attributes:
        unreadable: pictures that the bot refuses; nothing counts as found in them.
        rates: of the detector as it answers.
        ap50, ap50_95: average precision, 0..1, of all that it considers a face at all.
        ms_per_image: the detector's own time, on one thread.
    """

    kind: Kind
    pictures: int
    unreadable: int
    faces: int
    found: int
    rates: Rates
    ap50: float
    ap50_95: float
    ms_per_image: float

    def as_dict(self) -> dict[str, Any]:
        """For the JSON file."""
        told = asdict(self)
        measured = {**told.pop("rates"), "ap50": self.ap50, "ap50_95": self.ap50_95}
        told |= {name: round(value, 4) for name, value in measured.items()}
        return told | {"ms_per_image": round(self.ms_per_image, 2)}

    def as_table(self) -> Table:
        """For people."""
        table = Table(box=box.SIMPLE, show_header=False)
        for name, value in self.as_dict().items():
            table.add_row(name.replace("_", " "), str(value))
        return table


async def detect(
    settings: Settings,
    kind: Kind,
    images: Path,
    boxes: Path,
    advance: Callable[[int, int], None],
) -> Result:
    """Look for faces of a kind in all pictures of a folder.

    Args:
        boxes: where the faces are; see `datasets.boxes.read`.
        advance: told before each picture how many are done, and how many there are.

    Raises:
        SettingsError: there are no pictures, or their boxes cannot be read.
        WeightsError: the detector's weights are missing or damaged.
    """
    marked = _marked(images, boxes)
    intake = Intake(settings.intake)
    try:
        looks = _look(settings, kind, marked, intake, advance)
    finally:
        await intake.close()
    seconds = [each.seconds for each in looks if each.seconds is not None]
    considered = [each.considered for each in looks]
    return Result(
        kind,
        pictures=len(looks),
        unreadable=len(looks) - len(seconds),
        faces=sum(len(each.truth) for each in considered),
        found=sum(len(each.answered.found) for each in looks),
        rates=rates([each.answered for each in looks]),
        ap50=average_precision(considered),
        ap50_95=stricter_average_precision(considered),
        ms_per_image=1000 * float(np.mean(seconds)) if seconds else 0.0,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """One picture: as the detector answers, and all that it considers a face.

    Attributes:
        seconds: that the answer took; None if the bot refused the picture.
    """

    answered: Looked
    considered: Looked
    seconds: float | None


def _marked(images: Path, boxes: Path) -> list[tuple[Path, Marks]]:
    try:
        files = list(pictures(images))
        marks = read(boxes, [file.relative_to(images).as_posix() for file in files])
    except (FolderError, BoxesError) as error:
        raise SettingsError(str(error)) from error
    return list(zip(files, marks, strict=True))


def _look(
    settings: Settings,
    kind: Kind,
    marked: Sequence[tuple[Path, Marks]],
    intake: Intake,
    advance: Callable[[int, int], None],
) -> list[_Look]:
    import torch

    torch.set_num_threads(1)
    answering = load_detector(settings, kind)
    considering = load_detector(settings, kind, LEAST_SCORE)
    looks = []
    for i, (file, marks) in enumerate(marked):
        advance(i, len(marked))
        try:
            picture = intake.decode(file.read_bytes())
        except PictureRefused:
            nothing = _compared([], [], marks.on(1, 1))
            looks.append(_Look(nothing, nothing, None))
            continue
        # First, for the first look of a process is slow and this one is not timed.
        considered = _looked(picture, considering.detect(picture), marks)
        began = time.perf_counter()
        faces = answering.detect(picture)
        seconds = time.perf_counter() - began
        looks.append(_Look(_looked(picture, faces, marks), considered, seconds))
    return looks


def _looked(picture: Picture, faces: Sequence[Face], marks: Marks) -> Looked:
    boxes = [picture.in_file(face.box) for face in faces]
    return _compared(boxes, [face.score for face in faces], marks.on(*picture.full_size))


def _compared(boxes: Sequence[Box], scores: Sequence[float], truth: Sides) -> Looked:
    return Looked(
        np.array(boxes, dtype=np.float32).reshape(-1, 4), np.array(scores, dtype=np.float32), truth
    )
