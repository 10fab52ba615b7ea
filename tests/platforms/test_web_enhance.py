"""The page /enhance, over HTTP and in a real browser; what it shows is worked out elsewhere."""

import asyncio
import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image
from playwright.async_api import Browser, expect

from bot.enhancing import Advance, Better, Wish
from bot.errors import NotScored
from bot.platforms.web import WebPlatform
from bot.service import Service
from models.types import NoScore
from tests.pixel_faces import PixelNetworks, face
from tests.platforms.conftest import Visitor
from tests.platforms.test_web_browser import (
    ASTRONAUT,
    DESKTOP,
    PATIENCE,
    PHONE,
    check_layout,
    opened,
)


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


def png(width: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(face("Mai", 0).pixels).resize((width, 40)).save(file, "PNG")
    return file.getvalue()


BETTER = Better("Made better: 2.0 → 3.1", png(80), png(40))


class Enhancing:
    """Stands in for the service: notes what is wished for, and works until it may end."""

    def __init__(self) -> None:
        self.wishes: list[Wish] = []
        self.may_end = asyncio.Event()
        self.given_up = asyncio.Event()

    async def __call__(self, wish: Wish, advance: Advance) -> Better:
        self.wishes.append(wish)
        if wish.head == "taste":
            raise NotScored("taste", NoScore.TOO_FEW_RATINGS)
        try:
            while not await self._may_end_now():
                advance(1, 2)
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        advance(2, 2)
        return BETTER

    async def _may_end_now(self) -> bool:
        """After as long as a step may take."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.may_end.wait(), 0.1)
        return self.may_end.is_set()


@pytest.fixture
def enhancing(service: Service, monkeypatch: pytest.MonkeyPatch) -> Enhancing:
    made = Enhancing()
    monkeypatch.setattr(service, "enhance", made)
    return made


async def send(ann: Visitor, query: str = "", pictures: int = 1) -> tuple[int, list[Any]]:
    form = aiohttp.FormData()
    for _ in range(pictures):
        form.add_field("picture", b"bytes", filename="x.jpg", content_type="image/jpeg")
    status, told = await ann.send("POST", f"/enhance{query}", data=form)
    lines = told.splitlines() if isinstance(told, bytes) else []
    return status, [json.loads(line) for line in lines]


async def test_it_tells_how_far_it_is_and_what_came_of_it(
    ann: Visitor, enhancing: Enhancing
) -> None:
    enhancing.may_end.set()
    status, (step, last) = await send(ann, "?head=photogenic&start=noise&percent=50")
    assert (status, step) == (200, {"done": 2, "steps": 2})
    assert last["words"] == BETTER.words
    (wish,) = enhancing.wishes
    assert (wish.head, wish.start, wish.strength) == ("photogenic", "noise", 0.5)
    assert (wish.scope, wish.picture.data) == ("web", b"bytes")


async def test_why_not_is_said_in_words(ann: Visitor, enhancing: Enhancing) -> None:
    status, (told,) = await send(ann, "?head=taste")
    assert status == 200
    assert "1 to 5" in told["error"]  # and not in emoji
    for query in ("?head=beauty", "?percent=0", "?start=end"):
        assert (await send(ann, query))[0] == 400
    assert (await send(ann, pictures=2))[0] == 413


@pytest.mark.parametrize(("locale", "device"), [("ja", PHONE), ("en", DESKTOP)])
async def test_the_result_is_shown_and_can_be_called_back(
    chromium: Browser,
    platform: WebPlatform,
    enhancing: Enhancing,
    tmp_path: Path,
    locale: str,
    device: dict[str, Any],
) -> None:
    async with opened(chromium, platform, locale, **device) as page:
        await page.locator('a[href="/enhance"]').click()
        await page.set_input_files('[name="picture"]', ASTRONAUT)
        await check_layout(page)
        start = page.locator("form .primary")
        await start.click()
        await expect(page.locator("progress")).to_have_js_property("value", 0.5)
        await page.locator("#cancel").click()
        await expect(start).to_be_enabled()
        await expect(page.locator("#notice")).to_be_empty()
        await asyncio.wait_for(enhancing.given_up.wait(), PATIENCE / 1000)

        enhancing.may_end.set()
        await start.click()
        await expect(page.locator("#better-words")).to_have_text(BETTER.words)
        await expect(page.locator("#beside")).to_have_js_property("naturalWidth", 80)
        async with page.expect_download() as download:
            await page.locator("#download").click()
        saved = tmp_path / "saved.png"
        await (await download.value).save_as(saved)
        assert saved.read_bytes() == BETTER.result
        await check_layout(page)
