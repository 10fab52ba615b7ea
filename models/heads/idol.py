"""Which of the enrolled people is this? Open-set: "I don't know" is an answer."""

from collections.abc import Callable, Sequence
from typing import Literal

from models.calibration import Calibration
from models.crops import face_hash
from models.gallery import Gallery
from models.types import Candidate, Context, Crop, Embedder, Guess, Kind, Named, Scope


class IdolHead:
    """Names people by the examples enrolled in the scope; needs no training.

    Args:
        embedder: turns faces into vectors.
        gallery: the gallery of a scope, or None while nobody is enrolled there.
        calibration: how to read similarities in a scope.
    """

    name = "idol"
    takes: Literal["face", "picture"] = "face"
    kinds = frozenset({Kind.PHOTO})

    def __init__(
        self,
        embedder: Embedder,
        gallery: Callable[[Scope], Gallery | None],
        calibration: Callable[[Scope], Calibration],
    ) -> None:
        self._embedder = embedder
        self._gallery = gallery
        self._calibration = calibration

    def judge(self, crops: Sequence[Crop], context: Context) -> list[Guess]:
        """See `models.types.Head`."""
        gallery = self._gallery(context.scope)
        calibration = self._calibration(context.scope)
        if gallery is None or not gallery.names:
            return [self._guess((), "unknown", calibration) for _ in crops]
        return [self._name(crop, gallery, calibration) for crop in crops]

    def _name(self, crop: Crop, gallery: Gallery, calibration: Calibration) -> Guess:
        (vector,) = self._embedder.embed([crop])
        matches = gallery.search(vector, face_hash(crop))
        candidates = tuple(
            Candidate(match.name, calibration.probability(match.similarity)) for match in matches
        )
        known = bool(matches) and matches[0].similarity >= calibration.threshold
        return self._guess(candidates, "known" if known else "unknown", calibration)

    def _guess(
        self,
        candidates: tuple[Candidate, ...],
        answer: Literal["known", "unknown"],
        calibration: Calibration,
    ) -> Named:
        return Named(self.name, answer, candidates, calibration.source, self._embedder.fingerprint)
