"""Enrolled examples, "not this person" examples, and the search among them.

A gallery is a value: it is built from the live labels of one scope and one head, never changed,
and replaced whole when a label comes or goes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.crops import hash_distance
from models.types import Vectors

NEAR_DUPLICATE_BITS = 8
"""Two aligned faces whose hashes differ in at most this many of 64 bits are the same picture.

See docs/quality.md for the measurement.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One face of an enrolled person; `vector` has length 1."""

    name: str
    vector: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Rejection:
    """This picture of a face is not any of these people.

    An empty `names` says that it is no face at all, so that nobody may be named.
    """

    face_hash: str
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Match:
    """How alike a probe is to a person: -1..1, 1 is the same picture."""

    name: str
    similarity: float


class Gallery:
    """People by their examples, all embedded under one fingerprint.

    A person's similarity is that of the probe to the direction of their mean example.
    """

    def __init__(
        self,
        fingerprint: str,
        examples: Iterable[Example] = (),
        rejections: Iterable[Rejection] = (),
    ) -> None:
        self.fingerprint = fingerprint
        by_name: dict[str, list[NDArray[np.float32]]] = {}
        for example in examples:
            by_name.setdefault(example.name, []).append(example.vector)
        self.names: tuple[str, ...] = tuple(sorted(by_name))
        self._centres = _centres([by_name[name] for name in self.names])
        self._rejections = tuple(rejections)

    def search(self, vector: NDArray[np.float32], face_hash: str, most: int = 3) -> list[Match]:
        """The most similar people that this picture has not been said not to be.

        Args:
            vector: the probe, of length 1.
            face_hash: of the probe's aligned face, `models.crops.face_hash`.
            most: how many to return at the most.
        """
        if not self.names:
            return []
        rejected = self.rejected(face_hash)
        if rejected is None:
            return []
        similarity = self._centres @ vector
        order = np.argsort(-similarity)
        found = [
            Match(self.names[i], float(similarity[i]))
            for i in order[: most + len(rejected)]
            if self.names[i] not in rejected
        ]
        return found[:most]

    def rejected(self, face_hash: str) -> frozenset[str] | None:
        """Who this picture has been said not to be; None if it has been said to be no face."""
        names: set[str] = set()
        for rejection in self._rejections:
            if hash_distance(rejection.face_hash, face_hash) <= NEAR_DUPLICATE_BITS:
                if not rejection.names:
                    return None
                names |= rejection.names
        return frozenset(names)


def _centres(groups: Sequence[Sequence[NDArray[np.float32]]]) -> Vectors:
    if not groups:
        return np.empty((0, 0), dtype=np.float32)
    means = np.stack([np.mean(group, axis=0) for group in groups])
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)
