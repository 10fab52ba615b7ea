"""Faces in drawings: the project's own network (`models.detection_network`)."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from PIL import Image
from safetensors import SafetensorError
from torch import Tensor
from torchvision.ops import nms

from models.detection_network import LARGEST_STRIDE, Network
from models.types import Face, Kind, Picture, Pixels

AREA = 480 * 304
"""Every picture is looked at with about so many pixels: a small one is enlarged, a large one
reduced. So the time is the same for all."""

_LARGEST_SCALE = 3.0
_SMALLEST_SIDE = 16
_LEAST_FACE = 4.0
_GREY = 114
_OVERLAP = 0.5
_MOST = 300


class IllustrationDetector:
    """Finds faces in drawings.

    Args:
        folder: with `weights.safetensors` and `meta.json`.
        min_score: least score, 0..1, for a face to count; by default the one in `meta.json`.

    Attributes:
        network: in evaluation mode.

    Raises:
        ValueError: a file is missing or damaged.
    """

    def __init__(self, folder: Path, min_score: float | None = None) -> None:
        try:
            meta = json.loads((folder / "meta.json").read_text("utf-8"))
            self._area = int(meta["area"])
            self._min_score = float(meta["min_score"] if min_score is None else min_score)
            self.network = _load(folder / "weights.safetensors")
        except (OSError, ValueError, KeyError, SafetensorError, RuntimeError) as error:
            raise ValueError(f"{folder} holds no usable detector: {error}") from error

    def detect(self, picture: Picture) -> list[Face]:
        """All drawn faces, largest first."""
        if min(picture.pixels.shape[:2]) < _SMALLEST_SIDE:
            return []
        return find(self.network, picture.pixels, self._min_score, self._area)


def find(network: Network, pixels: Pixels, min_score: float, area: int = AREA) -> list[Face]:
    """What a network sees in a picture, largest first.

    Args:
        area: with about how many pixels the picture is looked at.
    """
    seen = _view(pixels, area)
    with torch.inference_mode():
        logits, boxes = network(seen.pixels)
        scores = logits[0].sigmoid()
        likely = scores >= min_score
        scores, boxes = scores[likely], (boxes[0][likely] / seen.scales)
        height, width = pixels.shape[:2]
        boxes = boxes.clamp(min=0).minimum(torch.tensor([width, height, width, height]))
        large = ((boxes[:, 2:] - boxes[:, :2]) >= _LEAST_FACE).all(dim=1)
        scores, boxes = scores[large], boxes[large]
        kept = nms(boxes, scores, _OVERLAP)[:_MOST]
    faces = [
        Face(
            box=(left, top, right, bottom),
            landmarks=np.zeros((0, 2), dtype=np.float32),
            score=score,
            kind=Kind.ILLUSTRATION,
        )
        for (left, top, right, bottom), score in zip(
            boxes[kept].tolist(), scores[kept].tolist(), strict=True
        )
    ]
    return sorted(faces, key=_area, reverse=True)


def _load(file: Path) -> Network:
    network = Network()
    stored = safetensors.torch.load(file.read_bytes())
    network.load_state_dict({name: each.float() for name, each in stored.items()})
    return network.eval().to(memory_format=torch.channels_last)


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """A picture as the network takes it, and by what its sides were multiplied, shape (4,)."""

    pixels: Tensor
    scales: Tensor


def _view(pixels: Pixels, area: int) -> _View:
    height, width = pixels.shape[:2]
    scale = min(_LARGEST_SCALE, (area / (height * width)) ** 0.5)
    small = (max(1, round(width * scale)), max(1, round(height * scale)))
    image = Image.fromarray(pixels).resize(small, Image.Resampling.BILINEAR, reducing_gap=2.0)
    canvas = np.full((_whole(small[1]), _whole(small[0]), 3), _GREY, dtype=np.uint8)
    canvas[: small[1], : small[0]] = np.asarray(image)
    scales = torch.tensor([small[0] / width, small[1] / height]).repeat(2)
    return _View(torch.from_numpy(canvas).permute(2, 0, 1)[None].float(), scales)


def _whole(side: int) -> int:
    return -(-side // LARGEST_STRIDE) * LARGEST_STRIDE


def _area(face: Face) -> float:
    left, top, right, bottom = face.box
    return (right - left) * (bottom - top)
