"""A server that speaks the X API v2 over real HTTP, for tests.

Written from the published OpenAPI document (api.x.com/2/openapi.json, version 2.168), the pages of
docs.x.com about rate limits, errors, OAuth and posting, and answers of the live API that people
have published. It keeps everything in memory, checks requests as X does and can be told to fail.
"""

from tests.x.faults import (
    Fault,
    deleting_first,
    done_then_failing,
    done_then_hanging_up,
    done_then_silent,
    failing,
    failing_in_html,
    hanging_up,
    limiting,
    repeating,
    repeating_later,
    silent,
)
from tests.x.server import XServer
from tests.x.world import Media, Post, User

__all__ = [
    "Fault",
    "Media",
    "Post",
    "User",
    "XServer",
    "deleting_first",
    "done_then_failing",
    "done_then_hanging_up",
    "done_then_silent",
    "failing",
    "failing_in_html",
    "hanging_up",
    "limiting",
    "repeating",
    "repeating_later",
    "silent",
]
