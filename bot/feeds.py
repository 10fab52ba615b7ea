"""RSS, Atom and JSON feeds → their items with pictures. Pure; whatever is in them is hostile.

RSS and Atom are read by feedparser, which drops document types with all entities they declare.
JSON Feed 1.1: https://www.jsonfeed.org/version/1.1/
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser

MOST_ITEMS = 1000
MOST_PICTURES = 20
"""In one item."""

LONGEST_TEXT = 1000
LONGEST_NAME = 100
"""Characters."""

_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".heic")


class FeedError(Exception):
    """This is no feed; the message says why."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item with pictures.

    Attributes:
        url: of its page, or None.
        author: empty if neither the item nor the feed names one.
        rights: what the feed says of them; empty if nothing.
        posted: UTC without a zone.
        pictures: URLs, http or https, each once.
    """

    url: str | None
    author: str
    text: str
    rights: str
    posted: datetime | None
    pictures: tuple[str, ...]


def read(body: bytes, url: str, content_type: str = "") -> list[Item]:
    """The items of a feed that have pictures, oldest first as far as the feed is in order.

    Args:
        url: where it was fetched; what is relative is relative to that.
        content_type: as the server said.

    Raises:
        FeedError: it is none.
    """
    is_json = body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    found = _json_items(body, url) if is_json else _xml_items(body, url, content_type)
    newest_first = [item for _, item in zip(range(MOST_ITEMS), found, strict=False)]
    return [item for item in reversed(newest_first) if item.pictures]


# RSS and Atom


def _xml_items(body: bytes, url: str, content_type: str) -> Iterator[Item]:
    headers = {"content-location": url, "content-type": content_type or "application/xml"}
    # In a file object, or feedparser would open whatever a short feed names.
    try:
        feed = feedparser.parse(BytesIO(body), response_headers=headers)
    except Exception as error:  # it stumbles over hostile files in a dozen ways
        raise FeedError(f"this cannot be read ({type(error).__name__}).") from error
    if not feed.get("version"):
        raise FeedError("this is neither RSS, Atom nor a JSON feed.")
    for entry in feed.entries:
        html = [_string(each.get("value")) for each in entry.get("content", ())]
        html.append(_string(entry.get("summary")))
        link = entry.get("link")
        yield Item(
            url=_url(link, url),
            author=_line(entry.get("author") or feed.feed.get("author") or feed.feed.get("title")),
            text=_text(_string(entry.get("title")), *html),
            rights=_line(
                entry.get("rights") or feed.feed.get("rights") or _licence(entry, feed.feed)
            ),
            posted=_moment(entry),
            pictures=_pictures([*_enclosed(entry), *_images(html)], link or url),
        )


def _enclosed(entry: Mapping[str, Any]) -> Iterator[str]:
    """Enclosures and media:content that say, or look as if, they are pictures."""
    for each in entry.get("links", ()):
        if each.get("rel") == "enclosure" and _is_picture(each.get("href"), each.get("type")):
            yield each.get("href") or ""
    for each in entry.get("media_content", ()):
        if each.get("medium") == "image" or _is_picture(each.get("url"), each.get("type")):
            yield each.get("url") or ""


def _licence(entry: Mapping[str, Any], feed: Mapping[str, Any]) -> str:
    links = [*entry.get("links", ()), *feed.get("links", ())]
    return next((each.get("href", "") for each in links if each.get("rel") == "license"), "")


def _moment(entry: dict[str, Any]) -> datetime | None:
    """When it was published, or else changed last; feedparser's times are UTC."""
    # As in any dictionary: feedparser's own look-up warns that one of these stands for the other.
    told = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    try:
        return datetime(*told[:6]) if told else None
    except ValueError:
        return None


# JSON


def _json_items(body: bytes, url: str) -> Iterator[Item]:
    try:
        feed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise FeedError("this is no JSON.") from error
    if not str(feed.get("version")).startswith("https://jsonfeed.org/version/1"):
        raise FeedError("this JSON is no JSON feed of version 1.")
    for each in _objects(feed.get("items")):
        html = _string(each.get("content_html"))
        link = _string(each.get("url"))
        enclosed = [
            _string(one.get("url"))
            for one in _objects(each.get("attachments"))
            if _is_picture(_string(one.get("url")), _string(one.get("mime_type")))
        ]
        yield Item(
            url=_url(link, url),
            author=_line(_named(each) or _named(feed) or _string(feed.get("title"))),
            text=_text(_string(each.get("title")), html, _string(each.get("content_text"))),
            rights="",
            posted=_iso(_string(each.get("date_published"))),
            pictures=_pictures([_string(each.get("image")), *enclosed, *_images([html])], url),
        )


def _named(told: Mapping[str, Any]) -> str:
    authors = [*_objects(told.get("authors")), *_objects([told.get("author")])]
    return next((_string(each.get("name")) for each in authors), "")


def _objects(told: Any) -> list[dict[str, Any]]:
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def _string(told: Any) -> str:
    return told if isinstance(told, str) else ""


def _iso(told: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        return None
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


# both


def _is_picture(url: Any, content_type: Any) -> bool:
    if content_type:
        return str(content_type).startswith("image/")
    return str(url or "").lower().partition("?")[0].endswith(_SUFFIXES)


def _pictures(urls: Iterable[str], base: str) -> tuple[str, ...]:
    absolute = (_url(each, base) for each in urls)
    return tuple(dict.fromkeys(each for each in absolute if each is not None))[:MOST_PICTURES]


def _url(told: str | None, base: str) -> str | None:
    """Absolute, if it is one of the web."""
    try:
        url = urljoin(base, (told or "").strip())
        return url if told and urlsplit(url).scheme in ("http", "https") else None
    except ValueError:
        return None


def _images(html: Iterable[str]) -> list[str]:
    return [source for each in html for source in _parsed(each).images]


def _text(*html: str) -> str:
    """What is written, each passage once."""
    said = dict.fromkeys(" ".join("".join(_parsed(each).text).split()) for each in html)
    return " ".join(each for each in said if each)[:LONGEST_TEXT]


def _line(told: Any) -> str:
    return " ".join(str(told or "").split())[:LONGEST_NAME]


def _parsed(html: str) -> "_Html":
    parsed = _Html()
    with suppress(AssertionError):  # how it gives up on a declaration that is none: "<![odd["
        parsed.feed(html)
        parsed.close()
    return parsed


class _Html(HTMLParser):
    """Words and addresses of pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.images: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.text.append(" ")
        if tag == "img":
            self.images += [value for name, value in attributes if name == "src" and value]

    def handle_data(self, data: str) -> None:
        self.text.append(data)
