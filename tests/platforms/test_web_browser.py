"""The page in a real browser, on a phone and on a desktop."""

import asyncio
import base64
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from bot.judging import Judge, Networks
from bot.platforms.web import WebPlatform
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from tests.conftest import FIXTURES
from tests.platforms.serving import serving

PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}
SMALL_PHONE: dict[str, Any] = {**PHONE, "viewport": {"width": 360, "height": 640}}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
ASTRONAUT = FIXTURES / "astronaut.jpg"
PATIENCE = 20_000
"""Milliseconds: a judgement takes a fraction of one second, a busy machine may take many."""

expect.set_options(timeout=PATIENCE)


@asynccontextmanager
async def opened(
    browser: Browser,
    platform: WebPlatform,
    locale: str,
    provoked: Sequence[str] = (),
    **device: Any,
) -> AsyncIterator[Page]:
    """The page, with its history loaded. Nothing may complain in the console meanwhile.

    Args:
        provoked: words of complaints that the test means to provoke, beside the usual ones.
    """
    context = await browser.new_context(base_url=platform.url, locale=locale, **device)
    page = await context.new_page()
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    await page.goto("/")
    yield page
    await context.close()
    expected = "net::ERR_INTERNET_DISCONNECTED", "status of 503", *provoked
    assert [each for each in complaints if not any(word in each for word in expected)] == []


async def choose(page: Page, *files: Path) -> Locator:
    """Choose pictures; returns the card of their answer, which is the first."""
    fresh = page.locator(".fresh")
    before = await fresh.count()
    await page.set_input_files("#choose", files)
    await expect(fresh).to_have_count(before + 1)
    return fresh.first


async def teach(card: Locator, name: str) -> None:
    await card.locator("form.name input").fill(name)
    await card.locator("form.name button").click()


async def check_layout(page: Page) -> None:
    """No sideways scrolling; everything to press is large enough for a finger and has a name."""
    assert await page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    controls = page.locator("button:visible, a:visible, label.button:visible, input:visible")
    for control in await controls.all():
        box = await control.bounding_box()
        html = await control.evaluate("each => each.outerHTML")
        if box is None or "checkbox" in html or "unseen" in html.partition(">")[0]:
            continue  # these are pressed by their labels
        assert box["height"] >= 44, html
        assert box["width"] >= 44, html
    nameless = "each => !each.labels?.length && !each.innerText.trim() && !each.ariaLabel"
    for field in await page.locator("button:visible, input:visible").all():
        assert not await field.evaluate(nameless), await field.evaluate("each => each.outerHTML")


WORDS = {
    "en": {
        "unknown": "I don't know who this is.",
        "learned": "Learned: {name}",
        "named": "I think this is {name}",
        "wrong": "Wrong",
        "rejected": "Noted: not that person.",
        "undo": "Undo",
        "correct": "Correct this answer",
        "delete": "Delete",
        "keep": "Keep it",
        "empty": "No answers yet.",
    },
    "ja": {
        "unknown": "だれかわかりません。",
        "learned": "覚えました: {name}",
        "named": "{name}だと思います",
        "wrong": "ちがう",
        "rejected": "ちがう、と覚えました。",
        "undo": "取り消す",
        "correct": "訂正する",
        "delete": "削除",
        "keep": "残す",
        "empty": "まだ判定はありません。",
    },
}


