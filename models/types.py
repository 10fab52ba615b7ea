"""What the models take and give: values and protocols, no framework.

Nothing here imports torch, so that the rest of the program can speak of pictures, faces and
guesses without paying for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
"""RGB, shape (height, width, 3), values 0..255."""

Vectors = NDArray[np.float32]
"""Embeddings, shape (n, dimensions), each row of length 1."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels."""

Scope = str
"""Whose people and labels: `discord:<guild>`, `discord-dm:<user>`, `x`, `web`, `cli`."""

UserId = str
"""A person on a platform: `discord:<id>`, `web:<session>`, `cli`."""


class Kind(StrEnum):
    """What kind of picture a face is in."""

    PHOTO = "photo"
    ILLUSTRATION = "illustration"


Route = Literal["photo", "illustration", "nobody"]
"""Which kind of face a picture has to show, if any."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A decoded, upright picture, perhaps smaller than the file it came from.

    Attributes:
        pixels: the picture at the size it is judged at.
        full_size: (width, height) of the upright picture in the file.
        sha256: of the file's bytes, in hexadecimal.
        phash: 64-bit perceptual hash of the picture, as 16 hexadecimal digits.
    """

    pixels: Pixels
    full_size: tuple[int, int]
    sha256: str
    phash: str

    def in_file(self, box: Box) -> Box:
        """A box of `pixels` in pixels of the upright file.

        Sizes are whole pixels, so in a narrow reduced picture each axis has a scale of its own.
        """
        height, width = self.pixels.shape[:2]
        x, y = self.full_size[0] / width, self.full_size[1] / height
        left, top, right, bottom = box
        return left * x, top * y, right * x, bottom * y


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face found in a Picture.

    Attributes:
        box: in pixels of `Picture.pixels`, inside the picture.
        landmarks: shape (5, 2), float32, same pixels: the eye on the picture's left, the eye on
            its right, nose, mouth corner on the left, mouth corner on the right. Shape (0, 2)
            for a drawn face, which has none that can be relied on.
        score: how sure the detector is, 0..1.
        turned: by how many degrees counter-clockwise the picture had to be turned for the face
            to stand upright: 0, 90, 180 or 270.
    """

    box: Box
    landmarks: NDArray[np.float32]
    score: float
    kind: Kind
    turned: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Crop:
    """A face with what is around it, upright, or a whole picture: all that a head needs.

    It is what the store keeps, so that a new embedder can start from it: see `models.crops.cut`.

    Attributes:
        pixels: the face and a margin of its own size around it, as far as the picture goes.
        box: the face in pixels of this crop; all of it for a whole picture.
        landmarks: as in `Face`, in pixels of this crop.
    """

    pixels: Pixels
    box: Box
    landmarks: NDArray[np.float32]
    kind: Kind


@dataclass(frozen=True, slots=True)
class Candidate:
    """A name a head thinks of, and the probability (0..1) that it is right.

    Attributes:
        name: empty once the person was removed: the candidates after it keep their letters.
    """

    name: str
    probability: float


NameAnswer = Literal["known", "maybe", "unknown"]


class WhyNot(StrEnum):
    """What kept a head from naming a face, or from scoring it."""

    NOBODY_ENROLLED = "nobody-enrolled"
    NOT_ALIKE = "not-alike"
    REJECTED = "rejected"
    UNCALIBRATED = "uncalibrated"
    TOO_SMALL = "too-small"
    TOO_BLURRED = "too-blurred"
    TURNED_AWAY = "turned-away"
    UNRECOGNISABLE = "unrecognisable"


class NoScore(StrEnum):
    """What kept a head from giving a score, beside what `models.quality` finds wrong."""

    NOT_YOURS = "not-yours"
    UNCONFIRMED = "unconfirmed"
    TOO_FEW_RATINGS = "too-few-ratings"
    NOT_LEARNED = "not-learned"


@dataclass(frozen=True, slots=True)
class Named:
    """A guess at who or what it is.

    Attributes:
        answer: `known` names the first candidate; `maybe` too, though it is enrolled with
            pictures of the other kind only; `unknown` is "I don't know", and the candidates are
            then the nearest names, to be shown only when somebody asks.
        candidates: most likely first, at most three.
        calibrated_from: which strangers the threshold was measured against,
            `models.strangers.Source`.
        model: fingerprint of what answered.
        why_not: what kept it from naming; None if it named.
    """

    head: str
    answer: NameAnswer
    candidates: tuple[Candidate, ...]
    calibrated_from: str
    model: str
    why_not: WhyNot | None = None


@dataclass(frozen=True, slots=True)
class Scored:
    """A guess at a number, 1..5, with its 90 % interval.

    Attributes:
        like_from: the score from which the place calls it a like.
    """

    head: str
    value: float
    low: float
    high: float
    model: str
    like_from: float = 3.0

    @property
    def likes(self) -> bool | None:
        """Whether it is a like; None where the interval has room for both."""
        if self.low < self.like_from <= self.high:
            return None
        return self.value >= self.like_from


@dataclass(frozen=True, slots=True)
class Refused:
    """No score, and the reason: a word of `WhyNot` or `NoScore`."""

    head: str
    reason: str


Guess = Named | Scored | Refused


@dataclass(frozen=True, slots=True)
class Context:
    """For whom something is judged.

    Attributes:
        viewer: who asked, or None.
        text: what was written beside the picture, or None.
        like_from: the score from which the place calls it a like.
        allow_explicit: whether the place is marked for adults, so that the safety gate may stay
            open there.
    """

    scope: Scope
    viewer: UserId | None = None
    text: str | None = None
    allow_explicit: bool = False
    like_from: float = 3.0


class Detector(Protocol):
    """Finds faces of one kind."""

    def detect(self, picture: Picture) -> list[Face]:
        """All faces of `picture`, largest first; none is an empty list."""
        ...


class Embedder(Protocol):
    """Turns faces into vectors whose dot product says how alike they are.

    `fingerprint` names weights and preprocessing together; vectors of two fingerprints are never
    compared.
    """

    @property
    def name(self) -> str:
        """The family: `facenet`, `dlib` or `onnx`."""
        ...

    @property
    def fingerprint(self) -> str:
        """Name and content hash of the weights with their preprocessing."""
        ...

    def embed(self, crops: Sequence[Crop]) -> Vectors:
        """One row a crop, in order; shape (0, dimensions) for none."""
        ...

    def close(self) -> None:
        """Stop what the embedder started (a process, say)."""
        ...


Takes = Literal["face", "picture", "either"]
"""Each face; the picture as a whole; or each face and, where there is none, the whole."""


class Head(Protocol):
    """One kind of judgement."""

    @property
    def name(self) -> str:
        """The word by which settings, replies and labels call this head."""
        ...

    @property
    def takes(self) -> "Takes":
        """What it judges."""
        ...

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds of face it can judge."""
        ...

    def judge(self, crops: Sequence[Crop], context: Context) -> list[Guess]:
        """One guess a crop, in order."""
        ...
