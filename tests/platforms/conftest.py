"""The page, served for tests of its HTTP and for tests in a real browser."""

import os
import re
import shutil
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from playwright.async_api import Browser, async_playwright

from bot.platforms.web import WebPlatform
from bot.platforms.web_door import TOKEN_HEADER
from bot.service import Service
from bot.settings import Settings
from tests.platforms.serving import serving

PAGE = {"Accept": "text/html"}

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


class Visitor:
    """A browser without a screen: keeps cookies, and the token of the page it has opened."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.http = http
        self.token = ""

    async def open(self) -> str:
        """Look at the page; returns its HTML."""
        async with self.http.get("/", headers=PAGE) as response:
            html = await response.text()
        found = re.search(r'"token": "(\w+)"|name="token" value="(\w+)"', html)
        assert found
        self.token = found[1] or found[2]
        return html

    async def send(
        self, method: str, path: str, headers: dict[str, str] | None = None, **how: Any
    ) -> tuple[int, Any]:
        """Status and what came back: JSON as values, anything else as bytes."""
        sent = {TOKEN_HEADER: self.token, **(headers or {})}
        async with self.http.request(
            method, path, headers=sent, allow_redirects=False, **how
        ) as response:
            if response.content_type == "application/json":
                return response.status, await response.json()
            return response.status, await response.read()

    async def upload(
        self, *pictures: bytes, key: str | None = None, query: str = ""
    ) -> tuple[int, Any]:
        form = aiohttp.FormData()
        for picture in pictures:
            form.add_field("picture", picture, filename="x.jpg", content_type="image/jpeg")
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return await self.send("POST", "/answers" + query, headers, data=form)

    async def face(self, picture: bytes) -> dict[str, Any]:
        """Post a picture with one face; returns the part for it."""
        status, answer = await self.upload(picture)
        assert status == 200, answer
        (part,) = answer["parts"]
        return dict(part)

    async def vote(self, part: dict[str, Any], mark: str, **more: Any) -> tuple[int, Any]:
        return await self.send("POST", f"/parts/{part['id']}/vote", json={"mark": mark, **more})

    async def history(self) -> list[dict[str, Any]]:
        status, told = await self.send("GET", "/answers")
        assert status == 200, told
        return list(told["answers"])


def client(platform: WebPlatform) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        platform.url,
        cookie_jar=aiohttp.CookieJar(unsafe=True),  # unsafe: also for IP addresses
        headers={"Accept-Language": "en"},
    )


@pytest.fixture
def web() -> dict[str, Any]:
    """The section [web]; tests parametrize it."""
    return {}


@pytest.fixture
def judging() -> dict[str, Any]:
    """The section [judging]; tests parametrize it."""
    return {}


@pytest.fixture
def settings(tmp_path: Path, web: dict[str, Any], judging: dict[str, Any]) -> Settings:
    sections = {
        "store": {"data_dir": tmp_path / "data"},
        "web": {"port": 0, **web},
        "judging": judging,
    }
    return Settings.model_validate(sections)


@pytest.fixture
async def platform(settings: Settings, service: Service) -> AsyncIterator[WebPlatform]:
    async with serving(settings, service) as platform:
        yield platform


@pytest.fixture
async def http(platform: WebPlatform) -> AsyncIterator[aiohttp.ClientSession]:
    async with client(platform) as session:
        yield session


@pytest.fixture
async def ann(http: aiohttp.ClientSession) -> Visitor:
    """A visitor who has the page open."""
    visitor = Visitor(http)
    await visitor.open()
    return visitor


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail("REQUIRE_BROWSER=1, but there is no Chromium")
        pytest.skip("no Chromium: install it to run the browser tests")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        await browser.close()
