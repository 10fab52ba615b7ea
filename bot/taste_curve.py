"""How well tastes are foretold, by how many ratings of a person's own are known: the arithmetic.

Each person's ratings are split: a fifth of their pictures, whole groups of near duplicates, is only
foretold. Of the others the first few are learned from, more and more of them, together with what
everybody else gave to pictures that are not kept aside for them. Beside it stand two plain ways to
foretell: the person's own mean, and what others gave that picture.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import pearsonr, spearmanr

from datasets.split import first_aside
from models.taste import Ratings, Tastes
from models.taste_scales import SAMPLE
from models.types import UserId, Vectors

STEPS = (5, 10, 12, 20, 50, 100, 200, 500)
"""Ratings of a person's own that are learned from."""

ASIDE = 0.2
"""Share of a person's ratings that are foretold."""

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """What was given to what.

    Attributes:
        vectors: of the pictures, shape (m, dimensions).
        blocks: lengths of the parts of a vector.
        names: of the pictures, m of them.
        group: shape (m,): near duplicates have the same number.
    """

    ratings: Ratings
    vectors: Vectors
    blocks: tuple[int, ...]
    names: tuple[str, ...]
    group: NDArray[np.intp]

    def fit(self, chosen: Bools) -> Tastes:
        """What is learned from these ratings; shape (n,)."""
        return Tastes.fit(self.vectors, self._part(chosen), self.blocks)

    def _part(self, chosen: Bools) -> Ratings:
        users = np.asarray(self.ratings.user, dtype=np.object_)[chosen].tolist()
        return Ratings(tuple(users), self.ratings.item[chosen], self.ratings.score[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Foretold:
    """One person's ratings that were kept aside, and what was said of them; all of shape (n,).

    Attributes:
        true: what they gave.
        value: what was foretold, with the ends of its interval.
        my_mean: the mean of what they had given.
        everybody: the mean of what others gave that picture, or any picture if nobody did.
    """

    true: Floats
    value: Floats
    low: Floats
    high: Floats
    my_mean: Floats
    everybody: Floats


@dataclass(frozen=True, slots=True)
class Point:
    """The figures after so many ratings of a person's own.

    Correlations are of all ratings together, or the mean of those of each person (`_per_user`);
    None where all that was given, or all that was foretold, is the same.

    Attributes:
        ratings: that were learned from.
        users: who had given that many.
        foretold: ratings that were foretold.
        mae: mean absolute error, and that of the plain ways.
        mae_ratio_my_mean: the error as a share of that of the plain way; None if that has none.
        coverage90: share of them inside the interval.
        width90: mean width of the interval.
    """

    ratings: int
    users: int
    foretold: int
    mae: float
    mae_my_mean: float
    mae_everybody: float
    mae_ratio_my_mean: float | None
    mae_ratio_everybody: float | None
    rmse: float
    rmse_my_mean: float
    rmse_everybody: float
    pearson: float | None
    pearson_per_user: float | None
    spearman: float | None
    spearman_per_user: float | None
    coverage90: float
    width90: float


def learning_curve(
    rated: Rated, seed: int, advance: Callable[[int, int], None]
) -> tuple[Point, ...]:
    """A point for each of `STEPS` that somebody has rated enough for.

    Args:
        seed: draws which of a person's ratings are known first.
        advance: told of how many people are done, and how many there are.
    """
    people = sorted(set(rated.ratings.user))
    aside = kept_aside(rated)
    found: defaultdict[int, list[Foretold]] = defaultdict(list)
    for number, user in enumerate(people):
        advance(number, len(people))
        for count, foretold in _of_person(
            rated, aside, user, np.random.default_rng([seed, number])
        ):
            found[count].append(foretold)
    return tuple(point(count, found[count]) for count in sorted(found))


def kept_aside(rated: Rated) -> Bools:
    """Which ratings are only foretold, shape (n,): whatever the seed, always the same."""
    users = np.asarray(rated.ratings.user, dtype=np.object_)
    aside = np.zeros(len(users), dtype=np.bool_)
    for user in set(rated.ratings.user):
        own = np.flatnonzero(users == user)
        item = rated.ratings.item[own]
        names = [f"{user}\t{rated.names[i]}" for i in item.tolist()]
        aside[own] = first_aside(names, rated.group[item], round(ASIDE * len(own)))
    return aside


def _of_person(
    rated: Rated, aside: Bools, user: UserId, rng: np.random.Generator
) -> Iterator[tuple[int, Foretold]]:
    """For each number of ratings, what is then foretold of this person's others."""
    own = np.asarray(rated.ratings.user, dtype=np.object_) == user
    others, tests = ~own & ~aside, np.flatnonzero(own & aside)
    known = rng.permutation(np.flatnonzero(own & ~aside))
    if not len(tests) or len(known) < STEPS[0]:
        return
    community = rated.fit(others)
    everybody = _everybody(rated, others, rated.ratings.item[tests])
    for count in (step for step in STEPS if step <= len(known)):
        mine = known[:count]
        score = rated.ratings.score[mine]
        if others.sum() >= SAMPLE:
            tastes = community.revised(user, rated.vectors[rated.ratings.item[mine]], score)
        else:  # too few to say how people differ: then this person's ratings have a say in that
            chosen = others.copy()
            chosen[mine] = True
            tastes = rated.fit(chosen)
        value, low, high = tastes.predict(user, rated.vectors[rated.ratings.item[tests]])
        my_mean = np.full(len(tests), score.mean())
        plain = my_mean if everybody is None else everybody
        yield count, Foretold(rated.ratings.score[tests], value, low, high, my_mean, plain)


def _everybody(rated: Rated, others: Bools, item: NDArray[np.intp]) -> Floats | None:
    """The mean of what others gave each picture, or any if none gave it one; None of nobody."""
    score = rated.ratings.score[others]
    if not len(score):
        return None
    total = np.bincount(rated.ratings.item[others], score, len(rated.vectors))[item]
    count = np.bincount(rated.ratings.item[others], minlength=len(rated.vectors))[item]
    return np.where(count > 0, total / np.maximum(count, 1), score.mean())


def point(ratings: int, people: Sequence[Foretold]) -> Point:
    """The figures of what was foretold of these people."""
    every = Foretold(
        *(
            np.concatenate([getattr(each, name) for each in people])
            for name in Foretold.__dataclass_fields__
        )
    )
    off = [np.abs(way - every.true) for way in (every.value, every.my_mean, every.everybody)]
    mae, mae_my_mean, mae_everybody = (float(each.mean()) for each in off)
    rmse, rmse_my_mean, rmse_everybody = (float(np.sqrt((each**2).mean())) for each in off)
    inside = (every.low <= every.true) & (every.true <= every.high)
    return Point(
        ratings=ratings,
        users=len(people),
        foretold=len(every.true),
        mae=mae,
        mae_my_mean=mae_my_mean,
        mae_everybody=mae_everybody,
        mae_ratio_my_mean=mae / mae_my_mean if mae_my_mean else None,
        mae_ratio_everybody=mae / mae_everybody if mae_everybody else None,
        rmse=rmse,
        rmse_my_mean=rmse_my_mean,
        rmse_everybody=rmse_everybody,
        pearson=_correlation(pearsonr, every),
        pearson_per_user=_mean([_correlation(pearsonr, each) for each in people]),
        spearman=_correlation(spearmanr, every),
        spearman_per_user=_mean([_correlation(spearmanr, each) for each in people]),
        coverage90=float(inside.mean()),
        width90=float((every.high - every.low).mean()),
    )


def _correlation(measure: Callable[..., tuple[float, float]], each: Foretold) -> float | None:
    if len(each.true) < 3 or np.ptp(each.true) == 0 or np.ptp(each.value) < 1e-9:
        return None
    return float(measure(each.true, each.value)[0])


def _mean(values: Sequence[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None
