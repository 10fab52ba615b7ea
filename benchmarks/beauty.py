"""The beauty head on what it has not learned from, beside simpler ways of guessing a score.

Held out are the pictures that the weights list. *The mean* gives everybody the mean of the others.
*Ridge on ImageNet* is a ridge regression on features that nobody trained for it, of the same
squares, its strength chosen by cross-validation. Intervals of these two are split-conformal, on
a fifth of the others.

Then the same held-out faces another way: found by the detector instead of taken as they are; pasted
into a photograph, and found there; in the mirror; with noise instead of the black around them.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.door import files_in
from benchmarks.report import ROOT, Cell, Table, arguments, parsed, percent, publish
from bot.recipes.beauty import HOLDOUT, PARTS, Rated, read_rated
from datasets.scores import group_of
from models.backbone import backbone
from models.crops import cut, whole
from models.detectors.mtcnn import PhotoDetector
from models.heads.beauty import BeautyHead
from models.portrait import to_batch
from models.score_measures import Figures, Floats, conformal, figures, pearson, per_group
from models.score_training import face_in
from models.types import Context, Crop, Guess, Kind, Picture, Pixels, Scored

FOLDER = ROOT / "models" / "weights" / "beauty"
GROUNDS = "detection/nobody"
TIMED = 60
"""Faces that are scored one by one to take the time."""


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """Scores of the held-out faces and their intervals, each of shape (n,)."""

    value: Floats
    low: Floats
    high: Floats


def main() -> None:
    """Print the tables."""
    given = parsed(arguments(__doc__ or ""))
    torch.set_num_threads(1)
    rated = read_rated(given.data, lambda *_: None)
    names = set((FOLDER / HOLDOUT).read_text("utf-8").split())
    aside = np.array([name in names for name in rated.names])
    held_out, others = rated.of(aside), rated.of(~aside)
    head = BeautyHead(FOLDER)
    ours = _scored(head, [whole(each, Kind.PHOTO) for each in held_out.squares])
    publish(
        [
            _ways({**_simple(others, held_out), "ours": ours}, held_out),
            _groups(ours, held_out),
            _otherwise(head, ours, held_out, files_in(given.data / GROUNDS)),
            _speed(head, held_out),
        ],
        given.json,
    )


def _scored(head: BeautyHead, crops: Sequence[Crop]) -> Said:
    return _said(head.judge(crops, Context("bench")))


def _said(guesses: Sequence[Guess]) -> Said:
    """A face that is refused has no score: not a number."""
    rows = [
        (each.value, each.low, each.high) if isinstance(each, Scored) else (np.nan,) * 3
        for each in guesses
    ]
    return Said(*np.array(rows).T)


def _simple(learned: Rated, held_out: Rated) -> dict[str, Said]:
    """What nobody needs a trained network for."""
    calibrated_on = learned.parts(PARTS) == 0
    fitted, calibrated = learned.of(~calibrated_on), learned.of(calibrated_on)
    mean = np.full(len(held_out.names), fitted.scores.mean())
    ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(1, 5, 9)))
    ridge.fit(_features(fitted.squares), fitted.scores)
    guessed = {
        "the mean": (mean, np.full(len(calibrated.names), fitted.scores.mean())),
        "ridge on ImageNet": (
            ridge.predict(_features(held_out.squares)),
            ridge.predict(_features(calibrated.squares)),
        ),
    }
    told = {}
    for name, (values, unseen) in guessed.items():
        width = conformal(np.abs(unseen - calibrated.scores))
        told[name] = Said(values, values - width, values + width)
    return told


def _features(squares: Sequence[Pixels]) -> Floats:
    network, parts = backbone(), []
    with torch.inference_mode():
        for start in range(0, len(squares), 32):
            batch = to_batch(squares[start : start + 32])
            parts.append(network(batch) + network(batch.flip(3)))
    return torch.cat(parts).double().numpy()


def _ways(ways: dict[str, Said], held_out: Rated) -> Table:
    rows = [(name, *_row(_figures(said, held_out))) for name, said in ways.items()]
    return Table("Held-out faces as they are", ("way", *_COLUMNS), rows, "threshold 3.0")


def _groups(said: Said, held_out: Rated) -> Table:
    groups = [group_of(name) for name in held_out.names]
    told = per_group(groups, held_out.scores, said.value, said.low, said.high)
    rows = [(group, *_row(each)) for group, each in told.items()]
    return Table("Ours, by group", ("group", *_COLUMNS), rows)


_COLUMNS = ("pictures", "Pearson", "Spearman", "MAE", "RMSE", "in the interval", "right side",
            "too close", "right if decided")  # fmt: skip


def _row(told: Figures) -> tuple[Cell, ...]:
    decided = told.like_accuracy_decided
    return (
        told.count,
        told.pearson,
        told.spearman,
        told.mae,
        told.rmse,
        percent(told.coverage90),
        percent(told.like_accuracy),
        percent(told.undecided_share),
        None if decided is None else percent(decided),
    )


def _figures(said: Said, held_out: Rated) -> Figures:
    return figures(held_out.scores, said.value, said.low, said.high)


def _otherwise(head: BeautyHead, ours: Said, held_out: Rated, grounds: Sequence[Path]) -> Table:
    """The same faces shown in other ways, beside how they are scored as they are."""
    random = np.random.default_rng(0)
    detector = PhotoDetector()
    pasted = [
        _pasted(face, grounds[n % len(grounds)], random) for n, face in enumerate(held_out.squares)
    ]
    ways = {
        "found by the detector": [_found(detector, each) for each in held_out.squares],
        "pasted into a photograph, found there": [_found(detector, each) for each in pasted],
        "in the mirror": [whole(each[:, ::-1], Kind.PHOTO) for each in held_out.squares],
        "noise around it": [whole(_noisy(each, random), Kind.PHOTO) for each in held_out.squares],
    }
    rows = [(name, *_beside(head, crops, ours, held_out)) for name, crops in ways.items()]
    return Table(
        "Held-out faces in other ways",
        ("way", "scored", "differ by (mean)", "differ by (95 of 100)", "Pearson with as they are",
         "Pearson with people", "MAE"),
        rows,
        "differences are from the score of the face as it is",
    )  # fmt: skip


def _beside(
    head: BeautyHead, crops: Sequence[Crop | None], ours: Said, held_out: Rated
) -> tuple[Cell, ...]:
    found = np.array([crop is not None for crop in crops])
    values = np.full(len(crops), np.nan)
    values[found] = _scored(head, [crop for crop in crops if crop is not None]).value
    known = np.isfinite(values)
    value, before, truth = values[known], ours.value[known], held_out.scores[known]
    apart = np.abs(value - before)
    return (
        f"{known.sum()} of {len(crops)}",
        float(apart.mean()),
        float(np.quantile(apart, 0.95)),
        pearson(before, value),
        pearson(truth, value),
        float(np.abs(value - truth).mean()),
    )


def _found(detector: PhotoDetector, pixels: Pixels) -> Crop | None:
    """The largest face, as the bot cuts it out."""
    picture = Picture(pixels, (pixels.shape[1], pixels.shape[0]), "", "")
    faces = detector.detect(picture)
    return cut(picture, faces[0]) if faces else None


def _pasted(face: Pixels, ground: Path, random: np.random.Generator) -> Pixels:
    """The face enlarged, turned a little, in a photograph of nobody."""
    with Image.open(ground) as opened:
        canvas = ImageOps.fit(opened.convert("RGB"), (480, 480))
    side, angle = int(random.integers(120, 240)), float(random.uniform(-12, 12))
    both = Image.fromarray(np.dstack([face, face_in(face)]))
    both = both.resize((side, side), Image.Resampling.BICUBIC)
    both = both.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    x, y = (int(random.integers(20, 460 - both.width)) for _ in range(2))
    canvas.paste(both.convert("RGB"), (x, y), both.getchannel("A"))
    return np.asarray(canvas)


def _noisy(face: Pixels, random: np.random.Generator) -> Pixels:
    noise = random.integers(0, 256, face.shape).astype(np.uint8)
    return np.where(face_in(face)[..., None] > 0, face, noise)


def _speed(head: BeautyHead, held_out: Rated) -> Table:
    crops, context = (
        [whole(each, Kind.PHOTO) for each in held_out.squares[:TIMED]],
        Context("bench"),
    )
    times = []
    for crop in crops:
        began = time.perf_counter()
        head.judge([crop], context)
        times.append(1000 * (time.perf_counter() - began))
    return Table(
        "Time of a face, one thread",
        ("median, ms", "95 of 100, ms"),
        [(float(np.median(times)), float(np.quantile(times, 0.95)))],
    )


if __name__ == "__main__":
    main()
