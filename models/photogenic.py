"""Which of somebody's pictures a community likes best: reactions out of an audience.

Who posts matters more than what, so pictures are compared only with others of the same author: with
how many of them a picture stands above, by the share of its audience that reacted. Posts with a
small audience are drawn to the author's mean by as much as chance would move them (a beta-binomial
whose overdispersion is that of the community, Williams 1982). What in the picture goes with it is
learned from differences within authors (the fixed-effects estimator), and used only once it
predicts the order for authors it was not learned from.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from threadpoolctl import threadpool_limits

from models.ridge import Floats, Line, folds
from models.ridge import fit as fit_line
from models.types import Vectors

LEAST_OF_AUTHOR = 4
"""Posts; of an author with fewer nothing is learned."""

LEAST_AUTHORS, LEAST_POSTS = 10, 100
"""With fewer, nothing can be said of others."""

_DRAWS = 2000
_MIDDLE = 3.0
"""Where on the scale of 1 to 5 an author's mean is."""


@dataclass(frozen=True, slots=True)
class Post:
    """How a picture was received.

    Attributes:
        reactions: people who reacted; more than the audience count as all of it.
        audience: people who could see it.

    Raises:
        ValueError: nobody could see it, or fewer than none reacted.
    """

    author: str
    reactions: int
    audience: int

    def __post_init__(self) -> None:
        if self.reactions < 0 or self.audience < 1:
            raise ValueError(f"{self.reactions} reactions of an audience of {self.audience}")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured on authors that were not learned from.

    Attributes:
        posts, authors: of authors with `LEAST_OF_AUTHOR` posts or more.
        spearman: rank correlation within an author's posts, averaged by posts; None with too few.
        low, high: its 95 % interval, by drawing authors.
    """

    posts: int
    authors: int
    spearman: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def learned(self) -> bool:
        """Whether it surely predicts anything; if not, scores are not to be shown."""
        return self.low is not None and self.low > 0


@dataclass(frozen=True, slots=True, eq=False)
class Photogenic:
    """What was learned of a community, if anything was.

    Attributes:
        line: from a picture's vector to where it stands among its author's, 1..5.
        misses: shape (2,): the 5 % and 95 % quantiles of what it misses by.
    """

    line: Line
    misses: NDArray[np.float32]
    evidence: Evidence

    def score(self, vectors: Vectors) -> tuple[Floats, Floats, Floats]:
        """Expected standing, and its 90 % interval, 1..5, each of shape (n,).

        3 is the middle of the author's pictures; the less is known, the nearer to 3 all are.
        """
        value = self.line(vectors)
        low, high = (np.clip(value + miss, 1, 5) for miss in self.misses.astype(np.float64))
        value = np.clip(value, 1, 5)
        return value, np.minimum(low, value), np.maximum(high, value)


def fit(vectors: Vectors, posts: Sequence[Post]) -> Photogenic:
    """Learn from a community's posts; whether it is to be used says `Evidence.learned`.

    Args:
        vectors: shape (n, d): of each post's picture.
        posts: in the same order.
    """
    # Several threads of one product wait for each other as soon as the machine has other work.
    with threadpool_limits(limits=1, user_api="blas"):
        return _fit(vectors, posts)


def _fit(vectors: Vectors, posts: Sequence[Post]) -> Photogenic:
    compared = _compared(posts)
    vectors, posts = vectors[compared], [posts[i] for i in compared.tolist()]
    authors = np.array([post.author for post in posts])
    count = len(set(authors.tolist()))
    if len(posts) < LEAST_POSTS or count < LEAST_AUTHORS:
        nothing = Line(np.zeros(vectors.shape[1], dtype=np.float32), _MIDDLE)
        return Photogenic(nothing, np.zeros(2, dtype=np.float32), Evidence(len(posts), count))
    true = standings(posts)
    told = np.empty(len(posts))
    for out in folds(authors.tolist()):
        told[out] = _learn(vectors[~out], true[~out], authors[~out])(vectors[out])
    misses = np.quantile(true - told, [0.05, 0.95]).astype(np.float32)
    evidence = Evidence(len(posts), count, *_agreement(told, true, authors))
    return Photogenic(_learn(vectors, true, authors), misses, evidence)


def standings(posts: Sequence[Post]) -> Floats:
    """Where each post stands among its author's, shape (n,): 1 below all, 5 above all, 3 between.

    Equal ones share the place in the middle of theirs.
    """
    rates = smoothed(posts)
    place = np.empty(len(posts))
    for own in _each([post.author for post in posts]):
        place[own] = (rankdata(rates[own]) - 0.5) / own.sum()
    return 1 + 4 * place


def smoothed(posts: Sequence[Post]) -> Floats:
    """Reactions out of the audience, 0..1, drawn to the author's mean the more the less is known.

    The weight of the mean, in people, is that of a beta distribution which with the chance in who
    reacts gives the spread of the community's rates (Williams 1982).
    """
    audience = np.array([post.audience for post in posts], dtype=np.float64)
    reactions = np.array([min(post.reactions, post.audience) for post in posts], dtype=np.float64)
    usual = np.empty(len(posts))
    freedom = 0
    for own in _each([post.author for post in posts]):
        # Half a reaction more and less keep the variance from being 0.
        usual[own] = (reactions[own].sum() + 0.5) / (audience[own].sum() + 1)
        freedom += int(own.sum()) - 1
    chance = audience * usual * (1 - usual)
    excess = float((np.square(reactions - audience * usual) / chance).sum()) / max(freedom, 1) - 1
    alike = np.clip(excess / max(float(audience.mean()) - 1, 1), *_ALIKE)
    weight = 1 / alike - 1
    return np.asarray((reactions + weight * usual) / (audience + weight))


_ALIKE = (1e-6, 0.999)
"""Bounds of the correlation between two people's reactions to one post."""


