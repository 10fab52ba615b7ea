"""The pages that teach, over HTTP."""

from typing import Any

from bot.domain import Action, Role
from bot.service import Service
from bot.store import Store
from tests.platforms.conftest import Visitor
from tests.platforms.teaching import (
    community,
    member,
    networks,
    visiting,
)

__all__ = ["community", "member", "networks", "visiting"]

MODERATOR = {"role": Role.MODERATOR}


async def asked(visitor: Visitor) -> list[dict[str, Any]]:
    """All questions that a visitor gets, page by page."""
    found, cursor = [], ""
    while True:
        status, page = await visitor.send("GET", f"/teach/confirm/waiting?cursor={cursor}")
        assert status == 200, page
        found += page["questions"]
        cursor = page["cursor"]
        if cursor is None:
            return found


async def answer(visitor: Visitor, question: dict[str, Any], said: str = "is", **more: Any) -> int:
    body = {"answer": said, "head": question["head"], "name": question["name"], **more}
    status, _ = await visitor.send("POST", f"/teach/confirm/{question['id']}", json=body)
    return status


async def test_the_guess_of_now_is_asked_and_an_answer_is_a_vote(
    ann: Visitor, service: Service, store: Store, community: dict[str, list[int]]
) -> None:
    questions = await asked(ann)
    waiting = {number: name for name, numbers in community.items() for number in numbers}
    assert {each["id"]: each["name"] for each in questions if each["id"] in waiting} == waiting
    first = next(each for each in questions if each["id"] in waiting)
    assert await answer(ann, first) == 204
    (vote,) = await store.votes(first["id"])
    assert (vote.action, vote.name, vote.place, vote.trusted) == (
        Action.NAME,
        first["name"],
        "web:confirm",
        False,
    )
    assert first["id"] not in {each["id"] for each in await asked(ann)}
    assert await answer(ann, first, withdraw=True) == 204
    assert first["id"] in {each["id"] for each in await asked(ann)}
