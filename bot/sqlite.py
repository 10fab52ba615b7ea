"""Connections to SQLite that survive a cancelled query.

aiosqlite lets go of a query when whoever waits for it is cancelled, while its thread goes on: the
connection may then be left behind with a transaction that nobody ends, and everybody else finds the
database locked.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiosqlite

from bot.uncancelled import to_the_end

_CHUNK = 64
"""Rows fetched at a time, as aiosqlite has it."""


class Connection(aiosqlite.Connection):
    """Cancels only after the query is done, so that what follows (rolling back) comes after it."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return await to_the_end(super()._execute(fn, *args, **kwargs))  # type: ignore[no-untyped-call]


def connection_to(file: Path) -> Callable[[], Connection]:
    """What makes connections to a database, for SQLAlchemy."""

    def make() -> Connection:
        connection = Connection(lambda: sqlite3.connect(file, check_same_thread=False), _CHUNK)
        connection._thread.daemon = True  # as SQLAlchemy does: it must not keep a process alive
        return connection

    return make
