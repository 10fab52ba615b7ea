"""The page /enhance: a picture made better, shown beside the first. Nothing of it is kept.

The answer is one stream of lines, each a JSON value: how far the work is, and at last what came of
it. Whoever leaves the page gives the work up.
"""

import asyncio
import json
import logging
from base64 import b64encode
from contextlib import suppress
from typing import Any, Literal

from aiohttp import web
from aiohttp.web_routedef import RouteDef
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.domain import Role
from bot.enhancing import HEADS, Advance, Wish
from bot.errors import AlreadyAsked, Busy, NotScored, PictureRefused
from bot.platforms.web_door import Problem
from bot.platforms.web_pages import Pages
from bot.platforms.web_uploads import Uploads
from bot.platforms.web_words import without_emoji
from bot.replying import no_score, refusal, say
from bot.service import Service

log = logging.getLogger(__name__)


class _Choice(BaseModel):
    """What the page asks for, beside the picture; see `bot.enhancing.Wish`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    head: Literal["demo", "taste", "photogenic"] = "demo"
    start: Literal["picture", "noise"] = "picture"
    percent: int = Field(default=70, ge=1, le=100)


class EnhancePage:
    """Takes a picture and sends it back better."""

    def __init__(self, service: Service, pages: Pages, uploads: Uploads) -> None:
        self._service = service
        self._pages = pages
        self._uploads = uploads

    def routes(self) -> list[RouteDef]:
        """Where the page is, and where it sends a picture."""
        return [web.get("/enhance", self.page), web.post("/enhance", self.enhance)]

    async def page(self, request: web.Request) -> web.Response:
        """The page that takes a picture."""
        await self._pages.session(request, Role.TEACHER)
        return await self._pages.page(request, "enhance.html", enhanced_for=HEADS)

    async def enhance(self, request: web.Request) -> web.StreamResponse:
        """Work, and tell how far it is."""
        wish = await self._wish(request)
        lines: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

        def advance(done: int, steps: int) -> None:
            lines.put_nowait({"done": done, "steps": steps})

        async def work() -> None:
            lines.put_nowait(await self._made(wish, advance))

        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        working = asyncio.create_task(work())
        try:
            with suppress(ConnectionError):  # the visitor has left
                await _send(lines, response)
        finally:
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
        return response

    async def _wish(self, request: web.Request) -> Wish:
        session = await self._pages.session(request, Role.TEACHER)
        try:
            choice = _Choice.model_validate(dict(request.query))
        except ValidationError as error:
            raise Problem(400, "web-bad-request") from error
        picture, *others = await self._uploads.read(request)
        if others:
            raise Problem(413, "web-too-many", most=1)
        return Wish(
            session.scope,
            session.user,
            self._pages.locale(request),
            picture,
            choice.head,
            choice.start,
            strength=choice.percent / 100,
        )

    async def _made(self, wish: Wish, advance: Advance) -> dict[str, Any]:
        """The last line: what came of it, or why nothing did."""
        try:
            better = await self._service.enhance(wish, advance)
        except PictureRefused as refused:
            return {"error": refusal(wish.locale, refused)}
        except Busy:
            return {"error": say(wish.locale, "busy")}
        except AlreadyAsked:
            return {"error": say(wish.locale, "enhance-already")}
        except NotScored as error:
            words = no_score(wish.locale, error.head, error.reason)
            return {"error": without_emoji(words, wish.locale)}
        except Exception:
            log.exception("cannot make a picture better")
            return {"error": say(wish.locale, "web-failed")}
        pictures = {"beside": better.beside, "result": better.result}
        files = {name: b64encode(png).decode() for name, png in pictures.items()}
        return {"words": better.words, **files}


async def _send(lines: "asyncio.Queue[dict[str, Any]]", response: web.StreamResponse) -> None:
    """Each line as it comes, until one tells no more of how far it is."""
    line: dict[str, Any] = {"done": 0}
    while "done" in line:
        line = await lines.get()
        await response.write(json.dumps(line).encode() + b"\n")
