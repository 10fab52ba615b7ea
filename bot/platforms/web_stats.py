"""The page /stats: who taught what, how often the bot was right, and who needs pictures."""

from collections.abc import Mapping, Sequence
from typing import Any

from aiohttp import web
from aiohttp.web_routedef import RouteDef

from bot.platforms.web_pages import Pages, Session
from bot.replying import say
from bot.service import Service
from bot.stats import Teacher
from models.types import UserId


class StatsPage:
    """Shows everybody their own figures and what is true of all; moderators see everybody's."""

    def __init__(self, service: Service, pages: Pages) -> None:
        self._teaching = service.teaching
        self._pages = pages

    def routes(self) -> list[RouteDef]:
        """Where the page is."""
        return [web.get("/stats", self.page)]

    async def page(self, request: web.Request) -> web.Response:
        """The figures of the visitor's scope."""
        session = await self._pages.session(request)
        report = await self._teaching.report(session.scope)
        names = await self._teaching.names(session.scope)
        return await self._pages.page(
            request,
            "stats.html",
            report=report,
            teachers=_rows(report.teachers, session, names, self._pages.locale(request)),
            sees_all=session.trusted,
        )


def _rows(
    teachers: Sequence[Teacher], session: Session, names: Mapping[UserId, str], locale: str
) -> list[dict[str, Any]]:
    """Those whose figures the visitor may see, and what they are called; numbers are places."""
    rows = []
    for number, each in enumerate(teachers, start=1):
        own = each.user == session.user
        if own or session.trusted:
            unnamed = say(locale, "stats-teacher", number=number)
            who = say(locale, "stats-you") if own else names.get(each.user, unnamed)
            rows.append({"who": who, "own": own, "did": each})
    return rows
