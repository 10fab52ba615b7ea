"""The few things that the bot asks of X, over tweepy's endpoints and a connection of its own.

tweepy (4.17) knows the endpoints and their parameters, but its host is fixed, it has no v2 media
upload, signs for one host only, and sleeps through rate limits inside a call. So the connection is
made here: host and sign-in from the settings, prices, limits remembered from the headers, failures
as `bot.errors.XError`.
"""

import json
import logging
import re
import time
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

import aiohttp
from tweepy.asynchronous import AsyncClient
from yarl import URL

from bot.errors import BudgetSpent, RateLimited, Rejected, SettingsError, Unavailable
from bot.platforms.x_auth import Auth
from bot.platforms.x_budget import Budget
from bot.platforms.x_posts import (
    MEDIA_FIELDS,
    NEW_WORDS,
    OLD_WORDS,
    USER_FIELDS,
    Json,
    Page,
    XPost,
    page_of,
)
from bot.settings import X

log = logging.getLogger(__name__)

USER_AGENT = "hantei (a bot that judges pictures it is asked about)"
LONGEST_DESCRIPTION = 1000
"""Characters of alternative text, by X's rule."""
MOST_PICTURES = 4
"""In a post, by X's rule."""

_SECONDS = 30.0
"""For one request. Media are small."""
_WINDOW = 900.0
"""Seconds after which X counts anew; what to wait where it does not say."""
_LONGEST_WINDOW = 86_400.0
MOST_POSTS, _LEAST, _LEAST_FOUND = 100, 5, 10
"""On a page, by X's rule; the last is for searches."""


