"""The web platform over real HTTP, with real weights behind it."""

import asyncio
import json
import logging
import re
import stat
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from PIL import Image
from yarl import URL

from bot.errors import SettingsError
from bot.judging import Judge, Networks
from bot.platforms.web import WebPlatform
from bot.platforms.web_door import COOKIE, MOST_TRIES, TOKEN_HEADER
from bot.service import Service
from bot.settings import Settings
from bot.store import Store
from models.types import Context, Picture
from tests.conftest import post_of
from tests.platforms.conftest import PAGE, Visitor, client
from tests.platforms.serving import serving


def marks(part: dict[str, Any]) -> list[str]:
    return [each["mark"] for each in part["marks"]]


def pressed(part: dict[str, Any]) -> list[str]:
    return [each["mark"] for each in part["marks"] if each["pressed"]]


@pytest.fixture
async def ben(platform: WebPlatform) -> AsyncIterator[Visitor]:
    """Another one."""
    async with client(platform) as session:
        visitor = Visitor(session)
        await visitor.open()
        yield visitor


# answers and corrections


async def test_a_picture_is_answered(ann: Visitor, astronaut: bytes) -> None:
    status, answer = await ann.upload(astronaut)

    assert status == 200
    assert answer["words"] == "I found a face, but I don't know who it is."
    (part,) = answer["parts"]
    assert part["state"] == "open"
    assert part["language"] == "en"
    assert marks(part) == ["not_a_face", "delete"]
    assert pressed(part) == []
    async with ann.http.get(part["image"]) as response:
        assert response.content_type == "image/jpeg"
        assert response.headers["Cache-Control"] == "no-store"
        with Image.open(BytesIO(await response.read())) as crop:
            assert max(crop.size) > 400


async def test_four_pictures_are_answered_together(ann: Visitor, astronaut: bytes) -> None:
    status, answer = await ann.upload(astronaut, b"not a picture", astronaut, b"")
    assert status == 200
    assert len(answer["parts"]) == 2
    assert "This is not a picture." in answer["words"]
    assert "The file is empty." in answer["words"]


async def test_a_text_file_named_jpg_is_refused_in_words(ann: Visitor) -> None:
    status, answer = await ann.upload(b"Dear diary, this is text.")
    assert status == 200
    assert answer["words"].startswith("This is not a picture.")
    assert answer["parts"] == []


async def test_a_typed_name_is_learned_at_once_and_undone(ann: Visitor, astronaut: bytes) -> None:
    part = await ann.face(astronaut)
    status, learned = await ann.vote(part, "name", name="Eileen Collins")
    assert (status, learned["state"]) == (200, "learned")
    assert learned["status"] == "Learned: Eileen Collins"
    assert learned["typed"] == "Eileen Collins"
    assert (await ann.send("GET", "/people"))[1] == {"people": ["Eileen Collins"]}

    named = await ann.face(astronaut)
    assert named["words"].startswith("I think this is Eileen Collins (")
    assert marks(named)[:2] == ["right", "none_of_these"]

    _, undone = await ann.vote(part, "name", name="Eileen Collins", withdraw=True)
    assert (undone["state"], undone["typed"]) == ("open", None)
    assert (await ann.face(astronaut))["words"].startswith("I don't know who this is.")


@pytest.mark.parametrize("judging", [{"heads": ["character", "idol"]}])
async def test_a_name_that_may_be_a_characters_is_asked_about(
    ann: Visitor, astronaut: bytes
) -> None:
    part = await ann.face(astronaut)
    status, asked = await ann.vote(part, "name", name="Eileen")
    which = [
        {"head": "character", "label": "A character"},
        {"head": "idol", "label": "A person"},
    ]
    assert (status, asked) == (200, {"which": which})
    assert (await ann.send("GET", "/people"))[1] == {"people": []}  # nothing was counted yet
    assert (await ann.vote(part, "name", name="Eileen", head="taste"))[0] == 400
    _, learned = await ann.vote(part, "name", name="Eileen", head="idol")
    assert learned["words"] == "This is Eileen, I was told."
    assert (learned["typed"], learned["typed_head"]) == ("Eileen", "idol")

    again = await ann.face(astronaut)  # by now the name leads to the person
    _, learned = await ann.vote(again, "name", name="eileen")
    assert learned["status"] == "Learned: Eileen"


