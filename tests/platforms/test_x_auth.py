"""Signing in to X and staying signed in, against a server that checks as X does."""

import asyncio
import json
import logging
import os
import stat
import time
import traceback
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import cli
from bot.errors import SettingsError
from bot.platforms.x_auth import Auth, auth_of
from bot.platforms.x_oauth2 import SCOPES, NotSignedIn, SignIn
from bot.platforms.x_tokens import TokenFile, Tokens
from bot.settings import Settings
from tests.x import User, XServer, failing

ME = "/2/users/me"
TOKEN = "POST /2/oauth2/token"


@pytest.fixture
async def x() -> AsyncIterator[XServer]:
    async with XServer() as server:
        yield server


@pytest.fixture
def bot(x: XServer) -> User:
    user = x.add_user("hantei_bot")
    x.auth.logged_in = user
    return user


def settings_of(folder: Path, x: XServer, **keys: Any) -> Settings:
    where = {"api_url": x.url, "authorize_url": f"{x.url}/i/oauth2/authorize"}
    return Settings.model_validate({"store": {"data_dir": folder / "data"}, "x": {**where, **keys}})


@pytest.fixture
def settings(tmp_path: Path, x: XServer) -> Settings:
    return settings_of(tmp_path, x, client_id=x.auth.client_id, client_secret=x.auth.client_secret)


@pytest.fixture
def file(settings: Settings) -> TokenFile:
    settings.store.data_dir.mkdir()
    return TokenFile(settings.store.data_dir)


@pytest.fixture
def tokens(x: XServer, bot: User, file: TokenFile) -> Tokens:
    """Given by X and written down; not to be renewed before an hour is over."""
    told = x.auth.issue(bot, " ".join(SCOPES))
    tokens = Tokens(
        client_id=x.auth.client_id,
        access=str(told["access_token"]),
        refresh=str(told["refresh_token"]),
        scopes=SCOPES,
        renew_from=time.time() + 3600,
    )
    file.write(tokens)
    return tokens


@pytest.fixture
def due(tokens: Tokens, file: TokenFile) -> Tokens:
    """Tokens that have to be renewed."""
    due = tokens.model_copy(update={"renew_from": 0.0})
    file.write(due)
    return due


async def asked(x: XServer, auth: Auth, query: dict[str, str] | None = None) -> int:
    """The status with which X answers who asks it who they are."""
    url = f"{x.url}{ME}" + (f"?{urlencode(query)}" if query else "")
    headers = await auth.headers("GET", url)
    async with aiohttp.ClientSession() as http, http.get(url, headers=headers) as response:
        return response.status


