"""How much will this viewer like it?"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Literal

from models.taste import LEAST, Tastes
from models.types import Context, Crop, Embedder, Guess, Kind, Refused, Scope, Scored

TOO_FEW = "too-few-ratings"
"""Why somebody's taste is not spoken of yet."""


class TasteHead:
    """Foretells what the viewer would give, 1..5, from their own ratings and everybody's.

    Args:
        embedder: turns crops into vectors.
        tastes: everybody's in a scope, or None while nobody has rated anything there.
    """

    name: ClassVar[str] = "taste"
    takes: Literal["face", "picture"] = "face"
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)
    home: ClassVar[Kind] = Kind.ILLUSTRATION

    def __init__(self, embedder: Embedder, tastes: Callable[[Scope], Tastes | None]) -> None:
        self._embedder = embedder
        self._tastes = tastes

    def judge(self, crops: Sequence[Crop], context: Context) -> list[Guess]:
        """See `models.types.Head`; refused is whoever has rated fewer than `LEAST` pictures."""
        tastes, viewer = self._tastes(context.scope), context.viewer
        if tastes is None or viewer is None or tastes.ratings_of(viewer) < LEAST:
            return [Refused(self.name, TOO_FEW) for _ in crops]
        foretold = tastes.predict(viewer, self._embedder.embed(crops))
        return [
            Scored(self.name, value, low, high, self._embedder.fingerprint)
            for value, low, high in zip(*(each.tolist() for each in foretold), strict=True)
        ]
