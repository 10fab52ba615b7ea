"""X's clock, which need not agree with ours."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate


class Clock:
    """Seconds since 1970, `ahead` of `now` (negative: behind)."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self.ahead = 0.0

    def __call__(self) -> float:
        return self._now() + self.ahead

    @property
    def header(self) -> str:
        """As HTTP's `Date`."""
        return formatdate(self(), usegmt=True)


def timestamp(seconds: float) -> str:
    """As in X's JSON: 2026-10-05T19:00:46.000Z."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