async def redirected(sign_in: SignIn) -> str:
    """The address to which X sends the browser of somebody who has answered."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(sign_in.url, allow_redirects=False) as response,
    ):
        assert response.status == 302
        return response.headers["Location"]


# OAuth 1.0a


@pytest.mark.parametrize("query", [{}, {"user.fields": "name,protected"}])
async def test_requests_are_signed_with_their_query(
    tmp_path: Path, x: XServer, bot: User, query: dict[str, str]
) -> None:
    auth = auth_of(settings_of(tmp_path, x, **vars(x.keys(bot)), client_id="does not count"))
    assert await asked(x, auth, query) == 200
    assert not await auth.renew()
    await auth.close()


async def test_another_secret_is_another_signature(tmp_path: Path, x: XServer, bot: User) -> None:
    keys = {**vars(x.keys(bot)), "access_token_secret": "another"}
    assert await asked(x, auth_of(settings_of(tmp_path, x, **keys))) == 401


# signing in


@pytest.mark.parametrize("secret", ["a secret", None])
async def test_signing_in(tmp_path: Path, x: XServer, bot: User, secret: str | None) -> None:
    x.auth.client_secret = secret
    settings = settings_of(tmp_path, x, client_id=x.auth.client_id, client_secret=secret)
    with pytest.raises(NotSignedIn, match="nobody has signed in"):
        auth_of(settings)
    sign_in = SignIn(settings.x)
    assert "code_challenge_method=S256" in sign_in.url
    address = await redirected(sign_in)
    assert address.startswith(settings.x.callback_url)
    tokens = await sign_in.tokens(sign_in.code(address))
    assert set(tokens.scopes) == set(SCOPES)
    file = TokenFile(settings.store.data_dir)
    async with file.locked():
        file.write(tokens)
    assert await asked(x, auth_of(settings)) == 200


async def test_a_code_is_worth_nothing_twice(x: XServer, bot: User, settings: Settings) -> None:
    sign_in = SignIn(settings.x)
    code = sign_in.code(await redirected(sign_in))
    await sign_in.tokens(code)
    with pytest.raises(SettingsError, match="30 seconds") as caught:
        await sign_in.tokens(code)
    assert code not in told(caught.value)


async def test_an_answer_to_another_try_is_none(x: XServer, bot: User, settings: Settings) -> None:
    sign_in = SignIn(settings.x)
    for address in (await redirected(SignIn(settings.x)), settings.x.callback_url, "hello"):
        with pytest.raises(ValueError, match="no answer to this try"):
            sign_in.code(address)


async def test_who_says_no_is_not_asked_again(x: XServer, bot: User, settings: Settings) -> None:
    x.auth.declines = True
    sign_in = SignIn(settings.x)
    with pytest.raises(SettingsError, match="did not authorize"):
        sign_in.code(await redirected(sign_in))


# staying signed in


async def test_tokens_are_renewed_before_they_expire(
    x: XServer, settings: Settings, due: Tokens, file: TokenFile
) -> None:
    auth = auth_of(settings)
    assert await asked(x, auth) == 200
    kept = file.read()
    assert kept is not None
    assert kept.access != due.access
    assert kept.refresh != due.refresh
    assert kept.renew_from == pytest.approx(time.time() + 0.9 * 7200, abs=60)
    assert await auth.headers("GET", x.url) == {"Authorization": f"Bearer {kept.access}"}
    assert len(x.requests_to(TOKEN)) == 1


async def test_tokens_that_x_refuses_are_renewed_whatever_the_clock_says(
    x: XServer, settings: Settings, tokens: Tokens
) -> None:
    auth = auth_of(settings)
    x.auth.revoke(tokens.access)
    assert await asked(x, auth) == 401
    assert await auth.renew()
    assert await asked(x, auth) == 200


async def test_many_who_need_new_tokens_get_the_same(
    x: XServer, settings: Settings, due: Tokens
) -> None:
    # Two at once: locks of files keep out whoever opened them anew, in whatever process.
    bot, collector = auth_of(settings), auth_of(settings)
    everybody = [bot.headers("GET", x.url) for _ in range(5)]
    everybody += [collector.headers("GET", x.url) for _ in range(5)]
    headers = await asyncio.gather(*everybody)
    assert len({each["Authorization"] for each in headers}) == 1
    assert len(x.requests_to(TOKEN)) == 1


async def test_who_was_refused_with_the_tokens_before_needs_no_others(
    x: XServer, settings: Settings, tokens: Tokens
) -> None:
    auth = auth_of(settings)
    assert all([await auth.renew() for _ in range(3)])  # of three requests that were out at once
    assert len(x.requests_to(TOKEN)) == 1


async def test_who_is_cancelled_leaves_no_tokens_behind_that_are_worth_nothing(
    x: XServer, settings: Settings, due: Tokens, file: TokenFile
) -> None:
    auth = auth_of(settings)
    waiting = asyncio.create_task(auth.renew())
    while not x.requests_to(TOKEN):  # noqa: ASYNC110 - the server has no Event for that
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await auth.close()
    assert waiting.cancelled()
    kept = file.read()
    assert kept is not None
    assert kept.refresh != due.refresh
    assert await asked(x, auth_of(settings)) == 200


async def test_while_tokens_cannot_be_renewed_the_old_ones_do(
    x: XServer, settings: Settings, due: Tokens
) -> None:
    x.faults.next(TOKEN, failing(503), failing(500))
    auth = auth_of(settings)
    assert await asked(x, auth) == 200
    with pytest.raises(aiohttp.ClientError, match="answered 500, without tokens"):
        await auth.renew()
    assert await auth.renew()
    assert await asked(x, auth) == 200


async def test_when_x_takes_the_tokens_no_more_one_has_to_sign_in_again(
    x: XServer, settings: Settings, tokens: Tokens
) -> None:
    assert tokens.refresh
    x.auth.revoke(tokens.refresh)
    with pytest.raises(NotSignedIn, match=r"takes the tokens no more.*doctor x` signs in"):
        await auth_of(settings).renew()


async def test_without_a_refresh_token_one_has_to_sign_in_again(
    settings: Settings, tokens: Tokens, file: TokenFile
) -> None:
    file.write(tokens.model_copy(update={"refresh": None}))
    with pytest.raises(NotSignedIn, match="nothing to renew"):
        await auth_of(settings).renew()


async def test_an_app_that_x_does_not_know(
    tmp_path: Path, x: XServer, settings: Settings, tokens: Tokens
) -> None:
    other = settings_of(tmp_path, x, client_id=x.auth.client_id, client_secret="wrong")
    with pytest.raises(SettingsError, match=r"x\.client_secret"):
        await auth_of(other).renew()


def test_tokens_of_another_app_are_not_used(tmp_path: Path, x: XServer, tokens: Tokens) -> None:
    with pytest.raises(NotSignedIn, match="nobody has signed in"):
        auth_of(settings_of(tmp_path, x, client_id="another"))


def test_without_keys_there_is_a_way_to_get_them(tmp_path: Path, x: XServer) -> None:
    with pytest.raises(SettingsError, match="doctor x"):
        auth_of(settings_of(tmp_path, x))


# the file


def test_only_its_owner_may_read_the_file(tokens: Tokens, file: TokenFile) -> None:
    stale = file.path.with_name(file.path.name + ".new")
    stale.write_text("of a process that died")
    stale.chmod(0o644)
    before = os.umask(0)
    try:
        file.write(tokens)
    finally:
        os.umask(before)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
    assert file.read() == tokens
    assert not stale.exists()


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(
    settings: Settings, tokens: Tokens, file: TokenFile, mode: int
) -> None:
    file.path.chmod(mode)
    with pytest.raises(SettingsError, match=rf"mode {mode:o}.*chmod 600"):
        auth_of(settings)


def test_a_damaged_file_is_named_but_not_shown(settings: Settings, file: TokenFile) -> None:
    file.path.touch(0o600)
    file.path.write_text('{"access": "what-nobody-may-see"')
    with pytest.raises(SettingsError, match=r"x_tokens\.json is damaged") as caught:
        auth_of(settings)
    assert "what-nobody-may-see" not in told(caught.value)


def test_a_file_that_cannot_be_written_is_named(tokens: Tokens, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"x_tokens\.json cannot be written \(No such file"):
        TokenFile(tmp_path / "nowhere").write(tokens)


# secrets


def told(error: BaseException) -> str:
    """All that a log could hold of an error."""
    return f"{error!r} {''.join(traceback.format_exception(error))}"


@pytest.fixture
def everything_logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the bot logs with log_level = "DEBUG"."""
    caplog.set_level(logging.DEBUG)
    before = {name: logging.getLogger(name).level for name in list(logging.root.manager.loggerDict)}
    cli._set_up_logging("DEBUG")
    yield caplog
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


