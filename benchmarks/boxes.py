"""The arithmetic of boxes. Pure functions."""

from collections.abc import Sequence
from dataclasses import dataclass

from models.types import Box


def overlap(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    union = _area(one) + _area(other) - shared
    return shared / union if union > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Matching:
    """Which of the found boxes are right.

    Attributes:
        partner: for each found box, in order, the index of its true box, or None.
        missed: indices of the true boxes that nothing found.
    """

    partner: tuple[int | None, ...]
    missed: tuple[int, ...]

    @property
    def hits(self) -> int:
        """True boxes found."""
        return sum(index is not None for index in self.partner)

    @property
    def false_alarms(self) -> int:
        """Found boxes that are none of the true ones, or the second on one."""
        return len(self.partner) - self.hits


def match(found: Sequence[Box], truth: Sequence[Box], least: float) -> Matching:
    """Pair found with true boxes, best overlap first, each at most once.

    Args:
        found: what a detector says.
        truth: what a person drew.
        least: intersection over union from which a pair counts.
    """
    pairs = sorted(
        ((overlap(f, t), i, j) for i, f in enumerate(found) for j, t in enumerate(truth)),
        reverse=True,
    )
    partner: list[int | None] = [None] * len(found)
    taken: set[int] = set()
    for value, i, j in pairs:
        if value >= least and partner[i] is None and j not in taken:
            partner[i] = j
            taken.add(j)
    return Matching(tuple(partner), tuple(j for j in range(len(truth)) if j not in taken))


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])
