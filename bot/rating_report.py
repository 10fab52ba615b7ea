"""What a user's ratings come to, for that user to read. Pure."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from bot.rating_store import Rated
from models.taste import LEAST
from models.types import UserId


@dataclass(frozen=True, slots=True)
class RatingReport:
    """Counts of one user's ratings.

    Attributes:
        counted: that can be learned from.
        waiting: for the posters to let them be learned from.
        expired: that came too late, or were not agreed to in time: the picture is gone.
        mean: of all, 1..5; None without any.
    """

    counted: int
    waiting: int
    expired: int
    mean: float | None

    @property
    def known(self) -> bool:
        """Whether they are enough to know the user's taste."""
        return self.counted >= LEAST


def report(ratings: Sequence[Rated]) -> RatingReport:
    """Of one user's ratings."""
    there = [each for each in ratings if each.crop is not None]
    counted = sum(each.agreed for each in there)
    mean = fmean(each.score for each in ratings) if ratings else None
    return RatingReport(counted, len(there) - counted, len(ratings) - len(there), mean)


def learnable(ratings: Iterable[Rated]) -> Counter[UserId]:
    """How many ratings of each user can be learned from."""
    return Counter(each.user for each in ratings if each.agreed and each.crop is not None)


def as_csv(ratings: Iterable[Rated], link: Callable[[Rated], str]) -> str:
    """One user's ratings as a table with a header.

    Args:
        link: leads to what was rated.
    """
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(("picture", "score", "rated_at"))
    rows.writerows(
        (link(each), each.score, each.created.isoformat(timespec="seconds") + "Z")
        for each in ratings
    )
    return table.getvalue()
