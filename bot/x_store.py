"""What is remembered for X: which posts mention the bot, who said stop, and what was spent.

A mention is kept in the same transaction that moves the cursor behind it, so that none is lost and
none comes twice, whenever the process dies. Before a reply goes out the mention is `SENDING`: one
that is found so after a restart may have been answered, and that has to be looked up.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from bot import cursor_store
from bot.cluster_store import Sessions
from bot.tables import CursorRow, DeletionRow, MentionRow, SpendingRow, StoppedRow
from models.types import UserId

X_REF = "x:"
"""Before the number of a post on X, as `bot.store.Store.bind` knows it."""

_CURSOR = "x:mentions"


class MentionState(StrEnum):
    """How far the bot has come with a mention."""

    WAITING = "waiting"
    SENDING = "sending"
    ANSWERED = "answered"
    IGNORED = "ignored"
    GAVE_UP = "gave up"


OPEN = (MentionState.WAITING, MentionState.SENDING)
"""The states in which something is still to be done."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A post that mentions the bot.

    Attributes:
        id: of the post; later posts have larger ones.
        author: who wrote it.
        payload: the post as it was read.
        number: no two mentions have the same, ever; 0 before it is kept.
        tried: how often an answer was tried.
        text: what may have been answered already, word for word.
        after: what may have been answered is newer than this post.
        versions: ids that it had; if one of them is known, it is not new. They are not kept.
    """

    id: int
    author: UserId
    payload: str
    number: int = 0
    state: MentionState = MentionState.WAITING
    tried: int = 0
    text: str | None = None
    after: int = 0
    versions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent in a month for one kind of thing."""

    kind: str
    number: int
    dollars: float


