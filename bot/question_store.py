"""Which faces people may be asked about, and what is known of each."""

import asyncio
import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, String, func, literal, select, type_coerce
from sqlalchemy.orm import aliased

from bot.cluster_store import Sessions
from bot.domain import Answer
from bot.keeping import poster_agrees, standing_labels
from bot.tables import ConsentRow, LabelRow, PersonRow, PostRow, VerdictRow, VoteRow
from models.heads import NAMING_HEADS
from models.types import Kind, Scope, UserId


@dataclass(frozen=True, slots=True)
class AskedFace:
    """A face as it is asked about under the head that is at home with its kind.

    Attributes:
        crop: content hash.
        face_hash: perceptual, as in `bot.domain.Verdict`.
        place: where it was posted.
        solo: the only face of its picture.
        votes: how many have said something of it under the head.
        said: the name that the head answered with; None for "I don't know".
        consented: its poster lets it be learned from, and so be shown to others.
        answer: what people agreed on, if they did.
        name: whom they agreed on, for `Answer.IS`.
    """

    verdict_id: int
    head: str
    kind: Kind
    author: UserId
    place: str
    crop: str
    face_hash: str
    spoiler: bool
    solo: bool
    votes: int
    said: str | None
    consented: bool
    answer: Answer | None
    name: str | None

    def may_be_shown(self, user: UserId, places: Collection[str] | None) -> bool:
        """Whether somebody may be asked: their own, or consented to and posted where they look.

        Args:
            places: where they may look; None is anywhere in the scope.
        """
        here = places is None or self.place in places
        return self.author == user or (self.consented and here)


class QuestionStore:
    """Faces with what was said of them. It only reads."""

    def __init__(self, reading: Sessions) -> None:
        self._reading = reading

    async def open(self, scope: Scope) -> list[AskedFace]:
        """Those of which nothing is agreed yet, and whose posters consent; newest first."""
        return await self._of_each_head(scope, poster_agrees(), answered=False)

    async def contested(self, scope: Scope, most: int) -> list[AskedFace]:
        """Of the open ones the newest that several people have spoken on."""
        several = (
            select(VoteRow.verdict_id)
            .where(VoteRow.head.in_(NAMING_HEADS))
            .group_by(VoteRow.verdict_id)
            .having(func.count(VoteRow.voter.distinct()) > 1)
        )
        which = poster_agrees() & VerdictRow.id.in_(several)
        return (await self._of_each_head(scope, which, answered=False))[:most]

    async def left(self, scope: Scope, user: UserId, places: Collection[str] | None) -> int:
        """How many faces wait for a user's word; see `AskedFace.may_be_shown`."""
        here = literal(True) if places is None else PostRow.place.in_(places)
        shown = (PostRow.author == user) | (poster_agrees() & here)
        voted = await self.voted(scope, user)
        waiting: set[int] = set()
        async with self._reading() as session:
            for head in NAMING_HEADS:
                labelled = select(LabelRow.verdict_id).where(*_agreed(head))
                ids = await session.scalars(
                    select(VerdictRow.id)
                    .join(PostRow, PostRow.id == VerdictRow.post_id)
                    .where(*_faces_of(scope, head), VerdictRow.id.not_in(labelled), shown)
                )
                waiting.update(ids)
        return len(waiting - voted)

    async def own(self, scope: Scope, user: UserId, most: int) -> list[AskedFace]:
        """A user's own newest, of which nothing is agreed and which nobody else is shown."""
        mine = (PostRow.author == user) & ~poster_agrees()
        return (await self._of_each_head(scope, mine, answered=False))[:most]

    async def agreed(self, scope: Scope) -> list[AskedFace]:
        """Those of which people agreed who they are, newest first."""
        found = await self._of_each_head(scope, literal(True), answered=True)
        return [each for each in found if each.name is not None]

    async def these(self, scope: Scope, ids: Sequence[int]) -> dict[int, AskedFace]:
        """By number, those of a scope that are still there."""
        found = await self._of_each_head(scope, VerdictRow.id.in_(ids))
        return {each.verdict_id: each for each in found}

    async def voted(self, scope: Scope, user: UserId) -> frozenset[int]:
        """The faces of which a user says something at present."""
        last = (
            select(func.max(VoteRow.id))
            .where(VoteRow.voter == user, VoteRow.head.in_(NAMING_HEADS))
            .group_by(VoteRow.verdict_id, VoteRow.head)
        )
        async with self._reading() as session:
            rows = await session.scalars(
                select(VoteRow.verdict_id)
                .join(VerdictRow, VerdictRow.id == VoteRow.verdict_id)
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .where(PostRow.scope == scope, VoteRow.id.in_(last), ~VoteRow.withdraw)
            )
            return frozenset(rows)

    async def marker(self) -> tuple[int, ...]:
        """Another one whenever there may be something else to ask about."""
        ids = VerdictRow.id, ConsentRow.id, LabelRow.id
        async with self._reading() as session:
            newest = [await session.scalar(select(func.max(each))) for each in ids]
        return tuple(each or 0 for each in newest)

    async def _of_each_head(
        self, scope: Scope, which: ColumnElement[bool], *, answered: bool | None = None
    ) -> list[AskedFace]:
        found: list[AskedFace] = []
        for head in NAMING_HEADS:
            query = _query(scope, head, which, answered=answered)
            async with self._reading() as session:
                rows = (await session.execute(query)).all()
            found += await asyncio.to_thread(_faces, head, rows)
        return found


