"""How much will this viewer like it?"""

from collections.abc import Callable, Sequence
from typing import ClassVar, Protocol

import numpy as np

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
    Vectors,
)


class Words(Protocol):
    """Embeds what is written beside pictures, as `models.text_features.TextEmbedder` does."""

    @property
    def fingerprint(self) -> str:
        """Name and content hash of the weights."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, in order; zeros for one without any words."""
        ...


class TasteHead:
    """Foretells what the viewer would give, 1..5, from their own ratings and everybody's.

    Args:
        embedder: turns crops into vectors.
        tastes: everybody's in a scope, or None while nobody has rated anything there. They are
            fitted on vectors of crops, each with that of the words beside it at its end.
        words: embeds these words; None if they do not count, and the crops are all there is.
    """

    name: ClassVar[str] = "taste"
    takes: Takes = "either"
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)

    def __init__(
        self,
        embedder: Embedder,
        tastes: Callable[[Scope], Tastes | None],
        words: Words | None = None,
    ) -> None:
        self._embedder = embedder
        self._tastes = tastes
        self._words = words
        self._model = "+".join(each.fingerprint for each in (embedder, words) if each is not None)

    def judge(self, crops: Sequence[Crop], context: Context) -> list[Guess]:
        """See `models.types.Head`; refused is whoever has rated too few pictures."""
        tastes, viewer = self._tastes(context.scope), context.viewer
        if tastes is None or viewer is None or not tastes.knows(viewer):
            return [Refused(self.name, NoScore.TOO_FEW_RATINGS) for _ in crops]
        foretold = tastes.predict(viewer, self._embed(crops, context.text or ""))
        return [
            Scored(self.name, value, low, high, self._model, context.like_from)
            for value, low, high in zip(*(each.tolist() for each in foretold), strict=True)
        ]

    def _embed(self, crops: Sequence[Crop], text: str) -> Vectors:
        seen = self._embedder.embed(crops)
        if self._words is None:
            return seen
        return np.hstack([seen, self._words.embed([text] * len(crops))])
