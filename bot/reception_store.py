"""What is remembered of how pictures were received: reactions, and who could have reacted."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.cluster_store import Sessions
from bot.keeping import poster_agrees
from bot.tables import PostRow, ReceptionRow, VerdictRow
from models.types import Scope, UserId


@dataclass(frozen=True, slots=True)
class Received:
    """A whole picture whose poster lets it be learned from.

    Attributes:
        reactions: people who reacted; None if nobody has counted them yet.
        audience: people who could see it; None likewise.
        crop: content hash of the stored picture.
    """

    verdict_id: int
    key: str
    author: UserId
    crop: str
    reactions: int | None = None
    audience: int | None = None


class ReceptionStore:
    """Adds and reads counts."""

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    async def of(self, scope: Scope) -> list[Received]:
        """The pictures of a scope that may be learned from, oldest first."""
        return [received for received, *_ in await self._all(scope)]

    async def scopes(self, beginning: str) -> list[Scope]:
        """The scopes of this beginning that have whole pictures."""
        async with self._reading() as session:
            found = await session.scalars(
                select(PostRow.scope)
                .join(VerdictRow, VerdictRow.post_id == PostRow.id)
                .where(VerdictRow.whole, PostRow.scope.startswith(beginning, autoescape=True))
                .distinct()
            )
            return sorted(found)

    async def due(self, scope: Scope, settled: timedelta) -> list[Received]:
        """Those that have been up for so long, and were not counted since they had been."""
        latest = _now() - settled
        return [
            received
            for received, created, counted in await self._all(scope)
            if created <= latest and (counted is None or counted < created + settled)
        ]

    async def _all(self, scope: Scope) -> list[tuple[Received, datetime, datetime | None]]:
        """With when each was posted and counted."""
        async with self._reading() as session:
            rows = await session.execute(
                select(
                    VerdictRow.id,
                    PostRow.key,
                    PostRow.author,
                    VerdictRow.crop,
                    ReceptionRow.reactions,
                    ReceptionRow.audience,
                    VerdictRow.created,
                    ReceptionRow.counted,
                )
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .outerjoin(ReceptionRow, ReceptionRow.verdict_id == VerdictRow.id)
                .where(
                    PostRow.scope == scope,
                    VerdictRow.whole,
                    VerdictRow.crop.is_not(None),
                    poster_agrees(),
                )
                .order_by(VerdictRow.id)
            )
            return [
                (Received(verdict, key, author, crop or "", *counts), created, counted)
                for verdict, key, author, crop, *counts, created, counted in rows
            ]

    async def count(self, verdict_id: int, reactions: int, audience: int) -> None:
        """Note how a picture was received, instead of what was counted before."""
        async with self._writing() as session:
            if await session.get(VerdictRow, verdict_id) is not None:  # else it was forgotten
                await note(session, verdict_id, reactions, audience)


async def note(session: AsyncSession, verdict_id: int, reactions: int, audience: int) -> None:
    """Count in the transaction that keeps the picture."""
    row = ReceptionRow(
        verdict_id=verdict_id, reactions=reactions, audience=audience, counted=_now()
    )
    await session.merge(row)


def _now() -> datetime:
    """UTC without a zone, as SQLite keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
