"""Nobody is served whom X would not serve: signatures, tokens, scopes and how they are got."""

import base64
import dataclasses
import hashlib
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from oauthlib.oauth1 import Client
from yarl import URL

from tests.x import User, XServer, done_then_failing
from tests.x.driving import Answer, Driver

CALLBACK = "http://127.0.0.1:8917/callback"
VERIFIER = "a-verifier-that-is-long-enough-to-be-one-0123456789"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
SCOPES = "tweet.read users.read tweet.write media.write offline.access"


async def test_a_signature_must_be_right(x: XServer, bot: User, driver: Driver) -> None:
    assert (await driver.get("/2/users/me")).json["data"]["id"] == bot.id
    for wrong in (
        {"consumer_secret": "guess"},
        {"access_token_secret": "guess"},
        {"access_token": "guess"},
        {"consumer_key": "guess"},
    ):
        thief = Driver(driver.http, x.url, dataclasses.replace(x.keys(bot), **wrong))
        refused = await thief.get("/2/users/me")
        assert (refused.status, refused.json["title"]) == (401, "Unauthorized")
        assert "x-rate-limit-limit" not in refused.headers
        assert "x-access-level" not in refused.headers


async def test_a_signature_covers_the_query_and_is_good_once(
    x: XServer, bot: User, http: aiohttp.ClientSession
) -> None:
    keys = x.keys(bot)
    signer = Client(
        keys.consumer_key, keys.consumer_secret, keys.access_token, keys.access_token_secret
    )
    url = f"{x.url}/2/users/me?user.fields=protected"
    _, headers, _ = signer.sign(url)
    for address, status in (
        (url.replace("protected", "verified"), 401),
        (url, 200),
        (url, 401),
    ):
        async with http.get(URL(address, encoded=True), headers=headers) as response:
            assert response.status == status


async def test_the_app_itself_may_read_but_has_no_account(
    x: XServer, bot: User, http: aiohttp.ClientSession
) -> None:
    app = Driver(http, x.url, x.auth.app_token)
    assert (await app.get(f"/2/users/{bot.id}/mentions")).status == 200
    refused = await app.get("/2/users/me")
    assert (refused.status, refused.json["title"]) == (403, "Unsupported Authentication")
    assert (await app.post("/2/tweets", {"text": "a"})).status == 403


async def test_a_token_ends_and_has_its_scopes(
    x: XServer, bot: User, http: aiohttp.ClientSession
) -> None:
    token = x.auth.issue(bot, "tweet.read users.read", life=60)
    assert "refresh_token" not in token
    reader = Driver(http, x.url, str(token["access_token"]))
    assert (await reader.get("/2/users/me")).status == 200
    assert (await reader.post("/2/tweets", {"text": "a"})).status == 403
    x.clock.ahead += 61
    assert (await reader.get("/2/users/me")).status == 401
    assert (await Driver(http, x.url, "guess").get("/2/users/me")).status == 401


async def asked(x: XServer, http: aiohttp.ClientSession) -> dict[str, str]:
    """What comes back to the callback from the authorize page."""
    query = {
        "response_type": "code",
        "client_id": x.auth.client_id,
        "redirect_uri": CALLBACK,
        "scope": SCOPES,
        "state": "a state",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    url = URL(f"{x.url}/i/oauth2/authorize").with_query(query)
    async with http.get(url, allow_redirects=False) as response:
        assert response.status == 302
        location = response.headers["Location"]
    assert location.startswith(CALLBACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


async def exchanged(x: XServer, http: aiohttp.ClientSession, **form: str) -> Answer:
    secret = x.auth.client_secret
    basic = None if secret is None else aiohttp.encode_basic_auth(x.auth.client_id, secret)
    headers = {} if basic is None else {"Authorization": basic}
    async with http.post(f"{x.url}/2/oauth2/token", data=form, headers=headers) as response:
        return Answer(response.status, await response.json(), dict(response.headers))


def redeeming(code: str) -> dict[str, str]:
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
    }


async def test_a_user_agrees_and_the_tokens_rotate(
    x: XServer, bot: User, http: aiohttp.ClientSession
) -> None:
    x.auth.logged_in = bot
    answer = await asked(x, http)
    assert answer["state"] == "a state"
    first = await exchanged(x, http, **redeeming(answer["code"]))
    assert (first.json["token_type"], first.json["expires_in"]) == ("bearer", 7200)
    assert set(first.json["scope"].split()) == set(SCOPES.split())
    refresh = {"grant_type": "refresh_token", "refresh_token": first.json["refresh_token"]}
    second = await exchanged(x, http, **refresh)
    driver = Driver(http, x.url, second.json["access_token"])
    assert (await driver.get("/2/users/me")).json["data"]["id"] == bot.id
    again = await exchanged(x, http, **refresh)
    assert again.status == 400
    assert again.json["error_description"] == "Value passed for the token was invalid."


async def test_the_refresh_token_is_gone_though_the_answer_was_lost(
    x: XServer, bot: User, http: aiohttp.ClientSession
) -> None:
    token = x.auth.issue(bot, SCOPES)
    refresh = {"grant_type": "refresh_token", "refresh_token": str(token["refresh_token"])}
    x.faults.next("POST /2/oauth2/token", done_then_failing())
    assert (await exchanged(x, http, **refresh)).status == 503
    assert (await exchanged(x, http, **refresh)).status == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"code_verifier": "another"},
        {"redirect_uri": CALLBACK + "/other"},
        {"code": "guess"},
        {"grant_type": "password"},
    ],
)
async def test_a_code_is_good_for_who_asked_only(
    changed: dict[str, str], x: XServer, bot: User, http: aiohttp.ClientSession
) -> None:
    x.auth.logged_in = bot
    code = (await asked(x, http))["code"]
    assert (await exchanged(x, http, **(redeeming(code) | changed))).status == 400


async def test_a_code_is_good_for_half_a_minute_and_once(
    x: XServer, bot: User, http: aiohttp.ClientSession
) -> None:
    x.auth.logged_in = bot
    late = (await asked(x, http))["code"]
    x.clock.ahead += 31
    assert (await exchanged(x, http, **redeeming(late))).status == 400
    code = (await asked(x, http))["code"]
    assert (await exchanged(x, http, **redeeming(code))).status == 200
    assert (await exchanged(x, http, **redeeming(code))).status == 400


async def test_a_user_declines(x: XServer, bot: User, http: aiohttp.ClientSession) -> None:
    x.auth.logged_in, x.auth.declines = bot, True
    assert await asked(x, http) == {"error": "access_denied", "state": "a state"}


async def test_a_confidential_client_shows_its_secret_and_a_public_one_its_name(
    x: XServer, bot: User, http: aiohttp.ClientSession
) -> None:
    token = x.auth.issue(bot, SCOPES)
    refresh = {"grant_type": "refresh_token", "refresh_token": str(token["refresh_token"])}
    x.auth.client_secret = "another"
    wrong = aiohttp.encode_basic_auth(x.auth.client_id, "client-secret")
    async with http.post(
        f"{x.url}/2/oauth2/token", data=refresh, headers={"Authorization": wrong}
    ) as response:
        assert response.status == 401
    x.auth.client_secret = None
    assert (await exchanged(x, http, **refresh)).status == 400
    assert (await exchanged(x, http, **refresh, client_id=x.auth.client_id)).status == 200
