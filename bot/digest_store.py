"""What is remembered of digests: who wants them, of which places, and what they have shown."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, literal, select, update

from bot.cluster_store import Sessions
from bot.keeping import collected
from bot.recommending import Posted
from bot.scheduling import Schedule
from bot.tables import DigestedRow, PostRow, TasteDigestRow, VerdictRow
from models.types import Scope, UserId

MOST_CANDIDATES = 200
"""Pictures that one digest is chosen from: the newest."""

_MOST_REMEMBERED = 500
"""Pictures shown earlier that are not shown again, nor copies of them: the newest."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """Who gets the best of what was posted, when and where. Moments are UTC without a zone.

    Attributes:
        user: to whom it is sent, by their own taste; empty if it is posted for everybody.
        outlet: where it is posted for everybody; empty if it is sent to one user.
        places: where its pictures come from.
        since: what was posted from this moment on is new to it.
        tried: when it was last due, or began.
        failures: times in a row in which it could not be delivered.
    """

    scope: Scope
    user: UserId
    outlet: str
    places: tuple[str, ...]
    schedule: Schedule
    locale: str
    since: datetime
    tried: datetime
    failures: int = 0

    @property
    def reader(self) -> str:
        """Whom, or which outlet, it has shown pictures to."""
        return self.user or self.outlet


class DigestStore:
    """The tables of digests. `bot.store.Store` has one, and lends it its sessions."""

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    # who wants them

    async def subscription(
        self, scope: Scope, user: UserId = "", outlet: str = ""
    ) -> Subscription | None:
        """That of a user, or of an outlet."""
        async with self._reading() as session:
            row = await session.get(TasteDigestRow, (scope, user, outlet))
            return None if row is None else _subscription(row)

    async def subscriptions(self) -> list[Subscription]:
        """All of them."""
        async with self._reading() as session:
            return [_subscription(row) for row in await session.scalars(select(TasteDigestRow))]

    async def follows(self, place: str) -> bool:
        """Whether somebody gets digests of what is posted in a place."""
        each = func.json_each(TasteDigestRow.places).table_valued("value")
        found = (
            select(TasteDigestRow.scope)
            .join(each, literal(True))
            .where(each.c.value == place)
            .limit(1)
        )
        async with self._reading() as session:
            return await session.scalar(found) is not None

    async def save(self, subscription: Subscription) -> None:
        """Begin, or change, a subscription."""
        async with self._writing() as session:
            await session.merge(_row(subscription))

    async def drop(self, subscription: Subscription) -> None:
        """End a subscription."""
        async with self._writing() as session:
            await session.execute(delete(TasteDigestRow).where(*_is(subscription)))

    async def forget(self, scope: Scope, user: UserId) -> None:
        """End what a user subscribed to in a scope, and forget what they were shown of it."""
        of_scope = select(VerdictRow.id).join(PostRow).where(PostRow.scope == scope)
        async with self._writing() as session:
            await session.execute(
                delete(TasteDigestRow).where(
                    TasteDigestRow.scope == scope, TasteDigestRow.user == user
                )
            )
            await session.execute(
                delete(DigestedRow).where(
                    DigestedRow.reader == user, DigestedRow.verdict_id.in_(of_scope)
                )
            )

    # how it goes

    async def claim(self, subscription: Subscription, moment: datetime) -> bool:
        """Note that it is tried now. False if it was tried, changed or ended meanwhile."""
        async with self._writing() as session:
            claimed = await session.execute(
                update(TasteDigestRow)
                .where(*_is(subscription), TasteDigestRow.tried == subscription.tried)
                .values(tried=moment)
                .returning(TasteDigestRow.scope)
            )
            return claimed.first() is not None

    async def delivered(self, subscription: Subscription, until: datetime) -> None:
        """Note that everything posted before a moment has been considered."""
        async with self._writing() as session:
            await session.execute(
                update(TasteDigestRow).where(*_is(subscription)).values(since=until, failures=0)
            )

    async def failed(self, subscription: Subscription) -> int:
        """Note that it could not be delivered; returns how often in a row that was so."""
        async with self._writing() as session:
            failures: int | None = await session.scalar(
                update(TasteDigestRow)
                .where(*_is(subscription))
                .values(failures=TasteDigestRow.failures + 1)
                .returning(TasteDigestRow.failures)
            )
            return failures or 0

    # what is in them

    async def candidates(
        self, subscription: Subscription, places: Iterable[str], until: datetime
    ) -> list[Posted]:
        """The newest faces and pictures posted in places that are new to it and still there.

        Not what was collected there: that may be years old.
        """
        return await self._posted(
            PostRow.scope == subscription.scope,
            PostRow.place.in_(list(places)),
            VerdictRow.created >= subscription.since,
            VerdictRow.created < until,
            VerdictRow.crop.is_not(None),
            ~collected(),
            most=MOST_CANDIDATES,
        )

    async def shown(self, subscription: Subscription) -> list[Posted]:
        """What it has shown, as far as that was not forgotten."""
        told = select(DigestedRow.verdict_id).where(DigestedRow.reader == subscription.reader)
        return await self._posted(
            PostRow.scope == subscription.scope, VerdictRow.id.in_(told), most=_MOST_REMEMBERED
        )

    async def _posted(self, *conditions: ColumnElement[bool], most: int) -> list[Posted]:
        async with self._reading() as session:
            rows = await session.execute(
                select(
                    VerdictRow.id,
                    PostRow.key,
                    PostRow.author,
                    func.coalesce(VerdictRow.crop, ""),
                    VerdictRow.picture_hash,
                    VerdictRow.face_hash,
                    VerdictRow.spoiler,
                    VerdictRow.text,
                )
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .where(*conditions)
                .order_by(VerdictRow.id.desc())
                .limit(most)
            )
            return [Posted(*row) for row in rows]

    async def bind(self, ref: str, subscription: Subscription, verdicts: Sequence[int]) -> bool:
        """Remember what a message shows, so that it goes when one of them is forgotten.

        Returns:
            Whether all of them are still there.
        """
        async with self._writing() as session:
            found = await session.scalars(
                select(VerdictRow.id).where(VerdictRow.id.in_(list(verdicts)))
            )
            still = list(found)
            for each in still:
                await session.merge(
                    DigestedRow(verdict_id=each, reader=subscription.reader, ref=ref)
                )
            return len(still) == len(verdicts)


def _is(subscription: Subscription) -> tuple[ColumnElement[bool], ...]:
    return (
        TasteDigestRow.scope == subscription.scope,
        TasteDigestRow.user == subscription.user,
        TasteDigestRow.outlet == subscription.outlet,
    )


def _subscription(row: TasteDigestRow) -> Subscription:
    return Subscription(
        scope=row.scope,
        user=row.user,
        outlet=row.outlet,
        places=tuple(row.places),
        schedule=Schedule(row.minute, row.zone, row.weekday),
        locale=row.locale,
        since=row.since,
        tried=row.tried,
        failures=row.failures,
    )


def _row(subscription: Subscription) -> TasteDigestRow:
    return TasteDigestRow(
        scope=subscription.scope,
        user=subscription.user,
        outlet=subscription.outlet,
        places=list(subscription.places),
        minute=subscription.schedule.minute,
        zone=subscription.schedule.zone,
        weekday=subscription.schedule.weekday,
        locale=subscription.locale,
        since=subscription.since,
        tried=subscription.tried,
        failures=subscription.failures,
    )
