"""The page /teach/people: how names are read, new names, and people who are one. Plain forms."""

from aiohttp import web
from aiohttp.web_routedef import RouteDef

from bot.correcting import LONGEST_NAME
from bot.domain import Role
from bot.errors import NameTaken, NotFound
from bot.platforms.web_door import Problem
from bot.platforms.web_pages import Form, Pages, Session
from bot.readings import LONGEST_READING
from bot.service import Service


class PeoplePage:
    """Lists everybody with a name and does what the forms say."""

    def __init__(self, service: Service, pages: Pages) -> None:
        self._service = service
        self._pages = pages

    def routes(self) -> list[RouteDef]:
        """Where the page and its forms are."""
        return [
            web.get("/teach/people", self.page),
            web.post(r"/teach/people/{id:\d{1,18}}/{deed:reading|rename|merge}", self.decide),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """Everybody, by name."""
        session = await self._pages.session(request, Role.MODERATOR)
        enrolled = await self._service.people(session.scope)
        told = request.query.get("told", "")
        return await self._pages.page(
            request,
            "people.html",
            people=await self._service.names(session.scope),
            examples={each.id: each.examples for each in enrolled},
            longest_reading=LONGEST_READING,
            told=told if told in ("reading", "rename", "merge") else "",
        )

    async def decide(self, request: web.Request) -> web.Response:
        """One of the buttons of a person."""
        session, form = await self._pages.form(request, Role.MODERATOR)
        deed = request.match_info["deed"]
        await self._do(deed, int(request.match_info["id"]), session, form)
        return web.Response(status=303, headers={"Location": f"/teach/people?told={deed}"})

    async def _do(self, deed: str, person_id: int, session: Session, form: Form) -> None:
        scope, given = session.scope, str(form.get("given", ""))
        known = {each.id: each for each in await self._service.names(scope)}
        if person_id not in known:
            raise Problem(404, "teach-people-gone")
        person = known[person_id]
        match deed:
            case "reading":
                try:
                    await self._service.set_reading(scope, person_id, given, session.user)
                except NotFound as error:
                    raise Problem(400, "teach-people-kana", longest=LONGEST_READING) from error
            case "rename":
                try:
                    await self._service.rename(scope, person.name, given, person.head, session.user)
                except NameTaken as error:
                    raise Problem(400, "teach-people-taken") from error
                except NotFound as error:
                    raise Problem(400, "web-bad-name", longest=LONGEST_NAME) from error
            case _:
                try:
                    await self._service.merge(scope, person.name, given, person.head, session.user)
                except NotFound as error:
                    raise Problem(400, "teach-people-nobody") from error
