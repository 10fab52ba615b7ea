"""Connections to SQLite that leave no lock behind.

A statement that was not read to its end (`… RETURNING`, when whoever reads is cancelled) keeps a
connection alive after it was closed, with its transaction and the lock on the database, until the
garbage collector finds the cursor: everybody else finds the database locked.
Source: https://www.sqlite.org/c3ref/close.html, on "zombie" connections.
"""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import aiosqlite

_CHUNK = 64
"""Rows fetched at a time, as aiosqlite has it."""


class _Connection(sqlite3.Connection):
    def close(self) -> None:
        """End the transaction first, whatever is under way in it."""
        with suppress(sqlite3.ProgrammingError):  # closed already
            self.rollback()
        super().close()


def connection_to(file: Path) -> Callable[[], aiosqlite.Connection]:
    """What makes connections to a database, for SQLAlchemy."""

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(file, check_same_thread=False, factory=_Connection)

    def make() -> aiosqlite.Connection:
        connection = aiosqlite.Connection(connect, _CHUNK)
        connection._thread.daemon = True  # as SQLAlchemy does: it must not keep a process alive
        return connection

    return make
