"""The page /rate, and scores on the page, over HTTP and in a real browser."""

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.async_api import Browser, Page, expect

from bot.domain import Mark
from bot.platforms.web import PLACE, WebPlatform
from bot.service import Service
from bot.store import Store
from tests.pixel_faces import PixelNetworks, face, post_face
from tests.platforms.conftest import PAGE, Visitor, client
from tests.platforms.test_web_browser import DESKTOP, PHONE, check_layout, choose, opened


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


@pytest.fixture
def picture() -> bytes:
    """Somebody, as an upload."""
    file = io.BytesIO()
    Image.fromarray(face("Mai", 0).pixels).resize((320, 320)).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
async def posted(store: Store) -> list[int]:
    """Six faces by two people."""
    return [
        await post_face(store, face(f"person {n}", 0), key=f"web/{n}", author=f"web:{n % 2}")
        for n in range(6)
    ]


async def waiting(visitor: Visitor) -> dict[str, Any]:
    status, told = await visitor.send("GET", "/rate/waiting")
    assert status == 200
    return dict(told)


async def rate(visitor: Visitor, verdict_id: int, score: int, **more: Any) -> dict[str, Any]:
    status, told = await visitor.vote({"id": verdict_id}, f"rate_{score}", **more)
    assert status == 200, told
    return dict(told)


# over HTTP


async def test_what_is_rated_waits_no_longer_until_it_is_taken_back(
    ann: Visitor, store: Store, posted: list[int]
) -> None:
    assert [each["id"] for each in (await waiting(ann))["waiting"]] == posted[::-1]
    told = await rate(ann, posted[0], 4)
    assert told["rating"] == {"score": 4, "asked": False}
    left = await waiting(ann)
    assert posted[0] not in [each["id"] for each in left["waiting"]]
    assert (left["counted"], left["unagreed"]) == (0, 1)
    await store.set_allowed("web", "web:0", True)
    assert (await waiting(ann))["counted"] == 1
    await rate(ann, posted[0], 4, withdraw=True)
    assert len((await waiting(ann))["waiting"]) == 6
    assert "Rate pictures (6)" in await ann.open()


async def test_each_visitor_rates_for_themselves(
    ann: Visitor, platform: WebPlatform, posted: list[int]
) -> None:
    await rate(ann, posted[0], 5)
    async with client(platform) as http:
        bea = Visitor(http)
        await bea.open()
        assert len((await waiting(bea))["waiting"]) == 6


async def test_only_what_was_posted_here_and_is_still_there_is_shown(
    ann: Visitor, store: Store, posted: list[int]
) -> None:
    foreign = await post_face(store, face("Yuna", 0), key="d/1", scope="discord:1")
    status, body = await ann.send("GET", f"/rate/{posted[0]}.jpg")
    assert status == 200
    with Image.open(io.BytesIO(body)) as shown:
        difference = np.asarray(shown).astype(int) - face("person 0", 0).pixels
    assert np.abs(difference).mean() < 8  # no frame, no name, no score
    assert (await ann.send("GET", f"/rate/{foreign}.jpg"))[0] == 404
    assert foreign not in [each["id"] for each in (await waiting(ann))["waiting"]]
    await store.forget_posts(["web/0"])
    assert (await ann.send("GET", f"/rate/{posted[0]}.jpg"))[0] == 404
    assert len((await waiting(ann))["waiting"]) == 5


async def test_what_is_no_face_is_not_offered(
    ann: Visitor, service: Service, picture: bytes
) -> None:
    part = await ann.face(picture)
    assert len((await waiting(ann))["waiting"]) == 1
    await ann.vote(part, "not_a_face")
    assert (await waiting(ann))["waiting"] == []


async def test_ratings_are_exported_and_forgotten(
    ann: Visitor, service: Service, posted: list[int]
) -> None:
    for verdict_id, score in zip(posted, (1, 5), strict=False):
        await rate(ann, verdict_id, score)
    await service.mark(posted[0], Mark.RATE_3, "web:somebody else")
    status, table = await ann.send("GET", "/rate/ratings.csv")
    assert status == 200
    header, *rows = csv.reader(io.StringIO(table.decode()))
    assert header == ["picture", "score", "rated_at"]
    assert [row[:2] for row in rows] == [
        [f"/rate/{posted[0]}.jpg", "1"],
        [f"/rate/{posted[1]}.jpg", "5"],
    ]
    assert (await ann.send("DELETE", "/rate/ratings"))[0] == 204
    assert len((await waiting(ann))["waiting"]) == 6
    (left,) = await service.ratings_of("web", "web:somebody else")
    assert left.score == 3


async def test_forgetting_needs_the_token_of_the_page(ann: Visitor, posted: list[int]) -> None:
    await rate(ann, posted[0], 2)
    ann.token = "forged"
    assert (await ann.send("DELETE", "/rate/ratings"))[0] == 403
    assert (await waiting(ann))["unagreed"] == 1


