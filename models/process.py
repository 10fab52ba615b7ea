"""One child process that runs one function, and can be killed.

Two things need that: code that decodes hostile files, and code that holds the GIL for long.
Bytes go in and bytes come out. Nothing is unpickled from the child: were it taken over by a
hostile file, it could still only send bytes.
"""

import importlib
import multiprocessing
import multiprocessing.connection
import os
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

_FAILED, _DONE, _READY = b"\x00", b"\x01", b"\x02"

_LARGEST_ANSWER = 2**26
"""Bytes: more than the pixels of the largest picture that is judged."""

_START_SECONDS = 120.0
"""For the child's imports, which take one second here and many on a small or busy machine."""


class ProcessDied(Exception):
    """The child ended in the middle of a call (a crash, or the kernel's memory killer)."""


class ProcessTimeout(Exception):
    """The child did not answer in time and was killed."""


class ProcessFailed(Exception):
    """The function raised; the message is the exception's type and text."""


class ChildProcess:
    """Runs `function` (a `module:name` that takes and returns bytes) in a process of its own.

    The process starts at the first call, and again after it was killed or died. Calls from
    several threads take turns.

    Args:
        function: where to find the function, for example `bot.decoding:decode_bytes`.
        memory_mb: how much memory the child may take on top of what it has when its imports are
            done; None for no limit.
    """

    def __init__(self, function: str, memory_mb: int | None = None) -> None:
        self._function = function
        self._memory_mb = memory_mb
        self._lock = threading.Lock()
        self._process: multiprocessing.process.BaseProcess | None = None
        self._pipe: multiprocessing.connection.Connection | None = None

    @property
    def pid(self) -> int | None:
        """Of the child now running, if any."""
        return self._process.pid if self._process is not None else None

    def call(self, request: bytes, timeout: float | None = None) -> bytes:
        """Run the function on `request`.

        Args:
            request: what the function gets.
            timeout: seconds until the whole answer is here, not counting the start of the child;
                it is killed after that.

        Raises:
            ProcessTimeout: it took longer than `timeout`.
            ProcessDied: it ended before it answered, or answered without end.
            ProcessFailed: the function raised.
        """
        passed = threading.Event()
        with self._lock:
            try:
                pipe = self._started()
                with _cut_after(timeout, pipe, passed):
                    pipe.send_bytes(request)
                    answer = pipe.recv_bytes(_LARGEST_ANSWER)
            except (EOFError, OSError) as error:
                self._kill()
                if not passed.is_set():
                    raise ProcessDied(f"the process of {self._function} died") from error
            if passed.is_set():
                self._kill()
                raise ProcessTimeout(f"{self._function} took longer than {timeout} s")
        if answer[:1] == _FAILED:
            raise ProcessFailed(answer[1:].decode("utf-8", "replace"))
        return answer[1:]

    def close(self) -> None:
        """Stop the child. A later call would start another."""
        with self._lock:
            self._kill()

    def _started(self) -> multiprocessing.connection.Connection:
        if self._pipe is not None and self._process is not None and self._process.is_alive():
            return self._pipe
        self._kill()
        context = multiprocessing.get_context("spawn")  # fork would copy locked locks
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(theirs, self._function, self._memory_mb), daemon=True
        )
        self._process.start()
        theirs.close()
        if not self._pipe.poll(_START_SECONDS):
            raise EOFError(f"the process of {self._function} does not start")
        self._pipe.recv_bytes()  # _READY
        return self._pipe

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process.close()
            self._process = None
        if self._pipe is not None:
            self._pipe.close()
            self._pipe = None


@contextmanager
def _cut_after(
    seconds: float | None, pipe: multiprocessing.connection.Connection, passed: threading.Event
) -> Iterator[None]:
    """Cut the connection when the time is up, which ends whatever waits for it, and say so.

    Waiting for the first byte only would not do: a taken-over child could send that and no more.
    """
    if seconds is None:
        yield
        return

    def cut() -> None:
        passed.set()
        with socket.socket(fileno=os.dup(pipe.fileno())) as end, suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _serve(
    pipe: multiprocessing.connection.Connection, function: str, memory_mb: int | None
) -> None:
    """The child's whole life: it ends when the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to handle
    module, _, name = function.partition(":")
    run: Callable[[bytes], bytes] = getattr(importlib.import_module(module), name)
    if memory_mb is not None:
        _limit_memory(memory_mb)
    with suppress(EOFError, OSError):
        pipe.send_bytes(_READY)
        while True:
            request = pipe.recv_bytes()
            try:
                answer = _DONE + run(request)
            except MemoryError:
                answer = _FAILED + b"MemoryError"
            except Exception as error:
                answer = _FAILED + f"{type(error).__name__}: {error}".encode()
            pipe.send_bytes(answer)


def _limit_memory(extra_mb: int) -> None:
    with open("/proc/self/statm") as file:  # noqa: PTH123 - a kernel file, not a path of ours
        used = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    limit = used + extra_mb * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
