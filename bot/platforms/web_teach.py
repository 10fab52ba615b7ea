"""The page /teach: what there is to teach, and the names that one teaches with."""

from aiohttp import web
from aiohttp.web_routedef import RouteDef

from bot.domain import Role
from bot.platforms.web_boxes import BoxesPage
from bot.platforms.web_name import NamePage
from bot.platforms.web_pages import Pages
from bot.platforms.web_rate import RatePage
from bot.platforms.web_review import ReviewPage
from bot.readings import keys
from bot.service import Service


class TeachPage:
    """Shows the queues with how much waits in each."""

    def __init__(
        self,
        service: Service,
        pages: Pages,
        naming: NamePage,
        review: ReviewPage,
        rate: RatePage,
        boxes: BoxesPage,
    ) -> None:
        self._service = service
        self._pages = pages
        self._naming = naming
        self._review = review
        self._rate = rate
        self._boxes = boxes

    def routes(self) -> list[RouteDef]:
        """Where the page and the names are."""
        return [web.get("/teach", self.page), web.get("/teach/names", self.names)]

    async def page(self, request: web.Request) -> web.Response:
        """The queues."""
        session = await self._pages.session(request, Role.TEACHER)
        scope, user, places = session.scope, session.user, session.places
        counts = {
            "confirm": await self._service.questions.left(scope, user, places),
            "name": await self._naming.count(session),
            "rate": await self._rate.count(session),
        }
        if session.trusted:
            counts["review"] = await self._review.count(session)
        if session.trusted and session.at_home:
            counts["boxes"] = sum(left for left, _ in (await self._boxes.counts()).values())
        return await self._pages.page(
            request, "teach.html", counts=counts, moderator=session.trusted
        )

    async def names(self, request: web.Request) -> web.Response:
        """Everybody who has a name, with what they are found by."""
        session = await self._pages.session(request, Role.TEACHER)
        people = [
            {
                "name": each.name,
                "head": each.head,
                "reading": each.reading,
                "keys": keys((each.name, *each.aliases), each.reading),
            }
            for each in await self._service.names(session.scope)
        ]
        return web.json_response({"people": people})
