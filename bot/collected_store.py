"""What is remembered of pictures that were collected: where each is from, and what it was there.

The picture itself is kept as any other is: a post, a verdict of the whole and, where there is
exactly one face, a verdict of that. So its author's word decides whether it may be learned from,
it expires and is forgotten like all else.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.cluster_store import Sessions
from bot.domain import Verdict
from bot.keeping import poster_agrees
from bot.names import fold
from bot.tables import CollectedRow, PostRow, VerdictRow
from models.types import Scope, UserId


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a picture comes from.

    Attributes:
        source: `x:search:#idol`, `x:@name`, `discord:CHANNEL`, `folder:NAME`, `feed:URL`.
        url: of the post or item it was in, for people to look at.
        licence: by whose right it is used.
        likes: people who liked it.
        audience: people who could see it.
        suggestion: whom it may show; never a label.
        posted: when, UTC without a zone.
    """

    source: str
    url: str | None
    licence: str
    author_name: str
    text: str | None = None
    likes: int | None = None
    audience: int | None = None
    suggestion: str | None = None
    posted: datetime | None = None


@dataclass(frozen=True, slots=True)
class Collected:
    """A picture as it is kept.

    Attributes:
        agreed: its author's standing word is that it may be learned from.
        whole: the verdict of the whole picture.
        face: the verdict of its only face; None if it has none or several.
        faces: how many faces were found in it.
        crop: content hash of the whole picture; None once it has expired.
        origin: once the picture has expired, without words, names and address.
    """

    post_key: str
    author: UserId
    agreed: bool
    whole: int
    face: int | None
    faces: int
    crop: str | None
    origin: Origin


class CollectedStore:
    """Reads what was collected. `bot.store.Store` has one, and lends it its sessions."""

    def __init__(self, reading: Sessions) -> None:
        self._reading = reading

    async def of(self, scope: Scope, source: str) -> list[Collected]:
        """The pictures of a source, oldest first."""
        face = aliased(VerdictRow)
        async with self._reading() as session:
            rows = await session.execute(
                select(CollectedRow, PostRow, VerdictRow.id, VerdictRow.crop, face.id)
                .add_columns(poster_agrees())
                .join(PostRow, PostRow.id == CollectedRow.post_id)
                .join(VerdictRow, (VerdictRow.post_id == PostRow.id) & VerdictRow.whole)
                .outerjoin(face, (face.post_id == PostRow.id) & ~face.whole)
                .where(PostRow.scope == scope, CollectedRow.source == source)
                .order_by(CollectedRow.post_id)
            )
            return [
                Collected(
                    post.key, post.author, bool(agreed), whole, one, row.faces, crop, _origin(row)
                )
                for row, post, whole, crop, one, agreed in rows
            ]

    async def scopes(self) -> list[Scope]:
        """Those that have collected pictures."""
        async with self._reading() as session:
            found = await session.scalars(
                select(PostRow.scope)
                .join(CollectedRow, CollectedRow.post_id == PostRow.id)
                .distinct()
            )
            return sorted(found)

    async def sources(self, scope: Scope) -> list[tuple[str, int]]:
        """Where pictures of a scope were collected, by name, with how many there are of each."""
        async with self._reading() as session:
            rows = await session.execute(
                select(CollectedRow.source, func.count())
                .join(PostRow, PostRow.id == CollectedRow.post_id)
                .where(PostRow.scope == scope)
                .group_by(CollectedRow.source)
                .order_by(CollectedRow.source)
            )
            return [(source, number) for source, number in rows]

    async def suggestions(self, faces: Collection[int]) -> dict[int, str]:
        """Whom faces may show, by their verdicts; those of which nothing is suggested are absent.

        A hint for whoever names them: nobody has said so.
        """
        async with self._reading() as session:
            rows = await session.execute(
                select(VerdictRow.id, CollectedRow.suggestion)
                .join(CollectedRow, CollectedRow.post_id == VerdictRow.post_id)
                .where(VerdictRow.id.in_(faces), ~VerdictRow.whole)
            )
            return {face: name for face, name in rows if name is not None}

    async def known(self, scope: Scope, sha256: str) -> bool:
        """Whether this very file was collected before, even if it has expired."""
        async with self._reading() as session:
            found = (
                select(CollectedRow.post_id)
                .join(PostRow, PostRow.id == CollectedRow.post_id)
                .where(PostRow.scope == scope, CollectedRow.sha256 == sha256)
                .limit(1)
            )
            return await session.scalar(found) is not None

    async def hashes(self, scope: Scope) -> list[tuple[str, str]]:
        """SHA-256 of the file and perceptual hash of every picture, to know copies again."""
        async with self._reading() as session:
            rows = await session.execute(
                select(CollectedRow.sha256, VerdictRow.picture_hash)
                .join(PostRow, PostRow.id == CollectedRow.post_id)
                .join(VerdictRow, (VerdictRow.post_id == PostRow.id) & VerdictRow.whole)
                .where(PostRow.scope == scope)
            )
            return [(sha256, phash) for sha256, phash in rows]


async def add(
    session: AsyncSession, verdicts: Sequence[Verdict], sha256: str, faces: int, origin: Origin
) -> None:
    """Note where a picture is from, in the transaction that keeps its post (`Store.collect`).

    Args:
        verdicts: of the picture, as they were kept.
        sha256: of the file as it was fetched.
        faces: how many are in it.
    """
    of_post = select(PostRow.id).where(PostRow.key == verdicts[0].post_key)
    post_id = await session.scalar(of_post)
    session.add(CollectedRow(post_id=post_id, sha256=sha256, faces=faces, **asdict(origin)))


async def fade(session: AsyncSession) -> None:
    """Drop words, names and address of pictures that have expired; that they were there stays."""
    there = select(VerdictRow.post_id).where(VerdictRow.crop.is_not(None))
    told = func.coalesce(CollectedRow.url, CollectedRow.text, CollectedRow.author_name)
    await session.execute(
        update(CollectedRow)
        .where(CollectedRow.post_id.not_in(there), told != "")
        .values(url=None, author_name="", text=None, suggestion=None)
    )


async def strike(session: AsyncSession, scope: Scope, names: Collection[str]) -> None:
    """Suggest nobody of these (folded) names any more, in the transaction that removes a person."""
    of_scope = CollectedRow.post_id.in_(select(PostRow.id).where(PostRow.scope == scope))
    found = select(CollectedRow.suggestion).where(of_scope, CollectedRow.suggestion.is_not(None))
    suggested = await session.scalars(found.distinct())
    doomed = [each for each in suggested if each is not None and fold(each) in names]
    await session.execute(
        update(CollectedRow)
        .where(of_scope, CollectedRow.suggestion.in_(doomed))
        .values(suggestion=None)
    )


def _origin(row: CollectedRow) -> Origin:
    return Origin(**{each.name: getattr(row, each.name) for each in fields(Origin)})