def _faces_of(scope: Scope, head: str) -> tuple[ColumnElement[bool], ...]:
    """Of a verdict joined with its post: a face of the scope, there to be seen, of this head's."""
    return (
        PostRow.scope == scope,
        VerdictRow.kind == str(NAMING_HEADS[head].home),
        VerdictRow.crop.is_not(None),
        ~VerdictRow.whole,
    )


def _agreed(head: str) -> tuple[ColumnElement[bool], ...]:
    """Of a label: it stands and says something."""
    standing = LabelRow.id.in_(standing_labels())
    return standing, LabelRow.head == head, LabelRow.answer.is_not(None)


def _query(scope: Scope, head: str, which: ColumnElement[bool], *, answered: bool | None) -> Any:
    """Columns, not objects, and JSON as text, or many rows would hold up the event loop."""
    label = (
        select(LabelRow.verdict_id, LabelRow.answer, LabelRow.people)
        .where(*_agreed(head))
        .subquery()
    )
    sibling = aliased(VerdictRow)
    same_picture = (
        (sibling.post_id == VerdictRow.post_id)
        & (sibling.picture_hash == VerdictRow.picture_hash)
        & ~sibling.whole
    )
    siblings = select(func.count()).where(same_picture).scalar_subquery()
    votes = (
        select(func.count(VoteRow.voter.distinct()))
        .where(VoteRow.verdict_id == VerdictRow.id, VoteRow.head == head)
        .scalar_subquery()
    )
    of_state = [] if answered is None else [label.c.answer.is_not(None) == answered]
    return (
        select(
            VerdictRow.id,
            PostRow.author,
            PostRow.place,
            VerdictRow.crop,
            VerdictRow.face_hash,
            VerdictRow.spoiler,
            siblings,
            votes,
            type_coerce(VerdictRow.guesses, String),
            poster_agrees(),
            label.c.answer,
            PersonRow.name,
        )
        .join(PostRow, PostRow.id == VerdictRow.post_id)
        .outerjoin(label, label.c.verdict_id == VerdictRow.id)
        .outerjoin(PersonRow, PersonRow.id == func.json_extract(label.c.people, "$[0]"))
        .where(*_faces_of(scope, head), which, *of_state)
        .order_by(VerdictRow.id.desc())
    )


def _faces(head: str, rows: Iterable[Any]) -> list[AskedFace]:
    """From rows as `_query` selects them."""
    found = []
    for number, author, place, crop, face_hash, spoiler, siblings, votes, guesses, *rest in rows:
        consented, answer, name = rest
        known = answer == Answer.IS
        found.append(
            AskedFace(
                verdict_id=number,
                head=head,
                kind=NAMING_HEADS[head].home,
                author=author,
                place=place,
                crop=crop,
                face_hash=face_hash,
                spoiler=bool(spoiler),
                solo=siblings == 1,
                votes=votes,
                said=_said(json.loads(guesses), head),
                consented=bool(consented) or known,
                answer=Answer(answer) if answer else None,
                name=name if known else None,
            )
        )
    return found


def _said(guesses: Iterable[dict[str, Any]], head: str) -> str | None:
    named = (each for each in guesses if each["type"] == "Named" and each["head"] == head)
    return next(
        (each["candidates"][0]["name"] for each in named if each["answer"] != "unknown"), None
    )
