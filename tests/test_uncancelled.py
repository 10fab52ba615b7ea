"""What must not be broken off is waited for, however often somebody is cancelled."""

import asyncio

import pytest

from bot.uncancelled import to_the_end


async def test_it_is_done_before_who_waits_is_cancelled() -> None:
    go_on, done = asyncio.Event(), []

    async def work() -> None:
        await go_on.wait()
        done.append(True)

    waiting = asyncio.create_task(to_the_end(work()))
    for _ in range(3):
        await asyncio.sleep(0)
        waiting.cancel()
    await asyncio.sleep(0)
    assert not waiting.done()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert done


async def test_what_goes_wrong_is_said() -> None:
    async def work() -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        await to_the_end(work())
