"""Learn a head from labelled faces, and compare two heads on others.

A head is one template a person: the direction that tells them best from everybody else, where the
gallery alone takes their mean example. Thresholds, near duplicates and what people said a picture
is not stay the gallery's (`models.gallery`), so nothing that is learned can get around them.

Each face of a known person plays two parts in a comparison. With its person in the gallery, naming
somebody else is wrong and saying nothing is a pity. In a gallery without its person it is a
stranger, and any name is wrong. A face that nobody named is only a stranger; one that was said not
to be somebody is a stranger to them alone.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration, probability
from models.gallery import Example, Gallery, Identification
from models.learned import Recipe
from models.strangers import Strangers
from models.types import Kind, Vectors

Templates = Mapping[str, NDArray[np.float32]]
"""By name, shape (dimensions,) each."""

LEAST_EXAMPLES = 3
"""Of a person to learn from; with fewer the mean example stays. Of five labels a person about four
are learned from, the rest is held out."""

LEAST_KNOWN = 20
"""Held-out faces of enrolled people: with fewer a comparison says nothing."""

LEAST_OF_ONE = 5
"""Held-out faces of one person, for a verdict on that person."""

RECIPES = tuple(Recipe(scale, pull) for scale in (20.0, 40.0) for pull in (3.0, 10.0, 40.0))
"""What `choose` chooses from; the last stays nearest to the mean examples."""

FOLDS = 5
"""People are strangers a fifth at a time, to heads that were learned without them."""

_STEPS = 40
"""Of the optimiser, at the most."""

_THREADS = 2
_MOST_TO_CHOOSE_ON = 4000
"""Faces that `choose` learns from and looks at: more do not change its mind."""

_RESAMPLES = 2000
NOISE = 0.05
"""Share of bootstrap intervals that miss: a loss whose interval has 0 in it is put to chance."""

_MOST = 3
"""Matches looked at, as by the heads."""

_SEED = 0


class FitError(Exception):
    """No head can be learned from these labels; the message says why."""


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


FaceT = TypeVar("FaceT", bound=Labelled)


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """What galleries are built on, beside people's examples.

    Attributes:
        fingerprint: of the embedder.
        strangers: what thresholds are measured against.
        false_name_rate: share of strangers that may be given a name, 0..1.
        kind: of the strangers, and of the faces.
    """

    fingerprint: str
    strangers: Strangers
    false_name_rate: float
    kind: Kind = Kind.PHOTO

    def gallery(self, faces: Iterable[Labelled], templates: Templates) -> Gallery:
        """Of the faces that are somebody."""
        examples = [Example(face.name, face.vector) for face in faces if face.name is not None]
        return Gallery(
            self.fingerprint,
            examples,
            strangers=self.strangers,
            false_name_rate=self.false_name_rate,
            templates=templates,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Contender(Generic[FaceT]):
    """A head to compare.

    Attributes:
        templates: of the faces given, all of them that may be learned from.
        without: learns it anew from some of these faces, for a comparison on the others' people.
    """

    ground: Ground
    templates: Templates
    without: Callable[[Sequence[FaceT]], Templates]


@dataclass(frozen=True, slots=True)
class Trial:
    """What a gallery made of one face.

    Attributes:
        face: its place among the held-out faces.
        name: who it is; None where it is a stranger.
        best: the name that would be given, or was; empty if there is nobody.
        margin: how far that lies above the threshold; 0 or more gives the name.
    """

    face: int
    name: str | None
    best: str
    margin: float

    @property
    def named(self) -> bool:
        """Whether a name was given."""
        return self.margin >= 0

    @property
    def right(self) -> bool:
        """Whether the right name was given."""
        return self.named and self.best == self.name

    @property
    def false(self) -> bool:
        """Whether a wrong name was given."""
        return self.named and self.best != self.name


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of faces under one head.

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
class Part:
    """How the faces of one person, or of a group of people, fare.

    Attributes:
        faces: how many were tried.
        old, new: right names.
        low, high: the change of the share of right names, -1..1, with a 95 % interval.
    """

    name: str
    faces: int
    old: int
    new: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two heads on the same trials.

    Attributes:
        low, high: the change of the share of right names, -1..1, with a 95 % interval.
        parts: people with enough held-out faces, and groups.
        objection: why the new one must not replace the old one, or None.
    """

    old: Tally
    new: Tally
    low: float
    high: float
    parts: tuple[Part, ...]
    objection: str | None


# learning


