"""Which of the enrolled people is this? Open-set: "I don't know" is an answer."""

from collections.abc import Callable, Sequence
from typing import Literal

from models.crops import face_hash
from models.gallery import Gallery
from models.quality import flaw, recognisable
from models.strangers import Source
from models.types import (
    Candidate,
    Context,
    Crop,
    Embedder,
    Guess,
    Kind,
    Named,
    Scope,
    WhyNot,
)


class IdolHead:
    """Names people by the examples enrolled in the scope; needs no training.

    Args:
        embedder: turns faces into vectors.
        gallery: the gallery of a scope, or None while nobody is enrolled there.
    """

    name = "idol"
    takes: Literal["face", "picture"] = "face"
    kinds = frozenset({Kind.PHOTO})

    def __init__(self, embedder: Embedder, gallery: Callable[[Scope], Gallery | None]) -> None:
        self._embedder = embedder
        self._gallery = gallery

    def judge(self, crops: Sequence[Crop], context: Context) -> list[Guess]:
        """See `models.types.Head`."""
        gallery = self._gallery(context.scope)
        if gallery is None or not gallery.names:
            return [self._unknown(WhyNot.NOBODY_ENROLLED, "nothing") for _ in crops]
        return [self._name(crop, gallery) for crop in crops]

    def _name(self, crop: Crop, gallery: Gallery) -> Guess:
        if wrong := flaw(crop):
            return self._unknown(wrong, gallery.calibrated_from)
        (vector,) = self._embedder.embed([crop])
        if not recognisable(vector, self._embedder.fingerprint):
            return self._unknown(WhyNot.UNRECOGNISABLE, gallery.calibrated_from)
        found = gallery.identify(vector, face_hash(crop))
        candidates = tuple(Candidate(each.name, each.probability) for each in found.matches)
        return Named(
            self.name,
            found.answer,
            candidates,
            gallery.calibrated_from,
            self._embedder.fingerprint,
            found.why_not,
        )

    def _unknown(self, why_not: WhyNot, source: Source) -> Guess:
        return Named(self.name, "unknown", (), source, self._embedder.fingerprint, why_not)
