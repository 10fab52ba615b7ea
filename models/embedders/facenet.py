"""InceptionResnetV1 trained on VGGFace2, by facenet-pytorch: 512 numbers a face.

Its weights (107 MB) are not in the package; `python bot.py doctor --fetch` brings them.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from facenet_pytorch import InceptionResnetV1
from PIL import Image

from models.types import Crop, Pixels, Vectors

_PREPROCESSING = "box, margin 14/160, 160 x 160, (x-127.5)/128, mean of face and mirror image"

_SIZE = 160
_MARGIN = 14 / 160


class FacenetEmbedder:
    """Embeds with torch on the calling thread.

    Raises:
        ValueError: the file does not hold the weights of this network.
    """

    name = "facenet"

    def __init__(self, file: Path) -> None:
        digest = hashlib.sha256(file.read_bytes() + _PREPROCESSING.encode()).hexdigest()
        self.fingerprint = f"facenet-{digest[:12]}"
        self._network = InceptionResnetV1(pretrained=None, classify=False)
        try:
            state = torch.load(file, map_location="cpu", weights_only=True)
            # The file also holds the 8,631-name classifier it was trained with.
            wanted = {k: v for k, v in state.items() if not k.startswith("logits.")}
            self._network.load_state_dict(wanted)
        except Exception as error:  # torch's own advice is to load such a file unsafely
            raise ValueError(f"{file} does not hold VGGFace2 weights") from error
        self._network.eval()

    def embed(self, crops: Sequence[Crop]) -> Vectors:
        """See `models.types.Embedder`; shape (n, 512)."""
        rows = [self._embed_one(crop) for crop in crops]
        return np.stack(rows) if rows else np.empty((0, 512), dtype=np.float32)

    def _embed_one(self, crop: Crop) -> Vectors:
        face = torch.from_numpy(_face(crop).astype(np.float32)).permute(2, 0, 1)
        face = (face - 127.5) / 128
        with torch.inference_mode():
            both = self._network(torch.stack([face, face.flip(2)]))
        vector = both.sum(dim=0).numpy()
        result: Vectors = vector / np.linalg.norm(vector)
        return result

    def close(self) -> None:
        """Nothing to stop."""


def _face(crop: Crop) -> Pixels:
    left, top, right, bottom = crop.box
    grow_x, grow_y = (right - left) * _MARGIN / 2, (bottom - top) * _MARGIN / 2
    image = Image.fromarray(crop.pixels)
    box = (left - grow_x, top - grow_y, right + grow_x, bottom + grow_y)
    inside = (
        max(0.0, box[0]),
        max(0.0, box[1]),
        min(float(image.width), box[2]),
        min(float(image.height), box[3]),
    )
    return np.asarray(image.resize((_SIZE, _SIZE), Image.Resampling.BILINEAR, box=inside))
