"""Who may do what on the web pages: roles, passwords, links, and the page /members."""

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

import aiohttp
import pytest
from aiohttp.test_utils import make_mocked_request
from yarl import URL

from bot import members
from bot.domain import Post, Role
from bot.member_store import Access
from bot.members import Invitation
from bot.platforms import web_door
from bot.platforms.web import WebPlatform, _Site
from bot.platforms.web_door import COOKIE, Door
from bot.service import Service
from bot.settings import Settings
from tests.conftest import post_of
from tests.platforms.conftest import PAGE, Visitor, client
from tests.platforms.serving import serving

PASSWORDS = {
    "password": "of admins",
    "moderator_password": "of moderators",
    "teacher_password": "of teachers",
    "viewer_password": "of viewers",
}
OF = {Role[key.partition("_")[0].upper()]: word for key, word in PASSWORDS.items() if "_" in key}
OF[Role.ADMIN] = PASSWORDS["password"]

GUILD, ANN = "discord:1", "discord:42"
HERE, ELSEWHERE = "discord:10", "discord:11"

Enter = Callable[..., Any]


@pytest.fixture
def web() -> dict[str, Any]:
    return PASSWORDS


@pytest.fixture
async def browser(platform: WebPlatform) -> AsyncIterator[Callable[[], Any]]:
    """Opens browsers that were never here."""
    async with AsyncExitStack() as stack:

        async def fresh() -> Visitor:
            return Visitor(await stack.enter_async_context(client(platform)))

        yield fresh


@pytest.fixture
async def enter(browser: Callable[[], Any]) -> Enter:
    """Signs somebody in with the password of a role."""

    async def signed_in(role: Role) -> Visitor:
        visitor: Visitor = await browser()
        await visitor.open()
        assert await sign_in(visitor, OF[role]) == 303
        await visitor.open()
        return visitor

    return signed_in


@pytest.fixture
async def guest(browser: Callable[[], Any], service: Service) -> Enter:
    """Lets somebody in by a link from Discord."""

    async def let_in(role: Role = Role.TEACHER, user: str = ANN) -> Visitor:
        visitor: Visitor = await browser()
        access = Access(role, user, frozenset({HERE}))
        token = service.members.invite(Invitation(GUILD, user, access))
        assert await follow(visitor, token) == 303
        await visitor.open()
        return visitor

    return let_in


async def sign_in(visitor: Visitor, password: str) -> int:
    form = {"token": visitor.token, "password": password}
    return (await visitor.send("POST", "/login", data=form))[0]


async def follow(visitor: Visitor, token: str) -> int:
    """Open a link and press the button; the status of that."""
    path = f"/enter/{token}"
    status, page = await visitor.send("GET", path, PAGE)
    if status == 200:
        visitor.token = page.decode().partition('name="token" value="')[2].partition('"')[0]
    return (await visitor.send("POST", path, data={"token": visitor.token}))[0]


async def posted(service: Service, picture: bytes, key: str, place: str = HERE) -> int:
    """Bob posts a picture on Discord; the verdict on it."""
    post: Post = dataclasses.replace(
        post_of(picture, key=key, author="discord:7", scope=GUILD), place=place
    )
    reply = await service.answer(post)
    assert reply
    return reply.parts[0].verdict_id


# what each role may do

