"""Which of the pictures posted are worth showing to somebody: the best, and not all alike. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.crops import hash_distance
from models.gallery import NEAR_DUPLICATE_BITS
from models.types import UserId

MOST = 5
"""Pictures to recommend at a time."""

BY_ONE_AUTHOR = 2

_RELEVANCE = 0.7
"""How much a score weighs against being unlike what was chosen already, 0..1."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A face, or a whole picture, that somebody posted.

    Attributes:
        key: of the post.
        crop: content hash of the stored crop.
        text: what is written beside it, if that is kept.
    """

    verdict_id: int
    key: str
    author: UserId
    crop: str
    picture_hash: str
    face_hash: str
    spoiler: bool = False
    text: str | None = None

    def copies(self, other: "Posted") -> bool:
        """Whether both are of one picture, or of copies of it."""
        pictures = hash_distance(self.picture_hash, other.picture_hash)
        faces = hash_distance(self.face_hash, other.face_hash)
        return min(pictures, faces) <= NEAR_DUPLICATE_BITS


@dataclass(frozen=True, slots=True, eq=False)
class Ranked:
    """A picture that may be recommended.

    Attributes:
        score: 1..5.
        vector: embedding of length 1, by which pictures are alike.
    """

    posted: Posted
    score: float
    vector: NDArray[np.float32]


def eligible(
    posted: Iterable[Posted], viewer: UserId | None, shown: Sequence[Posted]
) -> list[Posted]:
    """Those that may be recommended to somebody.

    Args:
        viewer: whose own pictures are left out.
        shown: what was recommended before.
    """
    return [
        each
        for each in posted
        if not each.spoiler
        and each.author != viewer
        and not any(each.copies(other) for other in shown)
    ]


def choose(scored: Iterable[Ranked], most: int = MOST) -> list[Ranked]:
    """The best, highest score first: each picture once, few by one author, and not all alike.

    Maximal marginal relevance (Carbonell & Goldstein 1998): the next one is best in its score less
    its likeness to the most alike of those chosen already.
    """
    left = sorted(scored, key=lambda each: (-each.score, each.posted.verdict_id))
    chosen: list[Ranked] = []
    while left and len(chosen) < most:
        chosen.append(max(left, key=lambda each: _worth(each, chosen)))
        left = [each for each in left if _may_join(each, chosen)]
    return sorted(chosen, key=lambda each: (-each.score, each.posted.verdict_id))


def _worth(candidate: Ranked, chosen: Sequence[Ranked]) -> float:
    alike = max((float(candidate.vector @ each.vector) for each in chosen), default=0.0)
    relevance = (candidate.score - 1) / 4
    return _RELEVANCE * relevance - (1 - _RELEVANCE) * max(0.0, alike)


def _may_join(candidate: Ranked, chosen: Sequence[Ranked]) -> bool:
    by_author = sum(each.posted.author == candidate.posted.author for each in chosen)
    copied = any(candidate.posted.copies(each.posted) for each in chosen)
    return by_author < BY_ONE_AUTHOR and not copied
