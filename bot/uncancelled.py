"""Work that must not be broken off."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def to_the_end(work: Coroutine[Any, Any, Result]) -> Result:
    """Wait until it is done, however often whoever waits is cancelled, and only then be cancelled.

    With `asyncio.shield` alone it would go on by itself, and perhaps meet what is closed by then.
    """
    task = asyncio.ensure_future(work)
    cancelled = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except Exception:  # noqa: S110 - raised below
            pass
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # it has been seen
        raise cancelled
    return task.result()
