"""Pictures that a search or an account on X shows, for `bot.collecting`. It only reads.

Each page costs money: one that was read is paid for again only if reading stopped amid it.
"""

import asyncio
import json
import re
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import partial

from rich.console import Console
from rich.markup import escape

from bot.collected_store import Origin
from bot.collecting import Found, Reached
from bot.errors import PictureRefused, RateLimited, Reason, Rejected, SettingsError, Unavailable
from bot.intake import Fetcher
from bot.platforms.x_api import MOST_POSTS, XApi
from bot.platforms.x_names import ref_of, user_of
from bot.platforms.x_pauses import PAUSES, Pauses
from bot.platforms.x_posts import Page, XPost
from bot.settings import X_PLACE, Settings
from bot.x_store import XStore

LICENCE = "X Developer Policy; to be looked at only"

ONLY_PICTURES = "has:images -is:retweet"
"""What is added to a search: what is not read is not paid for."""

_HASHTAG = re.compile(r"[#＃]?(\w+)")
_USERNAME = re.compile(r"@?([A-Za-z0-9_]{1,15})")

_WEEK = 6.9 * 86_400
"""Seconds. A search reaches back seven days, and X refuses to begin before that."""

_SNOWFLAKES = 1_288_834_974.657
"""When X's ids began, in seconds of Unix time."""

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for on X: a search, or what one account posts.

    Attributes:
        query: in X's language; empty for an account.
        username: without @; empty for a search.
    """

    query: str = ""
    username: str = ""

    @classmethod
    def of(cls, kind: str, words: str) -> "Asked":
        """What the command was given: `search`, `hashtag` or `account`, and a word for it.

        Raises:
            SettingsError: it is no hashtag or no name of an account.
        """
        form = {"hashtag": _HASHTAG, "account": _USERNAME}.get(kind)
        found = form.fullmatch(words) if form else None
        if form is None:
            return cls(query=words)
        if found is None:
            raise SettingsError(f"{words}: this is no {kind} on X.")
        return cls(query=f"#{found[1]}") if kind == "hashtag" else cls(username=found[1])

    @property
    def source(self) -> str:
        """See `bot.collected_store.Origin`."""
        return f"x:@{self.username.lower()}" if self.username else f"x:search:{self.query}"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where reading is, for lists of X begin with what is newest.

    Attributes:
        since: everything up to this post was read in earlier runs.
        newest: the first post of this run, 0 before it: the next one reads since then.
        token: of the page that is being read; None for the first.
        below: on it, the posts from this one on were dealt with; 0 if none was.
    """

    since: int = 0
    newest: int = 0
    token: str | None = None
    below: int = 0

    @property
    def reached(self) -> Reached:
        return Reached(json.dumps([self.since, self.newest, self.token, self.below]))


class XSource:
    """Pictures that people posted on X. No reposts; nothing sensitive or protected.

    Nothing of who told the bot to stop. What the bot was asked about is left to its answers.

    Args:
        fetcher: of pictures.
        console: where it says for how long it waits.
        most: pictures that are wanted: posts that nobody wants are not paid for.
    """

    total = None

    def __init__(
        self,
        settings: Settings,
        store: XStore,
        api: XApi,
        fetcher: Fetcher,
        asked: Asked,
        console: Console,
        pauses: Pauses = PAUSES,
        most: int | None = None,
    ) -> None:
        self._store = store
        self._api = api
        self._fetcher = fetcher
        self._asked = asked
        self._console = console
        self._pauses = pauses
        self._counted = settings.x.train
        self._most = MOST_POSTS if most is None else min(MOST_POSTS, most)
        self._most_bytes = settings.intake.max_bytes
        self._user = 0
        self.name = asked.source

    async def found(self, cursor: str | None) -> AsyncGenerator[Found | Reached, None]:
        """See `bot.collecting.Source`.

        Raises:
            XError: X refuses, is not reached, or the budget is spent.
            SettingsError: X does not take the keys.
        """
        at = _Place(*json.loads(cursor)) if cursor else _Place()
        while True:
            page, at = await self._read(at)
            for post in page.posts:
                if at.below and post.id >= at.below:
                    continue
                found = [] if await self._left_out(post) else self._pictures(post)
                for each in found:
                    yield each
                at = _Place(at.since, at.newest or post.id, at.token, post.id)
                if found:
                    yield at.reached
            if page.next is None:
                break
            at = _Place(at.since, at.newest, page.next, at.below)
            yield at.reached
        yield _Place(since=max(at.since, at.newest)).reached

    async def _read(self, at: _Place) -> tuple[Page, _Place]:
        """The page where reading is, and where that is if X no longer knows the place."""
        if self._asked.query and _too_old(at.since):
            at = _Place(0, at.newest, at.token, at.below)
        try:
            return await self._patiently(at), at
        except Rejected as refused:
            if refused.status != 400 or at.token is None:
                raise
        at = _Place(at.since, at.newest, None, at.below)  # the token is too old
        return await self._patiently(at), at

    async def _patiently(self, at: _Place) -> Page:
        """As soon as X takes it."""
        failures = 0
        while True:
            try:
                return await self._page(at)
            except RateLimited as limited:
                await self._wait(limited.wait, "takes no more of these requests")
            except Unavailable as error:
                failures += 1
                if failures == _TRIES:
                    raise
                await self._wait(self._pauses.after(failures), str(error))

    async def _wait(self, seconds: float, why: str) -> None:
        self._console.print(escape(f"X: {why}; waiting for {seconds:.0f} s …"))
        await asyncio.sleep(seconds)

    async def _page(self, at: _Place) -> Page:
        if self._asked.query:
            query = f"({self._asked.query}) {ONLY_PICTURES}"
            return await self._api.search(query, at.since, at.token, most=self._most)
        if not self._user:
            account = await self._api.account(self._asked.username)
            if account.protected:
                raise Rejected(403, f"@{self._asked.username} is protected")
            self._user = account.author
        return await self._api.timeline(self._user, at.since, at.token, most=self._most)

    async def _left_out(self, post: XPost) -> bool:
        if post.reposts or post.sensitive or post.protected or not post.pictures:
            return True
        return await self._store.stopped([user_of(post.author)])

    def _pictures(self, post: XPost) -> list[Found]:
        url = f"https://x.com/{post.username or 'i'}/status/{post.id}"
        origin = Origin(
            source=self.name,
            url=url,
            licence=LICENCE,
            author_name=f"@{post.username}" if post.username else "",
            text=post.text or None,
            likes=post.likes,
            audience=post.impressions,
            posted=post.created,
        )
        return [
            Found(
                name=f"{url} {number}",
                author=user_of(post.author),
                origin=origin,
                read=partial(self._picture, picture),
                original=ref_of(post.id),
                place=X_PLACE,
                counted=self._counted,
            )
            for number, picture in enumerate(post.pictures, start=1)
        ]

    async def _picture(self, url: str) -> bytes:
        for failures in range(1, _TRIES + 1):
            try:
                return await self._fetcher.fetch(url, self._most_bytes)
            except PictureRefused as refused:
                if refused.reason is not Reason.DOWNLOAD or refused.detail.startswith("HTTP 4"):
                    raise
                why = refused.detail
            await self._wait(self._pauses.after(failures), f"a picture is not to be had ({why})")
        raise SettingsError(f"{url} is not to be had ({why}); run it again later.")


def _too_old(post: int) -> bool:
    """Whether a search may not begin after it."""
    return (post >> 22) / 1000 + _SNOWFLAKES < time.time() - _WEEK
