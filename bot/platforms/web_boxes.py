"""The page /boxes: boxes around faces that `python -m bot.collect boxes` proposed, to be corrected.

A page that lists the sets, a page that shows one picture after the other, and the JSON that its
script talks. For moderators of the page itself: the pictures are the operator's, of no other place.
"""

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.web_routedef import RouteDef
from pydantic import BaseModel, ConfigDict

from bot.annotating import boxes_dir, training_command
from bot.domain import Role
from bot.platforms.web_door import Problem
from bot.platforms.web_pages import Pages, Session, body_of
from bot.service import Service
from bot.settings import Settings
from datasets import box_sets
from datasets.box_sets import Annotation, BoxSet, BoxSetError, NotThere

Result = TypeVar("Result")

_PICTURE = r"/boxes/{set}/{name:[0-9a-f]{16}-[0-9a-f]{16}}"


class _Boxes(BaseModel):
    """What the page sends when a person is done with a picture: boxes in its pixels."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    boxes: list[box_sets.Box]


class BoxesPage:
    """Shows sets of boxes and keeps what a person makes of them."""

    def __init__(self, settings: Settings, service: Service, pages: Pages) -> None:
        self._root = boxes_dir(settings)
        self._members = service.members
        self._pages = pages
        self._writing = asyncio.Lock()

    def routes(self) -> list[RouteDef]:
        """Where the pages, the pictures and their boxes are."""
        return [
            web.get("/boxes", self.sets),
            web.get("/boxes/{set}", self.page),
            web.get("/boxes/{set}/waiting", self.waiting),
            web.get(_PICTURE + ".jpg", self.picture),
            web.get(_PICTURE, self.read),
            web.put(_PICTURE, self.confirm),
            web.delete(_PICTURE, self.take_back),
        ]

    async def counts(self) -> dict[str, tuple[int, int]]:
        """For each set, how many pictures wait and how many are confirmed."""

        def count() -> dict[str, tuple[int, int]]:
            return {each.name: each.counts() for each in box_sets.sets(self._root)}

        return await asyncio.to_thread(count)

    async def sets(self, request: web.Request) -> web.Response:
        """The list of sets."""
        await self._moderator(request)
        return await self._pages.page(request, "boxes.html", sets=await self.counts())

    async def page(self, request: web.Request) -> web.Response:
        """The page that shows one picture after the other."""
        await self._moderator(request)
        chosen = await _told(lambda: self._set(request))
        return await self._pages.page(
            request,
            "box_set.html",
            set=chosen.name,
            command=training_command(chosen.folder),
            smallest=box_sets.SMALLEST,
            most=box_sets.MOST_BOXES,
        )

    async def waiting(self, request: web.Request) -> web.Response:
        """The pictures that nobody has confirmed, in the order to look at them."""

        def ask() -> dict[str, Any]:
            chosen = self._set(request)
            return {"names": chosen.waiting(), "confirmed": chosen.counts()[1]}

        await self._moderator(request)
        return web.json_response(await _told(ask))

    async def picture(self, request: web.Request) -> web.Response:
        """One picture, as it was judged."""
        await self._moderator(request)
        body = await _told(lambda: self._set(request).picture(_name(request)))
        return web.Response(body=body, content_type="image/jpeg")

    async def read(self, request: web.Request) -> web.Response:
        """Its boxes."""
        await self._moderator(request)
        found = await _told(lambda: self._set(request).read(_name(request)))
        return web.json_response(_json(found))

    async def confirm(self, request: web.Request) -> web.Response:
        """These are all faces of the picture. Answers with what was there before."""
        session = await self._moderator(request)
        body = await body_of(request, _Boxes)
        async with self._writing:
            before = await _told(lambda: self._set(request).confirm(_name(request), body.boxes))
        await self._note(session, "boxes-confirmed", request)
        return web.json_response(_json(before))

    async def take_back(self, request: web.Request) -> web.Response:
        """The picture waits again."""
        session = await self._moderator(request)
        async with self._writing:
            await _told(lambda: self._set(request).take_back(_name(request)))
        await self._note(session, "boxes-reopened", request)
        return web.Response(status=204)

    async def _moderator(self, request: web.Request) -> Session:
        return await self._pages.session(request, Role.MODERATOR, at_home=True)

    async def _note(self, session: Session, deed: str, request: web.Request) -> None:
        await self._members.note(session.scope, session.user, deed, f"boxes:{_name(request)}")

    def _set(self, request: web.Request) -> BoxSet:
        return box_sets.find(self._root, request.match_info["set"])


def _name(request: web.Request) -> str:
    return request.match_info["name"]


def _json(found: Annotation) -> dict[str, Any]:
    width, height = found.size
    return {
        "width": width,
        "height": height,
        "boxes": found.boxes,
        "confirmed": found.confirmed,
    }


async def _told(work: Callable[[], Result]) -> Result:
    """What came of work on files, off the event loop.

    Raises:
        Problem: 404 for a set or picture that is gone, 400 for boxes that cannot be used.
    """
    try:
        return await asyncio.to_thread(work)
    except NotThere as error:
        raise Problem(404, "web-boxes-gone") from error
    except BoxSetError as error:
        raise Problem(400, "web-boxes-unusable", why=str(error)) from error
