"""Labels that look wrong, by what the other faces of the same people say.

Confident learning (Northcutt et al. 2021), by cleanlab, on probabilities from faces of other
sources.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.types import Vectors

_SCALE = 20.0
"""What cosines around the mean face are multiplied by before the softmax."""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A label that looks wrong.

    Attributes:
        face: which, by its place among those given.
        likely: who it looks like instead.
        probability: that the label is right all the same, 0..1.
    """

    face: int
    likely: str
    probability: float


def suspicious(
    vectors: Vectors, names: Sequence[str], sources: NDArray[np.intp]
) -> list[Suspicion]:
    """Faces whose label looks wrong, the worst first.

    Each is compared with the mean of everybody's faces from other sources. People with one source
    are left out: nothing else is known of them.

    Args:
        vectors: shape (n, dimensions).
        names: who each is said to be.
        sources: shape (n,): which faces come from one source.
    """
    from cleanlab.filter import find_label_issues  # takes a second

    usable = _with_two_sources(names, sources)
    if len({names[i] for i in usable.tolist()}) < 2:
        return []
    people, owner = np.unique([names[i] for i in usable.tolist()], return_inverse=True)
    probabilities = _probabilities(vectors[usable], owner, sources[usable])
    ranked = find_label_issues(
        owner, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1
    )
    return [
        Suspicion(
            face=int(usable[i]),
            likely=str(people[probabilities[i].argmax()]),
            probability=float(probabilities[i, owner[i]]),
        )
        for i in ranked
        if probabilities[i].argmax() != owner[i]
    ]


def _with_two_sources(names: Sequence[str], sources: NDArray[np.intp]) -> NDArray[np.intp]:
    of_name: dict[str, set[int]] = {}
    for name, source in zip(names, sources.tolist(), strict=True):
        of_name.setdefault(name, set()).add(source)
    return np.array([i for i, name in enumerate(names) if len(of_name[name]) > 1], dtype=np.intp)


def _probabilities(
    vectors: Vectors, owner: NDArray[np.intp], sources: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Who each face is by the faces of other sources; shape (n, people), rows sum to 1."""
    people = int(owner.max()) + 1
    centred = vectors.astype(np.float64) - vectors.mean(axis=0)
    centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    sums = np.zeros((people, vectors.shape[1]))
    np.add.at(sums, owner, centred)
    _, together = np.unique(np.stack([owner, sources]), axis=1, return_inverse=True)
    together = together.reshape(-1)
    own = np.zeros((int(together.max()) + 1, vectors.shape[1]))
    np.add.at(own, together, centred)
    cosines = centred @ _unit(sums).T
    rest = _unit(sums[owner] - own[together])
    cosines[np.arange(len(owner)), owner] = (centred * rest).sum(axis=1)
    likely = np.exp(_SCALE * (cosines - cosines.max(axis=1, keepdims=True)))
    return np.asarray(likely / likely.sum(axis=1, keepdims=True))


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))
