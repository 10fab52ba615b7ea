"""The page /rate: one picture after the other, and five keys to say how much one likes it.

A rating is a vote as on the page itself (`/parts/ID/vote`), and undoing it takes the vote back.
"""

from collections.abc import Sequence
from typing import Any

from aiohttp import web
from aiohttp.web_routedef import RouteDef

from bot.domain import Role
from bot.platforms.web_door import Problem
from bot.platforms.web_pages import Pages, Session
from bot.rating_report import as_csv, report
from bot.rating_store import Rated, Seen
from bot.service import Service
from models.taste import LEAST


class RatePage:
    """Shows what a visitor has not rated, and what became of their ratings."""

    def __init__(self, service: Service, pages: Pages) -> None:
        self._service = service
        self._pages = pages

    def routes(self) -> list[RouteDef]:
        """Where the page, its pictures and the ratings are."""
        return [
            web.get("/rate", self.page),
            web.get("/rate/waiting", self.waiting),
            web.get(r"/rate/{id:\d{1,18}}.jpg", self.picture),
            web.get("/rate/ratings.csv", self.export),
            web.delete("/rate/ratings", self.reset),
        ]

    async def count(self, session: Session) -> int:
        """How many pictures wait for a visitor."""
        return len(await self._left(session))

    async def _left(self, session: Session) -> list[Seen]:
        """What waits for a visitor; for a guest, only what its poster lets be used."""
        left = await self._service.to_rate(session.scope, session.user, session.places)
        return [each for each in left if session.at_home or each.agreed]

    async def page(self, request: web.Request) -> web.Response:
        """The page that shows one picture after the other."""
        await self._pages.session(request, Role.TEACHER)
        return await self._pages.page(request, "rate.html", least=LEAST)

    async def waiting(self, request: web.Request) -> web.Response:
        """What is left to rate, in order, and how many ratings there are of each sort."""
        session = await self._pages.session(request, Role.TEACHER)
        left = await self._left(session)
        rated = await self._service.ratings_of(session.scope, session.user)
        return web.json_response({"waiting": [_json(each) for each in left], **_sorts(rated)})

    async def picture(self, request: web.Request) -> web.Response:
        """One picture, with nothing in it that could sway who rates it."""
        found = await self._service.plain(await self._pages.verdict(request))
        if found is None:
            raise Problem(404, "web-picture-expired")
        return web.Response(body=found, content_type="image/jpeg")

    async def export(self, request: web.Request) -> web.Response:
        """The visitor's ratings as a table."""
        session = await self._pages.session(request)
        rated = await self._service.ratings_of(session.scope, session.user)
        return web.Response(
            text=as_csv(rated, lambda each: f"/rate/{each.verdict_id}.jpg"),
            content_type="text/csv",
            headers={"Content-Disposition": 'attachment; filename="ratings.csv"'},
        )

    async def reset(self, request: web.Request) -> web.Response:
        """Forget the visitor's ratings."""
        session = await self._pages.session(request)
        await self._service.forget_ratings(session.scope, session.user)
        return web.Response(status=204)


def _json(seen: Seen) -> dict[str, Any]:
    return {"id": seen.verdict_id, "spoiler": seen.spoiler, "agreed": seen.agreed}


def _sorts(rated: Sequence[Rated]) -> dict[str, int]:
    """How many count, wait for their poster, or are of a picture that is gone."""
    told = report(rated)
    return {"counted": told.counted, "unagreed": told.waiting, "expired": told.expired}
