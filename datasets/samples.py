"""What people agreed on, as training takes it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One labelled face.

    Attributes:
        vector: its embedding, of length 1.
        name: who it is; None if nobody said so.
        not_names: people it has been said not to be; if there are none, it is nobody known.
        post: names what it was posted in.
        picture_hash: perceptual hash of the whole picture, 16 hexadecimal digits.
        face_hash: perceptual hash of the aligned face, 16 hexadecimal digits.
        crop: content hash of the stored crop.
        label: its number in the label log; 0 for a face that nobody named.
        verdict: number of the verdict on it.
    """

    vector: NDArray[np.float32]
    name: str | None
    not_names: frozenset[str]
    post: str
    picture_hash: str
    face_hash: str
    crop: str = ""
    label: int = 0
    verdict: int = 0