async def test_wrong_is_remembered_and_shows_as_pressed(ann: Visitor, astronaut: bytes) -> None:
    await ann.vote(await ann.face(astronaut), "name", name="Somebody Else")
    named = await ann.face(astronaut)
    labels = {each["mark"]: each["label"] for each in named["marks"]}
    assert labels["none_of_these"] == "Wrong"

    _, rejected = await ann.vote(named, "none_of_these")
    assert rejected["state"] == "rejected"
    assert pressed(rejected) == ["none_of_these"]
    assert (await ann.face(astronaut))["words"].startswith("I don't know")

    _, undone = await ann.vote(named, "none_of_these", withdraw=True)
    assert pressed(undone) == []
    assert (await ann.face(astronaut))["words"].startswith("I think this is Somebody Else")


async def test_who_shows_the_nearest_names(ann: Visitor, astronaut: bytes) -> None:
    await ann.vote(await ann.face(astronaut), "name", name="Eileen Collins")
    await ann.vote(await ann.face(astronaut), "name", name="Eileen Collins")
    part = await ann.face(squeezed(astronaut))
    assert "who" in marks(part)

    status, revealed = await ann.send("POST", f"/parts/{part['id']}/reveal")

    assert status == 200
    assert re.search(r"Nearest: A: Eileen Collins \(\d+ %\)", revealed["words"])
    labels = {each["mark"]: each["label"] for each in revealed["marks"]}
    assert labels["a"] == "Eileen Collins"
    _, voted = await ann.vote(revealed, "a")
    assert (pressed(voted), voted["state"]) == (["a"], "learned")


async def test_deleting_forgets_the_answer(ann: Visitor, astronaut: bytes) -> None:
    part = await ann.face(astronaut)
    await ann.vote(part, "name", name="Eileen Collins")

    status, _ = await ann.send("DELETE", f"/parts/{part['id']}")

    assert status == 204
    assert (await ann.send("GET", part["image"]))[0] == 404
    status, told = await ann.vote(part, "right")
    assert (status, told) == (404, {"error": "This answer was deleted."})
    assert await ann.history() == []
    assert (await ann.face(astronaut))["words"].startswith("I don't know")


async def test_history_shows_each_visitor_their_own_votes(
    ann: Visitor, ben: Visitor, astronaut: bytes
) -> None:
    await ann.upload(b"no face, no history")
    first = await ann.face(astronaut)
    second = await ann.face(astronaut)
    await ann.vote(first, "not_a_face")

    mine = [answer["parts"][0] for answer in await ann.history()]
    theirs = [answer["parts"][0] for answer in await ben.history()]

    assert [part["id"] for part in mine] == [second["id"], first["id"]]
    assert [part["id"] for part in theirs] == [second["id"], first["id"]]
    assert (pressed(mine[1]), pressed(theirs[1])) == (["not_a_face"], [])
    assert theirs[1]["state"] == "not_a_face"


async def test_only_the_poster_consents(ann: Visitor, ben: Visitor, astronaut: bytes) -> None:
    part = await ann.face(astronaut)

    _, by_ben = await ben.vote(part, "name", name="Eileen Collins")
    assert by_ben["state"] == "consent"
    assert by_ben["status"].endswith("answers with “Right” or the name.")
    assert (await ann.face(astronaut))["words"].startswith("I don't know")

    _, by_ann = await ann.vote(part, "name", name="Eileen Collins")
    assert by_ann["state"] == "learned"


async def test_an_expired_crop_is_gone(ann: Visitor, store: Store, astronaut: bytes) -> None:
    part = await ann.face(astronaut)
    await store.expire(timedelta(0))

    status, told = await ann.send("GET", part["image"])

    assert status == 404
    assert told["error"].startswith("The picture behind this answer has expired")
    (answer,) = await ann.history()
    assert answer["parts"][0]["image"] is None


async def test_spoilers_are_marked(ann: Visitor, astronaut: bytes) -> None:
    _, hidden = await ann.upload(astronaut, query="?spoiler=1")
    _, open_ = await ann.upload(astronaut)
    assert (hidden["parts"][0]["spoiler"], open_["parts"][0]["spoiler"]) == (True, False)


