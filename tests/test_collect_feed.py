"""Collecting from feeds over real HTTP: what they say is kept, and what they try is not done."""

import asyncio
import io
import json
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from rich.console import Console

from bot import collect_feed, feeds
from bot.collect_feed import Asked, FeedSource
from bot.collected_store import Collected
from bot.collecting import Collector, Terms
from bot.errors import PictureRefused, Reason, SettingsError
from bot.feeds import FeedError
from bot.intake import Intake
from bot.judging import Judge
from bot.polite import PoliteFetcher
from bot.settings import Settings
from bot.store import Store
from tests.test_collecting import noise
from tests.test_intake import LocalResolver

URL = "http://feed.example/feed.xml"

RSS = """<?xml version="1.0"?>
<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"
     xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>Idols</title><copyright>CC BY 4.0</copyright>
<item><title>At the sea</title><link>http://feed.example/2</link><dc:creator>Ann</dc:creator>
<pubDate>Mon, 02 Nov 2026 10:00:00 +0900</pubDate>
<enclosure url="/2.png" type="image/png" length="1"/>
<enclosure url="/sound.mp3" type="audio/mpeg" length="1"/>
<description>&lt;p&gt;A &lt;b&gt;day&lt;/b&gt; out &lt;img src="3.png"&gt;&lt;/p&gt;</description>
</item>
<item><title>Words only</title></item>
<item><title>Hill</title><media:content url="http://feed.example/1.png" medium="image"/>
<media:thumbnail url="http://feed.example/thumb.png"/></item>
</channel></rss>"""

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>Idols</title>
<entry><title>Sea</title><author><name>Ann</name></author><rights>hers</rights>
<updated>2026-11-02T10:00:00+09:00</updated><link href="http://feed.example/2"/>
<link rel="enclosure" type="image/png" href="http://feed.example/2.png"/></entry></feed>"""

JSON = {
    "version": "https://jsonfeed.org/version/1.1",
    "title": "Idols",
    "items": [
        {
            "id": "2",
            "url": "http://feed.example/2",
            "title": "Sea",
            "content_html": "<p>blue <img src='/3.png'></p>",
            "image": "/2.png",
            "banner_image": "/banner.png",
            "authors": [{"name": "Ann"}],
            "date_published": "2026-11-02T10:00:00+09:00",
            "attachments": [
                {"url": "/4.png", "mime_type": "image/png"},
                {"url": "/4.mp3", "mime_type": "audio/mpeg"},
            ],
        }
    ],
}


def test_rss_is_read() -> None:
    hill, sea = feeds.read(RSS.encode(), URL)
    assert sea.url == "http://feed.example/2"
    assert sea.author == "Ann"
    assert sea.text == "At the sea A day out"
    assert sea.rights == "CC BY 4.0"
    assert sea.posted == datetime(2026, 11, 2, 1)
    assert sea.pictures == ("http://feed.example/2.png", "http://feed.example/3.png")
    assert (hill.author, hill.pictures) == ("Idols", ("http://feed.example/1.png",))


def test_atom_is_read() -> None:
    (sea,) = feeds.read(ATOM.encode(), URL)
    assert (sea.author, sea.rights, sea.posted) == ("Ann", "hers", datetime(2026, 11, 2, 1))
    assert sea.pictures == ("http://feed.example/2.png",)


def test_json_is_read() -> None:
    (sea,) = feeds.read(json.dumps(JSON).encode(), URL)
    assert (sea.author, sea.text, sea.posted) == ("Ann", "Sea blue", datetime(2026, 11, 2, 1))
    assert sea.pictures == tuple(f"http://feed.example/{n}.png" for n in (2, 4, 3))


# hostile ones


def bomb(declared: str, used: str) -> bytes:
    document = RSS.replace("<rss", f"<!DOCTYPE rss [{declared}]><rss", 1)
    return document.replace("Words only", used).replace("At the sea", used).encode()


def test_entities_are_neither_blown_up_nor_read_from_files(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    laughs = '<!ENTITY a0 "ha">' + "".join(
        f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)
    )
    for document in (
        bomb(laughs, "&a9;"),
        bomb(f'<!ENTITY a SYSTEM "file://{secret}">', "&a;"),
        bomb(f'<!ENTITY % a SYSTEM "file://{secret}"> %a;', "text"),
    ):
        found = feeds.read(document, URL)
        assert len(found) == 2
        assert all(len(item.text) < 100 and "hunter2" not in item.text for item in found)


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"\0\xff\xfe",
        b"<html><body>Not found</body></html>",
        b"{",
        b"{}",
        b"{" * 100_000,
        b'{"version": "https://jsonfeed.org/version/9"}',
        b"/etc/hostname",
        b"http://feed.example/feed.xml",
    ],
)
def test_what_is_no_feed_is_told(document: bytes) -> None:
    with pytest.raises(FeedError):
        feeds.read(document, URL)


@pytest.mark.parametrize("odd", ["&#xD800;", "&#99999999999;", "<![odd[", "\0", "<a", "]]>"])
def test_broken_markup_is_read_or_refused(odd: str) -> None:
    for place in ("<rss", "Words only", "</item>", "&lt;b"):
        with suppress(FeedError):
            feeds.read(RSS.replace(place, odd + place, 1).encode(), URL)


def test_odd_values_are_passed_over() -> None:
    odd = {
        **JSON,
        "items": [
            7,
            {"url": 7, "image": ["x"], "authors": "Ann", "attachments": [7]},
            {"image": "file:///etc/passwd", "content_html": "<![odd[<img src=javascript:x>"},
            {"image": "http://[broken/", "date_published": "tomorrow"},
            {"image": "/1.png", "title": "x" * 10**6, "authors": [{"name": "y" * 10**6}]},
        ],
    }
    (found,) = feeds.read(json.dumps(odd).encode(), URL)
    assert (len(found.text), len(found.author)) == (feeds.LONGEST_TEXT, feeds.LONGEST_NAME)


# over HTTP


@dataclass
class Site:
    """A server that has a feed. It is `feed.example`, and all other hosts as well.

    Attributes:
        asked: path and headers of each request, oldest first.
        answers: what is answered instead, by path, once each.
    """

    port: int = 0
    feed: str = RSS
    pictures: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, Any]] = field(default_factory=list)
    answers: dict[str, list[web.Response]] = field(default_factory=dict)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((f"{request.host}{request.path}", request.headers))
        if self.answers.get(request.path):
            return self.answers[request.path].pop(0)
        if request.path in self.pictures:
            return web.Response(body=self.pictures[request.path])
        if request.path != "/feed.xml":
            raise web.HTTPNotFound
        if request.headers.get("If-None-Match") == self.etag:
            return web.Response(status=304)
        return web.Response(text=self.feed, headers={"ETag": self.etag})

    @property
    def etag(self) -> str:
        return f'"{hash(self.feed)}"'


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site(pictures={f"/{n}.png": noise(n) for n in range(1, 4)})
    app = web.Application()
    app.router.add_get("/{path:.*}", made.answer)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.port = runner.addresses[0][1]
    yield made
    await runner.cleanup()


@pytest.fixture
async def fetcher(site: Site) -> AsyncIterator[PoliteFetcher]:
    resolver = LocalResolver(site.port)
    async with PoliteFetcher(
        ["feed.example"], "mail@example.org", 5, lambda _: None, resolver, pause=0
    ) as made:
        yield made


Collect = Callable[[], Any]


@pytest.fixture
def collect(
    settings: Settings, store: Store, intake: Intake, judge: Judge, fetcher: PoliteFetcher
) -> Collect:
    """Collects once."""
    console = Console(file=io.StringIO())
    collector = Collector(settings, store, intake, judge, Terms(), console)
    return lambda: collector.run(FeedSource(URL, fetcher, 10**6), "web")


async def kept(store: Store) -> list[Collected]:
    return await store.collected.of("web", f"feed:{URL}")


async def test_a_feed_is_collected_and_asked_for_again_politely(
    collect: Collect, store: Store, site: Site
) -> None:
    assert "3 added." in await collect()
    one, two, _ = await kept(store)
    assert two.author == "collected:feed.example/Ann"
    assert two.origin.url == "http://feed.example/2"
    assert two.origin.licence == "CC BY 4.0"
    assert (two.origin.author_name, two.origin.text) == ("Ann", "At the sea A day out")
    assert two.origin.posted == datetime(2026, 11, 2, 1)
    assert one.origin.author_name == "Idols"
    assert {headers["User-Agent"] for _, headers in site.asked} == {
        "hantei (collects pictures; mail@example.org)"
    }

    site.asked.clear()
    assert await collect() == f"feed:{URL}: nothing new."
    assert site.paths == ["feed.example/feed.xml"]
    site.feed = RSS.replace("3.png", "4.png")
    site.pictures["/4.png"] = noise(4)
    site.asked.clear()
    assert "1 added." in await collect()
    assert site.paths == ["feed.example/feed.xml", "feed.example/4.png"]


async def test_an_author_of_a_feed_is_not_somebody_else_of_that_name(
    collect: Collect, store: Store
) -> None:
    await store.set_allowed("web", "collected:Ann", True)
    await collect()
    assert not any(each.agreed for each in await kept(store))


async def test_what_is_not_there_is_left_and_what_is_broken_is_tried_again(
    collect: Collect, store: Store, site: Site
) -> None:
    del site.pictures["/1.png"]
    site.answers["/2.png"] = [web.Response(status=500)]
    assert "1 added, 2 refused." in await collect()
    site.asked.clear()
    assert "1 added." in await collect()
    assert site.paths == ["feed.example/feed.xml", "feed.example/2.png"]
    site.asked.clear()
    await collect()
    assert site.paths == ["feed.example/feed.xml"]


async def test_it_waits_as_long_as_it_is_asked_to(
    collect: Collect, store: Store, site: Site, fetcher: PoliteFetcher
) -> None:
    told: list[str] = []
    fetcher._tell = told.append
    site.answers["/1.png"] = [web.Response(status=429, headers={"Retry-After": "1"})]
    site.answers["/2.png"] = [web.Response(status=503, headers={"Retry-After": "9999"})]
    started = asyncio.get_running_loop().time()
    assert "2 added, 1 refused." in await collect()  # the second is for another time
    assert asyncio.get_running_loop().time() - started >= 1
    assert told == ["feed.example asks to wait for 1 s …"]


async def test_a_host_is_asked_once_in_a_while(site: Site) -> None:
    resolver = LocalResolver(site.port)
    async with PoliteFetcher(
        ["feed.example"], "me", 5, lambda _: None, resolver, pause=0.2
    ) as fetcher:
        started = asyncio.get_running_loop().time()
        await asyncio.gather(*(fetcher.get(URL, 10**6) for _ in range(3)))
        assert asyncio.get_running_loop().time() - started >= 0.4


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://other.example/1.png", Reason.HOST),
        ("http://127.0.0.1/1.png", Reason.HOST),
        ("http://169.254.169.254/latest", Reason.HOST),
        ("http://feed.example:22/1.png", Reason.HOST),
        ("http://feed.example@other.example/1.png", Reason.HOST),
        ("http://[broken/1.png", Reason.HOST),
        ("file:///etc/passwd", Reason.HOST),
        ("http://feed.example/away.png", Reason.HOST),
        ("http://feed.example/inside.png", Reason.HOST),
        ("http://feed.example/round.png", Reason.DOWNLOAD),
        ("http://feed.example/flood.png", Reason.TOO_MANY_BYTES),
        ("http://feed.example/missing.png", Reason.DOWNLOAD),
    ],
)
async def test_nothing_else_is_fetched(
    url: str, reason: Reason, site: Site, fetcher: PoliteFetcher
) -> None:
    def to(where: str) -> list[web.Response]:
        return [web.Response(status=302, headers={"Location": where}) for _ in range(9)]

    site.answers = {
        "/away.png": to("http://other.example/1.png"),
        "/inside.png": to("http://127.0.0.1/1.png"),
        "/round.png": to("/round.png"),
        "/flood.png": [web.Response(body=bytes(2 * 10**6))],
    }
    with pytest.raises(PictureRefused) as refused:
        await fetcher.get(url, 10**6)
    assert refused.value.reason is reason
    assert all(path.startswith("feed.example/") for path in site.paths)


async def test_a_name_that_leads_inside_is_refused(site: Site) -> None:
    """With the resolver that is used outside of tests."""
    async with PoliteFetcher(["localhost"], "me", 5, lambda _: None) as fetcher:
        with pytest.raises(PictureRefused) as refused:
            await fetcher.get("http://localhost/1.png", 10**6)
    assert refused.value.reason is Reason.DOWNLOAD
    assert site.asked == []


async def test_a_feed_that_is_gone_is_a_sentence(collect: Collect, site: Site) -> None:
    site.answers["/feed.xml"] = [web.Response(status=404), web.Response(text="<html>")]
    with pytest.raises(SettingsError, match=r"feed.xml: download: HTTP 404"):
        await collect()
    with pytest.raises(SettingsError, match="neither RSS, Atom nor"):
        await collect()


async def test_a_saved_feed_needs_the_hosts_of_its_pictures_named(
    settings: Settings, site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "saved.xml"
    file.write_text(ATOM)

    async def once(*hosts: str) -> str:
        asked = Asked(str(file), hosts, "me")
        resolver = LocalResolver(site.port)
        return await collect_feed.collect(settings, Terms(), "web", asked, resolver, pause=0)

    assert await once() == f"feed:{file}: 1 refused."
    assert "http://feed.example/2.png: " in capsys.readouterr().err
    with pytest.raises(SettingsError, match=r"10\.0\.0\.1 is an address"):
        await once("10.0.0.1")
