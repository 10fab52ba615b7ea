"""The order of questions, which is made once and handed out in pages."""

import asyncio

import pytest

from bot import teaching_queue
from bot.service import Service
from bot.store import Store
from tests.pixel_faces import PixelNetworks, post_shots


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


async def asked(service: Service) -> set[int]:
    page = await service.questions.page("web", "web:teacher")
    return {each.verdict_id for each in page.questions}


async def test_the_old_order_serves_while_a_new_one_is_made(
    service: Service, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching_queue, "_AT_ONCE", 0)
    monkeypatch.setattr(teaching_queue, "_IDLE", 0)
    await store.set_allowed("web", "web:ann", True)
    first = await post_shots(store, "Mai", range(2))
    assert await asked(service) == set(first)
    more = await post_shots(store, "Yuna", range(2))
    assert await asked(service) == set(first)
    async with asyncio.timeout(20):
        while await asked(service) != {*first, *more}:
            pass


async def test_an_order_is_kept_while_nothing_changes_and_for_a_while_after_that(
    service: Service, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teaching_queue, "_IDLE", 1e9)
    await store.set_allowed("web", "web:ann", True)
    first = await post_shots(store, "Mai", range(2))
    page = await service.questions.page("web", "web:teacher")
    await post_shots(store, "Yuna", range(2))
    assert await service.questions.page("web", "web:teacher") == page
    await store.set_allowed("web", "web:ann", False)  # at once, whatever the order says
    assert await asked(service) == set()
    assert await service.questions.left("web", "web:teacher") == 0
    assert await service.questions.left("web", "web:ann") == len(first) + 2
