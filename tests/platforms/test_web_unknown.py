"""The page /unknown, over HTTP and in a real browser, with faces made of numbers."""

import io

import aiohttp
import pytest
from PIL import Image
from playwright.async_api import Browser, expect

from bot.platforms.web import WebPlatform
from bot.service import Service
from bot.store import Store
from tests.pixel_faces import PixelNetworks, post_shots
from tests.platforms.conftest import PAGE, Visitor
from tests.platforms.test_web_browser import DESKTOP, PHONE, check_layout, opened

POSTER = "web:poster"


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


@pytest.fixture
async def mai(service: Service, store: Store) -> list[int]:
    """Four faces of one person, by somebody who agreed."""
    await service.allow("web", POSTER)
    found = await post_shots(store, "Mai", range(4), author=POSTER)
    await service.cluster_anew()
    return found


async def faces(service: Service) -> list[set[int]]:
    return [set(each.faces) for each in await service.unknown("web")]


async def decide(ann: Visitor, service: Service, deed: str, **fields: object) -> tuple[int, str]:
    """Press a button under the first cluster: the status, and where it leads or what it says."""
    (cluster, *_) = await service.unknown("web")
    form = aiohttp.FormData()
    form.add_field("token", ann.token)
    for name, value in fields.items():
        for each in value if isinstance(value, list) else [value]:
            form.add_field(name, str(each))
    async with ann.http.post(
        f"/unknown/{cluster.id}/{deed}", data=form, headers=PAGE, allow_redirects=False
    ) as response:
        return response.status, response.headers.get("Location") or await response.text()


async def test_naming(ann: Visitor, service: Service, mai: list[int]) -> None:
    assert await decide(ann, service, "name", name=" Mai ") == (303, "/unknown?told=named")
    (person,) = await service.people("web")
    assert (person.name, person.examples) == ("Mai", 4)
    status, told = await ann.send("GET", "/unknown?told=named", PAGE)
    assert status == 200
    assert "Learned." in told.decode()
    assert "Nobody unknown was seen" in told.decode()


async def test_splitting_needs_some_ticked_and_some_left(
    ann: Visitor, service: Service, mai: list[int]
) -> None:
    for ticked in ([], mai):
        status, told = await decide(ann, service, "split", face=ticked)
        assert (status, "leave at least one" in told) == (400, True)
    assert (await decide(ann, service, "split", face=mai[:1]))[0] == 303
    await service.cluster_anew()
    assert await faces(service) == [set(mai[1:])]


async def test_merging_and_ignoring(
    ann: Visitor, service: Service, store: Store, mai: list[int]
) -> None:
    wig = await post_shots(store, "Mai in a wig", range(3), author=POSTER)
    await service.cluster_anew()
    _, other = await service.unknown("web")
    assert (await decide(ann, service, "merge", into=other.id))[0] == 303
    assert await faces(service) == [{*mai, *wig}]
    assert (await decide(ann, service, "ignore"))[0] == 303
    assert await faces(service) == []


@pytest.mark.parametrize(
    ("deed", "fields", "status"),
    [
        ("name", {"name": " "}, 400),
        ("merge", {"into": "x"}, 400),
        ("merge", {}, 400),
        ("split", {"face": "x"}, 400),
        ("merge", {"into": 999}, 404),
        ("drop", {}, 404),
    ],
)
async def test_forms_that_make_no_sense(
    ann: Visitor, service: Service, mai: list[int], deed: str, fields: dict[str, str], status: int
) -> None:
    assert (await decide(ann, service, deed, **fields))[0] == status
    assert await faces(service) == [set(mai)]


async def test_a_form_needs_its_token(ann: Visitor, service: Service, mai: list[int]) -> None:
    ann.token = "forged"
    assert (await decide(ann, service, "ignore"))[0] == 403
    assert await faces(service) == [set(mai)]


async def test_only_the_pages_own_faces_are_shown(
    ann: Visitor, service: Service, store: Store, mai: list[int]
) -> None:
    await service.allow("discord:1", POSTER)
    foreign = await post_shots(store, "Yuna", range(3), scope="discord:1", author=POSTER)
    await service.cluster_anew()
    assert (await ann.send("GET", f"/faces/{foreign[0]}.jpg"))[0] == 404
    assert (await ann.send("GET", "/faces/999.jpg"))[0] == 404
    status, picture = await ann.send("GET", f"/faces/{mai[0]}.jpg")
    assert status == 200
    with Image.open(io.BytesIO(picture)) as face:
        assert face.size == (320, 320)


async def test_consent_is_given_and_taken_back(ann: Visitor, service: Service) -> None:
    assert (await ann.send("POST", "/consent", json={"allowed": True}))[0] == 204
    html = await ann.open()
    assert "checked>Let Hantei learn" in html
    assert (await ann.send("POST", "/consent", json={"allowed": False}))[0] == 204
    assert "checked>Let Hantei learn" not in await ann.open()
    assert (await ann.send("POST", "/consent", json={"allowed": "perhaps"}))[0] == 400


@pytest.mark.parametrize("web", [{"password": "secret"}])
async def test_a_locked_page_shows_nobody(ann: Visitor, service: Service, mai: list[int]) -> None:
    assert (await ann.send("GET", "/unknown", PAGE))[0] == 303
    assert (await ann.send("GET", f"/faces/{mai[0]}.jpg"))[0] == 401
    status, _ = await decide(ann, service, "ignore")
    assert status in (303, 401)
    assert await faces(service) == [set(mai)]


# in a browser


@pytest.mark.parametrize(("device", "locale"), [(PHONE, "ja"), (DESKTOP, "en")])
async def test_the_page_fits_phones_and_desktops(
    chromium: Browser,
    platform: WebPlatform,
    service: Service,
    store: Store,
    mai: list[int],
    device: dict[str, object],
    locale: str,
) -> None:
    await post_shots(store, "Yuna", range(3), author=POSTER)
    await service.cluster_anew()
    async with opened(chromium, platform, locale, **device) as page:
        await page.locator('a[href="/unknown"]').click()
        await expect(page.locator(".cluster")).to_have_count(2)
        await check_layout(page)
        shown = page.locator(".cluster").first.locator(".faces img")
        await expect(shown).to_have_count(4)
        assert await shown.first.evaluate("each => each.decode().then(() => each.naturalWidth)")


async def test_ticking_takes_out_and_typing_names(
    chromium: Browser, platform: WebPlatform, service: Service, mai: list[int]
) -> None:
    async with opened(chromium, platform, "en", **PHONE) as page:
        await page.goto("/unknown")
        card = page.locator(".cluster")
        await card.locator(".faces label").last.click()  # the oldest
        await card.get_by_role("button", name="Take out").click()
        await expect(page.locator(".told")).to_have_text("Taken out, for good.")
        assert await faces(service) == [set(mai[1:])]

        await card.get_by_label("Name of this person").fill("Mai")
        await card.get_by_label("Name of this person").press("Enter")
        await expect(page.locator(".told")).to_have_text("Learned.")
        await expect(page.locator(".empty")).to_be_visible()
    (person,) = await service.people("web")
    assert (person.name, person.examples) == ("Mai", 3)


async def test_agreeing_is_one_tick(
    chromium: Browser, platform: WebPlatform, service: Service
) -> None:
    async with opened(chromium, platform, "en", **PHONE) as page:
        agree = page.get_by_label("Let Hantei learn")
        await agree.check()
        await expect(agree).to_be_enabled()
        await page.reload()
        await expect(agree).to_be_checked()
        await agree.uncheck()
        await expect(agree).to_be_enabled()
        await page.reload()
        await expect(agree).not_to_be_checked()
