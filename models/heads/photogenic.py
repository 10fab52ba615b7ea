"""How well would this picture go down here, among others of its author?"""

from collections.abc import Callable, Sequence
from typing import ClassVar

from models.photogenic import Photogenic
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


class PhotogenicHead:
    """Scores whole pictures by what the scope's own posts taught, once that is measurable.

    Args:
        embedder: turns whole pictures into the vectors that `learned` was learned on.
        learned: what was learned of a scope, or None if nothing was tried.
    """

    name: ClassVar[str] = "photogenic"
    takes: Takes = "picture"
    kinds: ClassVar[frozenset[Kind]] = frozenset(Kind)

    def __init__(self, embedder: Embedder, learned: Callable[[Scope], Photogenic | None]) -> None:
        self._embedder = embedder
        self._learned = learned

    def judge(self, crops: Sequence[Crop], context: Context) -> list[Guess]:
        """See `models.types.Head`."""
        learned = self._learned(context.scope)
        if learned is None or not learned.evidence.learned:
            return [Refused(self.name, NoScore.NOT_LEARNED) for _ in crops]
        scores = (row.tolist() for row in learned.score(self._embedder.embed(crops)))
        return [
            Scored(self.name, value, low, high, self._embedder.fingerprint, context.like_from)
            for value, low, high in zip(*scores, strict=True)
        ]
