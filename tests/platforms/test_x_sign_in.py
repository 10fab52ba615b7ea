"""Waiting for who signs in to X: a browser that comes back, and an address that is pasted."""

import asyncio
import io
import os
import re
import socket
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from bot.errors import SettingsError
from bot.platforms.x_oauth2 import SignIn
from bot.platforms.x_sign_in import code_of
from bot.settings import X


@pytest.fixture
def callback_url() -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}/callback"


@pytest.fixture
def sign_in(callback_url: str) -> SignIn:
    return SignIn(X(client_id="an app", callback_url=callback_url))


@pytest.fixture
def yes(sign_in: SignIn, callback_url: str) -> str:
    """Where X sends the browser of somebody who agrees."""
    found = re.search(r"state=([^&]+)", sign_in.url)
    assert found
    return f"{callback_url}?state={found[1]}&code=the-code"


@pytest.fixture
def no(yes: str) -> str:
    return yes.replace("code=the-code", "error=access_denied")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.FileIO]:
    """What somebody types into the terminal that is the standard input."""
    ours, theirs = os.openpty()
    with open(theirs) as stdin, open(ours, "wb", buffering=0) as typed:  # noqa: PTH123
        monkeypatch.setattr("sys.stdin", stdin)
        yield typed


class Waiting:
    """Somebody waits for a code, and says what there is to say."""

    def __init__(self, sign_in: SignIn, callback_url: str) -> None:
        self.said: asyncio.Queue[str] = asyncio.Queue()
        self.code = asyncio.create_task(code_of(sign_in, callback_url, self.said.put_nowait))


@pytest.fixture
async def waiting(sign_in: SignIn, callback_url: str) -> AsyncIterator[Waiting]:
    waiting = Waiting(sign_in, callback_url)
    yield waiting
    waiting.code.cancel()
    await asyncio.gather(waiting.code, return_exceptions=True)


async def opened(url: str) -> tuple[int, str]:
    """Open an address in a browser, as soon as somebody listens there."""
    async with aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url) as response:
                    assert response.headers["Referrer-Policy"] == "no-referrer"
                    return response.status, await response.text()
            except aiohttp.ClientConnectorError:
                await asyncio.sleep(0)


async def test_the_browser_comes_back(waiting: Waiting, yes: str, callback_url: str) -> None:
    assert (await opened(f"{callback_url}?state=another&code=wrong"))[0] == 400
    assert (await opened(callback_url))[0] == 400
    assert not waiting.code.done()
    status, page = await opened(yes)
    assert (status, "go back to the terminal" in page) == (200, True)
    assert "the-code" not in page
    assert await waiting.code == "the-code"
    with pytest.raises(aiohttp.ClientConnectorError):  # nothing is left behind
        async with aiohttp.ClientSession() as http, http.get(yes):
            pass


async def test_who_says_no_is_told_that_nothing_was_stored(waiting: Waiting, no: str) -> None:
    status, page = await opened(no)
    assert (status, "Nothing was stored" in page) == (403, True)
    with pytest.raises(SettingsError, match="did not authorize"):
        await waiting.code


async def test_the_address_is_pasted(
    terminal: io.FileIO, waiting: Waiting, yes: str, callback_url: str
) -> None:
    terminal.write(b"hello\n")
    assert "not the address" in await waiting.said.get()
    terminal.write(f"{callback_url}?state=another&code=wrong\n".encode())
    assert "not the address" in await waiting.said.get()
    terminal.write(f" {yes}\n".encode())
    assert await waiting.code == "the-code"


async def test_no_is_pasted(terminal: io.FileIO, waiting: Waiting, no: str) -> None:
    terminal.write(f"{no}\n".encode())
    with pytest.raises(SettingsError, match="did not authorize"):
        await waiting.code


async def test_who_closes_the_input_can_still_use_the_browser(
    terminal: io.FileIO, waiting: Waiting, yes: str
) -> None:
    terminal.write(b"\x04")  # Ctrl-D
    assert (await opened(yes))[0] == 200
    assert await waiting.code == "the-code"


@pytest.fixture
def taken(callback_url: str) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", int(callback_url.split(":")[2].split("/")[0]))):
        yield


async def test_where_somebody_else_listens_one_can_paste(
    taken: None, terminal: io.FileIO, waiting: Waiting, yes: str
) -> None:
    assert "paste the address" in await waiting.said.get()
    terminal.write(f"{yes}\n".encode())
    assert await waiting.code == "the-code"


async def test_where_nothing_can_come_nobody_waits(taken: None, waiting: Waiting) -> None:
    with pytest.raises(SettingsError, match="run it in a terminal"):
        await waiting.code
