"""Thresholds from labelled faces: fit them on some, compare them on others.

Each face of a known person plays two parts. With its person in the gallery, naming somebody else
is wrong and saying nothing is a pity. With its person left out it is a stranger, and naming
anybody is wrong. A face that has been said not to be somebody plays the stranger to them alone.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration
from models.gallery import Gallery, Match

FALSE_NAME_RATE = 0.01
"""Share of strangers that may be given a name."""

LEAST_STRANGERS = math.ceil(1 / FALSE_NAME_RATE) - 1
"""With fewer, not even the highest of their similarities bounds the rate; see `fit`."""

LEAST_KNOWN = 20
"""Faces of people with another picture, to learn from and again to compare on."""

NOISE = 0.05
"""A loss that chance alone would bring about more often than this is put down to chance."""

_MOST = 3
"""Matches looked at, as by the heads."""


class FitError(Exception):
    """No thresholds can be had from these labels; the message says why."""


class Labelled(Protocol):
    """A labelled face; see `datasets.samples.Sample`."""

    @property
    def vector(self) -> NDArray[np.float32]: ...  # noqa: D102
    @property
    def name(self) -> str | None: ...  # noqa: D102
    @property
    def not_names(self) -> frozenset[str]: ...  # noqa: D102
    @property
    def face_hash(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Trial:
    """What naming the best match of one face would have been.

    Attributes:
        similarity: of the best match, -1..1.
        right: it is who it is.
        stranger: the face is nobody in this gallery.
    """

    similarity: float
    right: bool
    stranger: bool


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of faces under one calibration.

    Attributes:
        right, wrong, unknown: of faces whose person was in the gallery.
        strangers: how many trials were strangers'.
        strangers_named: how many of those were given a name.
    """

    right: int
    wrong: int
    unknown: int
    strangers: int
    strangers_named: int

    @property
    def false_names(self) -> int:
        """All names that were wrong."""
        return self.wrong + self.strangers_named


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two calibrations on the same trials.

    Attributes:
        losses: right names that only the old one gives, wrong names that only the new one gives.
        gains: the other way round.
    """

    old: Tally
    new: Tally
    losses: int
    gains: int

    @property
    def objection(self) -> str | None:
        """Why the new one must not replace the old one, or None."""
        if self.new.false_names > self.old.false_names:
            return f"wrong names rise from {self.old.false_names} to {self.new.false_names}"
        if _chance_of(self.losses, self.losses + self.gains) < NOISE:
            lost = self.old.right - self.new.right
            saved = self.old.false_names - self.new.false_names
            return f"{lost} right names are lost, against {saved} wrong ones"
        return None


def leave_group_out(faces: Sequence[Labelled], groups: NDArray[np.intp]) -> list[Trial]:
    """Try each face on the gallery of all faces but those of its own group.

    The similarities are those of a `models.gallery.Gallery` built anew for each group, without
    the cost: only the people with an example in the group have to be computed again.

    Args:
        groups: shape (n,): which faces come from one source.
    """
    names = sorted({face.name for face in faces if face.name is not None})
    column = {name: i for i, name in enumerate(names)}
    vectors = np.stack([face.vector for face in faces]).astype(np.float64)
    person = np.array([-1 if face.name is None else column[face.name] for face in faces])
    enrolled = person >= 0
    sums = np.zeros((len(names), vectors.shape[1]))
    np.add.at(sums, person[enrolled], vectors[enrolled])
    counts = np.bincount(person[enrolled], minlength=len(names))
    centres = sums / np.linalg.norm(sums, axis=1, keepdims=True)

    trials: list[Trial] = []
    for rows in _members(groups):
        similarity = vectors[rows] @ centres.T
        absent = set()
        for who in set(person[rows].tolist()) - {-1}:
            own = rows[person[rows] == who]
            if len(own) == counts[who]:
                similarity[:, who] = -np.inf
                absent.add(names[who])
            else:
                rest = sums[who] - vectors[own].sum(axis=0)
                similarity[:, who] = vectors[rows] @ (rest / np.linalg.norm(rest))
        for row, near in zip(rows.tolist(), similarity, strict=True):
            matches = _best(near, names)
            trials += _trials(faces[row], matches, enrolled=faces[row].name not in absent)
    return trials


def try_on(gallery: Gallery, faces: Iterable[Labelled]) -> list[Trial]:
    """Try faces on a gallery that holds none of them, by the search that answers."""
    return [
        trial
        for face in faces
        for trial in _trials(
            face,
            gallery.search(face.vector, face.face_hash, _MOST),
            enrolled=face.name in gallery.names,
        )
    ]


def fit(trials: Sequence[Trial], old: Calibration) -> Calibration:
    """Set the threshold by the strangers, and the probability by all trials.

    The threshold lies just above the k-th highest of n strangers' similarities. With k the rate's
    share of n + 1, a further stranger like them passes it with at most that probability, be the
    similarities distributed as they may (split conformal prediction, Vovk et al. 2005). Where
    the old threshold lets fewer of them pass, k is so much smaller: strangers are not to pay for
    what others gain.

    Raises:
        FitError: too few trials, or right names are no more alike than wrong ones.
    """
    strangers = sorted((t.similarity for t in trials if t.stranger), reverse=True)
    bearable = math.floor(FALSE_NAME_RATE * (len(strangers) + 1))
    if bearable < 1 or not any(trial.right for trial in trials):
        raise FitError("there are too few labelled faces")
    midpoint, slope = _logistic(
        np.array([trial.similarity for trial in trials]),
        np.array([trial.right for trial in trials]),
    )
    if slope <= 0:
        raise FitError("right names look no more alike than wrong ones; are the labels right?")
    passing = sum(similarity >= old.threshold for similarity in strangers)
    highest = strangers[min(bearable - 1, passing)]
    return Calibration(math.nextafter(highest, math.inf), midpoint, slope, "labels")


def compare(trials: Sequence[Trial], old: Calibration, new: Calibration) -> Comparison:
    """Count what two calibrations make of the same trials."""
    low, high = sorted((old.threshold, new.threshold))
    between = [trial for trial in trials if low <= trial.similarity < high]
    right = sum(trial.right for trial in between)
    wrong = len(between) - right
    losses, gains = (right, wrong) if new.threshold > old.threshold else (wrong, right)
    return Comparison(_tally(trials, old), _tally(trials, new), losses, gains)


def _tally(trials: Iterable[Trial], calibration: Calibration) -> Tally:
    known = [trial for trial in trials if not trial.stranger]
    strangers = [trial for trial in trials if trial.stranger]
    named = [trial for trial in known if trial.similarity >= calibration.threshold]
    right = sum(trial.right for trial in named)
    return Tally(
        right=right,
        wrong=len(named) - right,
        unknown=len(known) - len(named),
        strangers=len(strangers),
        strangers_named=sum(t.similarity >= calibration.threshold for t in strangers),
    )


def _trials(face: Labelled, matches: Sequence[Match], *, enrolled: bool) -> Iterator[Trial]:
    """The parts that one face plays; `matches` are most similar first."""
    if face.name is None:
        wrong = next((match for match in matches if match.name in face.not_names), None)
    else:
        if enrolled and matches:
            best = matches[0]
            yield Trial(best.similarity, right=best.name == face.name, stranger=False)
        wrong = next((match for match in matches if match.name != face.name), None)
    if wrong is not None:
        yield Trial(wrong.similarity, right=False, stranger=True)


def _best(similarity: NDArray[np.float64], names: Sequence[str]) -> list[Match]:
    most = min(_MOST, len(names))
    nearest = np.argpartition(-similarity, most - 1)[:most]
    ordered = nearest[np.argsort(-similarity[nearest], kind="stable")]
    found = [Match(names[i], float(similarity[i])) for i in ordered]
    return [match for match in found if match.similarity > -math.inf]


def _members(groups: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    rows: dict[int, list[int]] = defaultdict(list)
    for row, group in enumerate(groups.tolist()):
        rows[group].append(row)
    return [np.array(each) for each in rows.values()]


def _logistic(similarity: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Midpoint and slope of the probability that a name is right (Platt 1999).

    Right and wrong names weigh the same in sum. The targets are a little less than sure, which
    keeps the slope finite where the two are cleanly apart. Newton's method.
    """
    centre, spread = similarity.mean(), similarity.std() or 1.0
    design = np.stack([np.ones(len(similarity)), (similarity - centre) / spread], axis=1)
    yes, no = int(right.sum()), int((~right).sum())
    target = np.where(right, (yes + 1) / (yes + 2), 1 / (no + 2))
    weight = np.where(right, 0.5 / yes, 0.5 / no)
    beta = np.zeros(2)
    for _ in range(200):
        probability = 1 / (1 + np.exp(-design @ beta))
        curvature = (design.T * (weight * probability * (1 - probability))) @ design
        gradient = design.T @ (weight * (target - probability))
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
        beta += step / max(1.0, float(np.linalg.norm(step)))  # far from the end it overshoots
        if np.linalg.norm(step) < 1e-9:
            break
    offset, slope = beta.tolist()
    if slope <= 0:
        return float(centre), 0.0
    return float(centre - spread * offset / slope), float(slope / spread)


def _chance_of(losses: int, changes: int) -> float:
    """How often at least so many of the changes would be losses if both were equally likely."""

    def exactly(k: int) -> float:
        log_ways = math.lgamma(changes + 1) - math.lgamma(k + 1) - math.lgamma(changes - k + 1)
        return math.exp(log_ways - changes * math.log(2))

    return math.fsum(exactly(k) for k in range(losses, changes + 1))
