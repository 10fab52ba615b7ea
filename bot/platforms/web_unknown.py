"""The page /unknown: the faces that nobody named, to be named, merged, split or ignored.

Plain forms, which need no script. For moderators.
"""

from dataclasses import replace
from typing import Any

from aiohttp import web
from aiohttp.web_routedef import RouteDef

from bot.correcting import LONGEST_NAME, clean_name
from bot.domain import Cluster, Role
from bot.errors import NotFound
from bot.platforms.web_door import Problem
from bot.platforms.web_pages import Form, Pages, Session
from bot.service import Service
from models.types import Scope

MOST_CLUSTERS = 12
MOST_FACES = 24
"""Shown of one cluster. What is decided holds for all of its faces."""


class UnknownPage:
    """Shows clusters and does what the forms say."""

    def __init__(self, service: Service, pages: Pages) -> None:
        self._service = service
        self._pages = pages

    def routes(self) -> list[RouteDef]:
        """Where the page and its forms are."""
        return [
            web.get("/unknown", self.page),
            web.post(r"/unknown/{id:\d{1,18}}/{deed:name|merge|split|ignore}", self.decide),
            web.get(r"/faces/{id:\d{1,18}}.jpg", self.face),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The clusters that wait, most seen first."""
        session = await self._pages.session(request, Role.MODERATOR)
        waiting = await self._shown(session)
        told = request.query.get("told", "")
        return await self._pages.page(
            request,
            "unknown.html",
            clusters=waiting[:MOST_CLUSTERS],
            most_faces=MOST_FACES,
            people=[each.name for each in await self._service.people(session.scope)],
            told=told if told in ("named", "merged", "split", "ignored") else "",
        )

    async def _shown(self, session: Session) -> list[Cluster]:
        """The clusters that wait, with the faces that may be shown."""
        waiting = await self._service.unknown(session.scope)
        if session.places is None:
            return waiting
        seen = [replace(each, faces=await self._seen(session, each)) for each in waiting]
        return [each for each in seen if each.faces]

    async def _seen(self, session: Session, cluster: Cluster) -> tuple[int, ...]:
        verdicts = [await self._service.verdict(face) for face in cluster.faces]
        return tuple(each.id for each in verdicts if session.may_see(each))

    async def decide(self, request: web.Request) -> web.Response:
        """One of the buttons under a cluster."""
        session, form = await self._pages.form(request, Role.MODERATOR)
        cluster_id = int(request.match_info["id"])
        try:
            told = await self._do(request.match_info["deed"], cluster_id, session, form)
        except NotFound as error:
            raise Problem(404, "web-unknown-gone") from error
        await self._service.members.note(session.scope, session.user, told, f"cluster:{cluster_id}")
        return web.Response(status=303, headers={"Location": f"/unknown?told={told}"})

    async def _do(self, deed: str, cluster_id: int, session: Session, form: Form) -> str:
        """Returns the word for what was done."""
        scope = session.scope
        match deed:
            case "name":
                name = _name(form)
                await self._service.name_cluster(scope, cluster_id, name, session.user)
                return "named"
            case "merge":
                (into,) = _numbers([form.get("into", "")])
                await self._service.merge_clusters(scope, cluster_id, into)
                return "merged"
            case "split":
                await self._split(scope, cluster_id, _numbers(form["faces"]))
                return "split"
            case _:
                await self._service.ignore_cluster(scope, cluster_id)
                return "ignored"

    async def _split(self, scope: Scope, cluster_id: int, faces: list[int]) -> None:
        cluster = await self._service.cluster(scope, cluster_id)
        if not faces or set(cluster.faces) <= set(faces):
            raise Problem(400, "web-unknown-tick")
        await self._service.split_cluster(scope, cluster_id, faces)

    async def face(self, request: web.Request) -> web.Response:
        """One face in a square."""
        picture = await self._service.square(await self._pages.verdict(request))
        if picture is None:
            raise Problem(404, "web-not-found")
        return web.Response(body=picture, content_type="image/jpeg")


def _name(form: Form) -> str:
    try:
        return clean_name(str(form.get("name", "")))
    except NotFound as error:
        raise Problem(400, "web-bad-name", longest=LONGEST_NAME) from error


def _numbers(given: list[Any]) -> list[int]:
    try:
        return [int(each) for each in given]
    except (TypeError, ValueError) as error:
        raise Problem(400, "web-bad-request") from error
