"""The arithmetic of scores: how near they are to what people gave, whether intervals hold.

Pure functions of arrays of one length, at least 1. `truth` is what people gave, `said` the score
and `low`..`high` its 90 % interval.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LIKED_FROM = 3.0
"""The score from which on a face is liked, unless a channel has another."""

COVERED = 0.9
"""Share of the truth that is to lie in the intervals."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How good some scores are.

    Attributes:
        pearson, spearman: correlation with the truth, -1..1; None where either is constant.
        mae, rmse: mean absolute and root mean square error, in units of the score.
        like_accuracy: share on the right side of the threshold, 0..1.
        like_accuracy_decided: the same of those with the threshold outside their interval; None
            if there are none.
        undecided_share: share that is too close to call, with the threshold in the interval.
        coverage90: share of the truth that lies in the intervals.
    """

    count: int
    pearson: float | None
    spearman: float | None
    mae: float
    rmse: float
    like_accuracy: float
    like_accuracy_decided: float | None
    undecided_share: float
    coverage90: float


def figures(
    truth: Floats, said: Floats, low: Floats, high: Floats, threshold: float = LIKED_FROM
) -> Figures:
    """All figures at once."""
    right = liked(said, threshold) == liked(truth, threshold)
    open_still = undecided(low, high, threshold)
    return Figures(
        count=len(truth),
        pearson=pearson(truth, said),
        spearman=spearman(truth, said),
        mae=float(np.abs(said - truth).mean()),
        rmse=float(np.sqrt(np.square(said - truth).mean())),
        like_accuracy=float(right.mean()),
        like_accuracy_decided=None if open_still.all() else float(right[~open_still].mean()),
        undecided_share=float(open_still.mean()),
        coverage90=float(((low <= truth) & (truth <= high)).mean()),
    )


def per_group(
    groups: Sequence[str],
    truth: Floats,
    said: Floats,
    low: Floats,
    high: Floats,
    threshold: float = LIKED_FROM,
) -> dict[str, Figures]:
    """The figures of each group, by its name in order.

    Args:
        groups: whose group each is.
    """
    of = np.asarray(groups)
    return {
        str(group): figures(truth[own], said[own], low[own], high[own], threshold)
        for group in np.unique(of)
        for own in [of == group]
    }


def liked(scores: Floats, threshold: float = LIKED_FROM) -> Bools:
    """Whether each score is on the side that is liked."""
    return np.asarray(scores >= threshold)


def undecided(low: Floats, high: Floats, threshold: float = LIKED_FROM) -> Bools:
    """Whether each score is too close to call: its interval reaches to both sides."""
    return np.asarray((low < threshold) & (threshold <= high))


def pearson(truth: Floats, said: Floats) -> float | None:
    """Correlation (Pearson 1895), -1..1; None where either is constant."""
    if np.ptp(truth) == 0 or np.ptp(said) == 0:
        return None
    return float(np.corrcoef(truth, said)[0, 1])


def spearman(truth: Floats, said: Floats) -> float | None:
    """Correlation of the ranks (Spearman 1904), ties sharing theirs; None where one is constant."""
    return pearson(rankdata(truth), rankdata(said))


def conformal(errors: Floats, covered: float = COVERED) -> float:
    """How far the truth may be, for a new one to be within that with this probability.

    Split-conformal prediction (Lei et al. 2018). Errors in units of a spread that each picture has
    of its own give intervals as wide as each needs (normalised, Papadopoulos et al. 2008).

    Args:
        errors: absolute, of pictures that were not learned from, shape (n,).

    Returns:
        The least bound that holds for exchangeable pictures; with fewer than `covered` /
        (1 - `covered`) errors there is none, and the largest error is given.
    """
    place = int(np.ceil((len(errors) + 1) * covered))
    return float(np.sort(errors)[min(place, len(errors)) - 1])
