"""Labels that stand → what training takes of them."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from bot.domain import Answer
from bot.store import LiveLabel
from datasets.samples import Sample


def samples_of(
    labels: Iterable[LiveLabel], vectors: Mapping[str, NDArray[np.float32]]
) -> list[Sample]:
    """The labels whose crops have a vector, by content hash, with it."""
    return [
        _sample(label, label.crop, vectors[label.crop])
        for label in labels
        if label.crop is not None and label.crop in vectors
    ]


def _sample(label: LiveLabel, crop: str, vector: NDArray[np.float32]) -> Sample:
    known = label.answer is Answer.IS
    return Sample(
        vector=vector,
        name=label.names[0] if known else None,
        not_names=frozenset() if known else frozenset(label.names),
        post=label.post,
        picture_hash=label.picture_hash,
        face_hash=label.face_hash,
        crop=crop,
        label=label.id,
        verdict=label.verdict_id,
    )
