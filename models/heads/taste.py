"""How much will this viewer like it?"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from models.taste import Tastes
from models.types import (
    Context,
    Crop,
    Embedder,
    Guess,
    Kind,
    NoScore,
    Refused,
    Scope,
    Scored,
    Takes,
)


class TasteHead:
    """Foretells what the viewer would give, 1..5, from their own ratings and everybody's.

    Args:
        embedder: turns crops into vectors.
        tastes: everybody's in a scope, or None while nobody has rated anything there.
    """

    name: ClassVar[str] = "taste"
    takes: Takes = "either"
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)

    def __init__(self, embedder: Embedder, tastes: Callable[[Scope], Tastes | None]) -> None:
        self._embedder = embedder
        self._tastes = tastes

    def judge(self, crops: Sequence[Crop], context: Context) -> list[Guess]:
        """See `models.types.Head`; refused is whoever has rated too few pictures."""
        tastes, viewer = self._tastes(context.scope), context.viewer
        if tastes is None or viewer is None or not tastes.knows(viewer):
            return [Refused(self.name, NoScore.TOO_FEW_RATINGS) for _ in crops]
        foretold = tastes.predict(viewer, self._embedder.embed(crops))
        return [
            Scored(self.name, value, low, high, self._embedder.fingerprint, context.like_from)
            for value, low, high in zip(*(each.tolist() for each in foretold), strict=True)
        ]