async def test_what_is_judged_is_chosen_and_left_to_the_settings_again(
    ann: Visitor, service: Service, picture: bytes
) -> None:
    body = {"heads": ["taste", "idol"], "like_from": 4.5}
    status, told = await ann.send("PUT", "/judged", json=body)
    assert (status, told) == (200, {"heads": ["idol", "taste"], "like_from": 4.5})
    part = await ann.face(picture)
    assert "Your taste:" in part["words"]
    assert "nope" in part["words"]
    assert part["rating"]["asked"]
    for wrong in ({"heads": ["fame"], "like_from": 3}, {"heads": [], "like_from": 6}):
        assert (await ann.send("PUT", "/judged", json=wrong))[0] == 400
    status, told = await ann.send("PUT", "/judged", json={"heads": [], "like_from": None})
    assert (status, told) == (200, {"heads": [], "like_from": 3.0})
    assert await service.heads_in(PLACE) is None


async def test_beauty_is_scored_after_the_posters_word_alone(
    ann: Visitor, service: Service, platform: WebPlatform, picture: bytes
) -> None:
    await service.choose_heads(PLACE, ["beauty"])
    part = await ann.face(picture)
    assert "press the button below" in part["words"]
    assert "mine" in [each["mark"] for each in part["marks"]]
    assert part["naming"] is False
    async with client(platform) as http:
        bea = Visitor(http)
        await bea.open()
        ((seen,),) = [answer["parts"] for answer in await bea.history()]
        assert "has not said yet whom it shows" in seen["words"]
        assert "mine" not in [each["mark"] for each in seen["marks"]]
        status, told = await bea.vote(part, "mine")
        assert (status, told) == (
            403,
            {"error": "Only who posted a picture can say whom it shows."},
        )
    status, scored = await ann.vote(part, "mine")
    assert status == 200
    assert "Beauty: " in scored["words"]
    assert scored["image"] != part["image"]  # the score stands in it
    assert (await ann.send("GET", f"/parts/{part['id']}"))[1]["words"] == scored["words"]


async def test_no_word_on_the_page_has_emoji(
    ann: Visitor, service: Service, picture: bytes
) -> None:
    await service.choose_heads(PLACE, ["idol", "beauty", "taste"])
    part = await ann.face(picture)
    told = " ".join([part["words"], part["description"], *(m["label"] for m in part["marks"])])
    assert not any(mark in told for mark in Mark)


@pytest.mark.parametrize("web", [{"password": "secret"}])
async def test_a_locked_page_shows_nothing_to_rate(ann: Visitor, posted: list[int]) -> None:
    assert (await ann.send("GET", "/rate", PAGE))[0] == 303
    for path in ("/rate/waiting", "/rate/ratings.csv", f"/rate/{posted[0]}.jpg"):
        assert (await ann.send("GET", path))[0] == 401


# in a browser


async def shown(page: Page) -> str:
    """The pixels that are seen; the picture is there without waiting."""
    image = page.locator("#picture img")
    assert await image.evaluate("each => each.complete && each.naturalWidth > 0")
    return str(
        await image.evaluate(
            """each => {
              const canvas = new OffscreenCanvas(32, 32).getContext("2d");
              canvas.drawImage(each, 0, 0, 32, 32);
              return String(canvas.getImageData(0, 0, 32, 32).data);
            }"""
        )
    )


@pytest.mark.parametrize(("locale", "device"), [("ja", PHONE), ("en", DESKTOP)])
async def test_rating_with_five_keys(
    chromium: Browser,
    platform: WebPlatform,
    posted: list[int],
    locale: str,
    device: dict[str, Any],
) -> None:
    progress = {"en": "{} of 6 rated.", "ja": "6 枚中 {} 枚を評価しました。"}[locale]
    async with opened(chromium, platform, locale, **device) as page:
        await page.locator('a[href="/rate"]').click()
        rated = page.locator("#progress")
        await expect(rated).to_have_text(progress.format(0))
        await expect(page.locator("#view")).to_have_attribute("aria-busy", "false")
        await check_layout(page)
        first = await shown(page)

        await page.keyboard.press("4")
        await expect(rated).to_have_text(progress.format(1))
        assert await shown(page) != first
        await page.locator('[data-score="2"]').click()
        await page.keyboard.press("s")
        await expect(rated).to_have_text(progress.format(2))
        for _ in range(2):
            await page.keyboard.press("u")
        await page.keyboard.press("Backspace")
        await expect(rated).to_have_text(progress.format(0))
        await expect(page.locator("#undo")).to_be_disabled()
        assert await shown(page) == first

        await page.keyboard.press("5")
        await expect(rated).to_have_text(progress.format(1))
        await page.reload()
        for before in range(1, 6):
            await expect(rated).to_have_text(progress.format(before))
            await expect(page.locator("#view")).to_have_attribute("aria-busy", "false")
            await page.keyboard.press("3")
        await expect(page.locator("#finished")).to_be_visible()
        await check_layout(page)


