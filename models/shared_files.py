"""Files that several processes change: one at a time, and so that it survives a power cut."""

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_POLL = 0.02
"""Seconds between two tries to take a lock that somebody else holds."""


@asynccontextmanager
async def locked(file: Path) -> AsyncIterator[None]:
    """Hold the lock in `file`, which is made if it is not there; its folder has to be.

    It keeps out tasks of this process as well. The kernel takes it from a process that dies.
    """
    lock = os.open(file, os.O_WRONLY | os.O_CREAT, 0o666)
    try:
        # Waiting in a thread could use up the very threads that the holder needs to go on.
        while not _taken(lock):  # noqa: ASYNC110 - another process has no Event to set
            await asyncio.sleep(_POLL)
        yield
    finally:
        os.close(lock)


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
