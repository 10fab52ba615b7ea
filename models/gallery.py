"""Enrolled examples, "not this person" examples, and who a face is by them.

A gallery is a value: it is built from the live labels of one scope and one head, never changed,
and replaced whole when a label comes or goes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration, probability
from models.strangers import Source, Strangers
from models.types import Kind, NameAnswer, Vectors, WhyNot

NEAR_DUPLICATE_BITS = 8
"""Two aligned faces whose hashes differ in at most this many of 64 bits are the same picture.

See docs/quality.md for the measurement.
"""

FALSE_NAME_RATE = 0.01
"""Share of strangers that may be given a name, unless the settings say otherwise."""

_SAME_PICTURE = 5.0
"""Margin of a name that people gave to this very picture."""

NO_STRANGERS = Strangers(np.empty((0, 0), dtype=np.float32), "gallery")


@dataclass(frozen=True, slots=True, eq=False)
class Example:
    """One face of an enrolled person.

    Attributes:
        vector: of length 1.
        face_hash: of the aligned face, `models.crops.face_hash`; empty if it is not kept.
        crop: content hash of the stored crop; empty if none is stored.
        kind: of the picture.
    """

    name: str
    vector: NDArray[np.float32]
    face_hash: str = ""
    crop: str = ""
    kind: Kind = Kind.PHOTO


@dataclass(frozen=True, slots=True, eq=False)
class Rejection:
    """This picture of a face is not any of these people.

    An empty `names` says that it is no face at all, so that nobody may be named.

    Attributes:
        vector: the face's embedding, if its poster agreed to that: then other pictures of it are
            not called by these names either.
    """

    face_hash: str
    names: frozenset[str]
    vector: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """A person and a probe.

    Attributes:
        similarity: -1..1 about, 1 is the same picture.
        margin: how far that lies above the person's threshold; see `models.calibration.Scores`.
    """

    name: str
    similarity: float
    margin: float

    @property
    def probability(self) -> float:
        """That it is this person, 0..1."""
        return probability(self.margin)


@dataclass(frozen=True, slots=True)
class Identification:
    """Who a face is.

    Attributes:
        answer: `known` says that it is the first match; `maybe`, that it would be, but for being
            enrolled with pictures of another kind.
        matches: most likely first.
        why_not: what kept the gallery from naming; None if it named.
    """

    answer: NameAnswer
    matches: tuple[Match, ...]
    why_not: WhyNot | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _People:
    names: tuple[str, ...]
    column: Mapping[str, int]
    examples: tuple[Example, ...]
    vectors: Vectors
    owner: NDArray[np.intp]
    hashes: NDArray[np.uint64]
    hashed: NDArray[np.bool_]
    calibration: Calibration = field(repr=False)
    crops: frozenset[str]


class Gallery:
    """People by their examples, all embedded under one fingerprint.

    Args:
        examples: at least one for each person; of somebody who has some of the gallery's own kind,
            only those decide.
        rejections: what people said a picture is not.
        strangers: what thresholds are measured against; see `models.strangers.choose`.
        false_name_rate: share of strangers that may be given a name, 0..1.
        templates: learned directions of people by name; others have that of their mean example.
        kind: of the faces that are searched for.
    """

    def __init__(
        self,
        fingerprint: str,
        examples: Iterable[Example] = (),
        rejections: Iterable[Rejection] = (),
        strangers: Strangers = NO_STRANGERS,
        false_name_rate: float = FALSE_NAME_RATE,
        templates: Mapping[str, NDArray[np.float32]] | None = None,
        kind: Kind = Kind.PHOTO,
    ) -> None:
        self.fingerprint = fingerprint
        self.kind = kind
        given = sorted(_deciding(examples, kind), key=lambda example: example.name)
        self._borrowed = frozenset(each.name for each in given if each.kind is not kind)
        self._people = _enrolled(given, strangers, false_name_rate, templates or {})
        self._rejections = _Rejections(rejections)

    @property
    def names(self) -> tuple[str, ...]:
        """Everybody enrolled, sorted."""
        return self._people.names if self._people else ()

    @property
    def crops(self) -> frozenset[str]:
        """Content hashes of the examples' stored crops."""
        return self._people.crops if self._people else frozenset()

    @property
    def calibrated_from(self) -> Source:
        """What the thresholds were measured against."""
        return self._people.calibration.source if self._people else "nothing"

    def identify(
        self, vector: NDArray[np.float32], face_hash: str, most: int = 3
    ) -> Identification:
        """Name a face, or say why not.

        Args:
            vector: the probe, of length 1.
            face_hash: of the probe's aligned face, `models.crops.face_hash`.
            most: how many matches to return at the most.
        """
        people = self._people
        if people is None:
            return Identification("unknown", (), WhyNot.NOBODY_ENROLLED)
        scores = people.calibration.scores(vector)
        rejected = self._rejected(vector, face_hash, scores.similarities)
        if rejected is None:
            return Identification("unknown", (), WhyNot.REJECTED)
        ranked = scores.margins if self.calibrated_from != "nothing" else scores.similarities
        order = np.argsort(-ranked, kind="stable")
        matches = [
            Match(people.names[i], float(scores.similarities[i]), float(scores.margins[i]))
            for i in order[: most + len(rejected)].tolist()
        ]
        left = [match for match in matches if match.name not in rejected][:most]
        if not left:
            return Identification("unknown", (), WhyNot.REJECTED)
        if self._same_picture(face_hash, left[0].name):
            best = Match(left[0].name, left[0].similarity, max(left[0].margin, _SAME_PICTURE))
            return Identification("known", (best, *left[1:]))
        if left[0].margin >= 0:
            borrowed = left[0].name in self._borrowed
            return Identification("maybe" if borrowed else "known", tuple(left))
        return Identification("unknown", tuple(left), self._why_not(matches[0], left[0]))

    def nearest(self, vector: NDArray[np.float32], most: int) -> list[tuple[Example, float]]:
        """The enrolled examples most similar to a probe, and how similar (-1..1), best first."""
        if self._people is None:
            return []
        similarity = self._people.calibration.similarity(self._people.vectors, vector)
        order = np.argsort(-similarity, kind="stable")[:most]
        return [(self._people.examples[i], float(similarity[i])) for i in order.tolist()]

    def _same_picture(self, face_hash: str, name: str) -> bool:
        people = self._people
        assert people is not None  # noqa: S101 - only asked of a gallery with people
        bits = np.bitwise_count(people.hashes ^ np.uint64(int(face_hash, 16)))
        same = (bits <= NEAR_DUPLICATE_BITS) & people.hashed
        return any(people.names[people.owner[i]] == name for i in np.flatnonzero(same).tolist())

    def _rejected(
        self, vector: NDArray[np.float32], face_hash: str, similarities: NDArray[np.float64]
    ) -> frozenset[str] | None:
        """Who a face is not, by what people said; None if it is no face."""
        people = self._people
        assert people is not None  # noqa: S101 - only asked of a gallery with people
        names: set[str] = set()
        for rejection in self._rejections.of(face_hash):
            if not rejection.names:
                return None
            names |= rejection.names
        seen = self._rejections.seen
        if len(seen):
            alike = people.calibration.similarity(self._rejections.vectors, vector)
            for rejection, similarity in zip(seen, alike.tolist(), strict=True):
                # Nearer to who was mistaken for them than to the people themselves.
                for name in rejection.names & people.column.keys():
                    if similarity > similarities[people.column[name]]:
                        names.add(name)
        return frozenset(names)

    def _why_not(self, best: Match, left: Match) -> WhyNot:
        if self.calibrated_from == "nothing":
            return WhyNot.UNCALIBRATED
        return WhyNot.REJECTED if best.margin >= 0 > left.margin else WhyNot.NOT_ALIKE


