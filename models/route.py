"""Photograph, illustration or nobody: which detectors look at a picture, and which faces stand.

Two questions that one picture may both answer with yes: can a photographed person's face be seen in
it, and a drawn one? A cosplayer before a poster has both, a dog neither. They are asked twice, of
the whole picture before detectors run, and of each face they find: detectors of photographed faces
find drawn ones and the reverse, and either may take a dog for one.

The answers are logistic regressions on features of an ImageNet network (`models.backbone`), made by
`python -m bot.retrain --head router` (`bot/recipes/router.py`).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import safetensors.numpy
import torch
from numpy.typing import NDArray
from PIL import Image

from models.backbone import SIZE, Convolution, backbone, to_batch
from models.crops import around, cut
from models.types import Box, Detector, Face, Kind, Picture, Pixels, Route

Features = NDArray[np.float32]
"""Shape (n, `Eyes.LENGTH`): what the network makes of n squares."""

Outlook = Mapping[Kind, float]
"""For each kind, the probability (0..1) that such a face can be seen."""

KINDS = (Kind.PHOTO, Kind.ILLUSTRATION)
"""The order of the rows of all weights."""

FACE_SIZE = 128
"""Side in pixels of the square in which a face is looked at again."""

FACE_MARGIN = 0.3
"""How far that square reaches beyond the face, on each side, as a share of its longer side."""

SAME_FACE = 0.4
"""Overlap (intersection over union) from which two detectors have found the same face."""

SURELY_DRAWN = 0.14
"""Least product of `standing` and the score of the detector of drawn faces. Of the faces that it
rightly finds in frames it was not trained on, one in twenty is below (docs/quality.md)."""

MISSED = {Kind.PHOTO: 0.02, Kind.ILLUSTRATION: 0.2}
"""Share of pictures with a face in which its detector finds none (`docs/quality.md`)."""

_AT_ONCE = 16
"""Faces in a batch: a crowd must not need the memory of a crowd."""


LIMITS = ("look", "stand")
"""Where probability turns into a decision, set when the router is trained: a detector does not
look if its kind is less likely than the first; a found face stands from the second (see
`standing`)."""


class Router:
    """Says what kind of picture it is, and what kind of face each face is.

    Args:
        folder: holds weights.safetensors.

    Raises:
        ValueError: the weights are missing or damaged; the sentence says which.
    """

    def __init__(self, folder: Path) -> None:
        file = folder / "weights.safetensors"
        try:
            stored = safetensors.numpy.load(file.read_bytes())
            self._picture, self._face = stored["picture"], stored["face"]
            self._look, self._stand = (_by_kind(stored[name]) for name in LIMITS)
        except (OSError, KeyError, safetensors.SafetensorError) as error:
            raise ValueError(f"{file}: the router's weights cannot be used: {error}.") from error
        self._eyes = Eyes()

    def find(
        self, picture: Picture, detectors: Mapping[Kind, Detector]
    ) -> tuple[Route, list[Face]]:
        """What the picture is, and its faces, largest first.

        Each detector looks, unless the picture certainly has no face of its kind.
        """
        outlook = self.look(picture)
        found = [
            face
            for kind, detector in detectors.items()
            if outlook[kind] >= self._look[kind]
            for face in detector.detect(picture)
        ]
        faces = self.settle(picture, found, outlook)
        return self._route(outlook, faces), faces

    def look(self, picture: Picture) -> Outlook:
        """What can be seen in the whole picture, before any detector has looked."""
        (row,) = likelihoods(self._picture, self._eyes.features([picture_square(picture.pixels)]))
        return _by_kind(row)

    def settle(self, picture: Picture, faces: Sequence[Face], outlook: Outlook) -> list[Face]:
        """The faces that are faces, each with its own kind, none twice, largest first.

        A photographed face that only the detector of drawn ones found is left out: it has no
        landmarks, without which it cannot be recognised.

        Args:
            faces: found by any detectors.
            outlook: on the picture.
        """
        told = [
            (face, {kind: standing(answer[kind], outlook[kind]) for kind in KINDS})
            for face, answer in zip(faces, self._judge(picture, faces), strict=True)
        ]
        # First those that the right detector found, then the surest: they win where two overlap.
        told.sort(key=lambda each: (each[0].kind is _likelier(each[1]), max(each[1].values())))
        chosen: list[Face] = []
        for face, worth in reversed(told):
            kind = _likelier(worth)
            known = any(overlap(face.box, other.box) > SAME_FACE for other in chosen)
            if self._stands(face, kind, worth[kind]) and not known:
                chosen += _as(face, kind)
        return sorted(chosen, key=_area, reverse=True)

    def _stands(self, face: Face, kind: Kind, worth: float) -> bool:
        """Whether it is a face at all; the detector of drawn ones says how sure it is."""
        sure = face.kind is not Kind.ILLUSTRATION or face.score * worth >= SURELY_DRAWN
        return sure and worth >= self._stand[kind]

    def _judge(self, picture: Picture, faces: Sequence[Face]) -> list[Outlook]:
        answers: list[Outlook] = []
        for start in range(0, len(faces), _AT_ONCE):
            squares = [face_square(picture, face) for face in faces[start : start + _AT_ONCE]]
            answers += map(_by_kind, likelihoods(self._face, self._eyes.features(squares)))
        return answers

    def _route(self, outlook: Outlook, faces: Sequence[Face]) -> Route:
        shown = {face.kind for face in faces}
        told = shown or {kind for kind in KINDS if unseen(outlook[kind], kind) >= 0.5}
        if not told:
            return "nobody"
        likeliest = max(told, key=lambda kind: outlook[kind])
        return "photo" if likeliest is Kind.PHOTO else "illustration"


class Eyes:
    """Squares to features: what is in them, from the network's last layer, and how they are made.

    Whether a line was drawn or photographed is for the early layers to tell, whose means and
    deviations over the square are taken for that (`docs/quality.md` has what they add).
    """

    _EARLY = (2, 4, 10)
    """Blocks of the network that end at 1/4, 1/8 and 1/16 of the size."""

    def __init__(self) -> None:
        self._network = backbone()
        for module in self._network.modules():
            if isinstance(module, Convolution):
                module.merge()
        self._network.to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def features(self, squares: Sequence[Pixels]) -> Features:
        """Shape (n, `LENGTH`) for n squares of one size, at least one."""
        result = self._network.stem(to_batch(squares).to(memory_format=torch.channels_last))
        told = []
        for number, block in enumerate(self._network.blocks):
            result = block(result)
            if number in self._EARLY:
                told += [result.mean(dim=(2, 3)), result.std(dim=(2, 3))]
        told.append(self._network.top(result).mean(dim=(2, 3)))
        return torch.cat(told, dim=1).numpy()


def picture_square(pixels: Pixels) -> Pixels:
    """The whole picture as the network takes it, not keeping its proportions: no bars, no loss."""
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BICUBIC, reducing_gap=2.0))


def face_square(picture: Picture, face: Face) -> Pixels:
    """A face, upright, and some of what is around it, as the network takes it."""
    return around(cut(picture, face), FACE_MARGIN, FACE_SIZE)


def likelihoods(weights: NDArray[np.float32], features: Features) -> NDArray[np.float32]:
    """How likely each kind of face is: shape (n, 2), a column for each of `KINDS`.

    Args:
        weights: shape (2, length + 1), a row for each of `KINDS`; the last column is the bias.
    """
    logits = features @ weights[:, :-1].T + weights[:, -1]
    return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)


def standing(face: float, picture: float) -> float:
    """How well a face stands as one of a kind, 0..1, which is no probability.

    The face counts more than the picture, in which it may be small; but where the picture shows
    none at all, what was found is more likely an animal's, or of the other kind.

    Args:
        face: how likely a face of its kind is in the square around it.
        picture: how likely one can be seen in the whole picture.
    """
    return face * math.sqrt(picture)


def unseen(picture: float, kind: Kind) -> float:
    """The probability that a face is there after all, though its detector looked and found none.

    Args:
        picture: the probability before the detector looked.
    """
    missed = MISSED[kind] * picture
    return missed / (missed + 1 - picture)


def overlap(one: Box, other: Box) -> float:
    """Intersection over union, 0..1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    return shared / (sum(areas) - shared) if shared else 0.0


def _likelier(each: Outlook) -> Kind:
    return max(KINDS, key=lambda kind: each[kind])


def _as(face: Face, kind: Kind) -> list[Face]:
    """The face as one of its kind; none if it cannot be."""
    if kind is face.kind:
        return [face]
    if kind is Kind.PHOTO:
        return []
    return [replace(face, kind=kind, landmarks=np.empty((0, 2), dtype=np.float32))]


def _by_kind(row: NDArray[np.float32]) -> Outlook:
    return dict(zip(KINDS, row.tolist(), strict=True))


def _area(face: Face) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)
