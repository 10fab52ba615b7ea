"""Keeps the faces that nobody named in clusters, and does what moderators decide about them.

New faces join what is there as they come; now and then everything is clustered anew, off the event
loop. What a hand has done stands: `models.clustering` says how.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from bot.cluster_store import PooledFace
from bot.domain import Cluster
from bot.errors import NotFound
from bot.judging import Judge
from bot.store import Store
from models.clustering import LEAST, NOWHERE, Ids, Measure, Pool, join, measured, recluster
from models.heads import NAMING_HEADS
from models.types import Scope

log = logging.getLogger(__name__)

MOST_FACES = 4000
"""In one scope, newest first: time and memory grow by the square, to 1 s and 300 MB for so many."""

DIGEST_PAUSE = timedelta(hours=23)
"""Between two digests: a day, less what the second may come early in it."""

MOST_TOLD = 5
"""Clusters in one digest; others wait for the next."""

Clustering = Callable[[Pool, Measure], Ids]


class Clusters:
    """The faces that nobody named, in all scopes.

    Args:
        heads: under whose names they would be learned.
    """

    def __init__(self, store: Store, judge: Judge, heads: Sequence[str]) -> None:
        self._store = store
        self._kept = store.clusters
        self._judge = judge
        self._heads = heads
        self._changing = asyncio.Lock()
        self._news: set[Scope] = set()
        self._woken = asyncio.Event()

    # keeping them

    def notice(self, scope: Scope) -> None:
        """Something was posted or agreed to: there may be faces to take in."""
        self._news.add(scope)
        self._woken.set()

    async def keep(self, stopping: asyncio.Event) -> None:
        """Let new faces join the clusters that are there, as they come.

        Args:
            stopping: ends it, after what it is at, once somebody calls `wake`.
        """
        while not stopping.is_set():
            await self._woken.wait()
            self._woken.clear()
            try:
                while self._news and not stopping.is_set():
                    await self._each_head(self._news.pop(), join)
            except Exception:  # they will be taken in when everything is clustered anew
                log.exception("cannot take new faces into clusters")

    def wake(self) -> None:
        """Let `keep` look whether there is something to do, or nothing more."""
        self._woken.set()

    async def cluster_anew(self) -> None:
        """Take in what has not been, and cluster all scopes anew."""
        for scope in await self._kept.scopes():
            await self._each_head(scope, recluster)

    async def _each_head(self, scope: Scope, clustering: Clustering) -> None:
        for head in self._heads:
            await self._take_in(scope, head)
            await self._place(scope, head, clustering)

    async def _take_in(self, scope: Scope, head: str) -> None:
        """Embed the faces that may be clustered and that the present embedder has not seen."""
        fingerprint = self._judge.fingerprint(head)
        pooled = await self._kept.pool(scope, head, fingerprint, MOST_FACES)
        unseen = [(face.verdict_id, face.crop) for face in pooled if face.vector is None]
        waiting = await self._kept.waiting(scope, head, NAMING_HEADS[head].home)
        for verdict_id, crop_hash in unseen + waiting:
            crop = await self._store.crop(crop_hash)
            if crop is not None:
                # People who wait for an answer go first.
                vector = await self._judge.embed_patiently(crop, head, pause=1)
                await self._kept.admit(verdict_id, head, fingerprint, vector)

    async def _place(self, scope: Scope, head: str, clustering: Clustering) -> None:
        async with self._changing:  # no hand moves faces while they are being clustered
            faces = await self._kept.pool(scope, head, self._judge.fingerprint(head), MOST_FACES)
            faces = [face for face in faces if face.vector is not None]
            splits = await self._kept.splits(scope)
            measure = measured(self._judge.embedder(head))
            moved = await asyncio.to_thread(_moved, faces, splits, clustering, measure)
            if moved:
                await self._kept.place(scope, head, moved)

    # what people see

    async def unanswered(self, scope: Scope) -> list[Cluster]:
        """Clusters that nobody has named or ignored, of `LEAST` faces or more, most seen first."""
        found = [each for each in await self._kept.clusters(scope) if len(each.faces) >= LEAST]
        return sorted(found, key=lambda each: (-len(each.faces), each.id))

    async def cluster(self, scope: Scope, cluster_id: int) -> Cluster:
        """One cluster of a scope.

        Raises:
            NotFound: it has been named, ignored or merged, or all its faces are gone.
        """
        found = await self._kept.cluster(scope, cluster_id)
        if found is None:
            raise NotFound(f"there is no cluster {cluster_id} in {scope}")
        return found

    async def digest(self, scope: Scope) -> list[Cluster]:
        """What no digest has shown yet, noted as shown; empty until a day after the last one."""
        now = datetime.now(UTC).replace(tzinfo=None)
        shown = await self._kept.digest_shown(scope)
        if shown is not None and now - shown < DIGEST_PAUSE:
            return []
        new = [each for each in await self.unanswered(scope) if each.told is None][:MOST_TOLD]
        if new:
            await self._kept.tell(scope, (each.id for each in new), now)
        return new

    # what hands do

    async def merge(self, scope: Scope, cluster_id: int, into: int) -> Cluster:
        """Make two clusters one, which no clustering takes apart again.

        Returns:
            The cluster `into`, as it is then.

        Raises:
            NotFound: one of them is gone, or both are one.
        """
        async with self._changing:
            one, other = await self.cluster(scope, cluster_id), await self.cluster(scope, into)
            if one.id == other.id or one.head != other.head:
                raise NotFound(f"cluster {cluster_id} cannot be merged into {into}")
            await self._kept.merge(one.id, other.id)
            return await self.cluster(scope, other.id)

    async def split(self, scope: Scope, cluster_id: int, faces: Iterable[int]) -> Cluster:
        """Take faces out of a cluster; no clustering puts them back with those that are left.

        Args:
            faces: their verdicts; those that are not in the cluster are passed over.

        Returns:
            The cluster as it is then.

        Raises:
            NotFound: it is gone, or none of these faces is in it, or no other would be left.
        """
        async with self._changing:
            cluster = await self.cluster(scope, cluster_id)
            taken = set(faces) & set(cluster.faces)
            if not taken or len(taken) == len(cluster.faces):
                raise NotFound(f"cluster {cluster_id} cannot be split there")
            await self._kept.split(cluster.id, taken)
            return await self.cluster(scope, cluster.id)

    async def ignore(self, scope: Scope, cluster_id: int) -> None:
        """Never show a cluster again, nor faces that fall in with it.

        Raises:
            NotFound: it is gone.
        """
        async with self._changing:
            cluster = await self.cluster(scope, cluster_id)
            await self._kept.ignore(cluster.id)


def _moved(
    faces: Sequence[PooledFace],
    splits: set[tuple[int, int]],
    clustering: Clustering,
    measure: Measure,
) -> dict[int, int | None]:
    """Where clustering puts faces that are elsewhere now: by verdict. Runs on a thread."""
    if not faces:
        return {}
    row_of = {face.verdict_id: row for row, face in enumerate(faces)}
    pool = Pool(
        vectors=np.stack([np.frombuffer(face.vector or b"", np.float32) for face in faces]),
        clusters=np.array([_number(face.cluster) for face in faces], dtype=np.intp),
        pinned=np.array([face.pinned for face in faces], dtype=np.bool_),
        apart=frozenset((row_of[face], each) for face, each in splits if face in row_of),
    )
    found = clustering(pool, measure)
    changed = np.flatnonzero(found != pool.clusters).tolist()
    return {faces[row].verdict_id: _cluster(int(found[row])) for row in changed}


def _number(cluster: int | None) -> int:
    return NOWHERE if cluster is None else cluster


def _cluster(number: int) -> int | None:
    return None if number == NOWHERE else number