def learn(
    faces: Sequence[Labelled],
    ground: Ground,
    others: Vectors,
    recipe: Recipe,
    start: Templates | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Learn a template for everybody with at least `LEAST_EXAMPLES` faces.

    A softmax over the scaled cosines to all templates, and a constant for "someone else", is
    trained to say who each face is (as NormFace, Wang et al. 2017, with a class for the unknown).
    Cosines are taken where the gallery takes them. Each template is drawn to its person's mean
    example, the less the more examples there are. L-BFGS on all faces at once.

    Args:
        others: faces that are nobody enrolled, shape (n, dimensions); n may be 0. Thresholds must
            not be measured against the same ones.
        start: where to start from, by name; by default, and for people not in it, from the mean.

    Returns:
        By name, each as long as the mean example it replaces.
    """
    known = [face for face in faces if face.name is not None]
    names = sorted({face.name for face in known if face.name is not None})
    column = {name: i for i, name in enumerate(names)}
    owner = np.array([column[face.name] for face in known if face.name is not None], dtype=np.intp)
    vectors = np.stack([face.vector for face in known])
    space = Calibration(vectors, owner, ground.strangers, ground.false_name_rate)
    counts = np.bincount(owner, minlength=len(names))
    means = np.zeros((len(names), vectors.shape[1]))
    np.add.at(means, owner, vectors)
    means = (means / counts[:, None]).astype(np.float32)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)

    initial = means / lengths
    for name, template in (start or {}).items():
        if name in column:
            initial[column[name]] = template / np.linalg.norm(template)
    learned = counts >= LEAST_EXAMPLES
    initial[~learned] = (means / lengths)[~learned]

    probes, target = space.project(vectors), owner
    if len(others):
        probes = np.concatenate([probes, space.project(others)])
        target = np.concatenate([owner, np.full(len(others), len(names))])
    directions = _descend(
        probes, target, space.project(means / lengths), space.project(initial), learned, recipe
    )
    templates = space.lifted(directions) * lengths
    return {name: templates[i] for name, i in column.items() if learned[i]}


def _descend(
    probes: Vectors,
    target: NDArray[np.intp],
    means: Vectors,
    initial: Vectors,
    learned: NDArray[np.bool_],
    recipe: Recipe,
) -> Vectors:
    """The templates, of length 1, shape (people, dimensions)."""
    import torch  # takes a second, and only training needs it
    from torch.nn.functional import cross_entropy, normalize

    torch.set_num_threads(_THREADS)
    faces, wanted = torch.from_numpy(probes), torch.from_numpy(target)
    mean, free = torch.from_numpy(means), torch.from_numpy(learned)[:, None]
    weights = torch.from_numpy(initial.copy()).requires_grad_()
    someone_else = torch.tensor([0.3], requires_grad=True)
    has_others = bool((target == len(means)).any())
    pull = recipe.pull / len(probes)
    optimiser = torch.optim.LBFGS(
        [weights, someone_else], max_iter=_STEPS, line_search_fn="strong_wolfe"
    )

    def templates() -> torch.Tensor:
        return torch.where(free, normalize(weights, dim=1), mean)

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        cosines = faces @ templates().T
        if has_others:
            cosines = torch.cat([cosines, someone_else.expand(len(faces), 1)], dim=1)
        wrong = cross_entropy(recipe.scale * cosines, wanted)
        total: torch.Tensor = wrong + pull * ((templates() - mean) ** 2).sum()
        total.backward()  # type: ignore[no-untyped-call]
        return total

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return np.asarray(templates().detach().numpy())


def choose(
    faces: Sequence[Labelled], sources: NDArray[np.intp], ground: Ground, others: Vectors
) -> Recipe:
    """The recipe that says best who faces are that it was not learned from.

    A quarter of the sources is left out of the learning, and every fifth person altogether. What
    counts is the log loss of the probabilities that would be shown: the least for people, of the
    recipes that have none higher for strangers than the mean examples have.

    Args:
        sources: shape (n,): which faces come from one source.
    """
    rng = np.random.default_rng(_SEED)
    numbers = rng.permutation(np.unique(sources))
    aside = np.isin(sources, numbers[: len(numbers) // 4])
    names = sorted({face.name for face in faces if face.name is not None})
    absent = set(names[::FOLDS])
    few = np.zeros(len(faces), dtype=np.bool_)
    few[rng.permutation(len(faces))[:_MOST_TO_CHOOSE_ON]] = True
    learned = [
        face
        for face, out, taken in zip(faces, aside, few, strict=True)
        if taken and not out and face.name not in absent
    ]
    rest = [face for face, out, taken in zip(faces, aside, few, strict=True) if taken and out]
    if not any(face.name is not None for face in learned) or not rest:
        return RECIPES[-1]

    def losses(templates: Templates) -> tuple[float, float]:
        return _log_losses(_trials(ground.gallery(learned, templates), rest, range(len(rest))))

    _, bearable = losses({})
    tried = {each: losses(learn(learned, ground, others, each)) for each in RECIPES}
    fair = [recipe for recipe, (_, strangers) in tried.items() if strangers <= bearable]
    return min(fair, key=lambda recipe: tried[recipe][0], default=RECIPES[-1])


def _log_losses(trials: Iterable[Trial]) -> tuple[float, float]:
    """Of the probability that the best match is right: the mean for people and for strangers."""
    losses: dict[bool, list[float]] = {False: [0.0], True: [0.0]}
    for trial in trials:
        sure = probability(trial.margin)
        right = trial.best == trial.name
        losses[trial.name is None].append(-math.log(max(sure if right else 1 - sure, 1e-9)))
    known, strangers = (float(np.mean(each)) for each in losses.values())
    return known, strangers


# comparing


def trials(
    contender: Contender[FaceT], learned: Sequence[FaceT], held_out: Sequence[FaceT]
) -> list[Trial]:
    """Try faces on galleries that hold none of them, by the search that answers.

    Args:
        learned: what the galleries are built of.
        held_out: what is tried.

    Returns:
        For each contender the same faces in the same order.
    """
    whole = contender.ground.gallery(learned, contender.templates)
    enrolled = set(whole.names)
    known = [i for i, face in enumerate(held_out) if face.name in enrolled]
    found = list(_trials(whole, held_out, known))
    strangers = [i for i, face in enumerate(held_out) if face.name not in enrolled]
    found += _trials(whole, held_out, strangers)
    for fold in _folds(whole.names):
        absent = [i for i in known if held_out[i].name in fold]
        if absent:
            rest = [face for face in learned if face.name not in fold]
            without = contender.ground.gallery(rest, contender.without(rest))
            found += _trials(without, held_out, absent)
    return found


def compare(
    old: Sequence[Trial],
    new: Sequence[Trial],
    sources: NDArray[np.intp],
    group_of: Mapping[str, str] | None = None,
) -> Comparison:
    """What two heads make of the same trials.

    Args:
        sources: shape (n,): which of the held-out faces come from one source.
        group_of: people's groups, where they are known: a group must not pay for the others.
    """
    known = [(one, other) for one, other in zip(old, new, strict=True) if one.name is not None]
    of_part: defaultdict[str, list[tuple[Trial, Trial]]] = defaultdict(list)
    for pair in known:
        name = pair[0].name or ""
        of_part[name].append(pair)
        if group_of and name in group_of:
            of_part[group_of[name]].append(pair)
    parts = tuple(
        _part(name, pairs, sources)
        for name, pairs in sorted(of_part.items())
        if len(pairs) >= LEAST_OF_ONE
    )
    whole = _part("", known, sources)
    tallies = tally(old), tally(new)
    objection = _objection(*tallies, whole, parts)
    return Comparison(*tallies, whole.low, whole.high, parts, objection)


def tally(trials: Iterable[Trial]) -> Tally:
    """Count what became of faces."""
    counts = Counter(
        ("right" if trial.right else "wrong" if trial.named else "unknown", trial.name is None)
        for trial in trials
    )
    named, quiet = counts["wrong", True], counts["unknown", True]
    return Tally(
        right=counts["right", False],
        wrong=counts["wrong", False],
        unknown=counts["unknown", False],
        strangers=named + quiet,
        strangers_named=named,
    )


def _objection(old: Tally, new: Tally, whole: Part, parts: Iterable[Part]) -> str | None:
    if new.false_names > old.false_names:
        return f"wrong names rise from {old.false_names} to {new.false_names}"
    if whole.high < 0:
        return f"right names fall from {old.right} to {new.right}"
    for part in parts:
        if part.high < 0:
            return f"{part.name} is recognised {part.new} of {part.faces} times, was {part.old}"
    if new.right <= old.right and new.false_names == old.false_names:
        return f"it is no better: {new.right} right names, were {old.right}"
    return None


def _part(name: str, pairs: Sequence[tuple[Trial, Trial]], sources: NDArray[np.intp]) -> Part:
    """Compare right names; the interval is a paired bootstrap over sources (Efron 1979)."""
    change: defaultdict[int, int] = defaultdict(int)
    size: defaultdict[int, int] = defaultdict(int)
    for one, other in pairs:
        source = int(sources[one.face])
        change[source] += int(other.right) - int(one.right)
        size[source] += 1
    changes, sizes = np.array(list(change.values())), np.array(list(size.values()))
    low = high = 0.0
    if len(changes):
        drawn = np.random.default_rng(_SEED).multinomial(
            len(changes), np.full(len(changes), 1 / len(changes)), size=_RESAMPLES
        )
        means = (drawn @ changes) / (drawn @ sizes)
        low, high = np.quantile(means, [NOISE / 2, 1 - NOISE / 2]).tolist()
    old, new = (sum(pair[i].right for pair in pairs) for i in (0, 1))
    return Part(name, len(pairs), old, new, low, high)


def _trials(gallery: Gallery, faces: Sequence[Labelled], chosen: Iterable[int]) -> Iterator[Trial]:
    """Faces of people in the gallery are theirs, all others strangers'."""
    enrolled = set(gallery.names)
    for index in chosen:
        face = faces[index]
        found = gallery.identify(face.vector, face.face_hash, _MOST)
        best, margin = _said(found, face.not_names)
        yield Trial(index, face.name if face.name in enrolled else None, best, margin)


def _said(found: Identification, wrong: frozenset[str]) -> tuple[str, float]:
    """The name nearest to being given; if only some would be wrong, the nearest of those."""
    for match in found.matches:
        if not wrong or match.name in wrong:
            return match.name, match.margin if found.matches[0] is match else -math.inf
    return "", -math.inf


def _folds(names: Sequence[str]) -> list[set[str]]:
    """People in `FOLDS` parts; where they are few, each alone."""
    count = min(len(names), FOLDS) if len(names) > 2 * FOLDS else len(names)
    return [set(names[i::count]) for i in range(count)]
