"""Where X listens."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.x.calls import Call
from tests.x.posting import create, describe, remove, upload
from tests.x.reading import lookup, me, mentions, search, timeline, user_by_name
from tests.x.rendering import Json

if TYPE_CHECKING:
    from tests.x.server import XServer

Handler = Callable[["XServer", Call], Json]


@dataclass(frozen=True)
class Endpoint:
    """One method at one path: who may call, how often in 15 minutes, and what it does."""

    method: str
    path: str
    handler: Handler
    limit: int
    scopes: frozenset[str]
    status: int = 200

    @property
    def name(self) -> str:
        return f"{self.method} {self.path.replace('{', ':').replace('}', '')}"


_READ = frozenset({"tweet.read", "users.read"})
_WRITE = _READ | {"tweet.write"}
_MEDIA = frozenset({"media.write"})

ENDPOINTS = (
    Endpoint("GET", "/2/users/me", me, 75, _READ),
    Endpoint("GET", "/2/users/by/username/{username}", user_by_name, 900, _READ),
    Endpoint("GET", "/2/users/{id}/mentions", mentions, 300, _READ),
    Endpoint("GET", "/2/users/{id}/tweets", timeline, 900, _READ),
    Endpoint("GET", "/2/tweets", lookup, 5000, _READ),
    Endpoint("GET", "/2/tweets/search/recent", search, 300, _READ),
    Endpoint("POST", "/2/tweets", create, 100, _WRITE, status=201),
    Endpoint("DELETE", "/2/tweets/{id}", remove, 50, _WRITE),
    Endpoint("POST", "/2/media/upload", upload, 500, _MEDIA),
    Endpoint("POST", "/2/media/metadata", describe, 500, _MEDIA),
)
