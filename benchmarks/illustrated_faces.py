"""Faces in drawings: the bot's detector beside others, on the pictures that it was not trained on.

Contact sheets of hits, misses and false alarms are written to `--out`.
"""

import statistics
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw
from rich.console import Console
from rich.progress import Progress

from benchmarks.contenders import PEERS
from benchmarks.door import files_in, spread
from benchmarks.report import Table, arguments, parsed, percent, publish
from bot.judging import load_detector
from bot.recipes import Advance, weights_of
from bot.recipes.drawings import Marked, marked_in
from bot.recipes.illustration_detector import look
from bot.settings import Settings
from datasets.boxes import NOTHING
from models.detection_measures import (
    LEAST_SCORE,
    Looked,
    average_precision,
    claim,
    rates,
    stricter_average_precision,
)
from models.types import Detector, Face, Kind, Picture, Pixels

OURS = "ours"
CASCADE = Path("weights") / "lbpcascade_animeface.xml"
_TILE, _COLUMNS, _MOST = 160, 8, 48


class Cascade:
    """lbpcascade_animeface (nagadomi), by OpenCV 4."""

    def __init__(self, file: Path, cv2: Any) -> None:
        self._cv2 = cv2
        self._cascade = cv2.CascadeClassifier(str(file))

    def detect(self, picture: Picture) -> list[Face]:
        """With the arguments that its author shows; the score is the last stage's, made 0..1."""
        grey = self._cv2.equalizeHist(self._cv2.cvtColor(picture.pixels, self._cv2.COLOR_RGB2GRAY))
        boxes, _, sure = self._cascade.detectMultiScale3(
            grey, scaleFactor=1.1, minNeighbors=5, minSize=(24, 24), outputRejectLevels=True
        )
        return [
            Face(
                (float(x), float(y), float(x + w), float(y + h)),
                np.zeros((0, 2), np.float32),
                float(1 / (1 + np.exp(-each))),
                Kind.ILLUSTRATION,
            )
            for (x, y, w, h), each in zip(boxes, np.ravel(sure), strict=True)
        ]


class Timed:
    """A detector, and the seconds that each picture took."""

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self.seconds: list[float] = []

    def detect(self, picture: Picture) -> list[Face]:
        """See `Detector`."""
        began = time.perf_counter()
        faces = self._detector.detect(picture)
        self.seconds.append(time.perf_counter() - began)
        return faces


def main() -> None:
    """Print the tables and write the sheets."""
    import torch

    torch.set_num_threads(1)
    parser = arguments(__doc__ or "")
    parser.add_argument("--out", type=Path, metavar="DIR", help="contact sheets go there")
    given = parsed(parser)
    held_out = _held_out(given.data)
    answering, considering = _detectors(given.data)
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")

        def advance(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total)

        ranked = {name: look(each, held_out, advance) for name, each in considering.items()}
        timed = {name: Timed(each) for name, each in answering.items()}
        looked = {name: look(each, held_out, advance) for name, each in timed.items()}
        silence = list(_silence(answering[OURS], given.data, advance))
    tables = [
        Table(
            "Faces in drawings, IoU .5",
            ("detector", "precision", "recall", "F1", "AP50", "AP50-95", "ms a picture"),
            [_row(name, looked[name], each.seconds, ranked[name]) for name, each in timed.items()],
            f"{len(held_out)} held-out pictures of anime/icartoon_train",
        ),
        Table(
            "Found by ours, by the width of the face in the picture",
            ("width", "faces", "found"),
            list(_by_width(looked[OURS], held_out)),
        ),
        Table(
            "Pictures without a drawn face",
            ("set", "pictures", "with a false alarm", "share"),
            silence,
        ),
    ]
    publish(tables, given.json)
    if given.out is not None:
        given.out.mkdir(parents=True, exist_ok=True)
        for name, tiles in _tiles(looked[OURS], held_out).items():
            _sheet(tiles).save(given.out / f"{name}.png")


def _held_out(data: Path) -> list[Marked]:
    folder = weights_of("illustration-detector", Settings().store.data_dir)
    names = set((folder / "holdout.txt").read_text("utf-8").split())
    return [each for each in marked_in(data / "anime" / "icartoon_train") if each.name in names]


def _detectors(data: Path) -> tuple[dict[str, Detector], dict[str, Detector]]:
    """As they answer, and with all that they consider a face."""
    settings = Settings()
    answering = {
        OURS: load_detector(settings, Kind.ILLUSTRATION),
        "MTCNN (photographs)": load_detector(settings, Kind.PHOTO),
    }
    considering = {
        OURS: load_detector(settings, Kind.ILLUSTRATION, LEAST_SCORE),
        "MTCNN (photographs)": load_detector(settings, Kind.PHOTO, LEAST_SCORE),
    }
    try:
        cascade: Detector = Cascade(data / CASCADE, _opencv())
    except ImportError as error:
        Console(stderr=True).print(f"without lbpcascade_animeface: {error}")
        return answering, considering
    return answering | {"lbpcascade": cascade}, considering | {"lbpcascade": cascade}


