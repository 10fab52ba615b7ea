"""What is remembered of teaching: all that was voted on faces, and which votes are held."""

import asyncio
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, String, delete, func, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.cluster_store import Sessions
from bot.domain import Action, Answer, Label, Verdict, Vote
from bot.guess_json import guess_of
from bot.names import fold
from bot.rating_store import vote_of
from bot.tables import (
    AliasRow,
    HeldVoteRow,
    HoldRow,
    LabelRow,
    MemberRow,
    PersonRow,
    PostRow,
    VerdictRow,
    VoteRow,
)
from models.types import Kind, Scope, UserId

_AT_A_TIME = 500
"""Rows."""


@dataclass(frozen=True, slots=True)
class VotedFace:
    """A face with all that was voted on it under one head.

    Attributes:
        votes: all ever cast, oldest first.
        label: that stands now, with the present names.
    """

    verdict: Verdict
    votes: tuple[Vote, ...]
    label: Label | None


@dataclass(frozen=True, slots=True)
class Record:
    """All that was voted under one head of a scope.

    Attributes:
        present: what those who were voted for, or offered, are called now; by any of their names,
            as it is written there.
    """

    faces: tuple[VotedFace, ...]
    present: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Hold:
    """Votes that look like a brigade's, which wait for a moderator.

    Attributes:
        target: what they say: `is:` or `not:` and a name.
        voters: how many people.
        faces: the verdicts that they were cast on.
        created: UTC without a zone.
    """

    id: int
    scope: Scope
    head: str
    target: str
    voters: int
    faces: tuple[int, ...]
    created: datetime

    @property
    def against(self) -> bool:
        """Whether they say who it is not."""
        return self.target.startswith("not:")

    @property
    def name(self) -> str:
        """Whom they speak of."""
        return self.target.partition(":")[2]