LEAST = {
    ("GET", "/"): Role.VIEWER,
    ("GET", "/answers"): Role.VIEWER,
    ("GET", "/parts/9"): Role.VIEWER,
    ("GET", "/parts/9.jpg"): Role.VIEWER,
    ("GET", "/parts/9/why"): Role.VIEWER,
    ("POST", "/parts/9/reveal"): Role.VIEWER,
    ("GET", "/faces/9.jpg"): Role.VIEWER,
    ("GET", "/examples/" + 64 * "0" + ".jpg"): Role.VIEWER,
    ("GET", "/rate/9.jpg"): Role.VIEWER,
    ("POST", "/consent"): Role.VIEWER,
    ("GET", "/rate/ratings.csv"): Role.VIEWER,
    ("DELETE", "/rate/ratings"): Role.VIEWER,
    ("GET", "/people"): Role.TEACHER,
    ("POST", "/answers"): Role.TEACHER,
    ("POST", "/parts/9/vote"): Role.TEACHER,
    ("DELETE", "/parts/9"): Role.TEACHER,
    ("GET", "/rate"): Role.TEACHER,
    ("GET", "/rate/waiting"): Role.TEACHER,
    ("GET", "/enhance"): Role.TEACHER,
    ("POST", "/enhance"): Role.TEACHER,
    ("GET", "/stats"): Role.VIEWER,
    ("GET", "/teach"): Role.TEACHER,
    ("GET", "/teach/names"): Role.TEACHER,
    ("GET", "/teach/confirm"): Role.TEACHER,
    ("GET", "/teach/confirm/waiting"): Role.TEACHER,
    ("POST", "/teach/confirm/9"): Role.TEACHER,
    ("GET", "/teach/name"): Role.TEACHER,
    ("GET", "/teach/name/waiting"): Role.TEACHER,
    ("POST", "/teach/name/9/name"): Role.TEACHER,
    ("POST", "/teach/name/9/merge"): Role.MODERATOR,
    ("POST", "/teach/name/9/ignore"): Role.MODERATOR,
    ("GET", "/teach/review"): Role.MODERATOR,
    ("GET", "/teach/review/waiting"): Role.MODERATOR,
    ("GET", "/teach/review/doubts"): Role.MODERATOR,
    ("POST", "/teach/review/holds/9"): Role.MODERATOR,
    ("POST", "/teach/review/9"): Role.MODERATOR,
    ("GET", "/teach/people"): Role.MODERATOR,
    ("POST", "/teach/people/9/reading"): Role.MODERATOR,
    ("GET", "/boxes"): Role.MODERATOR,
    ("GET", "/boxes/set"): Role.MODERATOR,
    ("GET", "/boxes/set/waiting"): Role.MODERATOR,
    ("GET", "/boxes/set/0123456789abcdef-0123456789abcdef"): Role.MODERATOR,
    ("GET", "/boxes/set/0123456789abcdef-0123456789abcdef.jpg"): Role.MODERATOR,
    ("PUT", "/boxes/set/0123456789abcdef-0123456789abcdef"): Role.MODERATOR,
    ("DELETE", "/boxes/set/0123456789abcdef-0123456789abcdef"): Role.MODERATOR,
    ("PUT", "/judged"): Role.MODERATOR,
    ("GET", "/members"): Role.ADMIN,
    ("POST", "/members/role"): Role.ADMIN,
    ("POST", "/members/remove"): Role.ADMIN,
    ("GET", "/metrics"): Role.ADMIN,
}
"""What it takes at least; the face and the cluster are none that there are."""

NOT_FOR_GUESTS = ("/consent", "/boxes", "/judged", "/metrics")


def refused(status: int) -> bool:
    return status in (401, 403)


@pytest.mark.parametrize("role", Role)
async def test_what_each_role_may_do(enter: Enter, role: Role) -> None:
    visitor = await enter(role)
    for (method, path), least in LEAST.items():
        form = {"data": {"token": visitor.token}} if method == "POST" else {}
        status, told = await visitor.send(method, path, **form)
        assert refused(status) is (role < least), (method, path, status, told)


OPEN = {"/login", "/logout", "/healthz", "/static", "/language/{locale}", "/enter/{token}"}


async def test_every_route_says_whom_it_is_for(settings: Settings, service: Service) -> None:
    application = _Site(settings, service, Door(settings.web, b"key")).application()
    told = set()
    for method, path in LEAST:
        found = await application.router.resolve(make_mocked_request(method, path))
        told.add((method, found.get_info().get("path") or found.get_info()["formatter"]))
    routes = {
        (route.method, route.resource.canonical)
        for route in application.router.routes()
        if route.resource and route.method != "HEAD" and route.resource.canonical not in OPEN
    }
    assert told == routes


async def test_a_stranger_gets_nothing_but_the_way_in(http: aiohttp.ClientSession) -> None:
    stranger = Visitor(http)
    await stranger.open()
    for method, path in LEAST:
        form = {"data": {"token": stranger.token}} if method == "POST" else {}
        assert refused((await stranger.send(method, path, **form))[0]), (method, path)


async def test_the_page_hides_what_one_may_not_do(enter: Enter) -> None:
    shown = {
        'href="/members"': Role.ADMIN,
        'href="/teach"': Role.TEACHER,
        'id="judged"': Role.MODERATOR,
        'id="drop"': Role.TEACHER,
        'href="/rate"': Role.TEACHER,
    }
    for role in Role:
        html = await (await enter(role)).open()
        for what, least in shown.items():
            assert (what in html) is (role >= least), (role, what)


