"""What people agreed on, as training takes it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One labelled face.

    Attributes:
        vector: its embedding, of length 1.
        name: who it is; None if all that is known is who it is not.
        not_names: people it has been said not to be.
        post: names what it was posted in.
        picture_hash: perceptual hash of the whole picture, 16 hexadecimal digits.
        face_hash: perceptual hash of the aligned face, 16 hexadecimal digits.
    """

    vector: NDArray[np.float32]
    name: str | None
    not_names: frozenset[str]
    post: str
    picture_hash: str
    face_hash: str
