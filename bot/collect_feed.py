"""`python -m bot.collect feed`: the pictures of an RSS, Atom or JSON feed."""

import asyncio
import hashlib
import ipaddress
import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver

from bot import feeds
from bot.collect_command import at_work
from bot.collected_store import Origin
from bot.collecting import Found, Reached, Terms, read_file, user_of
from bot.errors import PictureRefused, SettingsError
from bot.feeds import FeedError, Item
from bot.polite import PAUSE, AnotherTime, Fetched, PoliteFetcher
from bot.settings import Settings
from models.types import Scope

MOST_BYTES = 5_000_000
"""Of a feed."""

_VALIDATORS = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
"""What a server says of a version of a file, and how it is asked for another one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which feed, and how it is asked for.

    Attributes:
        address: a URL, or a file that holds a feed.
        media_hosts: beside the feed's own, hosts from which its pictures may be fetched.
        contact: how the servers' operators reach who asks.
    """

    address: str
    media_hosts: Sequence[str]
    contact: str


async def collect(
    settings: Settings,
    terms: Terms,
    scope: Scope,
    asked: Asked,
    resolver: AbstractResolver | None = None,
    pause: float = PAUSE,
) -> str:
    """Add the pictures of a feed; see `FeedSource`.

    Args:
        resolver, pause: see `PoliteFetcher`.

    Returns:
        What was done.

    Raises:
        SettingsError: the feed cannot be had, or is none.
        WeightsError: weights are missing or damaged.
    """
    own = [host_of(asked.address)] if is_url(asked.address) else []
    if not own and not Path(asked.address).is_file():
        raise SettingsError(f"{asked.address}: there is no such file, and it is no http(s) URL.")
    hosts = [*own, *map(_named_host, asked.media_hosts)]
    seconds = settings.intake.download_seconds
    async with at_work(settings, terms) as collector:
        tell = partial(collector.console.print, markup=False)
        async with PoliteFetcher(hosts, asked.contact, seconds, tell, resolver, pause) as fetcher:
            most_bytes = settings.intake.max_bytes
            return await collector.run(FeedSource(asked.address, fetcher, most_bytes), scope)


class FeedSource:
    """The pictures in the items of a feed; nothing behind its items is followed.

    The cursor holds which pictures were dealt with, and, once that is all of them, what the server
    said of this version of the feed: it is not sent again until there is another one.

    Args:
        address: a URL, or a file that holds a feed.
        most_bytes: of a picture, beyond which it is not read.
    """

    total = None

    def __init__(self, address: str, fetcher: PoliteFetcher, most_bytes: int) -> None:
        self._address = address
        self._fetcher = fetcher
        self._most_bytes = most_bytes
        self._missed = False
        self.name = f"feed:{address}"

    async def found(self, cursor: str | None) -> AsyncGenerator[Found | Reached, None]:
        """See `bot.collecting.Source`.

        Raises:
            SettingsError: the feed cannot be had, or is none.
        """
        known = json.loads(cursor) if cursor else {"seen": [], "version": {}}
        fetched = await self._feed(known["version"])
        if fetched.body is None:
            return
        kind = fetched.headers.get("Content-Type", "")
        try:
            items = await asyncio.to_thread(feeds.read, fetched.body, fetched.url, kind)
        except FeedError as error:
            raise SettingsError(f"{self._address}: {error}") from error
        there = {_mark(url): (item, url) for item in items for url in item.pictures}
        seen = [each for each in known["seen"] if each in there]  # what left the feed is forgotten
        for mark, (item, url) in there.items():
            if mark not in seen:
                self._missed = False
                yield self._found(item, url)
                seen += [] if self._missed else [mark]
                yield Reached(json.dumps({"seen": seen, "version": {}}))
        version = {name: fetched.headers[name] for name in _VALIDATORS if name in fetched.headers}
        complete = len(seen) == len(there)
        yield Reached(json.dumps({"seen": seen, "version": version if complete else {}}))

    async def _feed(self, version: Mapping[str, str]) -> Fetched:
        if not is_url(self._address):
            body = await asyncio.to_thread(read_file, Path(self._address), MOST_BYTES)
            return Fetched("", {}, body)
        try:
            asking = {_VALIDATORS[name]: value for name, value in version.items()}
            return await self._fetcher.get(self._address, MOST_BYTES, asking)
        except PictureRefused as refused:
            raise SettingsError(f"{self._address}: {refused}.") from refused

    def _found(self, item: Item, url: str) -> Found:
        # With the feed's own name, or it could claim to be somebody who agreed elsewhere.
        by = item.author or "nobody named"
        author = user_of(f"{_called(self._address)}/{by}")
        origin = Origin(
            source=self.name,
            url=item.url,
            licence=item.rights or "the feed states no rights",
            author_name=by,
            text=item.text or None,
            posted=item.posted,
        )
        return Found(url, author, origin, partial(self._picture, url))

    async def _picture(self, url: str) -> bytes:
        try:
            fetched = await self._fetcher.get(url, self._most_bytes)
        except AnotherTime:
            self._missed = True
            raise
        return fetched.body or b""


def is_url(address: str) -> bool:
    """Whether a feed has to be fetched; else it lies in a file."""
    return address.startswith(("http://", "https://"))


def host_of(url: str) -> str:
    """The host of a feed's URL.

    Raises:
        SettingsError: it names no host, or an address or a port.
    """
    try:
        parts = urlsplit(url)
        host = parts.hostname if parts.port is None else None
    except ValueError:
        host = None
    if not host:
        raise SettingsError(f"{url}: a feed has a host name and no port.")
    return _named_host(host)


def _named_host(host: str) -> str:
    """Raises SettingsError for an address: it could be inside the operator's network."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    raise SettingsError(f"{host} is an address; feeds and pictures are fetched by host name.")


def _called(address: str) -> str:
    """What the feed is called in the names of its authors."""
    return str(urlsplit(address).hostname) if is_url(address) else Path(address).name


def _mark(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]
