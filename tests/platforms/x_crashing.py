"""A bot that dies in the middle of its work, at any moment that makes a difference.

A moment is one at which the bot waits for something (the database, X, the judge) that is done by
then, while the bot has not heard of it. All of them come in turn, without a word in the bot's code.
"""

import asyncio
import shutil
import sqlite3
from collections.abc import Callable, Coroutine, Generator, Hashable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any


class Crashing:
    """Stops a coroutine where it waits; use it with `with` inside a loop.

    Args:
        name: of the coroutine function, `XBot._deal_with`.
        lasting: what there will be after a crash; two moments with the same are one.
    """

    def __init__(self, name: str, lasting: Callable[[], Hashable]) -> None:
        self._name = name
        self._lasting = lasting
        self._at: int | None = None
        self._passed = 0
        self._seen: Hashable = None
        self._then: Callable[[], object] | None = None
        self.reached = asyncio.Event()

    def __enter__(self) -> "Crashing":
        asyncio.get_running_loop().set_task_factory(self._task)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().set_task_factory(None)

    def plan(self, moment: int, then: Callable[[], object] | None = None) -> None:
        """Stop at a moment, counted from 0.

        Args:
            then: called instead of freezing; the coroutine goes on.
        """
        self._at, self._passed, self._then = moment, 0, then
        self._seen = self._lasting()
        self.reached.clear()

    def call_off(self) -> None:
        """Let everything go on."""
        self._at = None

    def _task(self, loop: Any, coro: Any, **how: Any) -> asyncio.Task[Any]:
        if getattr(coro, "__qualname__", "") == self._name:
            coro = self._watched(coro)
        return asyncio.Task(coro, loop=loop, **how)

    async def _watched(self, coro: Coroutine[Any, Any, Any]) -> Any:
        return await _Stepped(coro, self._here)

    def _here(self) -> bool:
        """Whether to freeze now that something which was waited for is done."""
        if self._at is None or (now := self._lasting()) == self._seen:
            return False
        self._seen = now
        self._passed += 1
        if self._passed <= self._at:
            return False
        self._at = None
        self.reached.set()
        if self._then is not None:
            self._then()
            return False
        return True


class _Stepped:
    """A coroutine that is asked to freeze whenever it has waited."""

    def __init__(self, coro: Coroutine[Any, Any, Any], freezes: Callable[[], bool]) -> None:
        self._coro = coro
        self._freezes = freezes

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self._coro.__await__()
        go_on: Callable[[], Any] = partial(inner.send, None)
        while True:
            try:
                waited = go_on()
            except StopIteration as done:
                return done.value
            go_on = yield from self._wait(inner, waited)

    def _wait(self, inner: Generator[Any, Any, Any], waited: Any) -> Generator[Any, Any, Any]:
        try:
            yield waited
            if self._freezes():
                yield from asyncio.Event().wait().__await__()
        except BaseException as error:
            return partial(inner.throw, error)
        return partial(inner.send, None)


def killed(folder: Path, copy: Path) -> None:
    """What there would be of a data folder if its process were killed now."""
    shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("*.sqlite3*"))
    with database(folder) as old, database(copy) as new:
        old.backup(new)


def database(folder: Path) -> closing[sqlite3.Connection]:
    """The bot's database, for somebody beside the bot; use it with `with`."""
    return closing(sqlite3.connect(folder / "hantei.sqlite3"))
