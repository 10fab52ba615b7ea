"""The page /teach/confirm: is this 〇〇? One key answers, and the next picture is there.

Whatever is asked, the answer to a vote is the same: nothing that comes back tells whether the
question was one whose answer is known.
"""

from dataclasses import asdict
from typing import Literal

from aiohttp import web
from aiohttp.web_routedef import RouteDef
from pydantic import BaseModel, ConfigDict

from bot.domain import Action, Correction, Role
from bot.platforms.web_pages import Pages, body_of
from bot.service import Service

_ACTIONS = {"is": Action.NAME, "not": Action.NOT, "not_a_face": Action.NOT_A_FACE}


class _Answer(BaseModel):
    """What the page sends: the face is, or is not, of this name; or it is no face."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    answer: Literal["is", "not", "not_a_face"]
    head: Literal["idol", "character"]
    name: str | None = None
    withdraw: bool = False


class ConfirmPage:
    """Asks about one face after the other."""

    def __init__(self, service: Service, pages: Pages) -> None:
        self._service = service
        self._pages = pages

    def routes(self) -> list[RouteDef]:
        """Where the page, its questions and the answers are."""
        return [
            web.get("/teach/confirm", self.page),
            web.get("/teach/confirm/waiting", self.waiting),
            web.post(r"/teach/{queue:confirm|review}/{id:\d{1,18}}", self.vote),
        ]

    async def page(self, request: web.Request) -> web.Response:
        """The page that asks."""
        await self._pages.session(request, Role.TEACHER)
        return await self._pages.page(request, "confirm.html")

    async def waiting(self, request: web.Request) -> web.Response:
        """The next questions, and where those after them are.

        Nobody measures a moderator, whose word decides: they get no questions with known answers.
        """
        session = await self._pages.session(request, Role.TEACHER)
        found = await self._service.questions.page(
            session.scope,
            session.user,
            cursor=request.query.get("cursor", ""),
            places=session.places,
            gold=not session.trusted,
        )
        questions = [{"id": each.verdict_id, **asdict(each)} for each in found.questions]
        return web.json_response({"questions": questions, "cursor": found.cursor})

    async def vote(self, request: web.Request) -> web.Response:
        """Count an answer, or take it back."""
        queue = request.match_info["queue"]
        least = Role.MODERATOR if queue == "review" else Role.TEACHER
        session = await self._pages.session(request, least)
        verdict = await self._pages.verdict(request)
        body = await body_of(request, _Answer)
        await self._service.correct(
            Correction(
                verdict_id=verdict.id,
                head=body.head,
                voter=session.user,
                action=_ACTIONS[body.answer],
                trusted=session.trusted,
                name=body.name,
                withdraw=body.withdraw,
                place=f"web:{queue}",
            )
        )
        return web.Response(status=204)