def _opencv() -> Any:
    """OpenCV 4, from benchmarks/requirements-peers.txt.

    Raises:
        ImportError: it is not there, or is one that can no longer load cascades.
    """
    sys.path.append(str(PEERS))
    import cv2

    if not hasattr(cv2, "CascadeClassifier"):
        raise ImportError(f"OpenCV {cv2.__version__} has no CascadeClassifier")
    cv2.setNumThreads(1)
    return cv2


def _row(
    name: str, looked: list[Looked], seconds: list[float], ranked: list[Looked]
) -> list[str | float]:
    at = rates(looked)
    return [
        name,
        at.precision,
        at.recall,
        at.f1,
        average_precision(ranked),
        stricter_average_precision(ranked),
        1000 * statistics.median(seconds),
    ]


def _by_width(looked: Sequence[Looked], marked: Sequence[Marked]) -> Iterator[tuple[str, int, str]]:
    shares, found = [], []
    for each, mark in zip(looked, marked, strict=True):
        width = mark.load()[0].shape[1]
        shares += ((each.truth[:, 2] - each.truth[:, 0]) / width).tolist()
        found += [j in set(claim(each).tolist()) for j in range(len(each.truth))]
    for least, most in ((0, 0.05), (0.05, 0.1), (0.1, 0.2), (0.2, 0.4), (0.4, 1.01)):
        these = [f for f, share in zip(found, shares, strict=True) if least <= share < most]
        label = f"{100 * least:.0f} to {100 * min(most, 1):.0f} %"
        yield label, len(these), percent(sum(these) / max(1, len(these)))


def _silence(
    detector: Detector, data: Path, advance: Advance
) -> Iterator[tuple[str, int, int, str]]:
    for name in ("detection/nobody", "detection/group", "faces/korea6"):
        files = spread(files_in(data / name), 100)
        marked = [Marked(file.name, file, NOTHING) for file in files]
        alarmed = sum(len(each.found) > 0 for each in look(detector, marked, advance))
        yield name, len(files), alarmed, percent(alarmed / len(files))


def _tiles(looked: Sequence[Looked], marked: Sequence[Marked]) -> Mapping[str, list[Pixels]]:
    """Cut-outs: hits and false alarms surest first, misses largest first, with all boxes drawn."""
    of: dict[str, list[tuple[float, Looked, Marked, Any]]] = {
        name: [] for name in ("hits", "misses", "false_alarms")
    }
    for each, mark in zip(looked, marked, strict=True):
        claimed = claim(each)
        for i, box in enumerate(each.found):
            name = "false_alarms" if claimed[i] < 0 else "hits"
            of[name].append((float(each.scores[i]), each, mark, box))
        for j, box in enumerate(each.truth):
            if j not in claimed:
                of["misses"].append((float(box[2] - box[0]), each, mark, box))
    cut = {}
    for name, rows in of.items():
        rows.sort(key=lambda row: -row[0])
        chosen = islice(rows, 0, None, max(1, len(rows) // _MOST) if name == "hits" else 1)
        cut[name] = [_cut(*row[1:]) for row in islice(chosen, _MOST)]
    return cut


def _cut(looked: Looked, marked: Marked, box: Any) -> Pixels:
    """What is around a box; the true faces in green, the found ones in red."""
    image = Image.fromarray(marked.load()[0])
    pen = ImageDraw.Draw(image)
    for each in looked.truth.tolist():
        pen.rectangle(each, outline="lime", width=2)
    for each, score in zip(looked.found.tolist(), looked.scores.tolist(), strict=True):
        pen.rectangle(each, outline="red", width=2)
        pen.text((each[0] + 3, each[1] + 2), f"{score:.2f}", fill="red")
    middle, reach = (box[:2] + box[2:]) / 2, float((box[2:] - box[:2]).max())
    start, end = middle - reach, middle + reach
    return np.asarray(image.crop((*start.tolist(), *end.tolist())).resize((_TILE, _TILE)))


def _sheet(tiles: Sequence[Pixels]) -> Image.Image:
    rows = -(-len(tiles) // _COLUMNS)
    sheet = Image.new("RGB", (_COLUMNS * _TILE, max(1, rows) * _TILE))
    for i, tile in enumerate(tiles):
        sheet.paste(Image.fromarray(tile), (i % _COLUMNS * _TILE, i // _COLUMNS * _TILE))
    return sheet


if __name__ == "__main__":
    main()