async def test_other_places_are_out_of_reach(
    ann: Visitor, service: Service, astronaut: bytes
) -> None:
    reply = await service.answer(post_of(astronaut, scope="discord:1", author="discord:2"))
    assert reply
    there = {"id": reply.parts[0].verdict_id}
    path = f"/parts/{there['id']}"

    answers = [
        await ann.send("GET", f"{path}.jpg"),
        await ann.send("POST", f"{path}/reveal"),
        await ann.send("DELETE", path),
        await ann.vote(there, "not_a_face"),
    ]

    assert [status for status, _ in answers] == [404] * 4
    assert await ann.history() == []
    untouched = await service.part(reply.parts[0].verdict_id)
    assert untouched.status is None


# sending again


async def test_an_upload_sent_again_is_answered_once(ann: Visitor, astronaut: bytes) -> None:
    key = uuid.uuid4().hex
    at_once = await asyncio.gather(ann.upload(astronaut, key=key), ann.upload(astronaut, key=key))
    statuses = sorted(status for status, _ in at_once)
    assert statuses in ([200, 200], [200, 503])  # the second is told to wait for the first

    status, again = await ann.upload(astronaut, key=key)
    assert status == 200
    ids = {told["parts"][0]["id"] for status, told in at_once if status == 200}
    assert ids == {again["parts"][0]["id"]}
    assert len(await ann.history()) == 1


async def test_keys_of_two_visitors_do_not_meet(
    ann: Visitor, ben: Visitor, astronaut: bytes
) -> None:
    key = uuid.uuid4().hex
    _, hers = await ann.upload(astronaut, key=key)
    _, his = await ben.upload(astronaut, key=key)
    assert hers["parts"][0]["id"] != his["parts"][0]["id"]


async def test_busy_says_when_to_come_again(
    tmp_path: Path, networks: Networks, store: Store, intake: Any, astronaut: bytes
) -> None:
    settings = Settings.model_validate(
        {
            "store": {"data_dir": tmp_path / "data"},
            "web": {"port": 0},
            "judging": {"workers": 1, "queue": 1},
        }
    )
    pixels = np.random.default_rng(1).integers(0, 255, (800, 800, 3), np.uint8)
    noise = Picture(pixels, (800, 800), "", "")
    key = uuid.uuid4().hex
    async with (
        Judge(settings, networks) as judge,
        Service(settings, store, intake, judge) as service,
        serving(settings, service) as platform,
        client(platform) as http,
    ):
        ann = Visitor(http)
        await ann.open()
        others = [asyncio.create_task(judge.judge(noise, Context("cli"))) for _ in range(2)]
        await asyncio.sleep(0)  # they are admitted now
        headers = {TOKEN_HEADER: ann.token, "Idempotency-Key": key}
        form = aiohttp.FormData({"picture": BytesIO(astronaut)})
        async with http.post("/answers", data=form, headers=headers) as response:
            assert response.status == 503
            assert int(response.headers["Retry-After"]) > 0
            assert (await response.json())["error"].startswith("I am busy right now")
        await asyncio.gather(*others)
        status, answer = await ann.upload(astronaut, key=key)
    assert (status, len(answer["parts"])) == (200, 1)


# bad requests


async def test_uploads_are_bounded(tmp_path: Path, service: Service, astronaut: bytes) -> None:
    sections = {"store": {"data_dir": tmp_path / "data"}, "web": {"port": 0}}
    small = Settings.model_validate({**sections, "intake": {"max_megabytes": 0.1}})
    async with serving(small, service) as platform, client(platform) as http:
        ann = Visitor(http)
        await ann.open()
        assert (await ann.upload(astronaut))[0] == 200
        status, told = await ann.upload(b"x" * 100_001)
        assert (status, told["error"]) == (413, "The file is too large: 0.1 MB is the most.")
        status, told = await ann.upload(*[b"x"] * 5)
        assert (status, told["error"]) == (413, "At most 4 pictures at a time, please.")


FORM = "multipart/form-data; boundary=b"
PICTURE = b'--b\r\nContent-Disposition: form-data; name="picture"\r\n\r\n'


async def test_malformed_uploads_are_bad_requests(ann: Visitor) -> None:
    for kind, body in (
        ("image/jpeg", b"\xff\xd8"),
        ("multipart/mixed; boundary=b", PICTURE + b"x\r\n--b--\r\n"),
        ("multipart/form-data", b"no boundary"),
        (FORM, b""),
        (FORM, b"--b--\r\n"),
        (FORM, b"never begins"),
        (FORM, PICTURE.replace(b"picture", b"other") + b"x\r\n--b--\r\n"),
        (FORM, PICTURE + b"never ends"),
    ):
        headers = {"Idempotency-Key": uuid.uuid4().hex, "Content-Type": kind}
        status, told = await ann.send("POST", "/answers", headers, data=body)
        assert (status, list(told)) == (400, ["error"]), (kind, body)


