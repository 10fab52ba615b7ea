"""The pages that teach, in a real browser."""

from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from bot.domain import Action, Correction, Role
from bot.platforms.web import WebPlatform
from bot.service import Service
from bot.store import Store
from tests.pixel_faces import post_face, post_shots
from tests.platforms.teaching import (
    ASUKA,
    MAI,
    POSTER,
    community,
    member,
    networks,
    seen,
    visiting,
)
from tests.platforms.test_web_browser import DESKTOP, PHONE, check_layout, opened

__all__ = ["community", "member", "networks", "visiting"]

WORDS = {
    "en": ("Is this {}?", "{} answered", "Somebody else"),
    "ja": ("この人は {} ですか？", "{} 枚に答えました", "ほかの人"),
}


async def asked(page: Page) -> int:
    """The face that is seen, once it is."""
    await expect(page.locator("#view")).to_have_attribute("aria-busy", "false")
    return int(await page.locator("#view").get_attribute("data-id") or 0)


@pytest.mark.parametrize(("locale", "device"), [("ja", PHONE), ("en", DESKTOP)])
async def test_one_key_answers_and_another_takes_it_back(
    chromium: Browser,
    platform: WebPlatform,
    service: Service,
    store: Store,
    community: dict[str, list[int]],
    locale: str,
    device: dict[str, Any],
) -> None:
    is_this, answered, other = WORDS[locale]
    names = {number: name for name, numbers in community.items() for number in numbers}
    (asuka,) = [each for each in await service.names("web") if each.name == ASUKA]
    await service.set_reading("web", asuka.id, "さいとう あすか", "web:mod")
    async with opened(chromium, platform, locale, **device) as page:
        await page.goto("/teach/confirm")
        first = await asked(page)
        while first not in names:  # its answer is known
            await page.keyboard.press("s")
            first = await asked(page)
        await expect(page.locator("#question")).to_have_text(is_this.format(names[first]))
        await check_layout(page)
        await page.keyboard.press("n")
        await expect(page.locator("#progress")).to_have_text(answered.format(1))
        assert await asked(page) != first
        await page.keyboard.press("u")
        assert await asked(page) == first
        await page.keyboard.press("y")
        await expect(page.locator("#progress")).to_have_text(answered.format(1))
        second = await asked(page)

        await page.get_by_role("button", name=other).click()
        await page.keyboard.type("saito as")
        option = page.get_by_role("option", name=ASUKA)
        await expect(option).to_have_attribute("aria-selected", "true")
        await check_layout(page)
        await page.keyboard.press("Escape")
        await expect(option).to_be_hidden()
        await page.get_by_role("combobox").fill("さいとうあ")
        await expect(option).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(page.locator("#progress")).to_have_text(answered.format(2))
        await page.reload()  # what is on its way is sent
        assert await asked(page) not in (first, second)
    told = [(vote.action, vote.name, vote.withdraw) for vote in await store.votes(first)]
    right = names[first]
    assert told == [
        (Action.NOT, right, False),
        (Action.NOT, right, True),
        (Action.NAME, right, False),
    ]
    (vote,) = await store.votes(second)
    assert (vote.action, vote.name) == (Action.NAME, ASUKA)


async def test_answers_outlive_the_network_and_the_next_pictures_are_there(
    chromium: Browser, platform: WebPlatform, store: Store, community: dict[str, list[int]]
) -> None:
    async with opened(chromium, platform, "en", **PHONE) as page:
        await page.goto("/teach/confirm")
        first = await asked(page)
        await page.wait_for_load_state("networkidle")
        await page.context.set_offline(True)
        await page.locator('[data-answer="yes"]').tap()
        second = await asked(page)
        assert second != first
        assert await page.locator("#picture img").evaluate("each => each.naturalWidth > 0")
        await expect(page.locator("#notice")).to_contain_text("are kept here")
        await page.context.set_offline(False)
        await page.reload()
        await asked(page)
        await expect(page.locator("#notice")).to_be_empty()
    assert [vote.place for vote in await store.votes(first)] == ["web:confirm"]


async def test_spoilers_are_last_and_answered_once_they_are_seen(
    chromium: Browser, platform: WebPlatform, store: Store
) -> None:
    await store.set_allowed("web", POSTER, True)
    for spoiler in (True, False):
        await post_face(store, seen(MAI, spoiler), key=f"{spoiler}", author=POSTER, spoiler=spoiler)
    async with opened(chromium, platform, "en", **DESKTOP) as page:
        await page.goto("/teach/confirm")
        await expect(page.locator("#question")).to_have_text("Who is this?")
        await expect(page.locator('[data-answer="yes"]')).to_be_hidden()
        await asked(page)
        await page.keyboard.press("o")
        await page.keyboard.type("Mai")
        await page.get_by_role("option", name="“Mai” is a new name").click()
        await expect(page.locator("#picture img")).to_have_css("filter", "blur(24px)")
        await expect(page.locator('[data-answer="not_a_face"]')).to_be_disabled()
        await page.get_by_role("button", name="Show the picture").click()
        await page.keyboard.press("x")
        await expect(page.locator("#finished")).to_be_visible()


@pytest.mark.parametrize("member", [{"role": Role.MODERATOR}])
@pytest.mark.parametrize(("locale", "device"), [("ja", PHONE), ("en", DESKTOP)])
async def test_moderators_name_a_grid_and_decide_with_one_tap(
    chromium: Browser,
    platform: WebPlatform,
    service: Service,
    store: Store,
    community: dict[str, list[int]],
    locale: str,
    device: dict[str, Any],
) -> None:
    yuna = await post_shots(store, "Yuna", range(4), author=POSTER)
    await service.cluster_anew()
    contested = community[MAI][0]
    for voter, name in (("web:a", ASUKA), ("web:b", MAI)):
        await service.correct(Correction(contested, "idol", voter, Action.NAME, name=name))
    async with opened(chromium, platform, locale, **device) as page:
        await page.locator('a[href="/teach"]').click()
        await check_layout(page)
        await page.locator('a[href="/teach/name"]').click()
        faces = page.locator("#grid button")
        await expect(faces).to_have_count(4)
        await check_layout(page)
        await faces.first.click()
        await expect(faces.first).to_have_attribute("aria-pressed", "true")
        await page.get_by_role("combobox").fill("Yuna")
        await page.get_by_role("option").last.click()
        await page.keyboard.press("Enter")
        await expect(page.locator("#finished")).to_be_visible()
        enrolled = {each.name: each.examples for each in await service.people("web")}
        assert enrolled["Yuna"] == len(yuna) - 1

        await page.goto("/teach/review")
        card = page.locator(".review")
        await expect(card).to_have_count(1)
        await check_layout(page)
        await card.locator(".buttons button").first.click()
        await expect(card.locator(".decided")).to_be_visible()
        decided = [vote for vote in await store.votes(contested) if vote.trusted]
        assert [vote.place for vote in decided] == ["web:review"]
        await card.locator(".decided button").click()
        await expect(card.locator(".choices")).to_be_visible()
        assert (await store.votes(contested))[-1].withdraw
