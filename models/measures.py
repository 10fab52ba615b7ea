"""The arithmetic of open-set figures: rates, their intervals, calibration. Pure functions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def dir_at_far(probes: Floats, right: Bools, strangers: Floats, far: float) -> float | None:
    """Detection and identification rate (Phillips et al. 2011) at a false-alarm rate.

    Args:
        probes: shape (n,): how sure the best name of each enrolled person's face is; -inf for none.
        right: shape (n,): whether that name is right.
        strangers: shape (m,): the same of strangers' faces.
        far: share of strangers that may be given a name.

    Returns:
        Share of probes named rightly where at most `far` of the strangers are named; None with
        fewer than 10 / `far` strangers, who would not show such a rate.
    """
    if len(strangers) < 10 / far or not len(probes):
        return None
    ordered = np.sort(strangers)[::-1]
    threshold = np.nextafter(ordered[int(far * len(strangers))], np.inf)
    return float(np.mean(right & (probes >= threshold)))


def auroc(higher: Floats, lower: Floats) -> float | None:
    """That one of `higher` is above one of `lower`, a tie counting half; None without either.

    The area under the receiver operating characteristic (Hanley & McNeil 1982), 0..1.
    """
    if not len(higher) or not len(lower):
        return None
    ordered = np.sort(lower)
    below = np.searchsorted(ordered, higher, "left") + np.searchsorted(ordered, higher, "right")
    return float(below.mean() / (2 * len(lower)))


def reliability(
    probability: Floats, right: Bools, weight: Floats, bins: int
) -> tuple[Floats, Floats, Floats]:
    """What was stated and what came true, by bins of equal width.

    Args:
        probability: shape (n,), 0..1.
        right: shape (n,): whether what was stated came true.
        weight: shape (n,): how much each counts.

    Returns:
        Mean probability, share of right ones and weight of each bin; all of shape (bins,), 0 where
        a bin is empty.
    """
    place = np.minimum((probability * bins).astype(np.intp), bins - 1)
    total = np.asarray(np.bincount(place, weight, bins), dtype=np.float64)
    whole = np.maximum(total, 1e-12)
    stated = np.bincount(place, weight * probability, bins) / whole
    true = np.bincount(place, weight * right, bins) / whole
    return stated, true, total


def expected_calibration_error(
    probability: Floats, right: Bools, weight: Floats, bins: int = 15
) -> float:
    """How far stated probabilities are off, on average, 0..1 (Naeini et al. 2015).

    Args:
        probability, right, weight, bins: see `reliability`.
    """
    stated, true, total = reliability(probability, right, weight, bins)
    return float((total * np.abs(stated - true)).sum() / total.sum())


def bootstrap_share(
    happened: Sequence[bool] | Bools, groups: Sequence[str], draws: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of a share, by drawing whole groups with replacement.

    Pictures of one person are alike, so that the person and not the picture is what was sampled.
    Where nothing (or everything) happened there is nothing to draw from: then the exact binomial
    limit for that many groups is given (Clopper and Pearson 1934).

    Args:
        happened: one a picture, at least one.
        groups: whose picture each is.
    """
    _, member = np.unique(np.asarray(groups), return_inverse=True)
    sums = np.bincount(member, weights=np.asarray(happened, dtype=np.float64))
    sizes = np.bincount(member)
    share = sums.sum() / sizes.sum()
    if share in (0, 1):
        limit = 0.025 ** (1 / len(sums))
        return (0.0, 1 - limit) if share == 0 else (limit, 1.0)
    drawn = np.random.default_rng(seed).integers(len(sums), size=(draws, len(sums)))
    shares = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(shares, [0.025, 0.975])
    return float(low), float(high)