async def test_an_upload_needs_a_key(ann: Visitor, astronaut: bytes) -> None:
    for key in (" ", "1", "../../etc"):
        assert (await ann.upload(astronaut, key=key))[0] == 400


async def test_malformed_votes_are_refused(ann: Visitor, astronaut: bytes) -> None:
    part = await ann.face(astronaut)
    for body, status, sentence in (
        ("{", 400, "I don't understand"),
        ('{"mark": "delete"}', 400, "I don't understand"),
        ('{"mark": "right", "trusted": true}', 400, "I don't understand"),
        ('{"mark": "name", "name": " \\u0000 "}', 400, "A name has 1 to 80"),
        (json.dumps({"mark": "name", "name": "x" * 81}), 400, "A name has 1 to 80"),
        (json.dumps({"mark": "name", "name": "x" * 100_000}), 413, "I don't understand"),
        ('{"mark": "right"}', 404, "This answer was deleted"),  # nobody was named to be right of
    ):
        got, told = await ann.send("POST", f"/parts/{part['id']}/vote", data=body)
        assert got == status, body
        assert told["error"].startswith(sentence), body


async def test_a_visitor_who_leaves_half_way_harms_nobody(
    ann: Visitor, platform: WebPlatform, astronaut: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (cookie,) = ann.http.cookie_jar
    _, writer = await asyncio.open_connection("127.0.0.1", platform.port)
    head = (
        f"POST /answers HTTP/1.1\r\nHost: localhost\r\nCookie: {COOKIE}={cookie.value}\r\n"
        f"{TOKEN_HEADER}: {ann.token}\r\nIdempotency-Key: {uuid.uuid4()}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 99999\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="picture"\r\n\r\n'
    )
    with caplog.at_level(logging.WARNING):
        writer.write(head.encode() + astronaut[:5000])
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert (await ann.upload(astronaut))[0] == 200
    assert caplog.records == []


# who may come in


async def test_what_our_page_did_not_send_is_refused(ann: Visitor, astronaut: bytes) -> None:
    part = await ann.face(astronaut)
    for headers in (
        {TOKEN_HEADER: ""},
        {TOKEN_HEADER: "0" * 64},
        {TOKEN_HEADER: "\udcff"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Cookie": f"{COOKIE}=forged"},
    ):
        if "Cookie" in headers:
            ann.http.cookie_jar.clear()
        for method, path in (
            ("POST", "/answers"),
            ("POST", f"/parts/{part['id']}/vote"),
            ("POST", f"/parts/{part['id']}/reveal"),
            ("DELETE", f"/parts/{part['id']}"),
            ("POST", "/logout"),
        ):
            status, _ = await ann.send(method, path, headers, data={"token": "forged"})
            assert status == 403, (path, headers)


async def test_our_page_is_let_in(ann: Visitor, platform: WebPlatform) -> None:
    headers = {"Origin": platform.url, "Sec-Fetch-Site": "same-origin"}
    status, _ = await ann.send("POST", "/answers", headers)
    assert status == 400  # it got as far as looking for pictures


async def test_the_token_of_another_visitor_does_not_fit(
    ann: Visitor, ben: Visitor, astronaut: bytes
) -> None:
    ann.token = ben.token
    assert (await ann.upload(astronaut))[0] == 403


@pytest.mark.parametrize("web", [{"public_hosts": ["Faces.example"]}])
async def test_foreign_names_are_turned_away(ann: Visitor) -> None:
    for host, status in (
        ("localhost", 200),
        ("127.0.0.1:8080", 200),
        ("[::1]:8080", 200),
        ("faces.example", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost.", 421),
        ("[::1", 421),
        ("", 421),
    ):
        for path in ("/", "/answers", "/healthz", "/metrics", "/static/page.js"):
            got, _ = await ann.send("GET", path, {"Host": host})
            assert got == status, (path, host)
    _, told = await ann.send("GET", "/answers", {"Host": "evil.example"})
    assert "evil.example" in told["error"]
    assert "web.public_hosts" in told["error"]


async def test_a_link_from_elsewhere_makes_no_new_visitor(http: aiohttp.ClientSession) -> None:
    """The browser sends no cookie then; a page with a cookie of its own would replace it."""
    async with http.get("/", headers={**PAGE, "Sec-Fetch-Site": "cross-site"}) as response:
        assert response.cookies == {}
        assert 'http-equiv="refresh"' in await response.text()


async def test_a_visitor_outlives_a_restart(
    settings: Settings, service: Service, astronaut: bytes
) -> None:
    async with serving(settings, service) as platform, client(platform) as http:
        ann = Visitor(http)
        await ann.open()
        part = await ann.face(astronaut)
        await ann.vote(part, "name", name="Eileen Collins")
        (cookie,) = http.cookie_jar
    key = settings.store.data_dir / "web.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600

    async with serving(settings, service) as platform, client(platform) as http:
        http.cookie_jar.update_cookies({COOKIE: cookie.value}, URL(platform.url))
        ann_again = Visitor(http)
        ann_again.token = ann.token
        _, undone = await ann_again.vote(part, "name", name="Eileen Collins", withdraw=True)
    assert undone["state"] == "open"


@pytest.mark.parametrize("web", [{"password": "correct horse"}])
class TestPassword:
    async def test_everything_is_behind_it(
        self, ann: Visitor, service: Service, astronaut: bytes
    ) -> None:
        reply = await service.answer(post_of(astronaut))
        assert reply
        part = f"/parts/{reply.parts[0].verdict_id}"
        for method, path in (
            ("GET", "/"),
            ("GET", "/answers"),
            ("GET", "/people"),
            ("GET", f"{part}.jpg"),
            ("POST", "/answers"),
            ("POST", f"{part}/vote"),
            ("POST", f"{part}/reveal"),
            ("DELETE", part),
            ("POST", "/logout"),
        ):
            assert (await ann.send(method, path))[0] == 401, path
        async with ann.http.get("/", headers=PAGE) as response:
            assert response.url.path == "/login"
        assert (await ann.send("GET", "/healthz"))[0] == 200

    async def sign_in(self, visitor: Visitor, password: str) -> int:
        form = {"token": visitor.token, "password": password}
        status, _ = await visitor.send("POST", "/login", data=form)
        return status

    async def test_signing_in_and_out(self, ann: Visitor, astronaut: bytes) -> None:
        assert await self.sign_in(ann, "wrong") == 403
        assert (await ann.upload(astronaut))[0] == 401
        assert await self.sign_in(ann, "correct horse") == 303
        await ann.open()
        assert (await ann.upload(astronaut))[0] == 200
        status, _ = await ann.send("POST", "/logout", data={"token": ann.token})
        assert status == 303
        assert (await ann.send("GET", "/answers"))[0] == 401

    async def test_signing_in_needs_the_token_of_the_form(self, ann: Visitor) -> None:
        ann.token = "forged"
        assert await self.sign_in(ann, "correct horse") == 403

    async def test_guessing_is_slowed_and_then_stopped(self, ann: Visitor) -> None:
        tries = [self.sign_in(ann, f"guess {n}") for n in range(MOST_TRIES + 3)]
        assert sorted(await asyncio.gather(*tries)) == [403] * MOST_TRIES + [429] * 3
        assert await self.sign_in(ann, "correct horse") == 429
        status, _ = await ann.send("GET", "/metrics", {"Authorization": "Bearer correct horse"})
        assert status == 429

    async def test_a_new_password_signs_everybody_out(
        self, ann: Visitor, settings: Settings, service: Service
    ) -> None:
        await self.sign_in(ann, "correct horse")
        (cookie,) = ann.http.cookie_jar
        changed = settings.model_copy(
            update={"web": settings.web.model_validate({"port": 0, "password": "battery staple"})}
        )
        async with serving(changed, service) as platform, client(platform) as http:
            http.cookie_jar.update_cookies({COOKIE: cookie.value}, URL(platform.url))
            assert (await Visitor(http).send("GET", "/answers"))[0] == 401

    async def test_metrics_take_the_password_as_a_bearer(self, ann: Visitor) -> None:
        assert (await ann.send("GET", "/metrics"))[0] == 401
        assert (await ann.send("GET", "/metrics", {"Authorization": "Bearer wrong"}))[0] == 401
        right = {"Authorization": "Bearer correct horse"}
        status, body = await ann.send("GET", "/metrics", right)
        assert status == 200
        assert b"hantei_votes_total" in body


async def test_metrics_and_health(ann: Visitor, astronaut: bytes) -> None:
    await ann.face(astronaut)
    status, figures = await ann.send("GET", "/metrics")
    assert status == 200
    assert re.search(rb'^hantei_answers_total\{platform="web"\} [1-9]', figures, re.MULTILINE)
    status, health = await ann.send("GET", "/healthz")
    assert (status, health["status"]) == (200, "ok")


# pages


async def test_the_browser_chooses_the_language(http: aiohttp.ClientSession) -> None:
    for accepted, locale in (
        ("", "ja"),  # the settings' locale
        ("fr", "ja"),
        ("en-GB,en;q=0.9", "en"),
        ("fr, ja;q=0.3, en;q=0.5", "en"),
        ("en;q=0.1, ja", "ja"),
        ("en;q=0", "ja"),
        ("en;q=nonsense", "ja"),
    ):
        async with http.get("/", headers={**PAGE, "Accept-Language": accepted}) as response:
            assert f'<html lang="{locale}">' in await response.text(), accepted


async def test_the_visitor_chooses_the_language(ann: Visitor, astronaut: bytes) -> None:
    assert '<html lang="en">' in await ann.open()
    async with ann.http.get("/language/ja", headers=PAGE) as response:
        assert '<html lang="ja">' in await response.text()
    part = await ann.face(astronaut)
    assert part["words"] == "だれかわかりません。名前を教えてもらえれば覚えます。"
    assert {each["label"] for each in part["marks"]} == {"顔ではない", "削除"}


async def test_every_answer_has_the_headers(ann: Visitor) -> None:
    for path in ("/", "/static/page.js", "/answers", "/healthz", "/nowhere", "/parts/1.jpg"):
        async with ann.http.get(path) as response:
            policy = response.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert response.headers["X-Content-Type-Options"] == "nosniff"
            assert response.headers["Referrer-Policy"] == "same-origin"


async def test_the_cookie_is_kept_from_scripts_and_other_sites(ann: Visitor) -> None:
    async with ann.http.get("/", headers=PAGE) as response:
        cookie = response.cookies[COOKIE]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
    assert not cookie["secure"]
    headers = {**PAGE, "X-Forwarded-Proto": "https"}
    async with ann.http.get("/", headers=headers) as response:
        assert response.cookies[COOKIE]["secure"]


async def test_nothing_is_asked_of_other_hosts(ann: Visitor) -> None:
    texts = [await ann.open()]
    for name in ("page.js", "style.css"):
        _, body = await ann.send("GET", f"/static/{name}")
        texts.append(body.decode())
    assert not re.search(r"""(src|href|url|import|from)\W{0,3}(https?:)?//""", "\n".join(texts))


async def test_unknown_pages_are_told_in_words(ann: Visitor) -> None:
    status, html = await ann.send("GET", "/nowhere", PAGE)
    assert status == 404
    assert b"There is nothing here." in html
    assert await ann.send("GET", "/nowhere") == (404, {"error": "There is nothing here."})


# starting


async def test_it_says_where_it_is(
    settings: Settings, service: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(settings, service) as platform:
        assert platform.port > 0
        assert capsys.readouterr().out == f"Hantei is at http://127.0.0.1:{platform.port}\n"


async def test_a_port_in_use_is_told_in_a_sentence(
    settings: Settings, service: Service, platform: WebPlatform
) -> None:
    web = settings.web.model_copy(update={"port": platform.port})
    with pytest.raises(SettingsError, match=rf"web\.port = {platform.port} .*choose another"):
        await WebPlatform(settings.model_copy(update={"web": web})).run(service)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("::1", "http://[::1]:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),  # noqa: S104 - nothing listens here
        ("faces.example", "http://faces.example:8080"),
    ],
)
async def test_its_address(host: str, url: str) -> None:
    settings = Settings.model_validate({"web": {"host": host, "password": "x"}})
    assert WebPlatform(settings).url == url


def squeezed(picture: bytes) -> bytes:
    """The same person, mirrored and too narrow to be sure who it is."""
    with Image.open(BytesIO(picture)) as image:
        mirrored = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    file = BytesIO()
    mirrored.resize((440, 1024)).save(file, "PNG")
    return file.getvalue()
