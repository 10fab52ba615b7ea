"""From a similarity to an answer: when to name somebody, and how sure that is.

How alike two people look to an embedder depends on who they are: one threshold for all gives
strangers of one kind no names and strangers of another many. So each person's threshold is set,
for each probe, by what strangers of the probe's kind reach in this very gallery:

1. Similarities are taken around a point between the origin and the mean face, with the direction
   in which the roster differs from people at large halved: it says what the roster has in common,
   not who is who.
2. A person to whom strangers are similar anyway has that much taken off (Z-norm with the nearest
   of the cohort; Auckenthaler et al. 2000, Matejka et al. 2017).
3. The cohort of strangers is used twice: as it is, and moved to the centre of the roster, since
   who posts here may well look like who is enrolled here.
4. What such a stranger's best match reaches has a mean and a spread that depend on how much of the
   roster's kind the stranger is. In units of that spread the threshold is the extreme-value
   (Gumbel) quantile of the wanted false-name rate for strangers of the roster's kind, because a
   best match is a maximum, and the cohort's own quantile for others.
5. With enough examples the enrolled people are tried on each other, and if more of them than wanted
   come out as somebody else, the thresholds rise: of those for whom they are taken, and of all as
   far as that would not help with somebody new.

docs/quality.md has the measurements.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.strangers import LEAST_UNKNOWNS, Source, Strangers
from models.types import Vectors

Floats = NDArray[np.float64]

CENTRE = 0.6
"""How far from the origin towards the mean face similarities are taken around."""

ROSTER_SHARE = 0.5
"""How much is left of the direction in which the roster differs from people at large."""

_NEAREST = 100
"""Strangers who say how similar a person is to strangers anyway."""

_TAKEN_OFF = 0.5
"""Share of that similarity that is taken off."""

_BANDWIDTH = 0.4
"""Strangers count for a probe by how near they are to it along the roster's direction, in standard
deviations of the cohort."""

_PRIOR_PEOPLE = 10
"""As many people's worth of belief that a roster is as varied as the cohort."""

_PRIOR_STRANGERS = 10
"""As many strangers' worth of belief that every kind spreads as the whole cohort does."""

_MOST_ENROLLED = 2000
"""Examples that are tried on the other people, evenly taken, to bound the time."""

_LEAST_OWN = 20
"""Examples of people who have several: with fewer it is chance how alike those are."""

_USUAL = 1.64
"""Deviations below the middle down to which somebody is as like a person as their own pictures
are: all but one in twenty of them. Chosen on faces of LFW while few to most were named."""

_LEAST_EXCEPTIONS = 3
"""With fewer examples allowed to come out as somebody else, chance decides which those are."""

LEAST_PEOPLE = 8
"""Without strangers, fewer people than these cannot stand in for them: nobody is named."""