async def test_the_next_picture_is_there_before_its_turn(
    chromium: Browser, platform: WebPlatform, posted: list[int]
) -> None:
    async with opened(chromium, platform, "en", **DESKTOP) as page:
        network = await page.context.new_cdp_session(page)
        slow = {"offline": False, "latency": 50, "downloadThroughput": -1, "uploadThroughput": -1}
        await network.send("Network.enable")
        await network.send("Network.emulateNetworkConditions", slow)
        answered = [page.expect_response(f"**/rate/{each}.jpg") for each in posted[:1:-1]]
        async with answered[0], answered[1], answered[2], answered[3]:
            await page.goto("/rate")
        await expect(page.locator("#view")).to_have_attribute("aria-busy", "false")
        before = await shown(page)
        await page.keyboard.press("3")
        assert await shown(page) != before
        await expect(page.locator("#progress")).to_have_text("1 of 6 rated.")


async def test_ratings_made_offline_are_sent_later(
    chromium: Browser, platform: WebPlatform, service: Service, posted: list[int]
) -> None:
    async with opened(chromium, platform, "en", **PHONE) as page:
        await page.goto("/rate")
        await expect(page.locator("#view")).to_have_attribute("aria-busy", "false")
        await page.context.set_offline(True)
        await page.locator('[data-score="5"]').tap()
        await expect(page.locator("#notice")).to_contain_text("are kept here")
        await page.context.set_offline(False)
        await page.reload()
        await expect(page.locator("#progress")).to_have_text("1 of 6 rated.")


async def test_spoilers_are_rated_once_they_are_seen_and_ratings_are_forgotten(
    chromium: Browser, platform: WebPlatform, store: Store
) -> None:
    await post_face(store, face("Mai", 0), key="web/1", spoiler=True)
    async with opened(chromium, platform, "en", **DESKTOP) as page:
        await page.goto("/rate")
        await expect(page.locator("#picture img")).to_have_css("filter", "blur(24px)")
        await expect(page.locator('[data-score="1"]')).to_be_disabled()
        await page.get_by_role("button", name="Show the picture").click()
        await page.keyboard.press("1")
        await expect(page.locator("#finished")).to_be_visible()

        await page.locator(".mine-rated summary").click()
        await expect(page.locator("#unagreed")).to_have_text("1")
        await page.locator("#reset").click()
        await page.get_by_role("dialog").get_by_role("button", name="Forget them").click()
        await expect(page.locator("#unagreed")).to_have_text("0")
        await expect(page.locator("#view")).to_have_class("shown covered")


SCORED = {
    "en": ("beauty", "This is me", "Beauty: ", "Rate"),
    "ja": ("顔の評価", "写っているのは自分か", "顔の評価：5 点満点で", "評価"),
}


@pytest.mark.parametrize(("locale", "device"), [("ja", PHONE), ("en", DESKTOP)])
async def test_beauty_is_asked_for_on_the_page(
    chromium: Browser,
    platform: WebPlatform,
    picture: bytes,
    tmp_path: Path,
    locale: str,
    device: dict[str, Any],
) -> None:
    head, word, score, rating = SCORED[locale]
    file = tmp_path / "me.png"
    file.write_bytes(picture)
    async with opened(chromium, platform, locale, **device) as page:
        await page.locator(".post summary").click()
        box = page.locator("#judged").get_by_label(head)
        await box.check()
        await expect(page.locator("#announcer")).not_to_be_empty()
        await page.locator('[name="like_from"]').fill("4.5")
        await page.keyboard.press("Enter")
        await expect(page.locator('[name="like_from"]')).to_be_enabled()
        card = await choose(page, file)
        mine = card.get_by_role("button", name=word)
        await check_layout(page)
        async with opened(chromium, platform, locale, **device) as other:
            await expect(other.locator(".words")).to_be_visible()
            await expect(other.locator(".mine")).to_be_hidden()
        await mine.click()
        await expect(card.locator(".words")).to_contain_text(score)
        await expect(mine).to_be_hidden()

        await card.locator(".rate summary").click()
        four = card.get_by_role("group", name=rating).get_by_role("button", name="4")
        await four.focus()
        await page.keyboard.press("Enter")
        await expect(four).to_have_attribute("aria-pressed", "true")
        await expect(four).to_be_focused()
        await check_layout(page)
        await page.reload()
        await expect(box).to_be_checked()
        await expect(page.locator('[name="like_from"]')).to_have_value("4.5")
        pressed = page.locator('.rating [aria-pressed="true"]')
        await expect(pressed).to_have_text("4")
        await pressed.click()
        await expect(pressed).to_have_count(0)
