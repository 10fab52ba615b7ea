"""What the tests of the pages that teach share: a community made of numbers, and who visits."""

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from bot.domain import Role
from bot.platforms.web_door import Problem
from bot.platforms.web_pages import Pages, Session
from bot.service import Service
from bot.store import Store
from models.types import Crop
from tests.pixel_faces import UNKNOWN, PixelNetworks, face, post_face, teach

POSTER = "web:poster"
ASUKA, MAI, NANASE = "齋藤飛鳥", "白石麻衣", "西野七瀬"
PEOPLE = ASUKA, MAI, NANASE
ENROLLED = 3
"""Pictures of each person that are agreed on."""


@pytest.fixture
def networks() -> PixelNetworks:
    return PixelNetworks()


@pytest.fixture
def member() -> dict[str, Any]:
    """What visitors are, as fields of a `Session`; tests parametrize it."""
    return {"role": Role.TEACHER}


@pytest.fixture(autouse=True)
def visiting(monkeypatch: pytest.MonkeyPatch, member: dict[str, Any]) -> None:
    """Let everybody in as such a member."""
    session_of = Pages.session

    async def session(
        pages: Pages, request: web.Request, least: Role = Role.VIEWER, **more: Any
    ) -> Session:
        found = replace(await session_of(pages, request, **more), **member)
        if found.role < least:
            raise Problem(403, "web-role")
        return found

    monkeypatch.setattr(Pages, "session", session)


@pytest.fixture
async def community(store: Store, service: Service) -> dict[str, list[int]]:
    """Three people with pictures, and two of each that wait for a word: by name their numbers."""
    others = [f"person {n}" for n in range(9)]  # or nobody could say how alike strangers are
    await store.set_allowed("web", POSTER, True)
    for name in (*PEOPLE, *others):
        for shot in range(ENROLLED):
            await teach(store, seen(name, shot), name, key=f"known/{name}/{shot}", author=POSTER)
    found = {
        name: [
            await post_face(
                store,
                seen(name, shot),
                key=f"new/{name}/{shot}",
                author=POSTER,
                guesses=UNKNOWN,
            )
            for shot in range(ENROLLED, ENROLLED + 2)
        ]
        for name in PEOPLE
    }
    await service.cluster_anew()  # embeds them
    await service.allow("web", POSTER)  # rebuilds the galleries
    return found


def seen(name: str, shot: int) -> Crop:
    """A picture of somebody, a little unlike the others."""
    return face(name, shot, unlike=0.6)
