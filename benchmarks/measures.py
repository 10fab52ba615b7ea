"""The arithmetic of the benchmarks: boxes, intervals, fits. Pure functions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.types import Box

Floats = NDArray[np.float64]


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    union = _area(one) + _area(other) - shared
    return shared / union if union > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Matching:
    """Which of the found boxes are right.

    Attributes:
        partner: for each found box, in order, the index of its true box, or None.
        missed: indices of the true boxes that nothing found.
    """

    partner: tuple[int | None, ...]
    missed: tuple[int, ...]

    @property
    def hits(self) -> int:
        """True boxes found."""
        return sum(index is not None for index in self.partner)

    @property
    def false_alarms(self) -> int:
        """Found boxes that are none of the true ones, or the second on one."""
        return len(self.partner) - self.hits


def match(found: Sequence[Box], truth: Sequence[Box], least: float) -> Matching:
    """Pair found with true boxes, best overlap first, each at most once.

    Args:
        found: what a detector says.
        truth: what a person drew.
        least: intersection over union from which a pair counts.
    """
    pairs = sorted(
        ((overlap(f, t), i, j) for i, f in enumerate(found) for j, t in enumerate(truth)),
        reverse=True,
    )
    partner: list[int | None] = [None] * len(found)
    taken: set[int] = set()
    for value, i, j in pairs:
        if value >= least and partner[i] is None and j not in taken:
            partner[i] = j
            taken.add(j)
    return Matching(tuple(partner), tuple(j for j in range(len(truth)) if j not in taken))


def bootstrap_mean(
    values: Sequence[float], groups: Sequence[str], draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the mean of `values`, by drawing whole groups with replacement.

    Pictures of one person are alike, so that the person and not the picture is what was sampled.

    Args:
        values: one a picture.
        groups: whose picture each is.
    """
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(member, weights=np.asarray(values, dtype=np.float64))
    sizes = np.bincount(member)
    drawn = np.random.default_rng(seed).integers(len(sums), size=(draws, len(sums)))
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)


def threshold_at(similarity: Floats, share: float) -> float:
    """The least threshold that at most `share` of these similarities reach."""
    allowed = int(share * len(similarity))
    first_too_many = np.sort(similarity)[::-1][allowed]
    return float(np.nextafter(first_too_many, np.inf))


def fit_logistic(similarity: Floats, right: Floats, weight: Floats) -> tuple[float, float]:
    """Fit `1 / (1 + exp(-slope (similarity - midpoint)))` by Newton's method.

    Args:
        similarity: shape (n,).
        right: 1 where the name was right, else 0.
        weight: of each; only the proportions matter.

    Returns:
        midpoint, slope
    """
    weight = weight / weight.sum()
    centre = float(weight @ similarity)
    spread = math.sqrt(float(weight @ (similarity - centre) ** 2))
    x = np.stack([np.ones_like(similarity), (similarity - centre) / spread], axis=1)
    ridge = 1e-6 * np.eye(2)  # keeps the slope finite where the two do not overlap
    parameters = np.zeros(2)
    for _ in range(100):
        probability = 1 / (1 + np.exp(-np.clip(x @ parameters, -60, 60)))
        gradient = x.T @ (weight * (right - probability)) - ridge @ parameters
        curvature = (x.T * (weight * probability * (1 - probability))) @ x + ridge
        step = np.linalg.solve(curvature, gradient)
        parameters = parameters + step
        if float(np.abs(step).max()) < 1e-9:
            break
    intercept, steepness = parameters.tolist()
    return centre - spread * intercept / steepness, steepness / spread


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
