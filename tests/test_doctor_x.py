"""`doctor x`, against a server that checks as X does: what an operator reads, and its status."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot import doctor
from bot.doctor_x import check_x, check_x_money, doctor_x
from bot.platforms.x_oauth2 import SCOPES
from bot.platforms.x_tokens import TokenFile, Tokens
from bot.settings import Settings
from bot.store import Store
from bot.x_store import Mention
from tests.x import User, XServer

ROOT = Path(__file__).parent.parent
THIS_MONTH = datetime.now(UTC).strftime("%Y-%m")


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "300")


@pytest.fixture
async def x() -> AsyncIterator[XServer]:
    async with XServer() as server:
        yield server


@pytest.fixture
def bot(x: XServer) -> User:
    user = x.add_user("hantei_bot")
    x.auth.logged_in = user
    return user


def settings_of(folder: Path, **x: Any) -> Settings:
    return Settings.model_validate({"store": {"data_dir": folder / "data"}, "x": x})


@pytest.fixture
def signing(tmp_path: Path, x: XServer, bot: User) -> Settings:
    """With the four keys of OAuth 1.0a."""
    return settings_of(tmp_path, api_url=x.url, **vars(x.keys(bot)))


@pytest.fixture
def by_tokens(tmp_path: Path, x: XServer) -> Settings:
    """With OAuth 2; the callback is not on this machine, so that nobody listens."""
    return settings_of(
        tmp_path,
        api_url=x.url,
        authorize_url=f"{x.url}/i/oauth2/authorize",
        client_id=x.auth.client_id,
        client_secret=x.auth.client_secret,
        callback_url="https://hantei.example.org/callback",
    )


def signed_in(settings: Settings, x: XServer, bot: User, scopes: tuple[str, ...] = SCOPES) -> Path:
    told = x.auth.issue(bot, " ".join(scopes))
    settings.store.data_dir.mkdir()
    file = TokenFile(settings.store.data_dir)
    file.write(
        Tokens(
            client_id=x.auth.client_id,
            access=str(told["access_token"]),
            refresh=str(told["refresh_token"]),
            scopes=scopes,
            renew_from=datetime.now(UTC).timestamp() + 3600,
        )
    )
    return file.path


async def walked(settings: Settings, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    status = await doctor_x(settings)
    return status, capsys.readouterr().out


# the walk


async def test_without_keys_it_says_where_they_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = await walked(settings_of(tmp_path), capsys)
    assert status == 1
    for word in ("console.x.com", "Read and write", "http://127.0.0.1:8917/callback\n"):
        assert word in said
    assert "FIX  keys: there are none" in said


async def test_with_everything_right(
    x: XServer, bot: User, signing: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said = await walked(signing, capsys)
    assert status == 0, said
    for line in (
        "ok   keys: OAuth 1.0a",
        f"ok   account: the bot is @hantei_bot, number {bot.id}",
        "ok   access: the bot may read, and post pictures",
        "ok   clock: this machine's agrees",
        "ok   mentions: none waits",
        "ok   money for X: $0.00 of $20.00 spent",
        "note automated label: X asks for a label on @hantei_bot",
    ):
        assert line in said
    assert not [each for each in x.requests if each.endpoint.startswith("POST")]
    for secret in vars(x.keys(bot)).values():
        assert secret not in said


async def test_tokens_do_as_well_as_keys(
    x: XServer, bot: User, by_tokens: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    file = signed_in(by_tokens, x, bot)
    status, said = await walked(by_tokens, capsys)
    assert (status, "OAuth 2, a confidential client" in said) == (0, True), said
    file.chmod(0o644)
    status, said = await walked(by_tokens, capsys)
    assert (status, "chmod 600" in said) == (1, True), said


async def test_who_allowed_too_little_is_asked_again(
    x: XServer, bot: User, by_tokens: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    signed_in(by_tokens, x, bot, ("tweet.read", "users.read", "offline.access"))
    finding = await check_x(by_tokens)
    assert (finding.about, finding.state) == ("X", "bad")
    assert "did not allow tweet.write, media.write" in finding.found
    status, said = await walked(by_tokens, capsys)
    assert status == 1
    assert "The account did not allow tweet.write, media.write." in said
    assert f"{x.url}/i/oauth2/authorize?response_type=code" in said


async def test_tokens_that_x_takes_no_more_have_to_be_replaced(
    x: XServer, bot: User, by_tokens: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    signed_in(by_tokens, x, bot)
    tokens = TokenFile(by_tokens.store.data_dir).read()
    assert tokens is not None
    x.auth.revoke(tokens.access)
    x.auth.revoke(str(tokens.refresh))
    finding = await check_x(by_tokens)
    assert (finding.state, "`python bot.py doctor x` signs in" in finding.found) == ("bad", True)
    status, said = await walked(by_tokens, capsys)
    assert (status, "X takes the tokens no more." in said) == (1, True)


@pytest.mark.parametrize("callback_url", ["127.0.0.1:8917/callback", "/callback"])
async def test_a_callback_that_is_no_address(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], callback_url: str
) -> None:
    settings = settings_of(tmp_path, client_id="x", callback_url=callback_url)
    status, said = await walked(settings, capsys)
    assert (status, f"x.callback_url = '{callback_url}'" in said) == (1, True)


# mentions


async def test_mentions_that_wait_are_counted(
    x: XServer, bot: User, signing: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    fan = x.add_user("fan")
    for number in range(101):
        newest = x.post(fan, f"@hantei_bot {number}")
    _, said = await walked(signing, capsys)
    assert "note mentions: 100 or more wait: the first start answers them" in said
    left = signing.model_copy(update={"x": signing.x.model_copy(update={"answer_waiting": False})})
    _, said = await walked(left, capsys)
    assert "ok   mentions: 100 or more wait, and are left alone" in said
    async with Store(signing.store.data_dir) as store:
        await store.x.receive([Mention(int(newest), "x:1", "{}")], int(newest))
    x.post(fan, "@hantei_bot again")
    _, said = await walked(signing, capsys)
    assert "ok   mentions: 2 wait for an answer" in said


# what X may answer


@asynccontextmanager
async def answering(
    folder: Path, x: XServer, bot: User, *, status: int = 200, text: str, access: str | None = None
) -> AsyncIterator[Settings]:
    """Settings for a server that answers always the same."""

    async def answer(request: web.Request) -> web.Response:
        headers = {"x-access-level": access} if access else {}
        return web.Response(status=status, text=text, headers=headers)

    app = web.Application()
    app.router.add_get("/2/users/me", answer)
    async with TestServer(app) as server:
        url = str(server.make_url("")).rstrip("/")
        yield settings_of(folder, api_url=url, **vars(x.keys(bot)))


@pytest.mark.parametrize(
    ("status", "found"),
    [
        (402, "no credits left"),
        (403, "may not do that"),
        (404, "answers with status 404"),
        (429, "takes no more requests"),
        (503, "broken at the moment (status 503)"),
        (200, "does not answer as X does"),
    ],
)
async def test_what_x_refuses_is_said_in_words(
    tmp_path: Path,
    x: XServer,
    bot: User,
    capsys: pytest.CaptureFixture[str],
    status: int,
    found: str,
) -> None:
    async with answering(tmp_path, x, bot, status=status, text="<h1>It works</h1>") as settings:
        finding = await check_x(settings)
        worst, said = await walked(settings, capsys)
    assert (finding.state, found in finding.found, bool(finding.mend)) == ("bad", True, True)
    assert (worst, finding.found in said, finding.mend in said) == (1, True, True)


async def test_wrong_keys(tmp_path: Path, x: XServer, bot: User, signing: Settings) -> None:
    keys = {**vars(x.keys(bot)), "access_token_secret": "wrong"}
    wrong = settings_of(tmp_path, api_url=x.url, **keys)
    finding = await check_x(wrong)
    assert (finding.state, "copy all four again" in finding.mend) == ("bad", True)
    x.clock.ahead = 600
    finding = await check_x(wrong)
    assert re.search(r"clock is (600|599) s behind X's", finding.found)
    assert "timedatectl" in finding.mend


async def test_a_clock_that_is_off_is_named(
    x: XServer, bot: User, signing: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    x.clock.ahead = -600
    status, said = await walked(signing, capsys)
    assert (status, "ahead of X's" in said) == (0, True)


@pytest.mark.parametrize(
    ("access", "state"), [("read", "bad"), ("read-write-directmessages", "good"), (None, "good")]
)
async def test_keys_for_reading_only(
    tmp_path: Path, x: XServer, bot: User, access: str | None, state: str
) -> None:
    me = '{"data": {"id": "1", "username": "a"}}'
    async with answering(tmp_path, x, bot, text=me, access=access) as settings:
        finding = await check_x(settings)
    assert (finding.state, "reading only" in finding.found) == (state, state == "bad")


async def test_without_a_network(tmp_path: Path, x: XServer, bot: User) -> None:
    finding = await check_x(
        settings_of(tmp_path, api_url="http://127.0.0.1:1", **vars(x.keys(bot)))
    )
    assert finding.state == "bad"
    assert finding.found.startswith("http://127.0.0.1:1 is not reached")


# in the plain doctor


async def test_the_plain_doctor_looks_at_x_too(tmp_path: Path, signing: Settings) -> None:
    assert {check_x, check_x_money} <= set(doctor.CHECKS)
    assert (await check_x(signing)).found == "signed in as @hantei_bot"
    off = settings_of(tmp_path)
    finding = await check_x(off)
    assert (finding.state, "doctor x" in finding.mend) == ("note", True)
    assert (await check_x_money(off)).state == "good"


async def test_money(signing: Settings) -> None:
    async def spent(number: int) -> tuple[str, str]:
        async with Store(signing.store.data_dir) as store:
            await store.x.spend(THIS_MONTH, "reply", number, number * 0.01)
        finding = await check_x_money(signing)
        return finding.state, finding.found

    state, said = await spent(1)
    assert state == "good"
    assert "$0.01 of $20.00" in said
    assert "1 reply $0.01" in said
    assert (await spent(1598))[0] == "good"
    state, said = await spent(1)
    assert (state, "$16.00 of $20.00" in said) == ("note", True)
    assert (await spent(398))[0] == "note"
    assert (await spent(2))[0] == "bad"  # not enough for one more reply


# as a process, in a terminal


class Terminal:
    """`bot.py` in a pseudo-terminal."""

    def __init__(self, process: asyncio.subprocess.Process, screen: int) -> None:
        self.process = process
        self.said = ""
        self._screen = screen

    @classmethod
    async def run(cls, folder: Path, *arguments: str) -> "Terminal":
        ours, theirs = os.openpty()
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, str(ROOT / "bot.py"), *arguments,
                cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs,
                env={**os.environ, "COLUMNS": "80", "TERM": "dumb"},
            )  # fmt: skip
        finally:
            os.close(theirs)
        return cls(process, ours)

    async def until(self, pattern: str) -> str:
        """What was said first that looks like this."""
        while (found := re.search(pattern, self.said)) is None:
            self.said += (await asyncio.to_thread(os.read, self._screen, 65536)).decode()
        return found[0]

    def type(self, line: str) -> None:
        os.write(self._screen, f"{line}\n".encode())

    async def ended(self) -> int:
        status = await self.process.wait()
        try:
            await self.until("(?!)")
        except OSError:  # nobody has the other end open any more
            os.close(self._screen)
        return status


@pytest.fixture
def folder(tmp_path: Path, x: XServer, bot: User) -> Path:
    """Where `doctor x` is run."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "config.toml").write_text(
        f"""
        [x]
        api_url = "{x.url}"
        authorize_url = "{x.url}/i/oauth2/authorize"
        client_id = "{x.auth.client_id}"
        client_secret = "{x.auth.client_secret}"
        callback_url = "http://127.0.0.1:{port}/callback"
        """
    )
    return tmp_path


