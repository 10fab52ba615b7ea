"""The sheet of a sweep in a real browser, with words that mean harm."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from bot import contact_sheet
from bot.contact_sheet import MOST_REFUSED, Sheet
from bot.store import Store
from bot.sweeping import Sweep, Swept, Why
from models.types import Refused, Scored
from tests.platforms.test_web_browser import DESKTOP, PHONE, check_layout
from tests.sweeps import ANN, ORIGIN, SOURCE, keep, shades

HOSTILE = '"><img src=https://evil.example/x onerror=alert(1)><script>alert(1)</script>'
SPOOF = "\u202egnp.exe</p></bdi>"
LONG = "とても長い名前" * 20
WORDS = {
    "en": {
        "suggested": ["like", "too close to call", "nope"],
        "notice": "Hantei likes, follows and messages nobody",
        "open": "Open the post",
        "done": "0 / 3 dealt with",
        "alt": "Picture 2, by {name}",
        "refused": "It was posted as a spoiler.",
        "more": "2 more are in sheet.csv.",
        "delete": "Delete it by 2026-11-24",
        "consent": "the poster has not agreed; kept until 2026-11-24",
    },
    "ja": {
        "suggested": ["いいね", "どちらとも言えません", "うーん"],
        "notice": "メッセージを送ったりすることは一切ありません",
        "open": "投稿を開く",
        "done": "0 / 3 確認済み",
        "alt": "2 位の写真（投稿者：{name}）",
        "refused": "ネタバレ（スポイラー）として投稿されています。",
        "more": "ほか 2 枚は sheet.csv にあります。",
        "delete": "2026-11-24 までに削除してください",
        "consent": "投稿者の同意がないため 2026-11-24 まで保存します",
    },
}


@pytest.fixture
async def sheet(store: Store) -> Sheet:
    """A like, one too close to call, a nope; and more that were refused than a page shows."""
    soon = datetime(2026, 11, 24)
    told = [
        replace(ORIGIN, text="今日のライブ", likes=1234, posted=soon),
        replace(ORIGIN, text=HOSTILE * 9, url="javascript:alert(1)", licence=HOSTILE),
        replace(ORIGIN, text=SPOOF, url="https://example.org/?a=b&c='\"><b>"),
    ]
    scores = ((3.4, 4.0, 4.6), (2.5, 3.2, 3.9), (1.2, 2.0, 2.8))
    swept = []
    for n, (origin, name) in enumerate(zip(told, ("あいり", HOSTILE, LONG), strict=True)):
        await keep(store, shades(n, n / 2), name, origin=replace(origin, source=str(n)))
        (kept,) = await store.collected.of("x", str(n))
        low, value, high = scores[n]
        swept.append(Swept(kept, Scored("taste", value, low, high, "m"), soon))
    refused = Swept(swept[1].collected, Refused("taste", Why.SPOILER), soon)
    swept += [refused] * (MOST_REFUSED + 2)
    made = datetime(2026, 11, 21)
    return Sheet(Sweep("x", SOURCE + HOSTILE, "taste", ANN), swept, 20, "en", made, 7)


@pytest.mark.parametrize(
    ("locale", "device", "theme"), [("ja", PHONE, "dark"), ("en", DESKTOP, "light")]
)
async def test_a_sheet_for_a_person_to_act_on(
    chromium: Browser,
    sheet: Sheet,
    store: Store,
    locale: str,
    device: dict[str, Any],
    theme: Any,
    tmp_path: Path,
) -> None:
    words = WORDS[locale]
    await contact_sheet.write(replace(sheet, locale=locale), tmp_path, store)
    context = await chromium.new_context(**device, color_scheme=theme)
    page = await context.new_page()
    happened: list[str] = []
    page.on("console", lambda said: happened.append(said.text))
    page.on("pageerror", lambda error: happened.append(str(error)))
    page.on("dialog", lambda dialog: happened.append(dialog.message))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition(":")[0]))
    await page.goto((tmp_path / "sheet.html").as_uri())

    await expect(page.locator("html")).to_have_attribute("lang", locale)
    await expect(page.locator(".badge")).to_have_text(words["suggested"])
    await expect(page.locator(".rank")).to_have_text(["1", "2", "3"])
    await expect(page.locator("body")).to_contain_text(words["notice"])
    await expect(page.locator("body")).to_contain_text(words["delete"])
    first, second, third = await page.locator(".card").all()
    await expect(first).to_contain_text("4.0")
    await expect(first).to_contain_text("3.4")
    await expect(first).to_contain_text("4.6")
    await expect(first).to_contain_text("1,234")
    await expect(first).to_contain_text("あいり")
    await expect(first).to_contain_text("今日のライブ")
    await expect(first).to_contain_text(words["consent"])
    await expect(first).to_contain_text(ORIGIN.licence)
    await expect(second.locator("img")).to_have_attribute(
        "alt", str(words["alt"]).format(name=HOSTILE)
    )
    assert await page.locator("img").evaluate_all("all => all.every(each => each.naturalWidth)")

    await expect(second.get_by_role("link")).to_have_count(0)
    link = third.get_by_role("link", name=str(words["open"]))
    await expect(link).to_have_attribute("href", "https://example.org/?a=b&c='\"><b>")
    await expect(link).to_have_attribute("rel", "noreferrer noopener")
    await expect(third.locator("bdi").nth(1)).to_have_text(SPOOF)

    rows = page.locator("tbody tr")
    await expect(rows).to_have_count(MOST_REFUSED)
    await expect(rows.first).to_contain_text(str(words["refused"]))
    await expect(page.locator("body")).to_contain_text(str(words["more"]))

    await check_layout(page)
    checked = await Axe().run(page)
    assert checked.violations_count == 0, checked.generate_report()

    await second.get_by_role("checkbox").check()
    await third.get_by_role("checkbox").check()
    await third.get_by_role("checkbox").uncheck()
    assert str(words["done"]).replace("0", "1") in await read_out(page)
    tally = page.locator(".done")
    await expect(tally).to_be_visible()
    await page.emulate_media(media="print")
    await expect(tally).to_be_hidden()

    assert happened == []
    assert set(asked) == {"file"}
    await page.evaluate("document.body.append(Object.assign(new Image(), {src: 'https://a.b/'}))")
    await page.evaluate("document.body.setAttribute('style', 'color: red')")
    assert ["Content Security Policy" in each for each in happened] == [True, True]
    await context.close()


async def read_out(page: Page) -> str:
    """What a screen reader would say, what style sheets count included."""
    session = await page.context.new_cdp_session(page)
    tree = await session.send("Accessibility.getFullAXTree")
    spoken = (node["name"]["value"] for node in tree["nodes"] if _is_text(node))
    return " ".join(" ".join(spoken).split())


def _is_text(node: dict[str, Any]) -> bool:
    return "name" in node and node["role"]["value"] == "StaticText"
