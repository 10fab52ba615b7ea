"""What the heads that name have in common: examples enrolled in the scope, no training."""

from collections.abc import Callable, Sequence
from typing import ClassVar

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
    Takes,
    WhyNot,
)


class NamingHead:
    """Names faces by the examples enrolled in the scope. Open-set: "I don't know" is an answer.

    Args:
        embedder: turns faces into vectors.
        gallery: the gallery of a scope for a kind of face, or None while nobody is enrolled there.

    Attributes:
        home: the kind it is made for: the only one that it looks at unless a place says otherwise,
            and that it clusters and learns from by itself.
    """

    name: ClassVar[str]
    takes: Takes = "face"
    kinds: ClassVar[frozenset[Kind]]
    home: ClassVar[Kind]

    def __init__(
        self, embedder: Embedder, gallery: Callable[[Scope, Kind], Gallery | None]
    ) -> None:
        self._embedder = embedder
        self._gallery = gallery

    def judge(self, crops: Sequence[Crop], context: Context) -> list[Guess]:
        """See `models.types.Head`."""
        return [self._name(crop, self._gallery(context.scope, crop.kind)) for crop in crops]

    def _name(self, crop: Crop, gallery: Gallery | None) -> Guess:
        if gallery is None or not gallery.names:
            return self._unknown(WhyNot.NOBODY_ENROLLED, "nothing")
        if wrong := flaw(crop):
            return self._unknown(wrong, gallery.calibrated_from)
        (vector,) = self._embedder.embed([crop])
        if not recognisable(vector, self._embedder.fingerprint, crop.kind):
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
