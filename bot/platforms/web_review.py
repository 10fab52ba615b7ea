"""The page /teach/review: what moderators decide, by one tap each.

What they say of a face is a vote as on the page /teach/confirm, which is where it is counted.
"""

from dataclasses import asdict

from aiohttp import web
from aiohttp.web_routedef import RouteDef
from pydantic import BaseModel, ConfigDict

from bot.domain import Role
from bot.platforms.web_pages import Pages, Session, body_of
from bot.service import Service
from bot.teaching_store import Hold


class _Decision(BaseModel):
    """What the page sends of votes that are held: whether they are to count."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    release: bool


class ReviewPage:
    """Shows disputes, doubtful labels and held votes."""

    def __init__(self, service: Service, pages: Pages) -> None:
        self._service = service
        self._pages = pages

    def routes(self) -> list[RouteDef]:
        """Where the page is, what it shows, and what is decided of held votes."""
        return [
            web.get("/teach/review", self.page),
            web.get("/teach/review/waiting", self.waiting),
            web.get("/teach/review/doubts", self.doubts),
            web.post(r"/teach/review/holds/{id:\d{1,18}}", self.decide),
        ]

    async def count(self, session: Session) -> int:
        """How much waits, but for doubtful labels: to find these takes a while."""
        disputes = await self._service.reviews.disputes(session.scope, session.user, session.places)
        return len(disputes) + len(await self._service.teaching.holds(session.scope))

    async def page(self, request: web.Request) -> web.Response:
        """The page."""
        await self._pages.session(request, Role.MODERATOR)
        return await self._pages.page(request, "review.html")

    async def waiting(self, request: web.Request) -> web.Response:
        """Held votes, and the faces of which people disagree."""
        session = await self._pages.session(request, Role.MODERATOR)
        holds = await self._service.teaching.holds(session.scope)
        disputes = await self._service.reviews.disputes(session.scope, session.user, session.places)
        return web.json_response(
            {
                "holds": [
                    {
                        "id": each.id,
                        "name": each.name,
                        "against": each.against,
                        "voters": each.voters,
                        "faces": await self._visible(session, each),
                    }
                    for each in holds
                ],
                "disputes": [asdict(each) for each in disputes],
            }
        )

    async def doubts(self, request: web.Request) -> web.Response:
        """Labels that look wrong."""
        session = await self._pages.session(request, Role.MODERATOR)
        found = await self._service.reviews.doubts(session.scope, session.user, session.places)
        return web.json_response({"doubts": [asdict(each) for each in found]})

    async def decide(self, request: web.Request) -> web.Response:
        """Let held votes count, or never."""
        session = await self._pages.session(request, Role.MODERATOR)
        body = await body_of(request, _Decision)
        hold_id = int(request.match_info["id"])
        await self._service.teaching.decide(session.scope, hold_id, body.release)
        deed = "released" if body.release else "rejected"
        await self._service.members.note(session.scope, session.user, deed, f"hold:{hold_id}")
        return web.Response(status=204)

    async def _visible(self, session: Session, hold: Hold) -> list[dict[str, int | bool]]:
        """The faces that the votes are on, as far as they may be shown."""
        faces = await self._service.reviews.shown(
            session.scope, session.user, hold.faces, session.places
        )
        return [{"id": each.verdict_id, "spoiler": each.spoiler} for each in faces]
