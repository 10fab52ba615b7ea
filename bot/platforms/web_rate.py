"""The page /rate: one picture after the other, and five keys to say how much one likes it.

A rating is a vote as on the page itself (`/parts/ID/vote`), and undoing it takes the vote back.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web
from aiohttp.web_routedef import RouteDef

from bot.domain import Verdict
from bot.platforms.web_door import Problem, Visitor
from bot.rating_report import as_csv, report
from bot.rating_store import Rated, Seen
from bot.service import Service
from models.taste import LEAST
from models.types import Scope


class RatePage:
    """Shows what a visitor has not rated, and what became of their ratings.

    Args:
        scope: whose pictures.
        render: makes a page of a template and its values.
        known: the visitor of a request; a `Problem` if nobody knows them.
        find: the verdict that a URL names.
    """

    def __init__(
        self,
        service: Service,
        scope: Scope,
        render: Callable[..., Awaitable[web.Response]],
        known: Callable[[web.Request], Visitor],
        find: Callable[[web.Request], Awaitable[Verdict]],
    ) -> None:
        self._service = service
        self._scope = scope
        self._render = render
        self._known = known
        self._find = find

    def routes(self) -> list[RouteDef]:
        """Where the page, its pictures and the ratings are."""
        return [
            web.get("/rate", self.page),
            web.get("/rate/waiting", self.waiting),
            web.get(r"/rate/{id:\d{1,18}}.jpg", self.picture),
            web.get("/rate/ratings.csv", self.export),
            web.delete("/rate/ratings", self.reset),
        ]

    async def count(self, visitor: Visitor | None) -> int:
        """How many pictures wait for a visitor; somebody new has rated none."""
        return len(await self._service.to_rate(self._scope, visitor.user if visitor else ""))

    async def page(self, request: web.Request) -> web.Response:
        """The page that shows one picture after the other."""
        return await self._render(request, "rate.html", least=LEAST)

    async def waiting(self, request: web.Request) -> web.Response:
        """What is left to rate, in order, and how many ratings there are of each sort."""
        user = self._known(request).user
        left = await self._service.to_rate(self._scope, user)
        rated = await self._service.ratings_of(self._scope, user)
        return web.json_response({"waiting": [_json(each) for each in left], **_sorts(rated)})

    async def picture(self, request: web.Request) -> web.Response:
        """One picture, with nothing in it that could sway who rates it."""
        found = await self._service.plain(await self._find(request))
        if found is None:
            raise Problem(404, "web-picture-expired")
        return web.Response(body=found, content_type="image/jpeg")

    async def export(self, request: web.Request) -> web.Response:
        """The visitor's ratings as a table."""
        rated = await self._service.ratings_of(self._scope, self._known(request).user)
        return web.Response(
            text=as_csv(rated, lambda each: f"/rate/{each.verdict_id}.jpg"),
            content_type="text/csv",
            headers={"Content-Disposition": 'attachment; filename="ratings.csv"'},
        )

    async def reset(self, request: web.Request) -> web.Response:
        """Forget the visitor's ratings."""
        await self._service.forget_ratings(self._scope, self._known(request).user)
        return web.Response(status=204)


def _json(seen: Seen) -> dict[str, Any]:
    return {"id": seen.verdict_id, "spoiler": seen.spoiler, "agreed": seen.agreed}


def _sorts(rated: Sequence[Rated]) -> dict[str, int]:
    """How many count, wait for their poster, or are of a picture that is gone."""
    told = report(rated)
    return {"counted": told.counted, "unagreed": told.waiting, "expired": told.expired}
