"""Fetching from strangers' servers: from those hosts alone, slowly, saying who asks.

Only http and https, only to public addresses (`bot.intake.PublicResolver`), with limits on size and
time. A redirect is followed to the same hosts only.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver

from bot.errors import PictureRefused, Reason
from bot.intake import PublicResolver, read_limited

PAUSE = 1.0
"""Seconds between two requests to a host."""

LONGEST_WAIT = 300.0
"""Seconds that a server may ask to be waited for; after that it is for another time."""

_TRIES = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({429, 503})


class AnotherTime(PictureRefused):
    """It cannot be had at the moment, and may be later."""

    def __init__(self, why: str) -> None:
        super().__init__(Reason.DOWNLOAD, why)


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a server sent.

    Attributes:
        body: None if nothing has changed since (304).
    """

    url: str
    headers: Mapping[str, str]
    body: bytes | None


class PoliteFetcher:
    """Fetches. Use it with `async with`.

    Args:
        hosts: from these alone.
        contact: how to reach who asks: an address of mail or of a page.
        seconds: for one request.
        tell: told when a server asks to be waited for.
        resolver: what turns host names into addresses; by default into public ones only.
        pause: seconds between two requests to a host.
    """

    def __init__(
        self,
        hosts: Iterable[str],
        contact: str,
        seconds: float,
        tell: Callable[[str], None],
        resolver: AbstractResolver | None = None,
        pause: float = PAUSE,
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._tell = tell
        self._pause = pause
        self._free: defaultdict[str, float] = defaultdict(float)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=resolver or PublicResolver()),
            timeout=aiohttp.ClientTimeout(total=seconds),
            headers={"User-Agent": f"hantei (collects pictures; {contact})"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def __aenter__(self) -> "PoliteFetcher":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def get(
        self, url: str, most_bytes: int, headers: Mapping[str, str] | None = None
    ) -> Fetched:
        """Fetch a file of at most so many bytes.

        Raises:
            PictureRefused: its host is not one of these, it is too large, or it is not there.
            AnotherTime: the server is not reached, broken, or asks to be left alone.
        """
        for _ in range(_TRIES):
            host = self._host(url)
            await self._turn(host)
            try:
                async with self._session.get(
                    url, headers=headers, allow_redirects=False
                ) as response:
                    if response.status in _REDIRECTS:
                        url = urljoin(url, response.headers.get("Location", ""))
                    elif response.status in _LATER:
                        self._wait(host, _seconds(response.headers.get("Retry-After")))
                    else:
                        return await _fetched(url, response, most_bytes)
            except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
                raise AnotherTime(f"{host}: {type(error).__name__}") from error
        raise AnotherTime(f"{host}: {_TRIES} tries")

    def _host(self, url: str) -> str:
        try:
            parts = urlsplit(url)
            host = (parts.hostname or "").lower()
            plain = parts.scheme in ("http", "https") and parts.port is None
        except ValueError as error:
            raise PictureRefused(Reason.HOST, url[:100]) from error
        # An address written out is never resolved: `hosts` has none (see `host_of`).
        if not plain or host not in self._hosts:
            raise PictureRefused(Reason.HOST, host or url[:100])
        return host

    async def _turn(self, host: str) -> None:
        """Wait until the host may be asked again."""
        now = time.monotonic()
        at = max(now, self._free[host])
        self._free[host] = at + self._pause
        await asyncio.sleep(at - now)

    def _wait(self, host: str, seconds: float) -> None:
        if seconds > LONGEST_WAIT:
            raise AnotherTime(f"{host} asks to come back in {seconds:.0f} s")
        self._tell(f"{host} asks to wait for {seconds:.0f} s …")
        self._free[host] = time.monotonic() + seconds


async def _fetched(url: str, response: aiohttp.ClientResponse, most_bytes: int) -> Fetched:
    if response.status == 304:
        return Fetched(url, response.headers, None)
    if response.status >= 500:
        raise AnotherTime(f"HTTP {response.status}")
    if response.status != 200:
        raise PictureRefused(Reason.DOWNLOAD, f"HTTP {response.status}")
    return Fetched(url, response.headers, await read_limited(response.content, most_bytes))


def _seconds(told: str | None) -> float:
    """What `Retry-After` says: seconds, or a date. A little, where it says nothing."""
    if told is None:
        return 10.0
    if told.strip().isdecimal():
        return float(told)
    try:
        return max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return 10.0