async def agreed(url: str, *, and_back: bool) -> str:
    """Somebody opens the address and agrees; the address that the browser ends at."""
    async with (
        aiohttp.ClientSession() as http,
        http.get(url, allow_redirects=and_back) as response,
    ):
        return str(response.url) if and_back else response.headers["Location"]


@pytest.mark.parametrize("and_back", [True, False], ids=["browser", "pasted"])
async def test_signing_in(x: XServer, folder: Path, and_back: bool) -> None:
    terminal = await Terminal.run(folder, "doctor", "x")
    url = await terminal.until(r"http://\S+/i/oauth2/authorize\?\S+")
    await terminal.until("within 30 seconds")
    address = await agreed(url, and_back=and_back)
    if not and_back:
        terminal.type(address)
    assert await terminal.ended() == 0, terminal.said
    assert "account: the bot is @hantei_bot" in terminal.said
    file = folder / "data" / "x_tokens.json"
    assert file.stat().st_mode & 0o777 == 0o600
    tokens = TokenFile(file.parent).read()
    assert tokens is not None
    assert set(tokens.scopes) == set(SCOPES)
    for secret in (tokens.access, str(tokens.refresh), str(x.auth.client_secret)):
        assert secret not in terminal.said


async def test_ctrl_c_leaves_nothing_behind(x: XServer, folder: Path) -> None:
    terminal = await Terminal.run(folder, "doctor", "x")
    await terminal.until("within 30 seconds")
    terminal.process.send_signal(signal.SIGINT)
    assert await terminal.ended() == 130
    assert "Traceback" not in terminal.said
    assert not list(folder.glob("data/*"))
