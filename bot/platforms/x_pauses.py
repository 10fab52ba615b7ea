"""How long to wait before something that failed on X is tried again."""

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pauses:
    """Seconds before a failed attempt is repeated: doubled each time, and anything up to that.

    Full jitter: https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter
    """

    first: float = 4.0
    longest: float = 300.0

    def after(self, failures: int) -> float:
        """Before the next attempt, after so many failures in a row."""
        most = min(self.longest, self.first * 2 ** min(failures, 30))
        return random.uniform(most / 4, most)  # noqa: S311 - nobody gains by guessing it


PAUSES = Pauses()
"""Those of the bot and of its commands."""
