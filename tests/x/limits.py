"""How often each endpoint may be called: in windows of 15 minutes, per account or app."""

from dataclasses import dataclass

from tests.x.clock import Clock
from tests.x.problems import Problem, failure

WINDOW = 900.0


@dataclass
class _Window:
    ends: float
    used: int = 0


class Limits:
    """The windows that are open; `allowed` may be changed by a test.

    Attributes:
        allowed: requests in a window by endpoint ("GET /2/users/me"), as X documents them.
    """

    def __init__(self, clock: Clock, allowed: dict[str, int]) -> None:
        self._clock = clock
        self.allowed = allowed
        self._windows: dict[tuple[str, str], _Window] = {}
        self._closed: dict[str, float] = {}

    def close(self, endpoint: str, seconds: float) -> None:
        """Refuse an endpoint to everybody for `seconds`."""
        self._closed[endpoint] = self._clock() + seconds

    def take(self, endpoint: str, caller: str) -> dict[str, str]:
        """Count a request; returns the headers that say what is left.

        Raises:
            Problem: 429, nothing is left.
        """
        now = self._clock()
        closed_until = self._closed.get(endpoint, 0.0)
        if now < closed_until:
            raise self.refusal(endpoint, closed_until)
        window = self._windows.get((endpoint, caller))
        if window is None or now >= window.ends:
            window = self._windows[endpoint, caller] = _Window(now + WINDOW)
        if window.used >= self.allowed[endpoint]:
            raise self.refusal(endpoint, window.ends)
        window.used += 1
        return self._headers(endpoint, self.allowed[endpoint] - window.used, window.ends)

    def refusal(self, endpoint: str, until: float) -> Problem:
        """A 429 that says when to come back."""
        problem = failure(429)
        problem.headers = self._headers(endpoint, 0, until)
        return problem

    def _headers(self, endpoint: str, remaining: int, reset: float) -> dict[str, str]:
        return {
            "x-rate-limit-limit": str(self.allowed[endpoint]),
            "x-rate-limit-remaining": str(remaining),
            "x-rate-limit-reset": str(int(reset)),
        }