_SLOPE, _EVEN = 2.4, -0.1
"""Log-odds that a name is right, for each unit of margin, and the margin at which it is even."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """One probe against everybody.

    Attributes:
        margins: shape (people,): how far each person's similarity lies above the threshold, in
            spreads of strangers' best matches; 0 or more names.
        similarities: shape (people,): the same before any threshold, -1..1 about.
    """

    margins: Floats
    similarities: Floats


class Calibration:
    """The thresholds of one gallery against one cohort.

    Args:
        examples: shape (n, dimensions), rows of length 1.
        owner: shape (n,): the person, 0..people-1, each has at least one example.
        strangers: the cohort; with none, the gallery's people are strangers to each other.
        false_name_rate: share of strangers that may be given a name, 0..1.
        templates: learned directions by person, shape (dimensions,) each; everybody else is where
            the mean example is.
    """

    def __init__(
        self,
        examples: Vectors,
        owner: NDArray[np.intp],
        strangers: Strangers,
        false_name_rate: float,
        templates: Mapping[int, NDArray[np.float32]] | None = None,
    ) -> None:
        people = int(owner.max()) + 1
        means = _means(examples, owner, people)
        self._space = _Space(means, examples, owner, strangers.vectors)
        directions = _unit(means)
        for person, template in (templates or {}).items():
            directions[person] = template
        self._templates = self._space.project(_unit(directions))
        self.source: Source = strangers.source
        self._doubt, self._independent = 1.0, math.inf
        if len(strangers.vectors):
            cohort = strangers.vectors
            if self.source == "unknowns":
                cohort = self._unlike_anybody(cohort, examples, owner)
            self._from_cohort(cohort)
            if self.source == "unknowns":
                self._without_lookalikes(cohort, false_name_rate)
        elif people >= LEAST_PEOPLE:
            self._from_gallery(examples, owner)
        else:
            self.source = "nothing"
            return
        self._wanted = gumbel_quantile(1 - false_name_rate)
        usual = np.quantile(self._standardised(self._best, self._place), 1 - false_name_rate)
        # The cohort is used as a floor, never to be stricter than the extreme-value law.
        self._usual = min(float(usual), self._wanted)
        self._stricter: Floats = np.zeros(people)
        if len(strangers.vectors):
            self._stricter = self._needed_by(examples, owner, false_name_rate)

    def _from_cohort(self, cohort: Vectors) -> None:
        moved = self._space.moved(cohort)
        both = np.concatenate([cohort, moved])
        self._is_moved = np.arange(len(both)) >= len(cohort)
        projected = self._space.project(both)
        self._off = _TAKEN_OFF * _mean_of_nearest(self._templates, projected)
        self._best = (projected @ self._templates.T - self._off).max(axis=1)
        self._place = self._space.along(both)
        self._usual_variance = float(self._best.var())

    def _unlike_anybody(
        self, cohort: Vectors, examples: Vectors, owner: NDArray[np.intp]
    ) -> Vectors:
        """The cohort without those who are like somebody enrolled as only they are.

        While a roster is being taught, most of the operator's unknowns may be enrolled people whom
        nobody has named yet; measured against them, nobody would ever be named.
        """
        own = _own_similarity(self._space.project(examples), owner)
        if len(own) < _LEAST_OWN:
            return cohort
        middle = np.median(own)
        limit = middle - _USUAL * 1.4826 * np.median(np.abs(own - middle))
        reached = (self._space.project(cohort) @ self._templates.T).max(axis=1)
        # Where labels are wrong the limit is too low; so many are strangers in any case.
        least = np.sort(reached)[min(LEAST_UNKNOWNS, len(reached)) - 1]
        return np.asarray(cohort[reached <= max(float(limit), float(least))])

    def _without_lookalikes(self, cohort: Vectors, false_name_rate: float) -> None:
        """Somebody enrolled may be among the rest, too.

        Told by median and median deviation (Leys et al. 2013), which a few of them do not move.
        """
        reached = self._best[: len(cohort)]
        middle = np.median(reached)
        spread = 1.4826 * np.median(np.abs(reached - middle))
        strange = reached <= middle + gumbel_quantile(1 - false_name_rate) * spread
        if not strange.all():
            self._from_cohort(cohort[strange])

    def _from_gallery(self, examples: Vectors, owner: NDArray[np.intp]) -> None:
        self._off = np.zeros(len(self._templates))
        similarity = self._space.project(examples) @ self._templates.T
        own = np.zeros(similarity.shape, dtype=np.bool_)
        own[np.arange(len(owner)), owner] = True
        # A few people may by chance be all equally unlike; that says little of the next stranger.
        self._usual_variance = float(similarity[~own].var())
        self._best = np.where(own, -np.inf, similarity).max(axis=1)
        self._place = np.zeros(len(owner))
        self._is_moved = np.zeros(len(owner), dtype=np.bool_)
        self._independent = float(len(self._templates))
        self._doubt = _small_sample(len(self._templates))

    def scores(self, probe: NDArray[np.float32]) -> Scores:
        """Compare a probe, of length 1, with everybody."""
        similarities = self._templates @ self._space.project(probe[None])[0]
        if self.source == "nothing":
            return Scores(np.full(len(similarities), -np.inf), similarities)
        mean, spread, threshold = self._expected(probe[None])
        reached = similarities - self._off
        return Scores((reached - mean) / spread - threshold - self._stricter, similarities)

    def _expected(self, probes: Vectors) -> tuple[Floats, Floats, Floats]:
        """Mean and spread of the best match of strangers like each probe, and the threshold."""
        mean, spread, kin = self._of_kind(self._space.along(probes))
        return mean, spread, self._usual + kin * (self._wanted - self._usual)

    def project(self, vectors: Vectors) -> Vectors:
        """Where similarities are taken: there they are cosines; shape (n, dimensions)."""
        return self._space.project(vectors)

    def lifted(self, directions: Vectors) -> Vectors:
        """Of length 1, what `project` turns into these directions; shape (n, dimensions)."""
        return self._space.lifted(directions)

    def similarity(self, vectors: Vectors, probe: NDArray[np.float32]) -> Floats:
        """Of single faces to a probe, shape (n,), before any threshold."""
        return np.asarray(self._space.project(vectors) @ self._space.project(probe[None])[0])

    def _needed_by(
        self, examples: Vectors, owner: NDArray[np.intp], false_name_rate: float
    ) -> Floats:
        """How much stricter to be with each person, so that few others are taken for them.

        The rate's share of the examples may come out as somebody else (split conformal prediction,
        Vovk et al. 2005, but for pictures of one person being alike); 0 with too few examples.
        First those for whom somebody is taken: or a few people whom the embedder cannot tell apart
        would leave everybody else without a name. What that does for a person whose own pictures
        had no part in it, it does for a stranger; what it does not, everybody's threshold has to.

        Returns:
            Shape (people,).
        """
        few = np.linspace(0, len(examples) - 1, min(len(examples), _MOST_ENROLLED)).astype(np.intp)
        allowed = math.floor(false_name_rate * (len(few) + 1))
        if allowed < _LEAST_EXCEPTIONS:
            return np.zeros(len(self._templates))
        reached = self._space.project(examples[few]) @ self._templates.T
        reached -= self._off.astype(np.float32)
        reached[np.arange(len(few)), owner[few]] = -np.inf
        mean, spread, threshold = self._expected(examples[few])
        margins = (reached - mean[:, None]) / spread[:, None] - threshold[:, None]
        needed = max(0.0, float(np.sort(margins.max(axis=1))[-allowed]))
        taken = np.zeros((len(self._templates), len(self._templates)), dtype=np.bool_)
        np.logical_or.at(taken, owner[few], margins > 0)  # whose pictures are taken for whom
        by_others = taken.sum(axis=0)[None] - taken > 0
        left = margins - needed * by_others[owner[few]]
        for_all = max(0.0, float(np.sort(left.max(axis=1))[-allowed]))
        return np.maximum(needed * taken.any(axis=0), for_all)

    def _standardised(self, best: Floats, place: Floats) -> Floats:
        mean, spread, _ = self._of_kind(place)
        return (best - mean) / spread

    def _of_kind(self, place: Floats) -> tuple[Floats, Floats, Floats]:
        """What strangers at some places along the roster's direction are like.

        Returns:
            Mean and spread of their best matches, and how much of the roster's kind they are
            (0..1); all of shape (n,).
        """
        distance = (place[:, None] - self._place[None]) ** 2
        distance -= distance.min(axis=1, keepdims=True)  # far out the nearest still count
        weight = np.exp(-distance / (2 * _BANDWIDTH**2))
        total = weight.sum(axis=1)
        mean = weight @ self._best / total
        variance = np.maximum(weight @ self._best**2 / total - mean**2, 0)
        # Where the enrolled stand in for strangers, a person's pictures count as one.
        effective = np.minimum(total**2 / (weight**2).sum(axis=1), self._independent)
        spread = np.sqrt(
            (variance * effective + self._usual_variance * _PRIOR_STRANGERS)
            / (effective + _PRIOR_STRANGERS)
        )
        moved = weight[:, self._is_moved].sum(axis=1)
        stayed = weight[:, ~self._is_moved].sum(axis=1)
        kin = np.minimum(1.0, moved / stayed) if self._is_moved.any() else np.ones(len(place))
        return mean, self._doubt * spread, kin


def _small_sample(people: int) -> float:
    """How much wider a spread has to be taken that so few people tell.

    Student's t against the normal law at 99 %, by the first terms of its expansion (Fisher 1925),
    for one more stranger beside as many people.
    """
    # Two people are as like each other as the other way round, so that half of them say it all.
    normal, freedom = 2.326, people / 2 - 1
    student = normal + (normal**3 + normal) / (4 * freedom)
    student += (5 * normal**5 + 16 * normal**3 + 3 * normal) / (96 * freedom**2)
    return student / normal * math.sqrt(1 + 1 / people)


def probability(margin: float) -> float:
    """That a name is right, 0..1, where every second face is a stranger's.

    A logistic curve (Platt 1999); `python -m bot.evaluate identify` measures how far it is off
    (`ece`).
    """
    return 1 / (1 + math.exp(-max(-60.0, min(60.0, _SLOPE * (margin - _EVEN)))))


def gumbel_quantile(share: float) -> float:
    """The value that a share of standardised maxima stays below, in standard deviations.

    The extreme-value law of Gumbel (1958) with mean 0 and variance 1: 3.14 for 99 %.
    """
    euler = 0.5772156649015329
    return (-math.log(-math.log(share)) - euler) * math.sqrt(6) / math.pi


class _Space:
    """Where similarities are taken."""

    def __init__(
        self, means: Vectors, examples: Vectors, owner: NDArray[np.intp], cohort: Vectors
    ) -> None:
        roster = means.mean(axis=0)
        self._mean = cohort.mean(axis=0) if len(cohort) else roster
        offset = roster - self._mean
        self._growth = 1.0
        if len(cohort):
            varied = float(((cohort - self._mean) ** 2).sum(axis=1).mean())
            among = _varied(means, examples, owner, prior=varied)
            self._growth = math.sqrt(among / varied)
            # James-Stein: a few people's mean is off the others' by chance alone.
            chance = among / len(means)
            offset = offset * max(0.0, 1 - chance / max(float(offset @ offset), 1e-12))
        self._offset = offset
        length = float(np.linalg.norm(offset))
        self._direction = offset / length if length > 1e-6 else np.zeros_like(offset)
        self._centre = CENTRE * (self._mean + offset / 2)
        self._unit = 1.0
        if len(cohort) and length > 1e-6:
            both = np.concatenate([cohort, self.moved(cohort)])
            self._unit = float((both @ self._direction).std())

    def project(self, vectors: Vectors) -> Vectors:
        """Shape (n, dimensions), rows of length 1."""
        centred = vectors - self._centre
        along = np.outer(centred @ self._direction, self._direction)
        return _unit(centred - ROSTER_SHARE * along)

    def lifted(self, directions: Vectors) -> Vectors:
        """The inverse of `project` on the unit sphere."""
        along = np.outer(directions @ self._direction, self._direction)
        stretched = directions + ROSTER_SHARE / (1 - ROSTER_SHARE) * along
        ray = stretched / np.linalg.norm(stretched, axis=1, keepdims=True)
        # From the centre, which is inside the sphere, along the ray until the sphere.
        inwards = ray @ self._centre
        length = np.sqrt(inwards**2 + 1 - self._centre @ self._centre) - inwards
        return np.asarray(self._centre + length[:, None] * ray, dtype=np.float32)

    def moved(self, cohort: Vectors) -> Vectors:
        """The cohort as people of the roster's kind."""
        return _unit(self._mean + self._offset + self._growth * (cohort - self._mean))

    def along(self, vectors: Vectors) -> Floats:
        """Place along the roster's direction, in standard deviations of the cohort."""
        return np.asarray(vectors @ self._direction / self._unit, dtype=np.float64)