async def test_a_viewers_answers_have_no_buttons(
    enter: Enter, service: Service, astronaut: bytes
) -> None:
    await service.answer(post_of(astronaut))
    (answer,) = await (await enter(Role.VIEWER)).history()
    assert (answer["parts"][0]["marks"], answer["parts"][0]["teaches"]) == ([], False)
    (answer,) = await (await enter(Role.TEACHER)).history()
    assert [each["mark"] for each in answer["parts"][0]["marks"]] == ["not_a_face"]
    (answer,) = await (await enter(Role.MODERATOR)).history()
    assert [each["mark"] for each in answer["parts"][0]["marks"]] == ["not_a_face", "delete"]


async def test_a_moderators_vote_decides_and_a_teachers_does_not(
    enter: Enter, service: Service, astronaut: bytes
) -> None:
    await service.allow("web", "web:bob")
    reply = await service.answer(post_of(astronaut, author="web:bob"))
    assert reply
    part = {"id": reply.parts[0].verdict_id}
    _, told = await (await enter(Role.TEACHER)).vote(part, "name", name="Eileen")
    assert told["state"] == "waiting"
    _, told = await (await enter(Role.MODERATOR)).vote(part, "name", name="Collins")
    assert (told["state"], told["status"]) == ("learned", "Learned: Collins")


# passwords


async def test_a_new_password_signs_out_who_gave_it_and_nobody_else(
    enter: Enter, settings: Settings, service: Service
) -> None:
    teacher, viewer = await enter(Role.TEACHER), await enter(Role.VIEWER)
    given = {**PASSWORDS, "port": 0, "teacher_password": "new"}
    changed = settings.model_copy(update={"web": settings.web.model_validate(given)})
    async with serving(changed, service) as platform:
        for who, status in ((teacher, 401), (viewer, 200)):
            async with client(platform) as http:
                http.cookie_jar.update_cookies({COOKIE: cookie(who)}, URL(platform.url))
                assert (await Visitor(http).send("GET", "/answers"))[0] == status


async def test_who_comes_in_is_nobody_whose_cookie_was_there_before(browser: Enter) -> None:
    """Session fixation: somebody has put a cookie of theirs into another's browser."""
    victim, attacker = await browser(), await browser()
    await attacker.open()
    assert await sign_in(attacker, OF[Role.VIEWER]) == 303
    planted = cookie(attacker)
    plant(victim, planted)
    await victim.open()
    victim.token = await token_of(victim, "/login")
    assert await sign_in(victim, OF[Role.ADMIN]) == 303
    assert (await victim.send("GET", "/members"))[0] == 200
    plant(attacker, planted)
    assert (await attacker.send("GET", "/answers"))[0] == 200
    assert (await attacker.send("GET", "/members"))[0] == 403


async def test_who_signs_in_again_stays_the_author(enter: Enter, astronaut: bytes) -> None:
    teacher = await enter(Role.TEACHER)
    part = await teacher.face(astronaut)
    assert (await teacher.send("POST", "/logout", data={"token": teacher.token}))[0] == 303
    assert (await teacher.send("GET", "/answers"))[0] == 401
    await teacher.open()
    assert await sign_in(teacher, OF[Role.TEACHER]) == 303
    await teacher.open()
    assert (await teacher.send("DELETE", f"/parts/{part['id']}"))[0] == 204


@pytest.mark.parametrize(
    "forged", ["", "nonsense", "WyJ4IiwiIiwiZGlzY29yZDoxIiwiZGlzY29yZDo0MiIsOTk5OTk5OTk5OV0.aQ.x"]
)
async def test_a_forged_cookie_lets_nobody_in(browser: Enter, forged: str) -> None:
    visitor = await browser()
    plant(visitor, forged)
    assert (await visitor.send("GET", "/answers"))[0] == 401


def cookie(visitor: Visitor) -> str:
    return {each.key: each.value for each in visitor.http.cookie_jar}[COOKIE]


def plant(visitor: Visitor, value: str) -> None:
    base = visitor.http._base_url
    assert base
    visitor.http.cookie_jar.update_cookies({COOKIE: value}, base)


async def token_of(visitor: Visitor, path: str) -> str:
    _, page = await visitor.send("GET", path, PAGE)
    found: str = page.decode().partition('name="token" value="')[2].partition('"')[0]
    return found


# /members


