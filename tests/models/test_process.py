"""The child process: killed when it is slow, limited in memory, started again."""

import os
import struct
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from models.process import ChildProcess, ProcessDied, ProcessFailed, ProcessTimeout


def work(request: bytes) -> bytes:
    """What the child runs: the request says what to do."""
    match request:
        case b"hang":
            threading.Event().wait()
        case b"die":
            os._exit(3)
        case b"raise":
            raise ValueError("as asked")
        case b"eat":
            return b"%d" % len(bytearray(2**31))
        case b"stall":  # after the first bytes of an answer
            _send(struct.pack("!i", 1000) + b"x")
            threading.Event().wait()
        case b"boast":  # of an answer that would fill the memory
            _send(struct.pack("!iQ", -1, 2**40))
            threading.Event().wait()
        case b"pid":
            return b"%d" % os.getpid()
    return request[::-1]


def _send(raw: bytes) -> None:
    """Past `models.process`, as a child would that was taken over."""
    pipe = sys._getframe(2).f_locals["pipe"]
    os.write(pipe.fileno(), raw)


@pytest.fixture
def child() -> Iterator[ChildProcess]:
    process = ChildProcess("tests.models.test_process:work", memory_mb=512)
    yield process
    process.close()


def test_bytes_go_in_and_come_out(child: ChildProcess) -> None:
    assert child.call(b"abc", timeout=30) == b"cba"
    assert int(child.call(b"pid")) == child.pid != os.getpid()


def test_slow_work_is_killed_and_the_next_call_works(child: ChildProcess) -> None:
    first = int(child.call(b"pid", timeout=30))
    with pytest.raises(ProcessTimeout):
        child.call(b"hang", timeout=0.2)
    assert child.pid is None
    assert int(child.call(b"pid", timeout=30)) != first


def test_an_answer_that_never_ends_is_killed(child: ChildProcess) -> None:
    assert child.call(b"abc", timeout=30) == b"cba"
    started = time.monotonic()
    with pytest.raises(ProcessTimeout):
        child.call(b"stall", timeout=0.5)
    with pytest.raises(ProcessDied):
        child.call(b"boast", timeout=30)
    assert time.monotonic() - started < 20
    assert child.call(b"abc", timeout=30) == b"cba"


def test_the_start_does_not_count_as_work() -> None:
    process = ChildProcess("tests.models.slow_start:work")
    assert process.call(b"abc", timeout=1) == b"cba"
    process.close()


def test_a_child_that_cannot_start_is_dead() -> None:
    process = ChildProcess("tests.models.no_such_module:work")
    with pytest.raises(ProcessDied):
        process.call(b"abc", timeout=30)
    process.close()


def test_death_is_noticed(child: ChildProcess) -> None:
    with pytest.raises(ProcessDied):
        child.call(b"die", timeout=30)
    assert child.call(b"abc", timeout=30) == b"cba"


def test_exceptions_are_told_and_the_child_lives_on(child: ChildProcess) -> None:
    first = int(child.call(b"pid", timeout=30))
    with pytest.raises(ProcessFailed, match="ValueError: as asked"):
        child.call(b"raise", timeout=30)
    with pytest.raises(ProcessFailed, match="MemoryError"):
        child.call(b"eat", timeout=30)
    assert int(child.call(b"pid", timeout=30)) == first


def test_threads_take_turns(child: ChildProcess) -> None:
    answers: dict[int, bytes] = {}

    def ask(number: int) -> None:
        answers[number] = child.call(b"%d" % number, timeout=30)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(10, 30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n: (b"%d" % n)[::-1] for n in range(10, 30)}
