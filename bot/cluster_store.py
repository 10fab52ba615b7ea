"""What is remembered of clusters: which faces may be clustered, where they are, what hands did.

`_may_be_clustered`: the poster's standing word in that scope, and no name from anybody. A face
comes in by `admit`, which asks this inside its transaction, and goes by `leave` in the transaction
that ends its right to stay; `bot.store` calls that.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Select, delete, exists, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import Cluster
from bot.keeping import drop_groundless_embeddings, poster_agrees, standing_labels
from bot.tables import (
    ClusterFaceRow,
    ClusterMessageRow,
    ClusterRow,
    ClusterSplitRow,
    ConsentRow,
    DigestRow,
    EmbeddingRow,
    LabelRow,
    PostRow,
    VerdictRow,
)
from models.types import Kind, Scope, UserId

Sessions = Callable[[], AbstractAsyncContextManager[AsyncSession]]


@dataclass(frozen=True, slots=True)
class PooledFace:
    """A face among those to cluster.

    Attributes:
        post: key of the post it was in.
        picture_hash, face_hash: see `bot.domain.Verdict`.
        crop: content hash of its crop.
        vector: its embedding as bytes of float32, or None if the present embedder has not seen it.
        cluster: where it is now, or None.
        pinned: whether it stays there: a hand put it there, or the cluster is ignored.
    """

    verdict_id: int
    post: str
    picture_hash: str
    face_hash: str
    crop: str
    vector: bytes | None
    cluster: int | None
    pinned: bool


class ClusterStore:
    """The tables of clusters. `bot.store.Store` has one, and lends it its sessions."""

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    # the pool

    async def waiting(self, scope: Scope, head: str, kind: Kind) -> list[tuple[int, str]]:
        """Verdict and crop of the faces that may be clustered and are not in the pool yet.

        Args:
            kind: of the faces that this head pools.
        """
        pooled = select(ClusterFaceRow.verdict_id)
        async with self._reading() as session:
            rows = await session.execute(
                select(VerdictRow.id, VerdictRow.crop)
                .join(PostRow)
                .where(
                    PostRow.scope == scope,
                    VerdictRow.kind == str(kind),
                    VerdictRow.id.not_in(pooled),
                    *_may_be_clustered(head),
                )
                .order_by(VerdictRow.id)
            )
            return [(verdict_id, crop) for verdict_id, crop in rows if crop is not None]

    async def scopes(self) -> list[Scope]:
        """Where somebody has agreed to what they post, and so there may be clusters."""
        async with self._reading() as session:
            rows = await session.scalars(select(ConsentRow.scope).distinct())
            return sorted(rows)

    async def admit(
        self, verdict_id: int, head: str, fingerprint: str, vector: NDArray[np.float32]
    ) -> bool:
        """Take a face into the pool with its embedding, if that is still allowed."""
        async with self._writing() as session:
            crop = await session.scalar(
                select(VerdictRow.crop)
                .join(PostRow)
                .where(VerdictRow.id == verdict_id, *_may_be_clustered(head))
            )
            if crop is None:  # consent was taken back while it was being embedded, say
                return False
            await session.execute(
                insert(ClusterFaceRow)
                .values(verdict_id=verdict_id, head=head, pinned=False)
                .on_conflict_do_nothing()
            )
            await session.execute(
                insert(EmbeddingRow)
                .values(crop=crop, fingerprint=fingerprint, vector=vector.tobytes())
                .on_conflict_do_nothing()
            )
            return True

    async def pool(self, scope: Scope, head: str, fingerprint: str, most: int) -> list[PooledFace]:
        """The faces to cluster, newest first, at most so many."""
        embedded = (EmbeddingRow.crop == VerdictRow.crop) & (
            EmbeddingRow.fingerprint == fingerprint
        )
        async with self._reading() as session:
            rows = await session.execute(
                select(
                    VerdictRow.id,
                    PostRow.key,
                    VerdictRow.picture_hash,
                    VerdictRow.face_hash,
                    VerdictRow.crop,
                    EmbeddingRow.vector,
                    ClusterFaceRow.cluster_id,
                    (ClusterFaceRow.pinned | func.coalesce(ClusterRow.ignored, False)).label(
                        "pinned"
                    ),
                )
                .join(ClusterFaceRow, ClusterFaceRow.verdict_id == VerdictRow.id)
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .outerjoin(ClusterRow, ClusterRow.id == ClusterFaceRow.cluster_id)
                .outerjoin(EmbeddingRow, embedded)
                .where(PostRow.scope == scope, ClusterFaceRow.head == head)
                .order_by(VerdictRow.id.desc())
                .limit(most)
            )
            return [
                PooledFace(
                    row.id,
                    row.key,
                    row.picture_hash,
                    row.face_hash,
                    row.crop,
                    row.vector,
                    row.cluster_id,
                    pinned=bool(row.pinned),
                )
                for row in rows
                if row.crop is not None
            ]

    async def splits(self, scope: Scope) -> set[tuple[int, int]]:
        """Faces and the clusters that they were taken out of."""
        async with self._reading() as session:
            rows = await session.execute(
                select(ClusterSplitRow.verdict_id, ClusterSplitRow.cluster_id)
                .join(ClusterRow, ClusterRow.id == ClusterSplitRow.cluster_id)
                .where(ClusterRow.scope == scope)
            )
            return {(verdict_id, cluster) for verdict_id, cluster in rows}

    async def place(self, scope: Scope, head: str, places: Mapping[int, int | None]) -> None:
        """Put faces where clustering says, those that are still in the pool.

        Args:
            places: for each verdict its cluster, or None; numbers below 0 stand for new clusters.
                A cluster that has gone meanwhile counts as None.
        """
        async with self._writing() as session:
            there = await session.scalars(select(ClusterRow.id).where(ClusterRow.scope == scope))
            ids: dict[int, int] = {each: each for each in there}
            wanted = {each for each in places.values() if each is not None}
            for number in sorted((each for each in wanted if each < 0), reverse=True):
                row = ClusterRow(scope=scope, head=head, ignored=False, created=_now())
                session.add(row)
                await session.flush()
                ids[number] = row.id
            for cluster in (None, *wanted):
                faces = [face for face, where in places.items() if where == cluster]
                await session.execute(
                    update(ClusterFaceRow)
                    .where(ClusterFaceRow.verdict_id.in_(faces))
                    .values(cluster_id=None if cluster is None else ids.get(cluster))
                )
            await _drop_empty_clusters(session)

    # what people see

    async def clusters(self, scope: Scope) -> list[Cluster]:
        """Those that are not ignored, the longest-known first."""
        return await self._clusters(ClusterRow.scope == scope, ~ClusterRow.ignored)

    async def cluster(self, scope: Scope, cluster_id: int) -> Cluster | None:
        """One of a scope that is not ignored, or None."""
        found = await self._clusters(
            ClusterRow.scope == scope, ClusterRow.id == cluster_id, ~ClusterRow.ignored
        )
        return found[0] if found else None

    async def _clusters(self, *conditions: ColumnElement[bool]) -> list[Cluster]:
        async with self._reading() as session:
            rows = await session.execute(
                select(ClusterRow, VerdictRow.id, VerdictRow.spoiler)
                .join(ClusterFaceRow, ClusterFaceRow.cluster_id == ClusterRow.id)
                .join(VerdictRow, VerdictRow.id == ClusterFaceRow.verdict_id)
                .where(*conditions)
                .order_by(ClusterRow.id, VerdictRow.id.desc())
            )
            found: dict[int, tuple[ClusterRow, list[int], bool]] = {}
            for row, verdict_id, spoiler in rows:
                _, faces, covered = found.setdefault(row.id, (row, [], False))
                faces.append(verdict_id)
                found[row.id] = (row, faces, covered or spoiler)
            return [
                Cluster(row.id, row.scope, row.head, tuple(faces), covered, told=row.told)
                for row, faces, covered in found.values()
            ]

    # what hands do

    async def merge(self, cluster_id: int, into: int) -> None:
        """Make two clusters one, for good: its faces are pinned to the second."""
        async with self._writing() as session:
            members = select(ClusterFaceRow.verdict_id).where(
                ClusterFaceRow.cluster_id.in_((cluster_id, into))
            )
            for decided in (  # whoever merges now overrules who split them before
                delete(ClusterSplitRow).where(
                    ClusterSplitRow.cluster_id.in_((cluster_id, into)),
                    ClusterSplitRow.verdict_id.in_(members),
                ),
                update(ClusterSplitRow)
                .where(ClusterSplitRow.cluster_id == cluster_id)
                .values(cluster_id=into)
                .prefix_with("OR REPLACE"),
                update(ClusterFaceRow)
                .where(ClusterFaceRow.verdict_id.in_(members))
                .values(cluster_id=into, pinned=True),
            ):
                await session.execute(decided)
            await _drop_empty_clusters(session)

    async def split(self, cluster_id: int, faces: Iterable[int]) -> None:
        """Take faces out of a cluster for good; those that are left are pinned to it."""
        taken = list(faces)
        async with self._writing() as session:
            await session.execute(
                update(ClusterFaceRow)
                .where(ClusterFaceRow.cluster_id == cluster_id)
                .values(pinned=True)
            )
            await session.execute(
                update(ClusterFaceRow)
                .where(ClusterFaceRow.verdict_id.in_(taken))
                .values(cluster_id=None, pinned=False)
            )
            await session.execute(
                insert(ClusterSplitRow)
                .values([{"verdict_id": face, "cluster_id": cluster_id} for face in taken])
                .on_conflict_do_nothing()
            )

    async def ignore(self, cluster_id: int) -> None:
        """Never show a cluster again, nor what falls in with it."""
        async with self._writing() as session:
            await session.execute(
                update(ClusterRow).where(ClusterRow.id == cluster_id).values(ignored=True)
            )

    # the digest

    async def digest_shown(self, scope: Scope) -> datetime | None:
        """When the last digest was shown, UTC without a zone."""
        async with self._reading() as session:
            shown: datetime | None = await session.scalar(
                select(DigestRow.shown).where(DigestRow.scope == scope)
            )
            return shown

    async def tell(self, scope: Scope, clusters: Iterable[int], moment: datetime) -> None:
        """A digest is about to show these clusters."""
        async with self._writing() as session:
            await session.merge(DigestRow(scope=scope, shown=moment))
            await session.execute(
                update(ClusterRow).where(ClusterRow.id.in_(list(clusters))).values(told=moment)
            )

    async def bind(self, ref: str, faces: Iterable[int]) -> bool:
        """Remember which faces a message shows, instead of earlier ones.

        Returns:
            Whether all of them are still in the pool.
        """
        shown = list(faces)
        async with self._writing() as session:
            await session.execute(delete(ClusterMessageRow).where(ClusterMessageRow.ref == ref))
            found = await session.scalars(
                select(ClusterFaceRow.verdict_id).where(ClusterFaceRow.verdict_id.in_(shown))
            )
            still = list(found)
            session.add_all(ClusterMessageRow(ref=ref, verdict_id=each) for each in still)
            return len(still) == len(shown)

    async def messages_showing(self, scope: Scope, author: UserId) -> list[str]:
        """References of the messages with a grid that shows a face of what somebody posted."""
        async with self._reading() as session:
            refs = await session.scalars(
                select(ClusterMessageRow.ref)
                .join(VerdictRow, VerdictRow.id == ClusterMessageRow.verdict_id)
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .where(PostRow.scope == scope, PostRow.author == author)
                .distinct()
            )
            return list(refs)


async def leave(session: AsyncSession, verdicts: Select[Any]) -> None:
    """Take faces out of the pool and their clusters, and drop what embeddings have no ground now.

    Args:
        verdicts: selects their ids.
    """
    await session.execute(delete(ClusterFaceRow).where(ClusterFaceRow.verdict_id.in_(verdicts)))
    await drop_groundless_embeddings(session)
    await _drop_empty_clusters(session)


async def _drop_empty_clusters(session: AsyncSession) -> None:
    inhabited = select(ClusterFaceRow.cluster_id).where(ClusterFaceRow.cluster_id.is_not(None))
    await session.execute(delete(ClusterRow).where(ClusterRow.id.not_in(inhabited)))


def _may_be_clustered(head: str) -> tuple[ColumnElement[bool], ...]:
    """Of a verdict joined with its post: agreed to by the poster, and named by nobody."""
    labelled = select(LabelRow.verdict_id).where(
        LabelRow.id.in_(standing_labels()), LabelRow.answer.is_not(None)
    )
    guess = func.json_each(VerdictRow.guesses).table_valued("value")
    told = {key: func.json_extract(guess.c.value, f"$.{key}") for key in ("head", "answer")}
    unknown = exists().where(told["head"] == head, told["answer"] == "unknown")
    known = exists().where(told["answer"] == "known")
    unnamed = VerdictRow.id.not_in(labelled), unknown, ~known
    return VerdictRow.crop.is_not(None), poster_agrees(), *unnamed


def _now() -> datetime:
    """UTC without a zone, as SQLite keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