async def test_secrets_are_in_no_log(
    tmp_path: Path,
    x: XServer,
    bot: User,
    settings: Settings,
    due: Tokens,
    file: TokenFile,
    everything_logged: pytest.LogCaptureFixture,
) -> None:
    keys = vars(x.keys(bot))
    signing, renewing = auth_of(settings_of(tmp_path, x, **keys)), auth_of(settings)
    assert [await asked(x, signing), await asked(x, renewing)] == [200, 200]
    kept = file.read()
    assert kept is not None
    said = f"{everything_logged.text} {settings!r} {kept!r} {signing!r} {renewing!r}"
    for secret in (*keys.values(), due.access, due.refresh, kept.access, kept.refresh):
        assert secret not in said
    assert str(x.auth.client_secret) not in said


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 429, 500])
async def test_a_server_that_repeats_secrets_does_not_bring_them_into_errors(
    tmp_path: Path, x: XServer, tokens: Tokens, status: int,
    everything_logged: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    async def echo(request: web.Request) -> web.Response:
        seen = f"{await request.text()} {dict(request.headers)}"
        body = {"error": seen, "error_description": seen, "access_token": f"{tokens.refresh} \n"}
        return web.Response(status=status, text=json.dumps(body), headers={"Location": "/"})

    app = web.Application()
    app.router.add_post("/2/oauth2/token", echo)
    async with TestServer(app) as server:
        x.url = str(server.make_url("")).rstrip("/")
        auth = auth_of(settings_of(tmp_path, x, client_id=tokens.client_id, client_secret="s3cret"))
        with pytest.raises((SettingsError, aiohttp.ClientError)) as caught:
            await auth.renew()
    said = told(caught.value) + everything_logged.text
    basic = aiohttp.encode_basic_auth(tokens.client_id, "s3cret")
    for secret in (str(tokens.refresh), tokens.access, "s3cret", basic):
        assert secret not in said
