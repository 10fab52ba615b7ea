"""A label that stands → what training takes of it."""

import numpy as np
from numpy.typing import NDArray

from bot.domain import Answer
from bot.store import LiveLabel
from datasets.samples import Sample


def sample_of(label: LiveLabel, crop: str, vector: NDArray[np.float32]) -> Sample:
    """One labelled face; `crop` is the content hash of its crop, `vector` that crop's embedding."""
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
