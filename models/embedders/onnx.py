"""Any ArcFace-style network in an ONNX file that the operator names in the settings."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from models.crops import align
from models.embedders import OnnxInput
from models.types import Crop, Vectors


class OnnxEmbedder:
    """Embeds with onnxruntime, one thread a call.

    Raises:
        ValueError: the file is not an ONNX network with one picture in and one vector out.
    """

    name = "onnx"

    def __init__(self, file: Path, given: OnnxInput) -> None:
        self._given = given
        weights = file.read_bytes()
        digest = hashlib.sha256(weights + repr(given).encode()).hexdigest()
        self.fingerprint = f"onnx-{file.stem}-{digest[:12]}"
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                weights, options, providers=["CPUExecutionProvider"]
            )
            self._input = self._session.get_inputs()[0].name
            self._dimensions = self._run(np.zeros((1, 3, given.size, given.size), np.float32))
        except Exception as error:
            raise ValueError(f"{file} cannot be used as a face embedder: {error}") from error

    def embed(self, crops: Sequence[Crop]) -> Vectors:
        """See `models.types.Embedder`. A face and its mirror image are averaged."""
        rows = [self._embed_one(crop) for crop in crops]
        width = self._dimensions.shape[1]
        return np.stack(rows) if rows else np.empty((0, width), dtype=np.float32)

    def _embed_one(self, crop: Crop) -> Vectors:
        face = align(crop, self._given.size).astype(np.float32)
        if self._given.channels == "bgr":
            face = face[:, :, ::-1]
        chw = ((face - self._given.mean) / self._given.scale).transpose(2, 0, 1)
        both = [self._run(np.ascontiguousarray(each)[None])[0] for each in (chw, chw[:, :, ::-1])]
        vector = np.sum(both, axis=0)
        return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)

    def _run(self, batch: Vectors) -> Vectors:
        (out,) = self._session.run(None, {self._input: batch})
        result: Vectors = out
        return result

    def close(self) -> None:
        """Nothing to stop."""
