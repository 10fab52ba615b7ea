"""The page /stats, over HTTP, with faces made of numbers."""

import sqlite3
from dataclasses import replace

import pytest
from aiohttp.web import Request

from bot.domain import Action, Correction, Role
from bot.platforms.web_pages import Pages, Session
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from tests.pixel_faces import PixelNetworks, post_shots
from tests.platforms.conftest import PAGE, Visitor

POSTER, EVE = "web:poster", "web:eve"


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


async def page(ann: Visitor, language: str = "en") -> str:
    status, told = await ann.send("GET", "/stats", {**PAGE, "Accept-Language": language})
    assert status == 200
    return str(told.decode())


async def test_the_page_says_who_taught_what(ann: Visitor, service: Service, store: Store) -> None:
    assert "Nobody has taught me anything here yet." in await page(ann)
    await service.allow("web", POSTER)
    (shot,) = await post_shots(store, "Mai", range(1), author=POSTER)
    for voter, name in ((POSTER, "Mai <b>"), (EVE, "Mai <b>")):
        await service.correct(Correction(shot, "idol", voter, Action.NAME, name=name))
    await ann.vote({"id": shot}, "name", name="Mai <b>")
    await service.teaching.recount("web", "idol")
    html = await page(ann)
    assert "3 votes so far; 1 face is settled by them." in html
    assert 'aria-label="right 0 %, wrong name 0 %, “I don&#39;t know” 100 %"' in html
    assert "<strong>Mai &lt;b&gt;</strong>" in html
    assert html.count('<th class="wide" scope="row">Teacher') == 2
    assert html.count('<th class="wide" scope="row">You') == 1
    assert "みんなが教えたこと" in await page(ann, "ja")
    home = (await ann.send("GET", "/", PAGE))[1].decode()
    assert 'href="/stats"' in home


async def test_teachers_see_only_their_own_figures(
    ann: Visitor, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (shot,) = await post_shots(store, "Mai", range(1), author=POSTER)
    for voter in (EVE, "web:bob"):
        await store.vote(Correction(shot, "idol", voter, Action.NAME, name="Mai"), "Mai")
    await ann.vote({"id": shot}, "name", name="Mai")
    session = Pages.session

    async def as_teacher(self: Pages, request: Request, least: Role = Role.VIEWER) -> Session:
        return replace(await session(self, request, least), role=Role.TEACHER)

    monkeypatch.setattr(Pages, "session", as_teacher)
    html = await page(ann)
    assert "3 votes so far" in html
    assert "Teacher " not in html
    assert html.count('scope="row">You') == 1


async def test_votes_say_that_they_were_cast_on_the_page(
    ann: Visitor, store: Store, settings: Settings
) -> None:
    (shot,) = await post_shots(store, "Mai", range(1), author=POSTER)
    await ann.vote({"id": shot}, "name", name="Mai")
    await ann.vote({"id": shot}, "rate_4")
    with sqlite3.connect(settings.store.data_dir / "hantei.sqlite3") as database:
        assert database.execute("SELECT place FROM votes").fetchall() == [("web:",)] * 2