class TeachingStore:
    """Votes as a whole, and the tables of holds. `bot.store.Store` has one, and adds the votes."""

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    # what was voted

    async def record(
        self, scope: Scope, head: str, verdicts: Collection[int] | None = None
    ) -> Record:
        """What was voted on faces under a head.

        Args:
            verdicts: only on these.
        """
        here = [PostRow.scope == scope]
        if verdicts is not None:
            here.append(VerdictRow.id.in_(list(verdicts)))
        async with self._reading() as session:
            faces = await _all(session, _faces(head).where(*here))
            votes = await _all(session, _votes(head).where(*here))
            rows = await session.execute(
                select(PersonRow.id, PersonRow.name).where(
                    PersonRow.scope == scope, PersonRow.head == head
                )
            )
            people = {person_id: name for person_id, name in rows}  # noqa: C416 - rows, not pairs
        aliases = await self.aliases(scope, head)
        return await asyncio.to_thread(_record, head, faces, votes, people, aliases)

    async def aliases(self, scope: Scope, head: str) -> dict[str, str]:
        """What everybody is called now, by every name they have or had, folded."""
        async with self._reading() as session:
            rows = await session.execute(
                select(AliasRow.folded, PersonRow.name)
                .join(PersonRow, PersonRow.id == AliasRow.person_id)
                .where(AliasRow.scope == scope, AliasRow.head == head)
            )
            return {folded: name for folded, name in rows}  # noqa: C416 - rows, not pairs

    async def recent(self, scope: Scope, head: str, since: datetime, most: int) -> list[Vote]:
        """The newest votes that were cast since a moment and not by moderators, newest first."""
        recent = _votes(head).where(
            PostRow.scope == scope, VoteRow.created >= since, ~VoteRow.trusted, ~VoteRow.withdraw
        )
        newest = recent.order_by(None).order_by(VoteRow.id.desc()).limit(most)
        async with self._reading() as session:
            rows: Sequence[Any] = (await session.execute(newest)).all()
        return [vote_of(row) for row in rows]

    async def names(self, scope: Scope) -> dict[UserId, str]:
        """What those are called who came in to the pages with a name."""
        async with self._reading() as session:
            rows = await session.execute(
                select(MemberRow.user, MemberRow.name).where(
                    MemberRow.scope == scope, MemberRow.name != ""
                )
            )
            return {user: name for user, name in rows}  # noqa: C416 - rows, not pairs

    # which votes are held

    async def kept_back(self, scope: Scope, head: str) -> dict[int, bool | None]:
        """Votes that are, or were, held, and the word on each; None while nobody has looked."""
        async with self._reading() as session:
            rows = await session.execute(
                select(HeldVoteRow.vote_id, HoldRow.released)
                .join(HoldRow, HoldRow.id == HeldVoteRow.hold_id)
                .where(HoldRow.scope == scope, HoldRow.head == head)
            )
            return {vote_id: released for vote_id, released in rows}  # noqa: C416 - rows, not pairs

    async def let_through(self, scope: Scope) -> frozenset[UserId]:
        """Those of whose votes a moderator let some count that had been held."""
        async with self._reading() as session:
            rows = await session.scalars(
                select(VoteRow.voter)
                .join(HeldVoteRow, HeldVoteRow.vote_id == VoteRow.id)
                .join(HoldRow, HoldRow.id == HeldVoteRow.hold_id)
                .where(HoldRow.scope == scope, HoldRow.released.is_(True))
                .distinct()
            )
            return frozenset(rows)

    async def hold(
        self, scope: Scope, head: str, target: str, votes: Iterable[int], moment: datetime
    ) -> None:
        """Add votes that are not held yet to the hold of this target that waits, or to a new one.

        Args:
            target: as `Hold` has it, the name folded.
        """
        async with self._writing() as session:
            row = await session.scalar(
                select(HoldRow).where(
                    HoldRow.scope == scope,
                    HoldRow.head == head,
                    HoldRow.target == target,
                    HoldRow.released.is_(None),
                )
            )
            if row is None:
                row = HoldRow(scope=scope, head=head, target=target, created=moment)
                session.add(row)
                await session.flush()
            session.add_all(HeldVoteRow(vote_id=vote, hold_id=row.id) for vote in votes)

    async def holds(self, scope: Scope) -> list[Hold]:
        """Those that wait for a moderator, oldest first."""
        async with self._reading() as session:
            rows = await session.execute(
                select(
                    HoldRow.id,
                    HoldRow.head,
                    HoldRow.target,
                    HoldRow.created,
                    VoteRow.voter,
                    VoteRow.verdict_id,
                )
                .join(HeldVoteRow, HeldVoteRow.hold_id == HoldRow.id)
                .join(VoteRow, VoteRow.id == HeldVoteRow.vote_id)
                .where(HoldRow.scope == scope, HoldRow.released.is_(None))
                .order_by(HoldRow.id, VoteRow.verdict_id)
            )
            found = rows.all()
        aliases = {head: await self.aliases(scope, head) for head in {row.head for row in found}}
        return [
            _hold(scope, list(group), aliases)
            for _, group in groupby(found, key=lambda row: row.id)
        ]

    async def decide(self, scope: Scope, hold_id: int, *, release: bool) -> Hold | None:
        """Let the votes of a hold count, or never; None if no such hold waits."""
        waiting = {hold.id: hold for hold in await self.holds(scope)}
        async with self._writing() as session:
            decided = await session.execute(
                update(HoldRow)
                .where(HoldRow.id == hold_id, HoldRow.scope == scope, HoldRow.released.is_(None))
                .values(released=release)
                .returning(HoldRow.id)
            )
            return waiting.get(hold_id) if decided.first() is not None else None


async def leave_holds(session: AsyncSession) -> None:
    """Votes were deleted: holds that have none left go as well, for they may have names in them."""
    await session.execute(delete(HoldRow).where(HoldRow.id.not_in(select(HeldVoteRow.hold_id))))


async def forget_target(session: AsyncSession, person: PersonRow, names: Collection[str]) -> None:
    """Delete the holds for or against somebody with these (folded) names."""
    targets = [f"{says}:{name}" for says in ("is", "not") for name in names]
    await session.execute(
        delete(HoldRow).where(
            HoldRow.scope == person.scope, HoldRow.head == person.head, HoldRow.target.in_(targets)
        )
    )
    await leave_holds(session)


# Columns, not objects, and JSON as text, or many rows would hold up the event loop.


async def _all(session: AsyncSession, rows: Any) -> list[Any]:
    """All rows, so many at a time that others get their turn."""
    found = await session.stream(rows.execution_options(yield_per=_AT_A_TIME))
    return [row async for some in found.partitions() for row in some]


