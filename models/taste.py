"""What somebody will like, from what they and others of their community have rated.

A hierarchical Bayesian linear model, or the same as a Gaussian process (Lindley & Smith 1972;
Rasmussen & Williams 2006, chapter 2): a rating is what the community gives on average, what
everybody likes in such pictures (shared weights of the features) and in just this one, how generous
the person is, what this person likes beside that (weights of their own), and chance. Each is normal
and so all of it is linear algebra: nothing is trained by steps, and a new rating counts at once.
"""

from collections import Counter
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve
from threadpoolctl import threadpool_limits

from models.taste_scales import MIDDLE, SPREAD, Floats, Scales, learn
from models.types import UserId, Vectors

LEAST = 12
"""Ratings of their own from which somebody's taste is spoken of."""

WORST, BEST = 1.0, 5.0
"""The ends of the scale."""

_RATED_ONCE = -1


@dataclass(frozen=True, slots=True, eq=False)
class Ratings:
    """Who gave which picture how much.

    Attributes:
        user: one a rating, n of them.
        item: shape (n,), the row of the picture's vector.
        score: shape (n,), 1..5.
    """

    user: tuple[UserId, ...]
    item: NDArray[np.intp]
    score: Floats


class Tastes:
    """Everybody's taste in one scope; made by `fit`, never changed.

    Attributes:
        scales: how much people agree, differ and waver here.
    """

    def __init__(self, view: "_View", scales: Scales, shared_pictures: Sequence[bytes]) -> None:
        self.scales = scales
        self._view = view
        self._columns = {key: number for number, key in enumerate(shared_pictures)}
        self._own_variance = view.spread(scales.own)
        self._people: dict[UserId, _Own] = {}
        by_itself = np.full(len(shared_pictures), scales.picture)
        prior = np.concatenate([[SPREAD**2], view.spread(scales.shared), by_itself])
        self._precision = np.diag(1 / prior)
        self._right = np.zeros(len(prior))
        self._solve()

    @classmethod
    def fit(cls, vectors: Vectors, ratings: Ratings, blocks: Sequence[int] = ()) -> Self:
        """Learn from all ratings of a scope.

        Args:
            vectors: of the pictures, shape (m, dimensions). The same picture is the same row, to
                the last bit: what is liked in just this picture hangs on that.
            ratings: in any order.
            blocks: lengths of the parts of a vector that say different things (what is seen,
                colours, words), each of which may matter more or less; by default it is one part.
        """
        # Several threads of one product wait for each other as soon as the machine has other work.
        with threadpool_limits(limits=1, user_api="blas"):
            return cls._fit(vectors, ratings, blocks)

    @classmethod
    def _fit(cls, vectors: Vectors, ratings: Ratings, blocks: Sequence[int]) -> Self:
        order = np.lexsort((ratings.score, ratings.item, np.asarray(ratings.user, dtype=np.str_)))
        rated = vectors[ratings.item[order]]
        score = np.asarray(ratings.score, dtype=np.float64)[order]
        names, user = np.unique(np.asarray(ratings.user, dtype=np.str_)[order], return_inverse=True)
        keys = _keys(rated)
        counted = Counter(keys)
        numbers = {key: number for number, key in enumerate(counted)}
        item = np.array([numbers[key] for key in keys], dtype=np.intp)
        view = _View.of(rated, blocks or (vectors.shape[1],))
        scales = learn(view.split(view.features(rated)), user, item, score)
        tastes = cls(view, scales, [key for key, count in counted.items() if count > 1])
        for number, name in enumerate(names.tolist()):
            tastes._take(name, rated[user == number], score[user == number])
        tastes._solve()
        return tastes

    def revised(self, user: UserId, vectors: Vectors, score: Floats) -> "Tastes":
        """The same with other ratings of one person: quicker than `fit`, for a rating just given.

        Scales, and which pictures several people have rated, stay as they were fitted.

        Args:
            vectors: of the pictures that the person rated, shape (n, dimensions).
            score: shape (n,), 1..5.
        """
        tastes = copy(self)
        tastes._people = dict(self._people)
        tastes._precision, tastes._right = self._precision.copy(), self._right.copy()
        tastes._drop(user)
        tastes._take(user, vectors, score)
        tastes._solve()
        return tastes

    def _take(self, user: UserId, vectors: Vectors, score: Floats) -> None:
        rows = self._rows(vectors)
        covariance = self._alike(rows, rows)
        # A picture that nobody else has rated is liked by itself as much as by chance.
        chance = self.scales.noise + self.scales.picture * (rows.column == _RATED_ONCE)
        covariance[np.diag_indices_from(covariance)] += chance
        precision = cho_solve(cho_factor(covariance), np.eye(len(score)))
        self._people[user] = _Own(rows, precision, score - MIDDLE)
        self._count(self._people[user], 1)

    def _drop(self, user: UserId) -> None:
        if (own := self._people.pop(user, None)) is not None:
            self._count(own, -1)

    def _count(self, own: "_Own", sign: int) -> None:
        """Add what one person's ratings say of the shared part, or take it away."""
        width = len(self._right)
        told = own.rows.times(own.precision, width)
        self._precision += sign * own.rows.times(told.T, width)
        self._right += sign * (told.T @ own.score)

    def _solve(self) -> None:
        """Work out the shared part, once everybody is in."""
        self._factor = cho_factor(self._precision)
        self._shared = cho_solve(self._factor, self._right)

    def ratings_of(self, user: UserId) -> int:
        """How many ratings of this person were learned from."""
        own = self._people.get(user)
        return 0 if own is None else len(own.score)

    def knows(self, user: UserId) -> bool:
        """Whether enough is known of this person to speak of their taste."""
        return self.ratings_of(user) >= LEAST

    def predict(self, user: UserId, vectors: Vectors) -> tuple[Floats, Floats, Floats]:
        """What a person would give pictures, and the ends of a 90 % interval.

        Args:
            user: of whom nothing is known, the answer is the community's.
            vectors: shape (n, dimensions).

        Returns:
            Mean, low and high, each of shape (n,), 1..5, low <= mean <= high.
        """
        rows = self._rows(vectors)
        shared = rows.times(np.eye(len(vectors)), len(self._right))
        mean = MIDDLE + shared @ self._shared
        variance = self.scales.noise + self.scales.picture * (rows.column == _RATED_ONCE)
        variance += self.scales.bias + np.square(rows.features) @ self._own_variance
        if (own := self._people.get(user)) is not None:
            alike = self._alike(rows, own.rows)
            known = alike @ own.precision
            mean += known @ self._left(own)
            variance -= (known * alike).sum(axis=1)
            shared -= own.rows.times(known, len(self._right))
        variance += (shared.T * cho_solve(self._factor, shared.T)).sum(axis=0)
        reach = self.scales.reach * np.sqrt(variance)
        low, high = (np.clip(mean + side * reach, WORST, BEST) for side in (-1, 1))
        return np.clip(mean, WORST, BEST), low, high

    def direction(self, user: UserId) -> tuple[Floats, float]:
        """What a person likes as weights and a bias: `predict` is about `vectors @ weights + bias`.

        Without the ends of the scale, and without what everybody likes in just one picture.

        Returns:
            Weights of shape (dimensions,), and the bias.
        """
        bias, weights = MIDDLE + self._shared[0], self._shared[1 : 1 + len(self._own_variance)]
        if (own := self._people.get(user)) is not None:
            left = own.precision @ self._left(own)
            bias = bias + self.scales.bias * left.sum()
            weights = weights + self._own_variance * (own.rows.features.T @ left)
        weights = weights * self._view.unit
        return weights, float(bias - weights @ self._view.middle)

    def _rows(self, vectors: Vectors) -> "_Rows":
        column = [self._columns.get(key, _RATED_ONCE) for key in _keys(vectors)]
        return _Rows(self._view.features(vectors), np.array(column, dtype=np.intp))

    def _alike(self, one: "_Rows", other: "_Rows") -> Floats:
        """Covariance of what one person likes beside the shared part; shape (n, m)."""
        likings = (one.features * self._own_variance) @ other.features.T
        return np.asarray(self.scales.bias + likings)

    def _left(self, own: "_Own") -> Floats:
        """What the shared part does not explain of a person's ratings; shape (n,)."""
        shared = own.rows.times(np.eye(len(own.score)), len(self._right))
        left: Floats = own.score - shared @ self._shared
        return left


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Pictures as the shared part sees them, n of them, most of it zeros.

    Attributes:
        features: shape (n, dimensions).
        column: shape (n,): which of the pictures that were rated several times, or `_RATED_ONCE`.
    """

    features: Floats
    column: NDArray[np.intp]

    def times(self, left: Floats, width: int) -> Floats:
        """The product of `left`, shape (k, n), with a 1, the features and which picture it is.

        Returns:
            Shape (k, `width`), which is 1, the dimensions and the pictures rated several times.
        """
        end = 1 + self.features.shape[1]
        result = np.zeros((len(left), width))
        result[:, 0] = left.sum(axis=1)
        result[:, 1:end] = left @ self.features
        known = self.column != _RATED_ONCE
        np.add.at(result.T, end + self.column[known], left.T[known])
        return result


@dataclass(frozen=True, slots=True, eq=False)
class _Own:
    """One person's ratings, n of them.

    Attributes:
        precision: shape (n, n), inverse covariance of what the shared part does not explain.
        score: shape (n,), from the middle of the scale.
    """

    rows: _Rows
    precision: Floats
    score: Floats


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """Vectors as they look from a scope: around its middle, each block of length about 1.

    Attributes:
        middle: shape (dimensions,).
        unit: likewise; what is multiplied with.
        blocks: lengths of the parts.
    """

    middle: Floats
    unit: Floats
    blocks: tuple[int, ...]

    @classmethod
    def of(cls, vectors: Vectors, blocks: Sequence[int]) -> Self:
        middle = vectors.mean(axis=0, dtype=np.float64) if len(vectors) else np.zeros(sum(blocks))
        square = np.square(vectors - middle).mean(axis=0) if len(vectors) else np.ones(sum(blocks))
        starts = np.cumsum([0, *blocks[:-1]])
        length = np.sqrt(np.add.reduceat(square, starts))
        unit = np.divide(1, length, out=np.zeros_like(length), where=length > 0)
        return cls(middle, np.repeat(unit, blocks), tuple(blocks))

    def features(self, vectors: Vectors) -> Floats:
        return np.asarray((vectors - self.middle) * self.unit)

    def split(self, features: Floats) -> list[Floats]:
        return np.split(features, np.cumsum(self.blocks)[:-1], axis=1)

    def spread(self, variances: Floats) -> Floats:
        """A variance for each feature, of one for each block."""
        return np.repeat(variances, self.blocks)


def _keys(vectors: Vectors) -> list[bytes]:
    return [row.tobytes() for row in np.ascontiguousarray(vectors)]