@pytest.mark.parametrize(
    ("locale", "device", "name"),
    [
        ("ja", PHONE, "アイリーン・コリンズ"),
        ("en", DESKTOP, "Eileen Collins"),
        ("en", SMALL_PHONE, "<img src=x onerror=alert(1)>" + "very" * 12),
    ],
    ids=["phone", "desktop", "small phone, hostile name"],
)
async def test_the_whole_way(
    chromium: Browser, platform: WebPlatform, locale: str, device: dict[str, Any], name: str
) -> None:
    words = {key: sentence.format(name=name) for key, sentence in WORDS[locale].items()}
    async with opened(chromium, platform, locale, **device) as page:
        await expect(page.locator("html")).to_have_attribute("lang", locale)
        await expect(page.get_by_text(words["empty"])).to_be_visible()
        await check_layout(page)

        unknown = await choose(page, ASTRONAUT)
        await expect(unknown.locator(".words")).to_contain_text(words["unknown"])
        await expect(unknown.locator(".face img")).to_have_js_property("complete", value=True)
        await teach(unknown, name)
        await expect(unknown.locator(".status")).to_have_text(words["learned"])

        named = await choose(page, ASTRONAUT)
        await expect(named.locator(".words")).to_contain_text(words["named"])
        await check_layout(page)

        wrong = named.get_by_role("button", name=words["wrong"])
        await wrong.click()
        await expect(wrong).to_have_attribute("aria-pressed", "true")
        await expect(named.locator(".status")).to_contain_text(words["rejected"])
        await wrong.click()
        await expect(wrong).to_have_attribute("aria-pressed", "false")
        await wrong.click()
        await named.get_by_role("button", name=words["undo"]).click()
        await expect(wrong).to_have_attribute("aria-pressed", "false")

        await page.reload()
        cards = page.locator(".answer")
        await expect(cards).to_have_count(2)
        await expect(cards.nth(0).locator(".words")).to_contain_text(words["named"])
        await expect(cards.nth(1).locator(".status")).to_have_text(words["learned"])
        await cards.nth(0).get_by_text(words["correct"]).click()
        await check_layout(page)

        delete = cards.nth(1).get_by_role("button", name=words["delete"])
        await delete.click()
        await page.get_by_role("dialog").get_by_role("button", name=words["keep"]).click()
        await expect(cards).to_have_count(2)
        await delete.click()
        await page.get_by_role("dialog").get_by_role("button", name=words["delete"]).click()
        await expect(cards).to_have_count(1)
        await page.reload()
        await expect(cards).to_have_count(1)
        assert await page.locator("img[src=x]").count() == 0


TRANSFER = """([type, data]) => {
  const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
  const files = new DataTransfer();
  files.items.add(new File([bytes], "x.jpg", { type: "image/jpeg" }));
  const event =
    type === "paste"
      ? new ClipboardEvent(type, { clipboardData: files, bubbles: true })
      : new DragEvent(type, { dataTransfer: files, bubbles: true, cancelable: true });
  document.body.dispatchEvent(event);
  return event.defaultPrevented;
}"""


async def test_pictures_are_pasted_and_dropped(
    chromium: Browser, platform: WebPlatform, astronaut: bytes
) -> None:
    data = base64.b64encode(astronaut).decode()
    async with opened(chromium, platform, "en", **DESKTOP) as page:
        await page.evaluate(TRANSFER, ["paste", data])
        await expect(page.locator(".fresh .part")).to_have_count(1)

        assert await page.evaluate(TRANSFER, ["dragover", data])
        await expect(page.locator("body")).to_have_class("dragging")
        assert await page.evaluate(TRANSFER, ["drop", data])  # or the browser would open the file
        await expect(page.locator("body")).not_to_have_class("dragging")
        await expect(page.locator(".fresh .part")).to_have_count(2)


async def test_the_paste_button_reads_the_clipboard(
    chromium: Browser, platform: WebPlatform
) -> None:
    async with opened(chromium, platform, "en", **DESKTOP) as page:
        grant = ["clipboard-read", "clipboard-write"]
        await page.context.grant_permissions(grant, origin=platform.url)
        await page.evaluate("() => navigator.clipboard.writeText('words')")
        await page.get_by_role("button", name="Paste").click()
        await expect(page.get_by_role("alert")).to_contain_text("There is no picture")
        await page.evaluate(
            """async () => {
              const canvas = new OffscreenCanvas(64, 64);
              canvas.getContext("2d").fillRect(0, 0, 9, 9);
              const blob = await canvas.convertToBlob();
              await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
            }"""
        )
        await page.get_by_role("button", name="Paste").click()
        answer = page.locator(".fresh .summary")
        await expect(answer).to_contain_text("there is nobody to judge")


