"""What is judged of the pictures that are posted on the page, as its moderators choose."""

from typing import Any

from aiohttp import web
from aiohttp.web_routedef import RouteDef
from pydantic import BaseModel, ConfigDict

from bot.domain import Role
from bot.platforms.web_pages import Pages, body_of
from bot.service import Service
from bot.settings import HeadName, Rating
from models.heads import HEADS


class _Choice(BaseModel):
    """What the page sends: no heads and no number leave it to the settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    heads: frozenset[HeadName]
    like_from: Rating | None


class JudgedChoice:
    """Tells which heads judge in a place and what is a like there, and lets both be chosen.

    Args:
        place: as in `bot.domain.Post`.
    """

    def __init__(self, service: Service, pages: Pages, place: str) -> None:
        self._service = service
        self._pages = pages
        self._place = place

    def routes(self) -> list[RouteDef]:
        """Where the choice is sent."""
        return [web.put("/judged", self.choose)]

    async def told(self) -> dict[str, Any]:
        """What is judged at present; no heads is each where it is at home."""
        heads = await self._service.heads_in(self._place)
        like_from = await self._service.like_from(self._place)
        return {"heads": heads or (), "like_from": like_from}

    async def choose(self, request: web.Request) -> web.Response:
        """From now on this is judged. Answers with what that comes to."""
        session = await self._pages.session(request, Role.MODERATOR, at_home=True)
        choice = await body_of(request, _Choice)
        heads = [head for head in HEADS if head in choice.heads]
        await self._service.choose_heads(self._place, heads)
        await self._service.choose_like_from(self._place, choice.like_from)
        await self._service.members.note(session.scope, session.user, "judged")
        return web.json_response(await self.told())
