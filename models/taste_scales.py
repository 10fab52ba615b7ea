"""How much people agree, differ and waver: the variances behind `models.taste`, from ratings.

They maximise the marginal likelihood of the ratings (empirical Bayes; Rasmussen & Williams 2006,
chapter 5), with a weak prior that decides while there are few. A sample of the ratings is enough
for a dozen numbers, so that the time does not grow with the community.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize

Floats = NDArray[np.float64]

MIDDLE, SPREAD = 3.0, 1.0
"""Mean and deviation of what a community gives on average, before anything is known of it."""

SAMPLE = 400
"""Ratings that are looked at."""

LEAST_OF_EACH = 40
"""Ratings of one person that may be in the sample however many people there are."""

NORMAL_90 = 1.645
"""Deviations on either side that hold 90 % of a normal distribution."""

_DOUBT = 1.5
"""Deviation of the logarithm of each variance around what is expected beforehand."""

_STEPS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Scales:
    """Variances, in squares of points of the scale of 1 to 5.

    Attributes:
        shared: of what all people like, by each block of the features; shape (blocks,).
        own: of what one of them likes beside that; likewise.
        picture: of what all people like in a picture though its features do not say so.
        bias: of how generous people are.
        noise: of how somebody contradicts themselves.
        reach: how many deviations on either side hold 90 % of what is left unexplained.
    """

    shared: Floats
    own: Floats
    picture: float
    bias: float
    noise: float
    reach: float


def expected(blocks: int) -> Scales:
    """What is believed before there are ratings."""
    return Scales(
        np.full(blocks, 0.2 / blocks), np.full(blocks, 0.3 / blocks), 0.1, 0.2, 0.4, NORMAL_90
    )


def learn(
    features: Sequence[Floats], user: NDArray[np.intp], item: NDArray[np.intp], score: Floats
) -> Scales:
    """The scales under which these ratings are likeliest.

    Args:
        features: of the picture of each rating, by blocks, each of shape (n, any), with a mean
            squared length of about 1.
        user: shape (n,), who rated, as numbers from 0.
        item: shape (n,), which picture.
        score: shape (n,), 1..5.
    """
    start = expected(len(features))
    if not len(score):
        return start
    chosen = _sample(user)
    parts = _parts([rows[chosen] for rows in features], user[chosen], item[chosen])
    residual = score[chosen] - MIDDLE
    before = np.log(_flat(start))

    def loss(logs: Floats) -> tuple[float, Floats]:
        value, gradient, _, _ = _fit(parts, np.exp(logs), residual)
        off = (logs - before) / _DOUBT
        return value + 0.5 * float(off @ off), gradient + off / _DOUBT

    found = minimize(
        loss,
        before,
        jac=True,
        method="L-BFGS-B",
        bounds=[(b - 5, b + 3) for b in before],
        options={"maxiter": _STEPS, "ftol": 1e-5},
    )
    variances = np.exp(found.x)
    _, _, weights, precision = _fit(parts, variances, residual)
    return _scales(variances, len(features), _reach(weights, precision, score[chosen]))


def _sample(user: NDArray[np.intp]) -> NDArray[np.intp]:
    """Places of at most `SAMPLE` ratings: of some people many rather than of each a few."""
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(len(user))
    people = user.max() + 1
    turn = rng.permutation(people)[user[shuffled]]
    by_person = np.argsort(turn, kind="stable")
    rank = np.arange(len(user)) - np.searchsorted(turn[by_person], turn[by_person])
    few_enough = by_person[rank < max(LEAST_OF_EACH, SAMPLE // people)]
    return np.sort(shuffled[few_enough[:SAMPLE]])


def _parts(
    features: Sequence[Floats], user: NDArray[np.intp], item: NDArray[np.intp]
) -> list[Floats]:
    """The covariance that each variance stands before, in the order of `_flat`."""
    grams = [rows @ rows.T for rows in features]
    same = np.asarray(user[:, None] == user, dtype=np.float64)
    picture = np.asarray(item[:, None] == item, dtype=np.float64)
    return [*grams, *(gram * same for gram in grams), picture, same, np.eye(len(user))]


def _fit(
    parts: Sequence[Floats], variances: Floats, residual: Floats
) -> tuple[float, Floats, Floats, Floats]:
    """Minus the logarithm of the likelihood, its gradient by the logarithms of the variances.

    Returns:
        Also K⁻¹ y and K⁻¹, for the covariance K of all ratings.
    """
    whole = np.full((len(residual), len(residual)), SPREAD**2)
    for variance, part in zip(variances, parts, strict=True):
        whole += variance * part
    factor = cho_factor(whole, lower=True, check_finite=False)
    precision = cho_solve(factor, np.eye(len(residual)), check_finite=False)
    weights = precision @ residual
    value = 0.5 * float(residual @ weights) + float(np.log(np.diag(factor[0])).sum())
    slope = precision - np.outer(weights, weights)
    gradient = np.array([0.5 * float(np.vdot(slope, part)) for part in parts])
    return value, gradient * variances, weights, precision


def _reach(weights: Floats, precision: Floats, score: Floats) -> float:
    """How many deviations hold 90 % of the ratings, each foretold from all others.

    Leave-one-out residuals in closed form (Rasmussen & Williams 2006, equation 5.12), and the
    quantile of split conformal prediction, which is careful with few. Beyond the ends of the scale
    nothing can be wrong.
    """
    deviation = 1 / np.sqrt(np.diag(precision))
    foretold = score - weights * deviation**2
    off = np.abs(score - np.clip(foretold, 1, 5)) / deviation
    if len(off) < LEAST_OF_EACH:
        return NORMAL_90
    level = min(1.0, 0.9 * (1 + 1 / len(off)))
    return float(np.quantile(off, level, method="higher"))


def _flat(scales: Scales) -> Floats:
    """All variances in one row; `reach` is none."""
    values = [getattr(scales, each.name) for each in fields(scales) if each.name != "reach"]
    return np.concatenate([np.atleast_1d(value) for value in values])


def _scales(variances: Floats, blocks: int, reach: float) -> Scales:
    shared, own, (picture, bias, noise) = np.split(variances, [blocks, 2 * blocks])
    return Scales(shared, own, float(picture), float(bias), float(noise), reach)
