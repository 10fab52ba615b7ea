"""Live labels → the galleries that answer: rebuilt whole when a label or a version changes."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.domain import Answer
from bot.judging import Judge
from bot.store import LiveLabel, Store
from bot.vectors import Progress, vectors_of
from models.crops import hash_distance
from models.gallery import NEAR_DUPLICATE_BITS, NO_STRANGERS, Example, Gallery, Rejection
from models.heads import NAMING_HEADS
from models.learned import Learned
from models.registry import Registry
from models.strangers import Strangers, choose
from models.types import Kind, Scope, UserId

MOST_UNKNOWNS = 2000
"""Of the operator's own unknown faces, the newest, that thresholds are measured against."""

_LOOK_EVERY = 60.0
"""Seconds between two looks for labels of another process."""


class Galleries:
    """Keeps the judge's galleries as the label log and the promoted versions say.

    Args:
        versions: folder of the versions, see `models.registry`.
    """

    def __init__(self, store: Store, judge: Judge, versions: Path) -> None:
        self._store = store
        self._judge = judge
        self._versions = versions
        self._registries: dict[tuple[Scope, str], Registry] = {}
        self._built_with: dict[tuple[Scope, str], str] = {}
        self._built_of: dict[tuple[Scope, str], int] = {}
        self._looked: dict[tuple[Scope, str], float] = {}
        self._locks: dict[tuple[Scope, str], asyncio.Lock] = {}

    async def rebuild(self, scope: Scope, head: str, progress: Progress | None = None) -> None:
        """Read the labels that stand and let them answer.

        Args:
            progress: told how the embedding goes of crops that the present embedder has not seen.
        """
        async with self._lock(scope, head):
            registry = self._registry(scope, head)
            pointer = registry.pointer()  # before what it points at is read
            fingerprint = self._judge.fingerprint(head)
            learned = await asyncio.to_thread(_learned, registry, fingerprint)
            last = await self._store.last_label_of(scope, head)
            labels = await self._store.live_labels(scope, head)
            consenting = await self._store.consenting(scope)
            seen = [each for each in labels if _may_be_embedded(each, consenting)]
            vectors = await self._vectors(seen, head, progress)
            for kind in sorted(NAMING_HEADS[head].kinds):
                gallery = await asyncio.to_thread(
                    gallery_of,
                    fingerprint,
                    labels,
                    vectors,
                    await self._strangers(scope, head, kind, learned),
                    self._judge.false_name_rate,
                    learned,
                    kind,
                )
                self._judge.set_gallery(scope, head, gallery)
            self._built_with[scope, head] = pointer
            self._built_of[scope, head] = last

    async def notice(self, scope: Scope, head: str) -> None:
        """Rebuild if another process promoted a version, rolled back to one, or taught labels.

        Costs a read of a few bytes otherwise, and a query once a minute, so that it can be asked
        before each picture.
        """
        built_with = self._built_with.get((scope, head))
        promoted = built_with is not None and built_with != self._registry(scope, head).pointer()
        if promoted or await self._taught_elsewhere(scope, head):
            await self.rebuild(scope, head)

    async def _taught_elsewhere(self, scope: Scope, head: str) -> bool:
        """Not asked more than once a minute: an import teaches several labels a second."""
        now = time.monotonic()
        if now - self._looked.get((scope, head), -math.inf) < _LOOK_EVERY:
            return False
        self._looked[scope, head] = now
        return await self._store.last_label_of(scope, head) != self._built_of.get((scope, head), 0)

    async def _strangers(
        self, scope: Scope, head: str, kind: Kind, learned: Learned | None
    ) -> Strangers:
        """The faces that nobody named, where there are enough, or what ships.

        Thresholds measured against faces that were learned from would be too low. Faces away from
        the head's home are not pooled: under another head they may be somebody.
        """
        fingerprint = self._judge.fingerprint(head)
        if kind is not NAMING_HEADS[head].home:
            return choose(NO_STRANGERS.vectors, fingerprint, kind)
        seen = learned.unknowns if learned is not None else frozenset()
        pool = await self._store.clusters.pool(scope, head, fingerprint, MOST_UNKNOWNS)
        vectors = [
            np.frombuffer(face.vector, dtype=np.float32)
            for face in pool
            if face.vector is not None and face.verdict_id not in seen
        ]
        return choose(np.stack(vectors) if vectors else NO_STRANGERS.vectors, fingerprint, kind)

    def _registry(self, scope: Scope, head: str) -> Registry:
        made = Registry(self._versions, scope, head)
        return self._registries.setdefault((scope, head), made)

    async def _vectors(
        self, labels: Sequence[LiveLabel], head: str, progress: Progress | None
    ) -> dict[int, NDArray[np.float32]]:
        """By label, of the crops that are still there; those that have none yet are embedded."""
        crops = (label.crop for label in labels if label.crop is not None)
        vectors = await vectors_of(self._store, self._judge, crops, head, progress)
        return {label.id: vectors[label.crop] for label in labels if label.crop in vectors}

    @asynccontextmanager
    async def _lock(self, scope: Scope, head: str) -> AsyncIterator[None]:
        """One rebuild at a time, so that an older one cannot overwrite a newer one."""
        async with self._locks.setdefault((scope, head), asyncio.Lock()):
            yield


def _may_be_embedded(label: LiveLabel, consenting: frozenset[UserId]) -> bool:
    """Examples, and who a face is not if its poster agrees to be learned from."""
    negative = label.answer is Answer.IS_NOT and bool(label.names)
    return label.answer is Answer.IS or (negative and label.author in consenting)


def gallery_of(
    fingerprint: str,
    labels: Sequence[LiveLabel],
    vectors: Mapping[int, NDArray[np.float32]],
    strangers: Strangers,
    false_name_rate: float,
    learned: Learned | None,
    kind: Kind,
) -> Gallery:
    """Runs on a thread: with thousands of labels it takes a while."""
    named = [label for label in labels if label.answer is Answer.IS]
    examples = {
        label.id: Example(
            label.names[0], vectors[label.id], label.face_hash, label.crop or "", label.kind
        )
        for label in named
        if label.id in vectors
    }
    templates = learned.standing(examples) if learned is not None else {}
    rejections = [
        Rejection(label.face_hash, frozenset(label.names), vectors.get(label.id))
        for label in labels
        if (label.answer is Answer.NOT_A_FACE or (label.answer is Answer.IS_NOT and label.names))
        and not _taken_back(label, named)
    ]
    return Gallery(
        fingerprint, examples.values(), rejections, strangers, false_name_rate, templates, kind
    )


def _learned(registry: Registry, fingerprint: str) -> Learned | None:
    """What the promoted version learned with this embedder."""
    version = registry.current()
    return version.learned if version and version.fingerprint == fingerprint else None


def _taken_back(rejection: LiveLabel, named: Sequence[LiveLabel]) -> bool:
    """Whether people agreed later, on the same picture, that it is this person after all."""
    return any(
        label.id > rejection.id
        and (not rejection.names or label.names[0] in rejection.names)
        and hash_distance(label.face_hash, rejection.face_hash) <= NEAR_DUPLICATE_BITS
        for label in named
    )