class XStore:
    """The tables of X. `bot.store.Store` has one, and lends it its sessions."""

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    # mentions

    async def cursor(self) -> int | None:
        """The newest mention that was received; None before the first look."""
        async with self._reading() as session:
            row = await session.get(CursorRow, _CURSOR)
            return None if row is None else int(row.value)

    async def receive(self, mentions: Iterable[Mention], newest: int | None) -> int:
        """Keep mentions to answer them, and go on behind `newest`, in one transaction.

        Args:
            newest: None while older ones may still come.

        Returns:
            How many were new.
        """
        now, by_id = _now(), {each.id: each for each in mentions}
        async with self._writing() as session:
            ids = {*by_id, *(version for each in by_id.values() for version in each.versions)}
            found = await session.scalars(select(MentionRow.id).where(MentionRow.id.in_(ids)))
            known = set(found)
            new = []
            for each in (by_id[number] for number in sorted(by_id)):
                if known.isdisjoint({each.id, *each.versions}):
                    new.append(each)
                known |= {each.id, *each.versions}
            session.add_all(
                MentionRow(
                    id=each.id,
                    author=each.author,
                    state=str(each.state),
                    payload=each.payload,
                    tried=each.tried,
                    due=now,
                    created=now,
                )
                for each in new
            )
            if newest is not None:
                last = await session.get(CursorRow, _CURSOR)
                newest = max(newest, int(last.value)) if last else newest
                await cursor_store.move(session, _CURSOR, str(newest))
        return len(new)

    async def due(self, most: int, besides: Iterable[int] = ()) -> list[Mention]:
        """Open mentions whose time has come, oldest first.

        Args:
            besides: not these: they are being dealt with.
        """
        async with self._reading() as session:
            rows = await session.scalars(
                select(MentionRow)
                .where(
                    MentionRow.state.in_(OPEN),
                    MentionRow.due <= _now(),
                    MentionRow.id.not_in(list(besides)),
                )
                .order_by(MentionRow.id)
                .limit(most)
            )
            return [_mention(row) for row in rows]

    async def open(self) -> int:
        """How many mentions are not dealt with."""
        async with self._reading() as session:
            found = select(func.count()).where(MentionRow.state.in_(OPEN))
            return await session.scalar(found) or 0

    async def is_open(self, mention_id: int) -> bool:
        """Whether a mention is kept that is not dealt with."""
        async with self._reading() as session:
            found = select(MentionRow.id).where(
                MentionRow.id == mention_id, MentionRow.state.in_(OPEN)
            )
            return await session.scalar(found) is not None

    async def wait(self, longest: float, besides: Iterable[int] = ()) -> float:
        """Seconds until the next open mention is due, at most so many; see `due`."""
        async with self._reading() as session:
            found = select(func.min(MentionRow.due)).where(
                MentionRow.state.in_(OPEN), MentionRow.id.not_in(list(besides))
            )
            due = await session.scalar(found)
        return longest if due is None else min(longest, max(0.0, (due - _now()).total_seconds()))

    async def sending(self, mention_id: int, text: str) -> None:
        """A reply is about to go out. What was the newest before the first attempt stays."""
        newest = select(func.max(MentionRow.reply)).scalar_subquery()
        after = func.coalesce(MentionRow.after, newest, 0)
        await self._change(mention_id, state=str(MentionState.SENDING), text=text, after=after)

    async def not_sent(self, mention_id: int) -> None:
        """It is certain that no reply went out."""
        await self._change(mention_id, state=str(MentionState.WAITING))

    async def postpone(self, mention_id: int, until: datetime, tried: int) -> None:
        """Come back to it later; `until` is UTC without a zone."""
        await self._change(mention_id, due=until, tried=tried)

    async def settle(self, mention_id: int, state: MentionState, reply: int | None = None) -> None:
        """It is dealt with; what was said is forgotten."""
        await self._change(mention_id, state=str(state), reply=reply, payload=None, text=None)

    async def _change(self, mention_id: int, **values: object) -> None:
        async with self._writing() as session:
            await session.execute(
                update(MentionRow).where(MentionRow.id == mention_id).values(**values)
            )

    async def forget(self, author: UserId) -> None:
        """Forget what somebody wrote. That they said stop stays, or it would not be obeyed."""
        async with self._writing() as session:
            await session.execute(
                update(MentionRow)
                .where(MentionRow.author == author, MentionRow.state.in_(OPEN))
                .values(state=str(MentionState.IGNORED))
            )
            await session.execute(
                update(MentionRow)
                .where(MentionRow.author == author)
                .values(author="", payload=None, text=None, reply=None)
            )

    # answers that have to go

    async def delete_later(self, refs: Iterable[str]) -> None:
        """Keep in mind which answers have to be deleted on X; other platforms' are left out."""
        posts = [int(ref.removeprefix(X_REF)) for ref in refs if ref.startswith(X_REF)]
        async with self._writing() as session:
            for post in posts:
                await session.merge(DeletionRow(post=post, due=_now()))

    async def to_delete(self) -> list[int]:
        """Answers that have to be deleted, and whose time has come."""
        async with self._reading() as session:
            found = select(DeletionRow.post).where(DeletionRow.due <= _now())
            return list(await session.scalars(found))

    async def deleted(self, post: int) -> None:
        """It is gone."""
        async with self._writing() as session:
            await session.execute(delete(DeletionRow).where(DeletionRow.post == post))

    async def delete_not_before(self, post: int, until: datetime) -> None:
        """Try again later; `until` is UTC without a zone."""
        async with self._writing() as session:
            await session.execute(
                update(DeletionRow).where(DeletionRow.post == post).values(due=until)
            )

    # who said stop

    async def stop(self, user: UserId) -> None:
        """Never answer this user again."""
        async with self._writing() as session:
            await session.merge(StoppedRow(user=user, created=_now()))

    async def stopped(self, users: Iterable[UserId]) -> bool:
        """Whether any of these users told the bot to stop."""
        async with self._reading() as session:
            found = select(StoppedRow.user).where(StoppedRow.user.in_(list(users))).limit(1)
            return await session.scalar(found) is not None

    # money

    async def spend(self, month: str, kind: str, number: int, dollars: float) -> None:
        """Add to what was spent in a month (YYYY-MM, UTC)."""
        row = insert(SpendingRow).values(month=month, kind=kind, number=number, dollars=dollars)
        added = {
            "number": SpendingRow.number + row.excluded.number,
            "dollars": SpendingRow.dollars + row.excluded.dollars,
        }
        async with self._writing() as session:
            await session.execute(
                row.on_conflict_do_update(index_elements=["month", "kind"], set_=added)
            )

    async def spent(self, month: str) -> list[Spending]:
        """What was spent in a month, by kind."""
        async with self._reading() as session:
            rows = await session.scalars(
                select(SpendingRow).where(SpendingRow.month == month).order_by(SpendingRow.kind)
            )
            return [Spending(row.kind, row.number, row.dollars) for row in rows]

    async def clean(self, before: datetime) -> None:
        """Drop mentions that were dealt with so long ago: the cursor is far behind them."""
        async with self._writing() as session:
            await session.execute(
                delete(MentionRow).where(MentionRow.state.not_in(OPEN), MentionRow.created < before)
            )


def _mention(row: MentionRow) -> Mention:
    return Mention(
        id=row.id,
        author=row.author,
        payload=row.payload or "",
        number=row.number,
        state=MentionState(row.state),
        tried=row.tried,
        text=row.text,
        after=row.after or 0,
    )


def _now() -> datetime:
    """UTC without a zone, as SQLite keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
