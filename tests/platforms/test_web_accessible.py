"""Every page, looked at by axe-core: labels, roles, focus order, contrast."""

from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser

from bot.domain import Action, Correction, Role
from bot.platforms.web import WebPlatform
from bot.service import Service
from bot.store import Store
from tests.pixel_faces import post_shots
from tests.platforms.teaching import (
    ASUKA,
    MAI,
    POSTER,
    community,
    member,
    networks,
    visiting,
)
from tests.platforms.test_web_browser import DESKTOP, PHONE, opened

__all__ = ["community", "member", "networks", "visiting"]

PAGES = (
    "/",
    "/teach",
    "/teach/confirm",
    "/teach/name",
    "/teach/review",
    "/teach/people",
    "/rate",
    "/boxes",
    "/enhance",
    "/stats",
    "/members",
    "/login",
)
READY = {
    "/teach/confirm": '#view[aria-busy="false"]',
    "/teach/name": "#grid button",
    "/teach/review": "#loading[hidden]",
    "/rate": '#view[aria-busy="false"]',
}
"""What is there once a page has been filled."""


@pytest.mark.parametrize("member", [{"role": Role.ADMIN}])
@pytest.mark.parametrize(
    ("device", "theme", "locale"), [(PHONE, "light", "ja"), (DESKTOP, "dark", "en")]
)
async def test_no_page_keeps_anybody_out(
    chromium: Browser,
    platform: WebPlatform,
    service: Service,
    store: Store,
    community: dict[str, list[int]],
    device: dict[str, Any],
    theme: str,
    locale: str,
) -> None:
    await post_shots(store, "Yuna", range(4), author=POSTER)
    await service.cluster_anew()
    for voter, name in (("web:a", ASUKA), ("web:b", MAI)):
        vote = Correction(community[MAI][0], "idol", voter, Action.NAME, name=name)
        await service.correct(vote)
    found: dict[str, str] = {}
    async with opened(chromium, platform, locale, **device, color_scheme=theme) as page:
        for path in PAGES:
            await page.goto(path)
            if path in READY:
                await page.wait_for_selector(READY[path], state="attached")
            if path == "/teach/confirm":
                await page.keyboard.press("o")
                await page.keyboard.type("齋")
                await page.wait_for_selector('[role="option"]')
            checked = await Axe().run(page)
            if checked.violations_count:
                found[path] = checked.generate_report()
        await page.evaluate("document.body.append(document.createElement('button'))")
        assert (await Axe().run(page)).violations_count == 1  # it does look
    assert found == {}