async def test_what_cannot_be_sent_is_said_at_once(
    chromium: Browser, platform: WebPlatform, tmp_path: Path
) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(b"x" * 20_000_001)
    text = tmp_path / "text.jpg"
    text.write_text("Dear diary")
    async with opened(chromium, platform, "en", **PHONE) as page:
        await page.set_input_files("#choose", [ASTRONAUT] * 5)
        await expect(page.locator("#notice")).to_have_text("At most 4 pictures at a time, please.")
        await page.set_input_files("#choose", large)
        await expect(page.locator("#notice")).to_contain_text("large.jpg: The file is too large")
        assert await page.locator(".pending").count() == 0
        refused = await choose(page, text)
        await expect(refused.locator(".summary")).to_contain_text("This is not a picture.")
        await expect(page.locator("#notice")).to_be_empty()


async def test_nothing_is_lost_while_offline(chromium: Browser, platform: WebPlatform) -> None:
    async with opened(chromium, platform, "en", **PHONE) as page:
        await page.context.set_offline(True)
        await page.set_input_files("#choose", ASTRONAUT)
        pending = page.locator(".pending")
        await expect(pending.locator(".preview")).to_be_visible()
        await expect(pending).to_contain_text("Hantei can't be reached right now.")
        await page.context.set_offline(False)
        await expect(page.locator(".fresh .part")).to_have_count(1)

        await page.context.set_offline(True)
        card = page.locator(".fresh")
        await card.get_by_role("button", name="Not a face").click()
        await expect(card.get_by_role("alert")).to_contain_text("Please try that again.")

        await page.set_input_files("#choose", ASTRONAUT)
        await pending.get_by_role("button", name="Cancel").click()
        await expect(pending).to_have_count(0)


async def test_a_busy_bot_is_asked_again(
    chromium: Browser, tmp_path: Path, networks: Networks, store: Store, intake: Any
) -> None:
    settings = Settings.model_validate(
        {
            "store": {"data_dir": tmp_path / "data"},
            "web": {"port": 0},
            "judging": {"workers": 1, "queue": 1},
        }
    )
    free = threading.Event()
    async with (
        Judge(settings, networks) as judge,
        Service(settings, store, intake, judge) as service,
        serving(settings, service) as platform,
        opened(chromium, platform, "en", **DESKTOP) as page,
    ):
        others = [asyncio.create_task(judge._run(free.wait)) for _ in range(2)]
        await page.set_input_files("#choose", ASTRONAUT)
        await expect(page.locator(".pending")).to_contain_text("I am busy right now")
        free.set()
        await expect(page.locator(".fresh .part")).to_have_count(1)
        await asyncio.gather(*others)


@pytest.mark.parametrize(
    ("locale", "device", "why", "reason"),
    [
        ("ja", SMALL_PHONE, "なぜ？", "同じ写真か、ほとんど同じ写真について、そう教わった"),
        ("en", DESKTOP, "Why?", "I was told so of the same picture"),
    ],
    ids=["phone", "desktop"],
)
async def test_why_opens_below_the_answer_and_closes(
    chromium: Browser,
    platform: WebPlatform,
    locale: str,
    device: dict[str, Any],
    why: str,
    reason: str,
) -> None:
    async with opened(chromium, platform, locale, **device) as page:
        taught = await choose(page, ASTRONAUT)
        await teach(taught, "<b>Eileen</b>" + "very" * 12)
        await expect(taught.locator(".status")).not_to_be_empty()
        card = await choose(page, ASTRONAUT)
        link, reasons = card.get_by_role("link", name=why), card.locator(".reasons")
        await expect(reasons).to_be_hidden()
        await link.click()
        await expect(reasons).to_contain_text(reason)
        await expect(link).to_have_attribute("aria-expanded", "true")
        await expect(reasons.locator("li")).to_contain_text("<b>Eileen</b>")
        width = "image => image.naturalWidth"
        assert await reasons.locator("li img").evaluate(width) == 320
        await check_layout(page)
        await link.click()
        await expect(reasons).to_be_hidden()

        await link.click()
        await expect(reasons).to_be_visible()
        await card.locator('[data-mark="not_a_face"]').click()
        await expect(reasons).to_be_hidden()  # it explains an earlier answer

        await page.goto(await link.get_attribute("href") or "")
        await check_layout(page)
        await page.get_by_role("link", name="Hantei").click()


