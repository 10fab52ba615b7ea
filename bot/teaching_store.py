"""Votes that look like a brigade's."""

from dataclasses import dataclass
from datetime import datetime

from models.types import Scope


@dataclass(frozen=True, slots=True)
class Hold:
    """Votes that look like a brigade's, which wait for a moderator.

    Attributes:
        target: what they say: `is:` or `not:` and a name.
        voters: how many people.
        faces: the verdicts that they were cast on.
        created: UTC without a zone.
    """

    id: int
    scope: Scope
    head: str
    target: str
    voters: int
    faces: tuple[int, ...]
    created: datetime

    @property
    def against(self) -> bool:
        """Whether they say who it is not."""
        return self.target.startswith("not:")

    @property
    def name(self) -> str:
        """Whom they speak of."""
        return self.target.partition(":")[2]
