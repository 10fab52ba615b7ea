"""Stored crops → their vectors under the present embedder of a head."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from bot.judging import Judge
from bot.store import Store

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""


async def vectors_of(
    store: Store, judge: Judge, crops: Iterable[str], head: str, progress: Progress | None = None
) -> dict[str, NDArray[np.float32]]:
    """By content hash, of the crops that are still there; what was never embedded is, and is kept.

    Whether it may be kept is for the store to say.
    """
    fingerprint = judge.fingerprint(head)
    wanted = list(dict.fromkeys(crops))
    vectors = await store.embeddings(wanted, fingerprint)
    missing = [crop for crop in wanted if crop not in vectors]
    for done, crop_hash in enumerate(missing, start=1):
        crop = await store.crop(crop_hash)
        if crop is not None:
            vector = await judge.embed_patiently(crop, head, pause=0.1)
            await store.add_embedding(crop_hash, fingerprint, vector)
            vectors[crop_hash] = vector
        if progress is not None:
            progress(done, len(missing))
    return vectors