class XApi:
    """X's API v2, as one account. Use it with `async with`.

    All methods raise:
        RateLimited, Unavailable, BudgetSpent, Rejected: see `bot.errors`.
        SettingsError: X does not admit the account.
    """

    def __init__(self, settings: X, auth: Auth, budget: Budget, seconds: float = _SECONDS) -> None:
        self.budget = budget
        self._settings = settings
        self._auth = auth
        self._client = _Client(self)
        self._limits = _Limits()
        self._words = OLD_WORDS
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=seconds),
            headers={"User-Agent": USER_AGENT},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def __aenter__(self) -> "XApi":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    # reading

    async def me(self) -> XPost:
        """The account itself, as the author of an empty post."""
        async with self.budget.paying("user_read"):
            answer = await self._client.get_me()
        return _account(answer)

    async def account(self, username: str) -> XPost:
        """Another account, as the author of an empty post."""
        async with self.budget.paying("user_read"):
            answer = await self._client.get_user(username=username, user_fields=USER_FIELDS)
        if not answer.get("data"):
            raise Rejected(404, f"there is no account @{username}")
        return _account(answer)

    async def mentions(
        self, user: int, since: int, token: str | None = None, *, paid: int = 0
    ) -> Page:
        """Posts newer than `since` that tag a user.

        Args:
            token: of a page.
            paid: up to this post they were read before: X bills each once a day.
        """
        return await self._page(
            "own_read",
            self._client.get_users_mentions,
            user,
            paid=paid,
            since_id=since or None,
            pagination_token=token,
        )

    async def timeline(
        self,
        user: int,
        since: int = 0,
        token: str | None = None,
        *,
        own: bool = False,
        most: int = MOST_POSTS,
    ) -> Page:
        """What a user posted after `since`.

        Args:
            own: the user is this account, which costs less.
            most: posts on the page, 5 to 100.
        """
        return await self._page(
            "own_read" if own else "post_read",
            self._client.get_users_tweets,
            user,
            most=most,
            since_id=since or None,
            pagination_token=token,
        )

    async def search(
        self, query: str, since: int = 0, token: str | None = None, *, most: int = MOST_POSTS
    ) -> Page:
        """Posts of the last seven days that a query of X's search finds, newer than `since`.

        Args:
            most: posts on the page, 10 to 100.
        """
        return await self._page(
            "post_read",
            self._client.search_recent_tweets,
            query,
            since_id=since or None,
            next_token=token,
            least=_LEAST_FOUND,
            most=most,
        )

    async def posts(self, ids: Sequence[int]) -> Page:
        """Some posts, those that are there and can be seen."""
        async with self.budget.paying("post_read", len(ids)) as reserved:
            answer = await self._client.get_tweets(list(ids), **self._asked())
            page = page_of(answer)
            reserved.use(len(page.posts))
        return page

    async def _page(
        self,
        kind: str,
        ask: Any,
        about: object,
        *,
        least: int = _LEAST,
        most: int = MOST_POSTS,
        paid: int = 0,
        **given: object,
    ) -> Page:
        # The page may be no larger than there is money for.
        number = max(least, await self.budget.affordable(kind, most))
        async with self.budget.paying(kind, number) as reserved:
            given = {name: value for name, value in given.items() if value is not None}
            page = page_of(await ask(about, max_results=number, **given, **self._asked()))
            reserved.use(sum(each.id > paid for each in page.posts))
        return page

    def _asked(self) -> dict[str, str]:
        """In tweepy's words; `send` has X's."""
        return {
            "tweet_fields": OLD_WORDS.fields,
            "expansions": OLD_WORDS.expansions,
            "media_fields": MEDIA_FIELDS,
            "user_fields": USER_FIELDS,
        }

    # writing

    async def upload(self, picture: bytes, description: str) -> str:
        """Upload a JPEG with alternative text, for one post within a day.

        A picture without it is better than none: if X takes no text, that is only logged.

        Returns:
            Its id.
        """

        def form() -> aiohttp.FormData:
            form = aiohttp.FormData()
            form.add_field("media", picture, filename="face.jpg", content_type="image/jpeg")
            form.add_field("media_category", "tweet_image")
            return form

        async with self.budget.paying("media_upload"):
            answer = await self.send("POST", "/2/media/upload", form=form)
        media = str(_told(answer)["id"])
        text = description[:LONGEST_DESCRIPTION]
        about = {"id": media, "metadata": {"alt_text": {"text": text}}}
        try:
            async with self.budget.paying("media_description"):
                await self.send("POST", "/2/media/metadata", body=about)
        except Rejected as refused:
            log.warning("X takes no alternative text: %s", refused.detail)
        return media

    async def reply(self, to: int, text: str, media: Sequence[str] = ()) -> int:
        """Answer a post.

        Returns:
            The id of the reply.
        """
        async with self.budget.paying("reply"):
            answer = await self._client.create_tweet(
                text=text, in_reply_to_tweet_id=to, media_ids=list(media) or None
            )
            return int(_told(answer)["id"])

    async def delete(self, post: int) -> None:
        """Delete a post of this account; one that is gone already is no error."""
        async with self.budget.paying("delete"):
            try:
                await self._client.delete_tweet(post)
            except Rejected as refused:
                if refused.status != 404:
                    raise

    # the connection

    async def send(
        self,
        method: str,
        route: str,
        *,
        query: Mapping[str, object] | None = None,
        body: Json | None = None,
        form: Any = None,
    ) -> Json:
        """One request, and another if X would not admit it, or not these words.

        Args:
            form: makes a form, for it can be sent only once.
        """
        self._limits.check(method, route)
        asked = self._in_words(query or {})
        status, answer = await self._exchange(method, route, asked, body, form)
        if status == 401 and await self._renewed():
            status, answer = await self._exchange(method, route, asked, body, form)
        if status == 400 and self._words is OLD_WORDS and _speaks_of(answer, asked):
            log.info("X takes no %s any more: %s", OLD_WORDS.parameter, NEW_WORDS.parameter)
            self._words = NEW_WORDS
            asked = self._in_words(query or {})
            status, answer = await self._exchange(method, route, asked, body, form)
        return self._answered(method, route, status, answer)

    async def _renewed(self) -> bool:
        try:
            return await self._auth.renew()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"X is not reached: {error}", may_have_acted=False) from error

    def _in_words(self, query: Mapping[str, object]) -> dict[str, str]:
        asked = {name: str(value) for name, value in query.items()}
        if OLD_WORDS.parameter in asked:
            del asked[OLD_WORDS.parameter]
            asked |= {
                self._words.parameter: self._words.fields,
                "expansions": self._words.expansions,
            }
        return asked

    async def _exchange(
        self, method: str, route: str, query: Mapping[str, str], body: Json | None, form: Any
    ) -> tuple[int, Json]:
        url = self._settings.api_url + route
        if query:
            url = f"{url}?{urlencode(sorted(query.items()))}"
        try:
            headers = await self._auth.headers(method, url)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unavailable(f"X is not reached: {error}", may_have_acted=False) from error
        try:
            async with self._session.request(
                method,
                URL(url, encoded=True),
                json=body,
                data=form() if form else None,
                headers=headers,
                allow_redirects=False,
            ) as response:
                text = await response.text(errors="replace")
        except aiohttp.ClientConnectorError as error:
            raise Unavailable(f"X is not reached: {error}", may_have_acted=False) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            why = f"X did not answer ({type(error).__name__})"
            raise Unavailable(why, may_have_acted=True) from error
        self._limits.note(method, route, response.status, response.headers)
        return response.status, _as_json(text)

    def _answered(self, method: str, route: str, status: int, answer: Json) -> Json:
        if 200 <= status < 300:
            return answer
        detail = str(answer.get("detail") or answer.get("title") or "no reason given")
        if status == 401:
            raise SettingsError(
                f"X does not admit the account ({detail}): run `python bot.py doctor x`."
            )
        if status == 402:
            raise BudgetSpent(f"X's own balance is used up ({detail}): add credits there.")
        if status == 429:
            raise RateLimited(self._limits.wait(method, route) or _WINDOW)
        if status >= 500:
            raise Unavailable(f"X answered {status} ({detail})", may_have_acted=True)
        told = [str(each.get("message", "")) for each in answer.get("errors", ())]
        raise Rejected(status, " ".join([detail, *told]).strip())