async def test_an_admin_changes_a_role_at_once(enter: Enter, service: Service) -> None:
    admin, moderator = await enter(Role.ADMIN), await enter(Role.MODERATOR)
    (user,) = [each.user for each in await members_of(service) if each.role is Role.MODERATOR]
    form = {"token": admin.token, "user": user}
    assert (await moderator.send("GET", "/teach/review"))[0] == 200
    status, _ = await admin.send("POST", "/members/role", data={**form, "role": "VIEWER"})
    assert status == 303
    assert (await moderator.send("GET", "/teach/review"))[0] == 403
    assert (await moderator.send("GET", "/answers"))[0] == 200
    status, _ = await admin.send("POST", "/members/role", data={**form, "role": ""})
    assert (await moderator.send("GET", "/teach/review"))[0] == 200
    status, _ = await admin.send("POST", "/members/role", data={**form, "role": "KING"})
    assert status == 400


async def test_an_admin_puts_somebody_out_at_once(enter: Enter, service: Service) -> None:
    admin, teacher = await enter(Role.ADMIN), await enter(Role.TEACHER)
    (user,) = [each.user for each in await members_of(service) if each.role is Role.TEACHER]
    form = {"token": admin.token, "user": user}
    assert (await admin.send("POST", "/members/remove", data=form))[0] == 303
    assert (await teacher.send("GET", "/answers"))[0] == 401
    assert (await admin.send("POST", "/members/remove", data=form))[0] == 404
    _, page = await admin.send("GET", "/members", PAGE)
    assert "put somebody out" in page.decode()


async def test_nobody_locks_themselves_out(enter: Enter, service: Service) -> None:
    admin = await enter(Role.ADMIN)
    (me,) = await members_of(service)
    for path in ("/members/role", "/members/remove"):
        form = {"token": admin.token, "user": me.user, "role": "VIEWER"}
        assert (await admin.send("POST", path, data=form))[0] == 403
    assert (await admin.send("GET", "/members"))[0] == 200


async def members_of(service: Service, scope: str = "web") -> list[Any]:
    return list(await service.members.members(scope))


async def test_what_moderators_do_is_noted_without_names(enter: Enter, service: Service) -> None:
    moderator = await enter(Role.MODERATOR)
    choice = {"heads": ["idol"], "like_from": None}
    assert (await moderator.send("PUT", "/judged", json=choice))[0] == 200
    (deed,) = await service.members.audit("web", 10)
    (who,) = await members_of(service)
    assert (deed.user, deed.deed, deed.of) == (who.user, "judged", "")
    for deed, of in (("named", "cluster:5"), ("put-out", "discord:123456789"), ("new", "thing:7")):
        await service.members.note("web", who.user, deed, of)
    _, page = await (await enter(Role.ADMIN)).send("GET", "/members", PAGE)
    for words in ("chose what is judged", "group 5", "Visitor 123456<", "new", "thing:7"):
        assert words in page.decode()


# links


async def test_a_link_lets_one_in_once(guest: Enter, browser: Enter, service: Service) -> None:
    token = service.members.invite(Invitation(GUILD, ANN, Access(Role.TEACHER, "Ann")))
    ann, thief = await browser(), await browser()
    assert await follow(ann, token) == 303
    assert (await ann.send("GET", "/answers"))[0] == 200
    assert await follow(thief, token) == 403  # it had no page, and so no token
    await thief.open()
    assert await follow(thief, token) == 410
    assert (await thief.send("GET", "/answers"))[0] == 401


async def test_looking_at_a_link_does_not_use_it_up(browser: Enter, service: Service) -> None:
    token = service.members.invite(Invitation(GUILD, ANN, Access(Role.TEACHER, "Ann")))
    robot, ann = await browser(), await browser()
    for method in ("HEAD", "GET", "GET"):
        assert (await robot.send(method, f"/enter/{token}"))[0] == 200
    led_here = {**PAGE, "Sec-Fetch-Site": "cross-site"}
    _, page = await ann.send("GET", f"/enter/{token}", led_here)
    assert f"url=/enter/{token}" in page.decode()  # our own page asks again, with the cookie
    assert await follow(ann, token) == 303


async def test_a_link_lapses(
    browser: Enter, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "INVITED_SECONDS", 0.0)
    token = service.members.invite(Invitation(GUILD, ANN, Access(Role.TEACHER)))
    visitor = await browser()
    await visitor.open()
    assert await follow(visitor, token) == 410
    assert await follow(visitor, "x" * 43) == 410


