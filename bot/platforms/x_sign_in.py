"""Waiting for somebody who signs in to X: the browser comes back, or its address is pasted."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from functools import partial
from urllib.parse import urlsplit

from aiohttp import web

from bot.errors import SettingsError
from bot.platforms.x_oauth2 import SignIn
from bot.settings import LOCAL_HOSTS

Say = Callable[[str], None]
"""Prints a sentence."""

_LONGEST_LINE = 4096
"""Bytes; a terminal takes no more."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Referrer-Policy": "no-referrer",  # the code is in the address
}

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Hantei</title>
<style>
  :root {{ color-scheme: light dark; font: 1.125rem/1.6 system-ui, sans-serif }}
  main {{ max-width: 32rem; margin: 20vh auto 0; padding: 0 1.5rem }}
  h1 {{ font-size: 1.5rem; line-height: 1.3 }}
</style>
<main><h1>{title}</h1><p>{words}</p></main>
</html>
"""


async def code_of(sign_in: SignIn, callback_url: str, say: Say) -> str:
    """Wait until the code is here, on whichever way comes first.

    Raises:
        SettingsError: the answer is no, or there is no way on which one could come.
    """
    ways: list[Coroutine[None, None, str | None]] = [
        _called_back(sign_in, callback_url, say),
        _pasted(sign_in, say),
    ]
    waiting = {asyncio.create_task(way) for way in ways}
    try:
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                if (code := way.result()) is not None:
                    return code
    finally:
        for way in waiting:
            way.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    raise SettingsError(
        f"nothing listens at {callback_url} on this machine, and there is no terminal to paste an "
        "address into: run it in a terminal."
    )


async def _called_back(sign_in: SignIn, callback_url: str, say: Say) -> str | None:
    """The code that a browser brings; None if it does not come to this machine."""
    parts = urlsplit(callback_url)
    if parts.hostname not in LOCAL_HOSTS:
        return None
    answered: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def answer(request: web.Request) -> web.Response:
        try:
            code = sign_in.code(str(request.url))
        except ValueError:
            return _page(400, "This is an answer to something else", "Nothing has changed.")
        except SettingsError as no:
            page = _page(403, "Not signed in", "Nothing was stored.")
            settle = partial(answered.set_exception, no)
        else:
            page = _page(200, "Thank you", "You can close this page and go back to the terminal.")
            settle = partial(answered.set_result, code)
        await page.prepare(request)
        await page.write_eof()  # before all is closed
        if not answered.done():
            settle()
        return page

    app = web.Application()
    app.router.add_get(parts.path or "/", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, parts.hostname, parts.port or 80).start()
        return await answered
    except OSError as error:
        say(f"Nothing can listen at {parts.netloc} ({error.strerror}), so paste the address here.")
        return None
    finally:
        await runner.cleanup()


def _page(status: int, title: str, words: str) -> web.Response:
    html = _PAGE.format(title=title, words=words)
    page = web.Response(status=status, text=html, content_type="text/html", headers=_HEADERS)
    page.force_close()
    return page


async def _pasted(sign_in: SignIn, say: Say) -> str | None:
    """The code in an address that is pasted into the terminal; None if there is none any more."""
    if not sys.stdin.isatty():
        return None
    loop, terminal = asyncio.get_running_loop(), sys.stdin.fileno()
    lines: asyncio.Queue[bytes] = asyncio.Queue()
    loop.add_reader(terminal, lambda: lines.put_nowait(_line(terminal)))
    try:
        while line := await lines.get():
            try:
                return sign_in.code(line.decode(errors="replace").strip())
            except ValueError:
                say("That is not the address to which X sends the browser back. Copy all of it.")
        return None
    finally:
        loop.remove_reader(terminal)


def _line(terminal: int) -> bytes:
    try:
        return os.read(terminal, _LONGEST_LINE)
    except OSError:  # it was closed
        return b""
