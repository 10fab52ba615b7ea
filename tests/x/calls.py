"""A request on its way to what answers it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.x.auth import Caller
from tests.x.faults import Fault
from tests.x.rendering import Asked, Renderer

if TYPE_CHECKING:
    from tests.x.server import XServer


@dataclass(frozen=True)
class Call:
    """A request that shows who sent it and has been counted."""

    caller: Caller
    path: dict[str, str]
    query: dict[str, str]
    body: Any
    fault: Fault | None


def renderer_of(x: "XServer", call: Call) -> Renderer:
    def asked(name: str) -> frozenset[str]:
        return frozenset(filter(None, call.query.get(name, "").split(",")))

    wanted = Asked(
        post=asked(x.words.fields),
        user=asked("user.fields"),
        media=asked("media.fields"),
        expansions=asked("expansions"),
    )
    return Renderer(x, x.words, wanted, call.caller.user, x.url)
