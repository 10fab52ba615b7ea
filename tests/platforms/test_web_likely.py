"""Whom collected pictures may show: a hint on the pages that teach, and nothing more."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.async_api import Browser, expect

from bot.domain import Action
from bot.platforms.web import WebPlatform
from bot.service import Service
from bot.store import Store
from tests.collected import AUTHOR, ORIGIN, collect_face
from tests.pixel_faces import UNKNOWN, PixelNetworks, face
from tests.platforms.conftest import Visitor
from tests.platforms.teaching import member, visiting
from tests.platforms.test_web_browser import DESKTOP, PHONE, check_layout, opened

__all__ = ["member", "visiting"]

NAME = "齋藤飛鳥"
LIKELY = {"en": f"Likely {NAME}?", "ja": f"もしかして {NAME}？"}


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


@pytest.fixture
async def selfies(store: Store, service: Service) -> list[int]:
    """Four pictures of one face each from an account that is known to post its owner."""
    await store.set_allowed("web", AUTHOR, True)
    origin = replace(ORIGIN, suggestion=NAME)
    found = [
        await collect_face(store, face("Asuka", n, unlike=0.7), origin=origin, guesses=UNKNOWN)
        for n in range(4)
    ]
    await service.cluster_anew()
    return [one.id for _, one in found]


@pytest.mark.parametrize(("locale", "device"), [("ja", PHONE), ("en", DESKTOP)])
async def test_a_hint_is_picked_and_then_taught_by_a_person(
    chromium: Browser,
    platform: WebPlatform,
    store: Store,
    selfies: list[int],
    locale: str,
    device: dict[str, Any],
) -> None:
    async with opened(chromium, platform, locale, **device) as page:
        await page.goto("/teach/name")
        hint = page.get_by_role("button", name=LIKELY[locale])
        await expect(hint).to_be_visible()
        await check_layout(page)
        await hint.click()
        await expect(page.get_by_role("combobox")).to_have_value(NAME)
        assert [await store.votes(each) for each in selfies] == [[], [], [], []]
        await page.locator("#name-form button.primary").click()
        await expect(page.locator("#finished")).to_be_visible()
    votes = [vote for each in selfies for vote in await store.votes(each)]
    assert [(vote.action, vote.name) for vote in votes] == [(Action.NAME, NAME)] * 4


@pytest.mark.parametrize(("locale", "device"), [("ja", PHONE), ("en", DESKTOP)])
async def test_it_is_seen_where_nothing_else_is_known(
    chromium: Browser,
    platform: WebPlatform,
    store: Store,
    selfies: list[int],
    locale: str,
    device: dict[str, Any],
) -> None:
    async with opened(chromium, platform, locale, **device) as page:
        await page.goto("/teach/confirm")
        hint = page.get_by_role("button", name=LIKELY[locale])
        await expect(hint).to_be_visible()
        await expect(page.locator("#yes-no")).to_be_hidden()
        await check_layout(page)
        await hint.click()
        await page.reload()  # what is on its way is sent
        await expect(hint).to_be_visible()
    votes = [vote for each in selfies for vote in await store.votes(each)]
    assert [(vote.action, vote.name) for vote in votes] == [(Action.NAME, NAME)]


async def test_without_consent_nobody_is_shown_face_or_hint(
    ann: Visitor, store: Store, service: Service, selfies: list[int]
) -> None:
    await service.allow("web", AUTHOR, allowed=False)
    assert await ann.send("GET", "/teach/name/waiting") == (200, {"clusters": []})
    _, found = await ann.send("GET", "/teach/confirm/waiting")
    assert found["questions"] == []


async def test_a_hint_makes_no_label_and_nobody_known(
    store: Store, service: Service, selfies: list[int]
) -> None:
    assert [await store.votes(each) for each in selfies] == [[], [], [], []]
    assert await store.live_labels("web", "idol") == []
    assert await service.names("web") == []
    page = await service.questions.page("web", "web:bob")
    assert {each.likely for each in page.questions} == {NAME}
    assert {each.name for each in page.questions} == {None}
