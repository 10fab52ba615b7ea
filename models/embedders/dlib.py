"""dlib's face recognition network: 128 numbers a face, LFW 99.38 % by its author's account.

Weak on East Asian faces; see its model card. dlib holds the GIL while it works, so it lives in a
child process.
"""

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import safetensors.numpy

from models.process import ChildProcess
from models.types import Crop, Vectors

_PREPROCESSING = "box, 5-point predictor, chip 150, padding .25, mean of face and mirror image"


class DlibEmbedder:
    """Embeds with dlib in a process of its own, which starts at the first face."""

    name = "dlib"

    def __init__(self) -> None:
        weights = _weights("dlib_face_recognition_resnet_model_v1.dat").read_bytes()
        digest = hashlib.sha256(weights + _PREPROCESSING.encode()).hexdigest()
        self.fingerprint = f"dlib-{digest[:12]}"
        self._process = ChildProcess("models.embedders.dlib:embed_bytes")

    def embed(self, crops: Sequence[Crop]) -> Vectors:
        """See `models.types.Embedder`; shape (n, 128)."""
        rows = [self._embed_one(crop) for crop in crops]
        return np.stack(rows) if rows else np.empty((0, 128), dtype=np.float32)

    def _embed_one(self, crop: Crop) -> Vectors:
        message = safetensors.numpy.save(
            {"pixels": np.ascontiguousarray(crop.pixels)}, {"box": json.dumps(crop.box)}
        )
        answer = self._process.call(message, timeout=60)
        vector = np.frombuffer(answer, dtype=np.float32)
        return vector / np.linalg.norm(vector)

    def close(self) -> None:
        """Stop the process."""
        self._process.close()


def embed_bytes(request: bytes) -> bytes:
    """The child's side: pixels and box in a safetensors message → 128 float32."""
    import dlib

    length = int.from_bytes(request[:8], "little")
    box = json.loads(json.loads(request[8 : 8 + length])["__metadata__"]["box"])
    pixels = safetensors.numpy.load(request)["pixels"]
    network, predictor = _networks()
    shape = predictor(pixels, dlib.rectangle(*_dlib_box(box)))
    chip = dlib.get_face_chip(pixels, shape, size=150, padding=0.25)
    both = [chip, np.ascontiguousarray(chip[:, ::-1])]
    vectors = np.array(network.compute_face_descriptor(both), dtype=np.float32)
    return bytes(vectors.mean(axis=0).tobytes())


def _dlib_box(box: Sequence[float]) -> list[int]:
    """MTCNN's tall box → the square, lower one that dlib's predictor was trained on."""
    centre_x, centre_y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    half = ((box[2] - box[0]) + (box[3] - box[1])) / 4
    return [round(v) for v in (centre_x - half, centre_y - half, centre_x + half, centre_y + half)]


@cache
def _networks() -> tuple[Any, Any]:
    import dlib

    network = dlib.face_recognition_model_v1(
        str(_weights("dlib_face_recognition_resnet_model_v1.dat"))
    )
    predictor = dlib.shape_predictor(str(_weights("shape_predictor_5_face_landmarks.dat")))
    return network, predictor


def _weights(name: str) -> Any:
    return files("face_recognition_models") / "models" / name
