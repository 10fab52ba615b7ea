"""By which hashes the kept faces of a scope are found again."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.tables import PostRow, VerdictRow
from models.types import Kind, Scope

Sessions = Callable[[], AbstractAsyncContextManager[AsyncSession]]


@dataclass(frozen=True, slots=True)
class KeptFace:
    """A face that somebody posted; see `bot.domain.Verdict`.

    Attributes:
        crop: None once it has expired.
    """

    verdict_id: int
    crop: str | None
    face_hash: str
    picture_hash: str
    kind: Kind


class ExchangeStore:
    """Reads what exchange needs. `bot.store.Store` has one, and lends it its sessions."""

    def __init__(self, reading: Sessions) -> None:
        self._reading = reading

    async def faces(self, scope: Scope) -> list[KeptFace]:
        """Every face in a scope, oldest first; no whole pictures."""
        async with self._reading() as session:
            rows = await session.execute(
                select(
                    VerdictRow.id,
                    VerdictRow.crop,
                    VerdictRow.face_hash,
                    VerdictRow.picture_hash,
                    VerdictRow.kind,
                )
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .where(PostRow.scope == scope, ~VerdictRow.whole)
                .order_by(VerdictRow.id)
            )
            return [KeptFace(*row[:4], Kind(row.kind)) for row in rows]
