"""Why an answer is as it is: a page of its own, and JSON that the script opens under the answer."""

from typing import Any

from aiohttp import web
from aiohttp.web_routedef import RouteDef

from bot.domain import Explanation, Neighbour, Verdict
from bot.platforms.web_door import Problem, wants_page
from bot.platforms.web_pages import Pages
from bot.replying import say
from bot.service import Service


class WhyPage:
    """Shows whom a face is like, and the reason for what was said of it."""

    def __init__(self, service: Service, pages: Pages) -> None:
        self._service = service
        self._pages = pages

    def routes(self) -> list[RouteDef]:
        """Where the explanation and its pictures are."""
        return [
            web.get(r"/parts/{id:\d{1,18}}/why", self.why),
            web.get(r"/examples/{crop:[0-9a-f]{64}}.jpg", self.example),
        ]

    async def why(self, request: web.Request) -> web.Response:
        """The explanation of one face."""
        verdict = await self._pages.verdict(request)
        told = _told(await self._service.why(verdict.id), verdict)
        if not wants_page(request):
            return web.json_response(told)
        return await self._pages.page(request, "why.html", told=told, verdict=verdict)

    async def example(self, request: web.Request) -> web.Response:
        """An enrolled example in a square."""
        session = await self._pages.session(request)
        picture = await self._service.example(session.scope, request.match_info["crop"])
        if picture is None:
            raise Problem(404, "web-not-found")
        return web.Response(body=picture, content_type="image/jpeg")


def _told(explained: Explanation, verdict: Verdict) -> dict[str, Any]:
    return {
        "language": verdict.locale,
        "lines": explained.words.splitlines(),
        "spoiler": explained.spoiler,
        "neighbours": [_neighbour(each, verdict.locale) for each in explained.neighbours],
    }


def _neighbour(neighbour: Neighbour, locale: str) -> dict[str, Any]:
    return {
        "name": neighbour.name,
        "percent": neighbour.alike,
        "alike": say(locale, "why-alike", alike=neighbour.alike),
        "image": f"/examples/{neighbour.crop}.jpg",
    }