def _varied(means: Vectors, examples: Vectors, owner: NDArray[np.intp], prior: float) -> float:
    """Mean squared distance of the roster's pictures to its centre, each person alike."""
    people = len(means)
    squared = ((examples - means.mean(axis=0)) ** 2).sum(axis=1)
    each = np.bincount(owner, weights=squared, minlength=people) / np.bincount(owner)
    seen = float(each.sum()) if people > 1 else 0.0
    return (seen + _PRIOR_PEOPLE * prior) / (max(people - 1, 0) + _PRIOR_PEOPLE)


def _means(examples: Vectors, owner: NDArray[np.intp], people: int) -> Vectors:
    sums = np.zeros((people, examples.shape[1]), dtype=np.float64)
    np.add.at(sums, owner, examples)
    return np.asarray(sums / np.bincount(owner, minlength=people)[:, None], dtype=np.float32)


def _own_similarity(projected: Vectors, owner: NDArray[np.intp]) -> Floats:
    """How alike another picture of a person would be to their mean, for those who have several.

    Each example is compared with the mean of the others, which is less like the person than the
    mean of all is: by as much as it would be if all pictures of them were equally alike (as in
    Spearman and Brown's formula for longer tests).
    """
    sums = np.zeros((int(owner.max()) + 1, projected.shape[1]))
    np.add.at(sums, owner, projected)
    shots = np.bincount(owner)[owner]
    several = shots > 1
    others = sums[owner[several]] - projected[several]
    cosine = (projected[several] * others).sum(axis=1) / np.linalg.norm(others, axis=1)
    n = shots[several]
    squared = np.maximum(cosine, 0) ** 2
    pairwise = ((n - 2) * squared + np.sqrt(((n - 2) * squared) ** 2 + 4 * (n - 1) * squared)) / (
        2 * (n - 1)
    )
    return np.asarray(pairwise * np.sqrt(n / (1 + (n - 1) * pairwise)))


def _mean_of_nearest(templates: Vectors, cohort: Vectors) -> Floats:
    """Mean similarity of each template to the strangers most similar to it, shape (people,)."""
    nearest = min(_NEAREST, len(cohort))
    rows = []
    for start in range(0, len(templates), 1024):  # bounds the memory
        similarity = templates[start : start + 1024] @ cohort.T
        top = np.partition(similarity, -nearest, axis=1)[:, -nearest:]
        rows.append(top.mean(axis=1, dtype=np.float64))
    return np.concatenate(rows)


def _unit(vectors: Vectors) -> Vectors:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, 1e-12), dtype=np.float32)
