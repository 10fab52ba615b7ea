"""How good a detector is: precision, recall, and average precision.

Average precision as in COCO (Lin et al. 2014): found boxes of all pictures are taken by falling
score, each may claim one true box that it overlaps enough, and precision is averaged over 101
levels of recall.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Boxes = NDArray[np.float32]
"""Shape (n, 4): left, top, right, bottom."""

HIT = 0.5
"""Intersection over union from which a found box is the true one."""

STRICTER = tuple(round(0.5 + 0.05 * i, 2) for i in range(10))
"""The overlaps that COCO averages over."""

LEAST_SCORE = 0.01
"""What scores less counts for nothing, not even for how well faces are ranked."""

_LEVELS = np.linspace(0, 1, 101)


@dataclass(frozen=True, slots=True, eq=False)
class Looked:
    """One picture: what was found in it and what is there.

    Attributes:
        found: boxes, shape (n, 4).
        scores: of `found`, shape (n,).
        truth: boxes, shape (m, 4).
    """

    found: Boxes
    scores: NDArray[np.float32]
    truth: Boxes


@dataclass(frozen=True, slots=True)
class Rates:
    """At one threshold, each 0..1; 0 where there is nothing to divide by."""

    precision: float
    recall: float
    f1: float


def rates(pictures: Sequence[Looked], min_score: float = 0.0) -> Rates:
    """Precision, recall and their harmonic mean, at the overlap `HIT`.

    Args:
        min_score: found boxes with less do not count.
    """
    hits, scores, truth = _claims(pictures, HIT)
    return _rates(hits[scores >= min_score], truth)


def average_precision(pictures: Sequence[Looked], overlap: float = HIT) -> float:
    """Precision over all levels of recall, 0..1; 0 if there is no true box."""
    hits, _, truth = _claims(pictures, overlap)
    if not truth or not len(hits):
        return 0.0
    right = hits.cumsum()
    precision = right / np.arange(1, len(hits) + 1)
    best_from_here = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(right / truth, _LEVELS, side="left")
    reached = at < len(hits)
    return float(best_from_here[at[reached]].sum() / len(_LEVELS))


def stricter_average_precision(pictures: Sequence[Looked]) -> float:
    """The mean of `average_precision` over the overlaps .50, .55, … .95."""
    return float(np.mean([average_precision(pictures, overlap) for overlap in STRICTER]))


def best_threshold(pictures: Sequence[Looked]) -> float:
    """The score from which faces are to count for the highest F1, in hundredths."""
    hits, scores, truth = _claims(pictures, HIT)
    steps = [i / 100 for i in range(5, 96)]
    return max(steps, key=lambda each: _rates(hits[scores >= each], truth).f1)


def _rates(hits: NDArray[np.bool_], truth: int) -> Rates:
    right, found = int(hits.sum()), len(hits)
    return Rates(
        right / found if found else 0.0,
        right / truth if truth else 0.0,
        2 * right / (found + truth) if found + truth else 0.0,
    )


def overlaps(found: Boxes, truth: Boxes) -> NDArray[np.float32]:
    """Intersection over union of each found with each true box, shape (n, m), 0..1."""
    start = np.maximum(found[:, None, :2], truth[None, :, :2])
    end = np.minimum(found[:, None, 2:], truth[None, :, 2:])
    shared = (end - start).clip(min=0).prod(axis=2)
    union = _areas(found)[:, None] + _areas(truth)[None] - shared
    return np.asarray(shared / union.clip(min=1e-9), dtype=np.float32)


def _areas(boxes: Boxes) -> NDArray[np.float32]:
    return np.asarray((boxes[:, 2:] - boxes[:, :2]).clip(min=0).prod(axis=1))


def claim(looked: Looked, overlap: float = HIT) -> NDArray[np.intp]:
    """Which true box each found one is, shape (n,); -1 for a false alarm.

    Found boxes choose by falling score, each the true box it overlaps most of those left.
    """
    chosen = np.full(len(looked.found), -1, dtype=np.intp)
    if not len(looked.truth):
        return chosen
    left = overlaps(looked.found, looked.truth)
    for i in np.argsort(-looked.scores, kind="stable"):
        j = int(left[i].argmax())
        if left[i, j] >= overlap:
            chosen[i] = j
            left[:, j] = -1
    return chosen


def _claims(
    pictures: Sequence[Looked], overlap: float
) -> tuple[NDArray[np.bool_], NDArray[np.float32], int]:
    """Whether each found box of all pictures is right, its score, by falling score; true boxes."""
    none = np.zeros(0, dtype=np.float32)
    hits = np.concatenate([none.astype(bool), *(claim(each, overlap) >= 0 for each in pictures)])
    scores = np.concatenate([none, *(each.scores for each in pictures)])
    order = np.argsort(-scores, kind="stable")
    return hits[order], scores[order], sum(len(each.truth) for each in pictures)