async def test_a_newer_link_takes_the_place_of_an_older_one(service: Service) -> None:
    invitation = Invitation(GUILD, ANN, Access(Role.TEACHER))
    older, newer = service.members.invite(invitation), service.members.invite(invitation)
    assert (service.members.invited(older), service.members.invited(newer)) == (None, invitation)
    both = await asyncio.gather(*(service.members.accept(newer) for _ in range(2)))
    assert sorted(each is None for each in both) == [False, True]


async def test_a_link_stands_in_no_log(
    browser: Enter, service: Service, caplog: pytest.LogCaptureFixture, monkeypatch: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    token = service.members.invite(Invitation(GUILD, ANN, Access(Role.TEACHER)))
    visitor = await browser()
    await visitor.open()
    monkeypatch.setattr(service.members, "accept", None)  # it fails, which is logged
    assert await follow(visitor, token) == 500
    assert "POST /enter/{token} failed" in caplog.text
    assert token not in caplog.text


# guests


async def test_a_guest_sees_what_they_may_read_on_discord(
    guest: Enter, service: Service, astronaut: bytes
) -> None:
    here = await posted(service, astronaut, "1")
    hidden = await posted(service, astronaut, "2", ELSEWHERE)
    await service.answer(post_of(astronaut, key="3"))  # on the page itself
    ann = await guest()
    assert [each["parts"][0]["id"] for each in await ann.history()] == [here]
    assert (await ann.send("GET", f"/parts/{here}"))[0] == 200
    for path in (f"/parts/{hidden}", f"/parts/{hidden}.jpg", f"/faces/{hidden}.jpg"):
        assert (await ann.send("GET", path))[0] == 404, path
    assert (await ann.vote({"id": hidden}, "not_a_face"))[0] == 404


async def test_a_guest_rates_only_what_its_poster_lets_be_used(
    guest: Enter, service: Service, astronaut: bytes
) -> None:
    here = await posted(service, astronaut, "1")
    await posted(service, astronaut, "2", ELSEWHERE)
    ann = await guest()
    assert (await ann.send("GET", "/rate/waiting"))[1]["waiting"] == []
    await service.allow(GUILD, "discord:7")
    waiting = (await ann.send("GET", "/rate/waiting"))[1]["waiting"]
    assert [each["id"] for each in waiting] == [here]


async def test_a_guest_votes_as_who_they_are_there(
    guest: Enter, service: Service, astronaut: bytes
) -> None:
    await service.allow(GUILD, "discord:7")
    here = {"id": await posted(service, astronaut, "1")}
    _, told = await (await guest()).vote(here, "name", name="Eileen")
    assert told["state"] == "waiting"
    _, told = await (await guest(Role.MODERATOR, "discord:43")).vote(here, "name", name="Collins")
    assert told["state"] == "learned"
    assert [each.name for each in await service.people(GUILD)] == ["Collins"]
    assert (await service.privacy(GUILD, ANN)).votes == 1


async def test_what_is_no_business_of_guests(guest: Enter, astronaut: bytes) -> None:
    admin = await guest(Role.ADMIN)
    for method, path in LEAST:
        if path.startswith(NOT_FOR_GUESTS):
            assert refused((await admin.send(method, path))[0]), path
    assert (await admin.upload(astronaut))[0] == 403
    assert 'id="drop"' not in await admin.open()
    assert (await admin.send("GET", "/members"))[0] == 200


async def test_an_admin_of_one_scope_is_nothing_in_another(guest: Enter, service: Service) -> None:
    await service.members.enter("discord:2", "discord:9", Access(Role.TEACHER))
    await service.members.note("discord:2", "discord:9", "judged")
    admin = await guest(Role.ADMIN)
    _, page = await admin.send("GET", "/members", PAGE)
    assert "chose what is judged" not in page.decode()
    form = {"token": admin.token, "user": "discord:9", "role": "VIEWER"}
    assert (await admin.send("POST", "/members/role", data=form))[0] == 404


async def test_a_guest_stays_for_a_week(guest: Enter, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await guest()
    assert (await ann.send("GET", "/answers"))[0] == 200
    monkeypatch.setattr(web_door, "GUEST_SECONDS", -1)
    assert (await ann.send("GET", "/answers"))[0] == 401


async def test_a_stolen_cookie_is_no_good_once_its_owner_was_put_out(
    guest: Enter, service: Service
) -> None:
    stolen = await guest()
    await service.members.remove(GUILD, ANN, by="discord:1")
    assert (await stolen.send("GET", "/answers"))[0] == 401
    again = await guest()
    assert (await again.send("GET", "/answers"))[0] == 200
    assert (await stolen.send("GET", "/answers"))[0] == 401


async def test_who_leaves_the_server_is_out(
    guest: Enter, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And who may do less there, may do less here."""
    now: list[Access | None] = [Access(Role.TEACHER, "Ann", frozenset({ELSEWHERE}))]
    asked = []

    async def ask(scope: str, user: str) -> Access | None:
        asked.append((scope, user))
        return now[0]

    ann = await guest(Role.MODERATOR)
    service.members.ask("discord", ask)
    assert (await ann.send("GET", "/teach/review"))[0] == 200  # asked a moment ago
    assert asked == []
    monkeypatch.setattr(members, "LOOK_SECONDS", -1.0)
    assert (await ann.send("GET", "/teach/review"))[0] == 403
    assert asked == [(GUILD, ANN)]
    assert (await service.members.members(GUILD))[0].places == {ELSEWHERE}
    now[0] = None
    assert (await ann.send("GET", "/answers"))[0] == 401
    assert await service.members.members(GUILD) == []


async def test_while_discord_does_not_say_what_is_known_holds(
    guest: Enter, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(scope: str, user: str) -> Access | None:
        raise ConnectionError("down")

    ann = await guest()
    monkeypatch.setattr(members, "LOOK_SECONDS", -1.0)
    assert (await ann.send("GET", "/answers"))[0] == 200
    service.members.ask("discord", ask)
    assert (await ann.send("GET", "/answers"))[0] == 200


async def test_who_was_put_out_while_discord_was_asked_stays_out(service: Service) -> None:
    async def ask(scope: str, user: str) -> Access | None:
        await service.members.remove(GUILD, ANN, by="discord:1")
        return Access(Role.ADMIN)

    await service.members.enter(GUILD, ANN, Access(Role.TEACHER))
    service.members._looked.clear()
    service.members.ask("discord", ask)
    assert await service.members.member(GUILD, ANN) is None
    assert await service.members.members(GUILD) == []


async def test_what_an_admin_chose_outlasts_a_new_link(guest: Enter, service: Service) -> None:
    await guest(Role.MODERATOR)
    await service.members.set_role(GUILD, ANN, Role.VIEWER, by="discord:1")
    again = await guest(Role.MODERATOR)
    assert (await again.send("GET", "/answers"))[0] == 200
    assert (await again.send("GET", "/people"))[0] == 403


# forgetting


async def test_forgetting_leaves_no_trace_of_a_member(
    guest: Enter, service: Service, settings: Settings
) -> None:
    ann = await guest(Role.ADMIN, "discord:424242")
    await service.members.enter(GUILD, "discord:77", Access(Role.ADMIN, "Mod"))
    await service.members.note(GUILD, "discord:424242", "judged")
    await service.members.set_role(GUILD, "discord:424242", Role.VIEWER, by="discord:77")
    assert b"discord:424242" in on_disk(settings)

    await service.forget_user(GUILD, "discord:424242")
    assert b"discord:424242" not in on_disk(settings)
    assert (await ann.send("GET", "/answers"))[0] == 401
    left = [(each.user, each.deed, each.of) for each in await service.members.audit(GUILD, 10)]
    assert left == [("discord:77", "role-viewer", ""), ("", "judged", "")]


def on_disk(settings: Settings) -> bytes:
    return b"".join(each.read_bytes() for each in settings.store.data_dir.glob("hantei.sqlite3*"))


# without a password


class TestOpen:
    @pytest.fixture
    def web(self) -> dict[str, Any]:
        return {}

    async def test_everybody_on_this_machine_is_an_admin(self, ann: Visitor) -> None:
        for method, path in LEAST:
            form = {"data": {"token": ann.token}} if method == "POST" else {}
            assert not refused((await ann.send(method, path, **form))[0]), path
        _, page = await ann.send("GET", "/members", PAGE)
        assert "There is no password" in page.decode()

    async def test_a_guest_is_no_admin_until_put_out(self, guest: Enter, service: Service) -> None:
        ann = await guest()
        assert (await ann.send("GET", "/members"))[0] == 403
        await service.members.remove(GUILD, ANN, by="discord:1")
        await ann.open()  # at home now, as anybody on this machine
        assert (await ann.send("GET", "/members"))[0] == 200
