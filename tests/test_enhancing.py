"""Making pictures better: one at a time for each user, and only what somebody may be told."""

import asyncio
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from bot.domain import Attachment
from bot.enhancing import Wish
from bot.errors import AlreadyAsked, NotScored, PictureRefused
from bot.service import Service
from models.types import NoScore


@pytest.fixture
def wish(astronaut: bytes) -> Wish:
    return Wish("web", "web:ann", "en", Attachment("1.jpg", astronaut), steps=3)


async def test_it_is_shown_beside_the_first_and_faces_keep_their_pixels(
    service: Service, wish: Wish, astronaut: bytes
) -> None:
    steps: list[tuple[int, int]] = []
    better = await service.enhance(wish, lambda *told: steps.append(told))
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert "Made better for what a simulated audience likes" in better.words
    assert "% of the gain" in better.words
    before = np.asarray(Image.open(io.BytesIO(astronaut)).convert("RGB"))
    with Image.open(io.BytesIO(better.result)) as file:
        assert "compositeWithTrainedAlgorithmicMedia" in str(file.info)
        after = np.asarray(file)
    assert after.shape == before.shape
    assert (after != before).any()
    np.testing.assert_array_equal(after[90:180, 185:255], before[90:180, 185:255])
    with Image.open(io.BytesIO(better.beside)) as beside:
        assert beside.width > beside.height


async def test_one_at_a_time_for_each_user(service: Service, wish: Wish) -> None:
    first = asyncio.create_task(service.enhance(wish, lambda *_: None))
    await asyncio.sleep(0)
    with pytest.raises(AlreadyAsked):
        await service.enhance(wish, lambda *_: None)
    await first
    await service.enhance(replace(wish, steps=1), lambda *_: None)


async def test_what_is_not_known_yet_cannot_be_followed(service: Service, wish: Wish) -> None:
    with pytest.raises(NotScored) as taste:
        await service.enhance(replace(wish, head="taste"), lambda *_: None)
    assert taste.value.reason == NoScore.TOO_FEW_RATINGS
    with pytest.raises(NotScored) as photogenic:
        await service.enhance(replace(wish, head="photogenic"), lambda *_: None)
    assert photogenic.value.reason == NoScore.NOT_LEARNED


async def test_what_cannot_be_judged_is_refused_and_leaves_nobody_waiting(
    service: Service, wish: Wish
) -> None:
    broken = replace(wish, picture=Attachment("1.jpg", b"?"))
    with pytest.raises(PictureRefused):
        await service.enhance(broken, lambda *_: None)
    with pytest.raises(ValueError, match="steps = 1000"):
        await service.enhance(replace(wish, steps=1000), lambda *_: None)
    await service.enhance(replace(wish, steps=1), lambda *_: None)


async def test_whoever_leaves_stops_the_work(service: Service, wish: Wish) -> None:
    begun = asyncio.Event()
    task = asyncio.create_task(service.enhance(replace(wish, steps=200), lambda *_: begun.set()))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    steps: list[int] = []
    async with asyncio.timeout(60):  # the thread is free again long before 200 steps are done
        await service.enhance(replace(wish, steps=1), lambda done, _: steps.append(done))
    assert steps == [1]