async def test_spoilers_are_blurred_until_tapped(chromium: Browser, platform: WebPlatform) -> None:
    async with opened(chromium, platform, "en", **PHONE) as page:
        await page.get_by_label("Spoiler").check()
        card = await choose(page, ASTRONAUT)
        image = card.locator(".face img")
        await expect(image).to_have_css("filter", "blur(24px)")
        await card.get_by_role("button", name="Show the face").tap()
        await expect(image).to_have_css("filter", "none")


async def test_the_keyboard_is_enough(chromium: Browser, platform: WebPlatform) -> None:
    async with opened(chromium, platform, "en", **DESKTOP) as page:
        card = await choose(page, ASTRONAUT)
        field = card.get_by_label("Name of this person")
        await field.focus()
        await page.keyboard.type("Eileen Collins")
        await page.keyboard.press("Enter")
        await expect(card.locator(".status")).to_have_text("Learned: Eileen Collins")
        await expect(page.locator("#people option")).to_have_attribute("value", "Eileen Collins")
        await expect(page.get_by_role("status")).to_have_text("Learned: Eileen Collins")

        card = await choose(page, ASTRONAUT)
        right = card.get_by_role("button", name="Right")
        await right.focus()
        await page.keyboard.press("Space")
        await expect(right).to_have_attribute("aria-pressed", "true")
        await expect(right).to_be_focused()

        await card.get_by_role("button", name="Delete").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Keep it")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.locator(".fresh")).to_have_count(2)


async def test_the_language_switch_is_remembered(chromium: Browser, platform: WebPlatform) -> None:
    async with opened(chromium, platform, "en", **PHONE) as page:
        await page.get_by_role("link", name="日本語").click()
        await expect(page.get_by_text("写真を選ぶ")).to_be_visible()
        await page.reload()
        await expect(page.locator("html")).to_have_attribute("lang", "ja")
        await expect(page.get_by_role("link", name="日本語")).to_have_attribute(
            "aria-current", "true"
        )


@pytest.mark.parametrize("web", [{"password": "correct horse"}])
async def test_signing_in_lasts_when_a_link_leads_here(
    chromium: Browser, platform: WebPlatform
) -> None:
    async with opened(chromium, platform, "en", **PHONE) as page:
        await check_layout(page)
        await page.get_by_label("Password").fill("correct horse")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.locator("#choose")).to_be_attached()

        await page.goto("about:blank")
        await page.set_content(f'<a href="{platform.url}/">elsewhere</a>')
        await page.get_by_text("elsewhere").click()
        await expect(page.locator("#choose")).to_be_attached()

        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_label("Password")).to_be_visible()


@pytest.mark.parametrize("judging", [{"heads": ["idol", "character"]}])
@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_the_page_asks_whether_a_name_is_a_persons_or_a_characters(
    chromium: Browser, platform: WebPlatform, device: dict[str, Any]
) -> None:
    async with opened(chromium, platform, "en", **device) as page:
        card = await choose(page, ASTRONAUT)
        await teach(card, "Hantei")
        dialog = page.locator("#which-dialog")
        await expect(dialog.locator("h2")).to_have_text("Who is Hantei?")
        await check_layout(page)
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
        await expect(card.locator(".words")).to_contain_text("I don't know who this is.")

        await card.locator("form.name button").click()  # the name is still there
        await dialog.get_by_role("button", name="A character").click()
        await expect(card.locator(".words")).to_have_text("Cosplay of Hantei, I was told.")
        await card.locator(".undo").click()  # not asked again
        await expect(card.locator(".words")).to_contain_text("I don't know who this is.")
