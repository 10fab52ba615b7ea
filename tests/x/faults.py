"""What goes wrong, when a test wants it to."""

import random
from collections import defaultdict, deque
from dataclasses import dataclass
from typing import Literal

from tests.x.world import Post

EVERYWHERE = "*"

Kind = Literal[
    "limit",
    "fail",
    "fail in HTML",
    "hang up",
    "do, then fail",
    "do, then hang up",
    "do, then say nothing",
    "say nothing",
    "delete first",
    "repeat",
    "repeat later",
]


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with one request."""

    kind: Kind
    status: int = 503
    seconds: float = 0.0


def limiting(reset_in: float = 900) -> Fault:
    """429, and so for everybody at this endpoint until `reset_in` seconds from then."""
    return Fault("limit", seconds=reset_in)


def failing(status: int = 503) -> Fault:
    """Nothing is done; the answer is 500, 502, 503, 504 or 402 (no money left)."""
    return Fault("fail", status)


def failing_in_html(status: int = 503) -> Fault:
    """Nothing is done; what stands before the API answers, and not in JSON."""
    return Fault("fail in HTML", status)


def hanging_up() -> Fault:
    """Nothing is done and nothing answered: the connection is closed."""
    return Fault("hang up")


def done_then_failing(status: int = 503) -> Fault:
    """What was asked for is done, but the answer says that it failed."""
    return Fault("do, then fail", status)


def done_then_hanging_up() -> Fault:
    """What was asked for is done, but the connection is closed without an answer."""
    return Fault("do, then hang up")


def done_then_silent() -> Fault:
    """What was asked for is done, but no answer comes, until the client gives up or dies."""
    return Fault("do, then say nothing")


def silent() -> Fault:
    """Nothing is done and no answer comes, until the client gives up."""
    return Fault("say nothing")


def deleting_first() -> Fault:
    """The post that is replied to is deleted just before the reply arrives."""
    return Fault("delete first")


def repeating() -> Fault:
    """A page of mentions holds one of its mentions twice."""
    return Fault("repeat")


def repeating_later() -> Fault:
    """One of a page's mentions comes again with the next page, whatever that is asked for."""
    return Fault("repeat later")


class Faults:
    """The faults that are planned, by endpoint ("POST /2/tweets") or for EVERYWHERE.

    Attributes:
        own_timeline_lag: of how many requests of a user's timeline a post made through the API is
            missing before it appears.
    """

    def __init__(self, rng: random.Random, endpoints: frozenset[str]) -> None:
        self._rng = rng
        self._endpoints = endpoints | {EVERYWHERE}
        self._planned: dict[str, deque[Fault]] = defaultdict(deque)
        self._chances: dict[str, list[tuple[float, Fault]]] = defaultdict(list)
        self._unseen: dict[tuple[str, str], int] = {}
        self._owed: list[Post] = []
        self.own_timeline_lag = 0

    def next(self, endpoint: str, *faults: Fault) -> None:
        """Each of these befalls one of the next requests, in order."""
        self._planned[self._known(endpoint)].extend(faults)

    def sometimes(self, endpoint: str, fault: Fault, probability: float) -> None:
        """This befalls each request with `probability`, until `clear`."""
        self._chances[self._known(endpoint)].append((probability, fault))

    def clear(self) -> None:
        """Nothing more goes wrong."""
        self._planned.clear()
        self._chances.clear()
        self._owed.clear()

    def hide(self, endpoint: str, post_id: str, requests: int) -> None:
        """Leave a post out of the next answers of an endpoint: X has not indexed it yet."""
        self._unseen[self._known(endpoint), post_id] = requests

    def _known(self, endpoint: str) -> str:
        if endpoint not in self._endpoints:
            raise ValueError(f"there is no {endpoint}; there are {sorted(self._endpoints)}")
        return endpoint

    # What the API calls

    def draw(self, endpoint: str) -> Fault | None:
        """What befalls this request."""
        for where in (endpoint, EVERYWHERE):
            if self._planned[where]:
                return self._planned[where].popleft()
            for probability, fault in self._chances[where]:
                if self._rng.random() < probability:
                    return fault
        return None

    def seen(self, endpoint: str, posts: list[Post]) -> list[Post]:
        """Those of `posts` that X has indexed by this request."""
        visible = [post for post in posts if (endpoint, post.id) not in self._unseen]
        waiting = {key: left for key, left in self._unseen.items() if key[0] == endpoint}
        for key, left in waiting.items():
            if left > 1:
                self._unseen[key] = left - 1
            else:
                del self._unseen[key]
        return visible

    def delivered(self, fault: Fault | None, page: list[Post]) -> list[Post]:
        """A page of mentions as it is sent: with what comes twice."""
        again, self._owed = self._owed, []
        if page and fault and fault.kind == "repeat":
            again = [*again, self._rng.choice(page)]
        if page and fault and fault.kind == "repeat later":
            self._owed = [self._rng.choice(page)]
        return [*page, *again]