class _Client(AsyncClient):  # type: ignore[misc] # tweepy has no types
    """tweepy's endpoints over the connection of `XApi`."""

    def __init__(self, api: XApi) -> None:
        super().__init__(return_type=dict)
        self._api = api

    async def request(
        self,
        method: str,
        route: str,
        params: Mapping[str, object] | None = None,
        json: Json | None = None,
        user_auth: bool = False,  # noqa: ARG002 - the account is the only one there is
    ) -> "_Answer":
        """What tweepy calls for each of its endpoints."""
        return _Answer(await self._api.send(method, route, query=params, body=json))


class _Answer:
    """What tweepy reads of a response."""

    def __init__(self, told: Json) -> None:
        self._told = told

    async def json(self) -> Json:
        return self._told


class _Limits:
    """How many requests of each kind X still takes, by the headers of its last answer."""

    def __init__(self) -> None:
        self._until: dict[tuple[str, str], float] = {}

    def check(self, method: str, route: str) -> None:
        """Ask nothing that X has said it would refuse.

        Raises:
            RateLimited: it would.
        """
        wait = self.wait(method, route)
        if wait > 0:
            raise RateLimited(wait)

    def wait(self, method: str, route: str) -> float:
        """Seconds, 0 if there is nothing to wait for."""
        until = self._until.get(_kind(method, route), 0.0)
        return max(0.0, until - time.monotonic())

    def note(self, method: str, route: str, status: int, headers: Mapping[str, str]) -> None:
        """Read the headers. Only a 429 or a remainder of 0 mean anything: others lack them."""
        if status != 429 and headers.get("x-rate-limit-remaining") != "0":
            return
        wait = _until_reset(headers)
        if status == 429:
            wait = max(wait, 1.0)  # it was refused, whatever the clocks say
        self._until[_kind(method, route)] = time.monotonic() + wait


def _kind(method: str, route: str) -> tuple[str, str]:
    """X counts by endpoint, whatever ids or names are in the route."""
    return method, re.sub(r"(?<=/)(\d+|(?<=username/)\w+)(?=/|$)", ":id", route)


def _until_reset(headers: Mapping[str, str]) -> float:
    """Seconds, by X's own clock: the operator's may be wrong."""
    try:
        reset = float(headers["x-rate-limit-reset"])
    except (KeyError, ValueError):
        return _WINDOW
    try:
        now = parsedate_to_datetime(headers["Date"]).timestamp()
    except (KeyError, ValueError):
        now = time.time()
    # `Date` is in whole seconds: the reset may be up to one second further away.
    return min(_LONGEST_WINDOW, max(0.0, reset - now + 1))


def _speaks_of(answer: Json, asked: Mapping[str, str]) -> bool:
    """Whether a refusal is about the old words."""
    told = json.dumps(answer)
    old = (OLD_WORDS.parameter, "referenced_tweets", "expansions")
    return OLD_WORDS.parameter in asked and any(word in told for word in old)


def _account(answer: Json) -> XPost:
    told = _told(answer)
    return XPost(
        id=0,
        author=int(told["id"]),
        username=told.get("username", ""),
        protected=bool(told.get("protected")),
    )


def _told(answer: Json) -> Json:
    told = answer.get("data")
    if not isinstance(told, Mapping) or "id" not in told:
        raise Unavailable("X's answer says nothing", may_have_acted=True)
    return told


def _as_json(text: str) -> Json:
    """The edge answers in HTML, or with nothing, when something is broken behind it."""
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
