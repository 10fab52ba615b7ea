"""The page /teach/name: the faces that nobody named, one that seems to be somebody at a time.

A name for a grid is a vote on each of its faces that was not tapped out. What else is done to a
grid (taken apart, merged, ignored) is a moderator's.
"""

from typing import Any

from aiohttp import web
from aiohttp.web_routedef import RouteDef
from pydantic import BaseModel, ConfigDict

from bot.correcting import LONGEST_NAME, clean_name
from bot.domain import Cluster, Role
from bot.errors import NotFound
from bot.platforms.web_door import Problem
from bot.platforms.web_pages import Pages, Session, body_of
from bot.service import Service

PLACE = "web:name"
"""Where these votes are cast."""

MOST_FACES = 24
"""Shown of one cluster. A name holds for those that are shown."""

_CLUSTER = r"/teach/name/{id:\d{1,18}}"


class _Name(BaseModel):
    """What the page sends: who these faces are, and which of the grid are somebody else."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: str
    faces: list[int]
    others: list[int]


class _Into(BaseModel):
    """What the page sends to merge two clusters."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    into: int


class NamePage:
    """Shows clusters and does what people say of them."""

    def __init__(self, service: Service, pages: Pages) -> None:
        self._service = service
        self._pages = pages

    def routes(self) -> list[RouteDef]:
        """Where the page, the clusters and what is done to them are."""
        return [
            web.get("/teach/name", self.page),
            web.get("/teach/name/waiting", self.waiting),
            web.post(f"{_CLUSTER}/name", self.name),
            web.post(f"{_CLUSTER}/merge", self.merge),
            web.post(f"{_CLUSTER}/ignore", self.ignore),
            web.get(r"/faces/{id:\d{1,18}}.jpg", self.face),
        ]

    async def count(self, session: Session) -> int:
        """How many wait for a visitor."""
        return len(await self._waiting(session))

    async def page(self, request: web.Request) -> web.Response:
        """The page that shows one after the other."""
        session = await self._pages.session(request, Role.TEACHER)
        return await self._pages.page(request, "name.html", moderator=session.trusted)

    async def waiting(self, request: web.Request) -> web.Response:
        """The clusters, most seen first."""
        session = await self._pages.session(request, Role.TEACHER)
        likely = self._service.questions.likely
        clusters = [
            {**_json(each), "likely": await likely(each.faces[:MOST_FACES])}
            for each in await self._waiting(session)
        ]
        return web.json_response({"clusters": clusters})

    async def name(self, request: web.Request) -> web.Response:
        """Say who the faces of a grid are."""
        session = await self._pages.session(request, Role.TEACHER)
        body = await body_of(request, _Name)
        try:
            name = clean_name(body.name)
        except NotFound as error:
            raise Problem(400, "web-bad-name", longest=LONGEST_NAME) from error
        cluster = await self._cluster(request, session)
        shown, odd = set(cluster.faces), set(body.others) & set(cluster.faces)
        named = [each for each in body.faces if each in shown and each not in odd]
        if not named:
            raise Problem(404, "teach-gone")
        if odd and session.trusted:
            await self._service.split_cluster(session.scope, cluster.id, odd)
            await self._note(session, "split", cluster)
        await self._service.name_faces(
            named, cluster.head, name, session.user, trusted=session.trusted, place=PLACE
        )
        if session.trusted:
            await self._note(session, "named", cluster)
        return web.Response(status=204)

    async def merge(self, request: web.Request) -> web.Response:
        """Two clusters are one."""
        session = await self._pages.session(request, Role.MODERATOR)
        body = await body_of(request, _Into)
        cluster = await self._cluster(request, session)
        try:
            await self._service.merge_clusters(session.scope, cluster.id, body.into)
        except NotFound as error:
            raise Problem(404, "teach-gone") from error
        await self._note(session, "merged", cluster)
        return web.Response(status=204)

    async def ignore(self, request: web.Request) -> web.Response:
        """Nobody is to be asked about it again."""
        session = await self._pages.session(request, Role.MODERATOR)
        cluster = await self._cluster(request, session)
        await self._service.ignore_cluster(session.scope, cluster.id)
        await self._note(session, "ignored", cluster)
        return web.Response(status=204)

    async def _note(self, session: Session, deed: str, cluster: Cluster) -> None:
        of = f"cluster:{cluster.id}"
        await self._service.members.note(session.scope, session.user, deed, of)

    async def face(self, request: web.Request) -> web.Response:
        """One face in a square."""
        picture = await self._service.square(await self._pages.verdict(request))
        if picture is None:
            raise Problem(404, "web-not-found")
        return web.Response(body=picture, content_type="image/jpeg")

    async def _waiting(self, session: Session) -> list[Cluster]:
        """With the faces that the visitor may see and has said nothing of, if they are enough."""
        found = await self._service.unknown(session.scope)
        return await self._service.questions.unnamed(
            session.scope, session.user, found, session.places
        )

    async def _cluster(self, request: web.Request, session: Session) -> Cluster:
        """The one that the URL names, as the visitor sees it.

        Raises:
            Problem: 404 if it is gone.
        """
        wanted = int(request.match_info["id"])
        for each in await self._waiting(session):
            if each.id == wanted:
                return each
        raise Problem(404, "teach-gone")


def _json(cluster: Cluster) -> dict[str, Any]:
    return {
        "id": cluster.id,
        "head": cluster.head,
        "faces": cluster.faces[:MOST_FACES],
        "seen": len(cluster.faces),
        "spoiler": cluster.spoiler,
    }
