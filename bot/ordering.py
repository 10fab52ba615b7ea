"""Which faces to ask people about first. Pure.

An answer about one face teaches about all that look like it. So the faces are chosen that stand for
as many as possible of those that still have something to teach: greedily, each for what the ones
before it leave (facility location; Nemhauser et al. 1978, for active learning Wei et al. 2015).
What a face has to teach is how unsure the gallery is of it, and how few examples its person has.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration import probability
from models.types import Vectors

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A face to ask about.

    Attributes:
        vector: of length 1.
        name: the gallery's best guess; None if it is like nobody.
        margin: of that guess, as in `models.gallery.Match`; -inf if there is none.
        examples: how many that person has.
        votes: cast on it so far by others.
        solo: the only face of its picture.
    """

    verdict_id: int
    vector: NDArray[np.float32]
    name: str | None
    margin: float
    examples: int
    votes: int
    solo: bool
    spoiler: bool


_ALIKE = 0.35
"""Cosine, around the mean of all that is asked, from which one face begins to stand for another."""

_IN_A_GROUP = 0.8
"""What a face is worth that is not alone in its picture: it takes longer to see who is meant."""

_STOOD_FOR = 1000
"""Faces that stand for the whole queue, evenly taken, to bound the time."""

_CHOSEN = 400
"""Faces chosen for what those before them leave; a queue is ordered anew long before its end."""


def order(questions: Sequence[Question]) -> list[int]:
    """Places of the questions, the one to ask first at the front.

    Faces that somebody has begun with come before fresh ones, so that votes become labels; spoilers
    come last.
    """
    turns: dict[tuple[bool, bool], list[int]] = {}
    for place, each in enumerate(questions):
        turns.setdefault((each.spoiler, not each.votes), []).append(place)
    return [
        places[i]
        for _, places in sorted(turns.items())
        for i in _most_telling([questions[place] for place in places])
    ]


def _most_telling(questions: Sequence[Question]) -> list[int]:
    vectors = _centred(np.stack([each.vector for each in questions]))
    sampled = np.unique(np.linspace(0, len(questions) - 1, _STOOD_FOR).astype(np.intp))
    teaching = np.array([_teaches(each) for each in questions], dtype=np.float32)
    ease = np.array([1.0 if each.solo else _IN_A_GROUP for each in questions], dtype=np.float32)
    alike = np.maximum(vectors @ vectors[sampled].T - _ALIKE, 0) / (1 - _ALIKE)
    return _greedy(alike * teaching[sampled], teaching * ease, ease)


def _greedy(stands_for: Floats, own: Floats, ease: Floats) -> list[int]:
    """Rows in order of what each adds.

    What is added can only shrink, so that only what seems best is counted again (Minoux 1978).

    Args:
        stands_for: shape (n, m): how well each row stands for each column.
        own, ease: shape (n,): what a row is worth for itself, and a factor for the columns.
    """
    gains = own + ease * stands_for.sum(axis=1)
    queue = [(-gain, row) for row, gain in enumerate(gains.tolist())]
    heapq.heapify(queue)
    covered = np.zeros(stands_for.shape[1], dtype=np.float32)
    chosen: list[int] = []
    while queue and len(chosen) < _CHOSEN:
        _, row = queue[0]
        left = own[row] + ease[row] * np.maximum(stands_for[row] - covered, 0).sum()
        _, row = heapq.heapreplace(queue, (-float(left), row))
        if queue[0] == (-float(left), row):
            heapq.heappop(queue)
            np.maximum(covered, stands_for[row], out=covered)
            chosen.append(row)
    return chosen + [row for _, row in sorted(queue)]


def _teaches(question: Question) -> float:
    """0..2: how likely the gallery's guess is wrong, and how rare who it is."""
    return 1 - probability(question.margin) + 1 / (1 + question.examples)


def _centred(vectors: Vectors) -> Vectors:
    """Around their mean, of length 1: what all faces have in common tells nothing."""
    moved = vectors - vectors.mean(axis=0)
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6))