def _faces(head: str) -> Any:
    voted = select(VoteRow.verdict_id).where(VoteRow.head == head, _of_names())
    earlier = aliased(LabelRow)
    # Not `keeping.standing_labels`: that of one face after the other is what the index is for.
    newest = (
        select(func.max(earlier.id))
        .where(earlier.verdict_id == VerdictRow.id, earlier.head == head)
        .scalar_subquery()
    )
    return (
        select(
            VerdictRow.id,
            PostRow.key.label("post_key"),
            PostRow.scope,
            PostRow.author,
            PostRow.locale,
            VerdictRow.kind,
            type_coerce(VerdictRow.box, String).label("box"),
            VerdictRow.detection_score,
            VerdictRow.face_hash,
            VerdictRow.crop,
            type_coerce(VerdictRow.guesses, String).label("guesses"),
            VerdictRow.spoiler,
            VerdictRow.revealed,
            VerdictRow.created,
            VerdictRow.whole,
            PostRow.place,
            LabelRow.answer,
            func.coalesce(type_coerce(LabelRow.people, String), "[]").label("people"),
        )
        .join(PostRow, PostRow.id == VerdictRow.post_id)
        .outerjoin(LabelRow, LabelRow.id == newest)
        .where(VerdictRow.id.in_(voted))
        .order_by(VerdictRow.id)
    )


def _votes(head: str) -> Any:
    return (
        select(
            VoteRow.id,
            VoteRow.verdict_id,
            VoteRow.head,
            VoteRow.voter,
            VoteRow.trusted,
            VoteRow.action,
            VoteRow.name,
            VoteRow.withdraw,
            VoteRow.created,
            VoteRow.score,
            VoteRow.place,
        )
        .join(VerdictRow, VerdictRow.id == VoteRow.verdict_id)
        .join(PostRow, PostRow.id == VerdictRow.post_id)
        .where(VoteRow.head == head, _of_names())
        .order_by(VoteRow.verdict_id, VoteRow.id)
    )


def _of_names() -> ColumnElement[bool]:
    """Of a vote: it is no rating."""
    return VoteRow.action != str(Action.RATE)


def _record(
    head: str,
    faces: Sequence[Any],
    votes: Sequence[Any],
    people: Mapping[int, str],
    aliases: Mapping[str, str],
) -> Record:
    """From rows as `_faces` and `_votes` select them; runs on a thread."""
    cast = {
        verdict_id: tuple(vote_of(row) for row in rows)
        for verdict_id, rows in groupby(votes, key=lambda row: row.verdict_id)
    }
    found = tuple(
        VotedFace(_verdict(row), cast.get(row.id, ()), _label(row, head, people)) for row in faces
    )
    written = {vote.name for each in found for vote in each.votes if vote.name}
    for each in found:
        guess = each.verdict.named(head)
        written |= {candidate.name for candidate in guess.candidates} if guess else set()
    folded = {name: fold(name) for name in written}
    return Record(found, {name: aliases[key] for name, key in folded.items() if key in aliases})


def _verdict(row: Any) -> Verdict:
    left, top, right, bottom = json.loads(row.box)
    return Verdict(
        id=row.id,
        post_key=row.post_key,
        scope=row.scope,
        author=row.author,
        locale=row.locale,
        kind=Kind(row.kind),
        box=(left, top, right, bottom),
        detection_score=row.detection_score,
        face_hash=row.face_hash,
        crop=row.crop,
        guesses=tuple(guess_of(each) for each in json.loads(row.guesses)),
        spoiler=row.spoiler,
        revealed=row.revealed,
        created=row.created,
        whole=row.whole,
        place=row.place,
    )


def _label(row: Any, head: str, people: Mapping[int, str]) -> Label | None:
    if row.answer is None:
        return None
    names = tuple(people[each] for each in json.loads(row.people) if each in people)
    return Label(row.id, head, Answer(row.answer), names)


def _hold(scope: Scope, rows: Sequence[Any], aliases: Mapping[str, Mapping[str, str]]) -> Hold:
    first = rows[0]
    says, _, name = first.target.partition(":")
    return Hold(
        id=first.id,
        scope=scope,
        head=first.head,
        target=f"{says}:{aliases[first.head].get(name, name)}",
        voters=len({row.voter for row in rows}),
        faces=tuple(dict.fromkeys(row.verdict_id for row in rows)),
        created=first.created,
    )