def _compared(posts: Sequence[Post]) -> NDArray[np.intp]:
    """The posts whose author has enough of them."""
    _, author, count = np.unique(
        [post.author for post in posts], return_inverse=True, return_counts=True
    )
    return np.flatnonzero(count[author] >= LEAST_OF_AUTHOR)


def _learn(vectors: Vectors, true: Floats, authors: NDArray[np.str_]) -> Line:
    """From differences within authors, so that whose picture it is teaches nothing."""
    differences = vectors.copy()
    for own in _each(authors.tolist()):
        differences[own] -= vectors[own].mean(axis=0)
    line = fit_line(differences, true - _MIDDLE, authors.tolist())
    return Line(line.weights, _MIDDLE - float(vectors.mean(axis=0) @ line.weights))


def _agreement(told: Floats, true: Floats, authors: NDArray[np.str_]) -> tuple[float, float, float]:
    """Spearman's rank correlation within authors, and its 95 % interval."""
    each = [(spearman(told[own], true[own]), int(own.sum())) for own in _each(authors.tolist())]
    values, sizes = np.array(each).T
    drawn = np.random.default_rng(0).integers(len(each), size=(_DRAWS, len(each)))
    means = (values * sizes)[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975]).tolist()
    return float(np.average(values, weights=sizes)), low, high


def spearman(one: Floats, other: Floats) -> float:
    """Rank correlation (Spearman 1904), -1..1; 0 where either is the same throughout."""
    ranks = [rankdata(each) - (len(each) + 1) / 2 for each in (one, other)]
    length = np.sqrt(np.square(ranks[0]).sum() * np.square(ranks[1]).sum())
    return float(ranks[0] @ ranks[1] / length) if length else 0.0


def _each(authors: Sequence[str]) -> Iterator[NDArray[np.bool_]]:
    """Which posts are an author's, shape (n,), for one author after the other."""
    names, author = np.unique(np.asarray(authors), return_inverse=True)
    return (author == number for number in range(len(names)))