class _Rejections:
    """What people said faces are not.

    Attributes:
        seen: those with an embedding.
        vectors: of `seen`, shape (n, dimensions).
    """

    def __init__(self, rejections: Iterable[Rejection]) -> None:
        self._all = tuple(rejections)
        hashes = [int(each.face_hash, 16) for each in self._all]
        self._hashes = np.array(hashes, dtype=np.uint64)
        self.seen = tuple(each for each in self._all if each.vector is not None)
        vectors = [each.vector for each in self._all if each.vector is not None]
        self.vectors = np.stack(vectors) if vectors else np.empty((0, 0), dtype=np.float32)

    def of(self, face_hash: str) -> list[Rejection]:
        """Of this very picture."""
        bits = np.bitwise_count(self._hashes ^ np.uint64(int(face_hash, 16)))
        return [self._all[i] for i in np.flatnonzero(bits <= NEAR_DUPLICATE_BITS).tolist()]


def _deciding(examples: Iterable[Example], kind: Kind) -> list[Example]:
    """A photograph of a cosplayer is more like other photographs than like any drawing."""
    given = list(examples)
    own = {each.name for each in given if each.kind is kind}
    return [each for each in given if each.kind is kind or each.name not in own]


def _enrolled(
    examples: Sequence[Example],
    strangers: Strangers,
    false_name_rate: float,
    templates: Mapping[str, NDArray[np.float32]],
) -> _People | None:
    if not examples:
        return None
    names = tuple(sorted({example.name for example in examples}))
    column = {name: i for i, name in enumerate(names)}
    owner = np.array([column[example.name] for example in examples], dtype=np.intp)
    vectors = np.stack([example.vector for example in examples])
    calibration = Calibration(
        vectors,
        owner,
        strangers,
        false_name_rate,
        {column[name]: template for name, template in templates.items() if name in column},
    )
    hashes = np.array([int(example.face_hash or "0", 16) for example in examples], dtype=np.uint64)
    hashed = np.array([bool(example.face_hash) for example in examples])
    crops = frozenset(example.crop for example in examples if example.crop)
    return _People(
        names, column, tuple(examples), vectors, owner, hashes, hashed, calibration, crops
    )
