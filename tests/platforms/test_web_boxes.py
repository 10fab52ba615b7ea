"""The page /boxes, over HTTP and in a real browser."""

import asyncio
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Browser, CDPSession, Page, expect
from yarl import URL

from bot.annotating import boxes_dir
from bot.platforms.web import WebPlatform
from bot.settings import Settings
from datasets.box_sets import Box, BoxSet, picture_name
from tests.pixel_faces import PixelNetworks
from tests.platforms.conftest import PAGE, Visitor
from tests.platforms.test_web_browser import DESKTOP, PHONE, check_layout, opened

WIDTH, HEIGHT = 600, 400
FACE: Box = (100, 80, 200, 220)
WRONG: Box = (400, 250, 460, 330)
NEW: Box = (300, 40, 380, 150)
FIRST, SECOND = (picture_name(digit * 64, "0" * 16) for digit in "12")


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


@pytest.fixture
def kept(settings: Settings) -> BoxSet:
    """Two pictures that wait: first the one whose boxes are less sure."""
    made = BoxSet.create(boxes_dir(settings) / "夏-1")
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (HEIGHT // 50, WIDTH // 50, 3), np.uint8).repeat(50, 0)
    made.add(FIRST, pixels.repeat(50, 1), [(FACE, 0.96), (WRONG, 0.95)])
    made.add(SECOND, pixels[::-1].repeat(50, 1), [(FACE, 0.99)])
    return made


def label(kept: BoxSet, name: str = FIRST) -> list[list[float]]:
    """The numbers of the label file, as training reads them."""
    text = (kept.folder / "labels" / f"{name}.txt").read_text()
    return [[float(each) for each in line.split()] for line in text.splitlines()]


def yolo(*boxes: Box) -> list[list[float]]:
    return [
        [
            0,
            (left + right) / 2 / WIDTH,
            (top + bottom) / 2 / HEIGHT,
            (right - left) / WIDTH,
            (bottom - top) / HEIGHT,
        ]
        for left, top, right, bottom in boxes
    ]


def confirmed(kept: BoxSet) -> list[str]:
    return sorted(each.stem for each in (kept.folder / "images").iterdir())


# over HTTP


async def confirm(ann: Visitor, boxes: Any, name: str = FIRST, of: str = "夏-1") -> tuple[int, Any]:
    return await ann.send("PUT", f"/boxes/{of}/{name}", json={"boxes": boxes})


async def test_pictures_come_with_their_boxes(ann: Visitor, kept: BoxSet) -> None:
    status, told = await ann.send("GET", "/boxes/夏-1/waiting")
    assert (status, told) == (200, {"names": [FIRST, SECOND], "confirmed": 0})
    status, told = await ann.send("GET", f"/boxes/夏-1/{FIRST}")
    assert status == 200
    assert (told["width"], told["height"], told["confirmed"]) == (WIDTH, HEIGHT, False)
    assert np.allclose(told["boxes"], [FACE, WRONG], atol=0.01)
    status, picture = await ann.send("GET", f"/boxes/夏-1/{FIRST}.jpg")
    assert (status, picture) == (200, kept.picture(FIRST))


async def test_confirming_and_taking_back(ann: Visitor, kept: BoxSet) -> None:
    status, before = await confirm(ann, [FACE, NEW])
    assert (status, before["confirmed"]) == (200, False)
    assert np.allclose(label(kept), yolo(FACE, NEW), atol=1e-6)
    assert confirmed(kept) == [FIRST]
    assert (await ann.send("DELETE", f"/boxes/夏-1/{FIRST}"))[0] == 204
    assert confirmed(kept) == []


async def test_a_second_person_is_told_what_the_first_had_drawn(ann: Visitor, kept: BoxSet) -> None:
    await confirm(ann, [FACE])
    status, before = await confirm(ann, [NEW])
    assert (status, before["confirmed"]) == (200, True)
    assert np.allclose(before["boxes"], [FACE], atol=0.01)
    assert (await confirm(ann, before["boxes"]))[0] == 200  # so that it can be put back
    assert np.allclose(label(kept), yolo(FACE), atol=1e-5)


async def test_both_of_two_people_at_once_are_kept_whole(ann: Visitor, kept: BoxSet) -> None:
    answers = await asyncio.gather(confirm(ann, [FACE]), confirm(ann, [NEW]))
    assert sorted(before["confirmed"] for _, before in answers) == [False, True]
    assert confirmed(kept) == [FIRST]


NO_BOXES: list[Any] = [
    [[0, 0, 3, 100]],
    [[-1, 0, 50, 50]],
    [[0, 0, WIDTH + 1, 50]],
    [[50, 50, 10, 10]],
    [FACE] * 201,
    [[0, 0, 10]],
    [["0", 0, 50, 50]],
    "all",
    None,
    [[0, 0, float("nan"), 50]],
    [[0, 0, float("inf"), 50]],
    [[0, 0, 1e308, 1e308]],
]


async def test_what_is_no_box_is_refused(ann: Visitor, kept: BoxSet) -> None:
    for boxes in NO_BOXES:
        status, told = await confirm(ann, boxes)
        assert (status, bool(told["error"])) == (400, True), boxes
    assert kept.waiting() == [FIRST, SECOND]
    assert not list((kept.folder / "labels").iterdir())


async def test_an_endless_body_is_refused(ann: Visitor, kept: BoxSet) -> None:
    assert (await confirm(ann, [FACE] * 5000))[0] == 413
    assert kept.counts() == (2, 0)


NOWHERE = [
    ("winter", FIRST),
    ("..", FIRST),
    ("%2e%2e%2fboxes%2f夏-1", FIRST),
    ("夏-1", picture_name("9" * 64, "9" * 16)),
    ("夏-1", "..%2f..%2fweb.key"),
    ("夏-1", "waiting"),
]


async def test_there_is_nothing_else_to_be_had(ann: Visitor, kept: BoxSet) -> None:
    for of, name in NOWHERE:
        for method, path in (("GET", f"{name}.jpg"), ("PUT", name), ("DELETE", name)):
            url = str(URL(f"/boxes/{of}/{path}", encoded=True))
            status, _ = await ann.send(method, url, json={"boxes": []})
            assert status in (404, 405), url
    assert kept.counts() == (2, 0)


async def test_a_foreign_page_can_change_nothing(ann: Visitor, kept: BoxSet) -> None:
    foreign = {"Origin": "http://elsewhere.example"}
    assert (await ann.send("DELETE", f"/boxes/夏-1/{FIRST}", foreign))[0] == 403
    ann.token = "forged"
    assert (await confirm(ann, []))[0] == 403
    assert kept.counts() == (2, 0)


@pytest.mark.parametrize("web", [{"password": "secret"}])
async def test_a_locked_page_shows_no_picture(ann: Visitor, kept: BoxSet) -> None:
    assert (await ann.send("GET", "/boxes", PAGE))[0] == 303
    assert (await ann.send("GET", f"/boxes/夏-1/{FIRST}.jpg"))[0] == 401
    assert (await confirm(ann, []))[0] == 401


async def test_a_damaged_file_is_named(ann: Visitor, kept: BoxSet) -> None:
    (kept.folder / "proposals" / f"{FIRST}.txt").write_text("mended by hand")
    status, told = await ann.send("GET", f"/boxes/夏-1/{FIRST}")
    assert status == 400
    assert f"proposals/{FIRST}.txt" in told["error"]


async def test_sets_are_listed_where_there_are_any(ann: Visitor, settings: Settings) -> None:
    assert "/boxes" not in await ann.open()
    status, html = await ann.send("GET", "/boxes", PAGE)
    assert (status, b"python -m bot.collect boxes" in html) == (200, True)
    BoxSet.create(boxes_dir(settings) / "winter")
    assert "/boxes" in await ann.open()
    status, html = await ann.send("GET", "/boxes", PAGE)
    assert b'href="/boxes/winter"' in html
    status, html = await ann.send("GET", "/boxes/gone", PAGE)
    assert (status, b'href="/boxes"' in html) == (404, True)


# in a browser


async def on_screen(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where a point of the picture is on the screen."""
    point = await page.evaluate(
        """([x, y]) => {
          const shown = new DOMPoint(x, y).matrixTransform(
            document.querySelector("#stage").getScreenCTM());
          return [shown.x, shown.y];
        }""",
        [x, y],
    )
    return point[0], point[1]


async def touch(cdp: CDPSession, kind: str, *points: tuple[float, float]) -> None:
    told = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    await cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": told})


async def drag(
    page: Page, cdp: CDPSession | None, start: tuple[float, float], end: tuple[float, float]
) -> None:
    """With a finger if there is a session for it, else with the mouse; in pixels of the picture."""
    (x0, y0), (x1, y1) = await on_screen(page, *start), await on_screen(page, *end)
    path = [(x0 + (x1 - x0) * part / 4, y0 + (y1 - y0) * part / 4) for part in range(1, 5)]
    if cdp is None:
        await page.mouse.move(x0, y0)
        await page.mouse.down()
        for point in path:
            await page.mouse.move(*point)
        await page.mouse.up()
        return
    await touch(cdp, "touchStart", (x0, y0))
    for point in path:
        await touch(cdp, "touchMove", point)
    await touch(cdp, "touchEnd")


async def drawn(page: Page) -> list[Box]:
    """The boxes on the page, in pixels of the picture."""
    found: list[Box] = await page.locator("#faces .line").evaluate_all(
        """(all) => all.map((each) => {
          const [x, y, w, h] = ["x", "y", "width", "height"].map((k) => +each.getAttribute(k));
          return [x, y, x + w, y + h];
        })"""
    )
    return found


def near(found: list[Any], expected: list[Any], pixels: float = 1.5) -> bool:
    return len(found) == len(expected) and bool(np.allclose(found, expected, atol=pixels))


@pytest.mark.parametrize(
    ("device", "locale", "remove", "done", "undo"),
    [
        (PHONE, "ja", "削除", "これで OK", "取り消す"),
        (DESKTOP, "en", "Remove", "Done", "Undo"),
    ],
    ids=["phone", "desktop"],
)
async def test_boxes_are_dragged_drawn_removed_and_confirmed(
    chromium: Browser,
    platform: WebPlatform,
    kept: BoxSet,
    device: dict[str, Any],
    locale: str,
    remove: str,
    done: str,
    undo: str,
) -> None:
    async with opened(chromium, platform, locale, **device) as page:
        finger = await page.context.new_cdp_session(page) if device is PHONE else None
        await page.locator('a[href="/boxes"]').click()
        await check_layout(page)
        await page.get_by_role("link", name="夏-1").click()
        faces = page.locator("#faces g")
        await expect(faces).to_have_count(2)
        await expect(page.locator("#left")).to_have_text("2")
        await check_layout(page)
        assert near(await drawn(page), [FACE, WRONG], 0.1)

        await drag(page, finger, (150, 150), (170, 140))  # the box by its middle
        for grip in await page.locator(".grip").all():
            size = await grip.bounding_box()
            assert size
            assert min(size["width"], size["height"]) >= 43.9
        await drag(page, finger, (120, 70), (110, 90))  # its upper left corner
        changed: Box = (110, 90, 220, 210)
        assert near(await drawn(page), [changed, WRONG])
        await drag(page, finger, NEW[:2], NEW[2:])  # on empty ground
        assert near(await drawn(page), [changed, WRONG, NEW])
        await drag(page, finger, (430, 290), (430, 290))  # a tap
        await page.get_by_role("button", name=remove).click()
        assert near(await drawn(page), [changed, NEW])

        await page.get_by_role("button", name=done).click()
        await expect(page.locator("#left")).to_have_text("1")
        await expect(page.locator("#confirmed")).to_have_text("1")
        await expect(faces).to_have_count(1)  # the next picture's
        tolerance = 1.5 / HEIGHT
        assert np.allclose(label(kept), yolo(changed, NEW), atol=tolerance)
        assert confirmed(kept) == [FIRST]

        await page.get_by_role("button", name=undo).click()
        await expect(faces).to_have_count(2)
        await expect(page.locator("#left")).to_have_text("2")
        assert confirmed(kept) == []
        assert near(await drawn(page), [changed, NEW])


async def test_everything_can_be_done_with_keys(
    chromium: Browser, platform: WebPlatform, kept: BoxSet
) -> None:
    async with opened(chromium, platform, "en", **DESKTOP) as page:
        await page.goto("/boxes/夏-1")
        faces = page.locator("#faces g")
        await expect(faces).to_have_count(2)
        await faces.first.focus()
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Face 2")).to_have_attribute(
            "aria-pressed", "true"
        )
        before = (await drawn(page))[1]
        for key in ("ArrowRight", "ArrowRight", "ArrowUp", "Shift+ArrowDown"):
            await page.keyboard.press(key)
        left, top, right, bottom = (
            b - a for a, b in zip(before, (await drawn(page))[1], strict=True)
        )
        assert left == right == 2 * -top > 0
        assert bottom == pytest.approx(0)
        await page.keyboard.press("Control+z")  # nudges are taken back together
        assert near(await drawn(page), [FACE, WRONG])
        await page.keyboard.press("Delete")
        assert near(await drawn(page), [FACE])
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Add").press("Enter")
        assert len(await drawn(page)) == 2
        await page.keyboard.press("Backspace")  # a box is in hand: it goes
        assert near(await drawn(page), [FACE])
        await page.keyboard.press("Escape")
        await page.locator("#stage").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator("#left")).to_have_text("1")
        assert np.allclose(label(kept), yolo(FACE), atol=0.001)
        await page.keyboard.press("Backspace")  # none is in hand: back to the picture before
        await expect(page.locator("#left")).to_have_text("2")
        assert confirmed(kept) == []


async def test_the_end_has_the_command_and_can_be_undone(
    chromium: Browser, platform: WebPlatform, kept: BoxSet
) -> None:
    async with opened(chromium, platform, "en", **PHONE) as page:
        grant = ["clipboard-read", "clipboard-write"]
        await page.context.grant_permissions(grant, origin=platform.url)
        await page.goto("/boxes/夏-1")
        done, left = page.get_by_role("button", name="Done"), page.locator("#left")
        await expect(left).to_have_text("2")
        await done.click()
        await expect(left).to_have_text("1")
        await done.click()
        await expect(page.get_by_role("heading", name="All pictures are done.")).to_be_focused()
        command = page.locator("#command")
        assert await command.inner_text() == (
            f"python -m bot.retrain --head illustration-detector --data '{kept.folder}'"
        )
        await check_layout(page)
        await page.get_by_role("button", name="Copy").click()
        await expect(page.get_by_role("status")).to_have_text("Copied.")
        copied = await page.evaluate("() => navigator.clipboard.readText()")
        assert copied == await command.inner_text()
        assert kept.counts() == (0, 2)

        await page.get_by_role("button", name="Undo").click()
        await expect(left).to_have_text("1")
        await expect(command).to_be_hidden()
        assert kept.waiting() == [SECOND]


async def test_a_skipped_picture_comes_again_at_the_end(
    chromium: Browser, platform: WebPlatform, kept: BoxSet
) -> None:
    async with opened(chromium, platform, "en", **DESKTOP) as page:
        async with page.expect_request(f"**/{SECOND}.jpg"):  # before it is its turn
            await page.goto("/boxes/夏-1")
        faces = page.locator("#faces g")
        await expect(faces).to_have_count(2)
        await drag(page, None, NEW[:2], NEW[2:])
        await page.get_by_role("button", name="Skip").click()
        await expect(faces).to_have_count(1)
        await page.get_by_role("button", name="Undo").click()
        await expect(faces).to_have_count(3)  # what was drawn is not lost
        await page.get_by_role("button", name="Skip").click()
        await expect(faces).to_have_count(1)
        await page.get_by_role("button", name="Done").click()
        await expect(faces).to_have_count(2)
        assert confirmed(kept) == [SECOND]


async def test_two_tabs_lose_no_work(
    chromium: Browser, platform: WebPlatform, kept: BoxSet
) -> None:
    async with (
        opened(chromium, platform, "en", **DESKTOP) as ann,
        opened(chromium, platform, "en", **DESKTOP) as ben,
    ):
        for page in (ann, ben):
            await page.goto("/boxes/夏-1")
            await expect(page.locator("#faces g")).to_have_count(2)
        await drag(ann, None, NEW[:2], NEW[2:])
        for page in (ann, ben):
            await page.get_by_role("button", name="Done").click()
            await expect(page.locator("#left")).to_have_text("1")
        assert np.allclose(label(kept), yolo(FACE, WRONG), atol=0.001)  # the later one holds
        await ben.get_by_role("button", name="Undo").click()
        await expect(ben.locator("#faces g")).to_have_count(3)
        assert np.allclose(label(kept), yolo(FACE, WRONG, NEW), atol=0.005)
        assert confirmed(kept) == [FIRST]


async def test_nothing_is_lost_while_offline(
    chromium: Browser, platform: WebPlatform, kept: BoxSet
) -> None:
    async with opened(chromium, platform, "en", **DESKTOP) as page:
        await page.goto("/boxes/夏-1")
        await expect(page.locator("#faces g")).to_have_count(2)
        await drag(page, None, NEW[:2], NEW[2:])
        await page.context.set_offline(True)
        done = page.get_by_role("button", name="Done")
        await done.click()
        await expect(page.get_by_role("alert")).to_contain_text("can't be reached")
        assert near(await drawn(page), [FACE, WRONG, NEW])
        await page.context.set_offline(False)
        await done.click()
        await expect(page.locator("#left")).to_have_text("1")
        assert len(label(kept)) == 3


async def test_a_second_finger_draws_nothing(
    chromium: Browser, platform: WebPlatform, kept: BoxSet
) -> None:
    async with opened(chromium, platform, "en", **PHONE) as page:
        finger = await page.context.new_cdp_session(page)
        await page.goto("/boxes/夏-1")
        await expect(page.locator("#faces g")).to_have_count(2)
        one, other = await on_screen(page, 250, 50), await on_screen(page, 350, 100)
        await touch(finger, "touchStart", one)
        await touch(finger, "touchMove", (one[0] + 30, one[1] + 30))
        await expect(page.locator("#faces g")).to_have_count(3)
        await touch(finger, "touchStart", (one[0] + 30, one[1] + 30), other)
        await expect(page.locator("#faces g")).to_have_count(2)
        await touch(finger, "touchEnd")
        await expect(page.locator("#undo")).to_be_disabled()


async def test_small_faces_are_corrected_zoomed_in(
    chromium: Browser, platform: WebPlatform, kept: BoxSet
) -> None:
    async with opened(chromium, platform, "en", **PHONE) as page:
        finger = await page.context.new_cdp_session(page)
        await page.goto("/boxes/夏-1")
        await page.locator("#faces g").first.focus()
        await finger.send("Emulation.setPageScaleFactor", {"pageScaleFactor": 3})
        # As large for a finger as before, so that it covers less of the picture.
        await page.wait_for_function(
            """() => {
              const { width } = document.querySelector(".grip").getBoundingClientRect();
              return Math.abs(3 * width - 44) < 0.1;
            }"""
        )
        face = page.locator("#faces g").first
        await face.evaluate("(each) => each.scrollIntoView({ behavior: 'instant' })")
        seen = await page.evaluate("() => [visualViewport.offsetLeft, visualViewport.offsetTop]")
        x, y = await on_screen(page, 30, 30)
        way = [(x - seen[0] + 2 * step, y - seen[1] + 2 * step) for step in range(5)]
        await touch(finger, "touchStart", way[0])
        for point in way[1:]:
            await touch(finger, "touchMove", point)
        await touch(finger, "touchEnd")
        size = 8 * WIDTH / 346  # which a finger could not draw without zooming in
        assert near(await drawn(page), [FACE, WRONG, (30, 30, 30 + size, 30 + size)], 0.5)


async def test_a_picture_that_is_gone_is_left_out(
    chromium: Browser, platform: WebPlatform, kept: BoxSet
) -> None:
    async with opened(chromium, platform, "en", ["status of 404"], **DESKTOP) as page:
        await page.goto("/boxes/夏-1")
        await expect(page.locator("#left")).to_have_text("2")
        (kept.folder / "waiting" / f"{FIRST}.jpg").unlink()
        done = page.get_by_role("button", name="Done")
        await done.click()
        await expect(page.get_by_role("alert")).to_contain_text("There is no such picture")
        await page.get_by_role("button", name="Skip").click()
        await expect(page.locator("#faces g")).to_have_count(1)
        await done.click()
        await expect(page.get_by_role("alert")).to_contain_text("There is no such picture")
        await done.click()
        await expect(page.get_by_role("heading", name="All pictures are done.")).to_be_visible()
