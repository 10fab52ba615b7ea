"""Pictures to learn from, changed anew each time: cut, scaled, turned over, coloured, put together.

Everything random comes from a generator that is given, so that an interrupted training goes on
with the very pictures it would have seen.
"""

from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageEnhance
from torch import Tensor

from models.types import Pixels

Boxes = NDArray[np.float32]
"""Shape (n, 4): left, top, right, bottom, in pixels."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A picture and where its faces are."""

    pixels: Pixels
    boxes: Boxes


SHAPES = ((224, 352), (224, 352), (224, 352), (256, 320), (288, 288), (352, 224))
"""Heights and widths of what is learned from: all of about one area, mostly as wide as television,
and multiples of the network's largest stride."""

_GREY = 114
_LEAST_SEEN = 0.35
"""A face of which less is left is no face any more."""

_LEAST_SIDE = 5.0
"""In pixels."""


@dataclass(frozen=True, slots=True)
class Mix:
    """What is put together how often, as shares of the pictures.

    Attributes:
        mosaic: of four drawings instead of one.
        pasted: with something laid over them.
    """

    mosaic: float = 0.5
    pasted: float = 0.35


@dataclass(slots=True)
class Sources:
    """Where pictures come from.

    Attributes:
        drawings: the pictures themselves.
        cuttings: small pictures to be laid over others, with their faces.
        photographs: the same, without a drawn face.
    """

    drawings: list[Drawing]
    cuttings: list[Drawing] = field(default_factory=list)
    photographs: list[Drawing] = field(default_factory=list)


def batch(
    sources: Sources, order: NDArray[np.intp], mix: Mix, random: np.random.Generator
) -> tuple[Tensor, list[Tensor]]:
    """Pictures of one size and their faces.

    Args:
        order: numbers of the drawings, one a picture; mosaics take others besides.

    Returns:
        As `models.detection_training.Training.learn` takes them.
    """
    height, width = SHAPES[random.integers(len(SHAPES))]
    drawings = [_compose(sources, int(i), (height, width), mix, random) for i in order]
    pixels = torch.from_numpy(np.stack([each.pixels for each in drawings]))
    pixels = pixels.permute(0, 3, 1, 2).float().contiguous(memory_format=torch.channels_last)
    return pixels, [torch.from_numpy(each.boxes) for each in drawings]


def _compose(
    sources: Sources, first: int, size: tuple[int, int], mix: Mix, random: np.random.Generator
) -> Drawing:
    if random.random() < mix.mosaic:
        drawing = _mosaic(sources, first, size, random)
    else:
        drawing = _window(sources.drawings[first], size, (0.8, 2.0), random)
    if random.random() < mix.pasted:
        drawing = _paste(drawing, sources, random)
    return _flip(drawing) if random.random() < 0.5 else drawing


def _mosaic(
    sources: Sources, first: int, size: tuple[int, int], random: np.random.Generator
) -> Drawing:
    """Four drawings around a point near the middle."""
    height, width = size
    y, x = int(height * random.uniform(0.3, 0.7)), int(width * random.uniform(0.3, 0.7))
    canvas = np.empty((height, width, 3), dtype=np.uint8)
    boxes = []
    numbers = [first, *random.integers(len(sources.drawings), size=3).tolist()]
    corners = [(0, 0, y, x), (0, x, y, width), (y, 0, height, x), (y, x, height, width)]
    for i, place in zip(numbers, random.permutation(corners).tolist(), strict=True):
        top, left, bottom, right = place
        tile = _window(sources.drawings[i], (bottom - top, right - left), (1.0, 2.6), random)
        canvas[top:bottom, left:right] = tile.pixels
        boxes.append(tile.boxes + np.array([left, top, left, top], dtype=np.float32))
    return Drawing(canvas, np.concatenate(boxes))


def _window(
    drawing: Drawing,
    size: tuple[int, int],
    zooms: tuple[float, float],
    random: np.random.Generator,
) -> Drawing:
    """A scaled drawing seen through a window of `size`, in other colours.

    Args:
        zooms: least and most; at 1 the drawing has the area of the window.
    """
    height, width = size
    old_height, old_width = drawing.pixels.shape[:2]
    zoom = np.exp(random.uniform(*np.log(zooms)))
    scale = zoom * np.sqrt(height * width / (old_height * old_width))
    x_scale, y_scale = scale * np.exp(random.uniform(-0.1, 0.1)), scale
    free_x, free_y = width - old_width * x_scale, height - old_height * y_scale
    left, top = free_x * random.random(), free_y * random.random()
    seen = (  # of the drawing, in its own pixels
        max(0.0, -left / x_scale),
        max(0.0, -top / y_scale),
        min(old_width, (width - left) / x_scale),
        min(old_height, (height - top) / y_scale),
    )
    at = (max(0, round(left)), max(0, round(top)))
    to = (
        min(width, max(at[0] + 1, round(left + old_width * x_scale))),
        min(height, max(at[1] + 1, round(top + old_height * y_scale))),
    )
    image = Image.fromarray(drawing.pixels).resize(
        (to[0] - at[0], to[1] - at[1]), Image.Resampling.BILINEAR, box=seen, reducing_gap=2.0
    )
    canvas = np.full((height, width, 3), _GREY, dtype=np.uint8)
    canvas[at[1] : to[1], at[0] : to[0]] = np.asarray(_recolour(image, random))
    scales = np.array([x_scale, y_scale, x_scale, y_scale], dtype=np.float32)
    shift = np.array([left, top, left, top], dtype=np.float32)
    return Drawing(canvas, _cut_off(drawing.boxes * scales + shift, size))


def _recolour(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Another light, another hue, now and then none at all."""
    image = ImageEnhance.Brightness(image).enhance(random.uniform(0.6, 1.4))
    image = ImageEnhance.Contrast(image).enhance(random.uniform(0.7, 1.4))
    image = ImageEnhance.Color(image).enhance(
        0 if random.random() < 0.07 else random.uniform(0.5, 1.6)
    )
    if random.random() < 0.4:
        hue, saturation, value = image.convert("HSV").split()
        turn = int(random.integers(-20, 21))
        hue = hue.point([(i + turn) % 256 for i in range(256)])
        image = Image.merge("HSV", (hue, saturation, value)).convert("RGB")
    return image


def _paste(drawing: Drawing, sources: Sources, random: np.random.Generator) -> Drawing:
    """Lay a cutting or a photograph over a part of it."""
    photograph = not sources.cuttings or random.random() < 0.3
    chosen = sources.photographs if photograph else sources.cuttings
    if not chosen:
        return drawing
    height, width = drawing.pixels.shape[:2]
    cutting = chosen[random.integers(len(chosen))]
    old_height, old_width = cutting.pixels.shape[:2]
    scale = np.sqrt(height * width / (old_height * old_width)) * np.exp(
        random.uniform(np.log(0.12), np.log(0.6))
    )
    size = (min(height, round(old_height * scale)), min(width, round(old_width * scale)))
    patch = _window(cutting, size, (1.0, 1.0001), random)
    top = int(random.integers(0, height - size[0] + 1))
    left = int(random.integers(0, width - size[1] + 1))
    place = np.array([left, top, left + size[1], top + size[0]], dtype=np.float32)
    pixels = drawing.pixels.copy()
    pixels[top : top + size[0], left : left + size[1]] = patch.pixels
    uncovered = drawing.boxes[_covered(drawing.boxes, place) < 1 - _LEAST_SEEN]
    return Drawing(pixels, np.concatenate((uncovered, patch.boxes + place[[0, 1, 0, 1]])))


def _covered(boxes: Boxes, by: Boxes) -> NDArray[np.float32]:
    """Share of each box that lies under the box `by`, shape (n,)."""
    shared = np.minimum(boxes[:, 2:], by[2:]) - np.maximum(boxes[:, :2], by[:2])
    area: NDArray[np.float32] = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    return np.asarray(np.prod(shared.clip(min=0), axis=1) / area.clip(min=1e-6))


def _flip(drawing: Drawing) -> Drawing:
    width = drawing.pixels.shape[1]
    left, top, right, bottom = drawing.boxes.T
    boxes = np.stack((width - right, top, width - left, bottom), axis=1)
    return Drawing(np.ascontiguousarray(drawing.pixels[:, ::-1]), boxes)


def _cut_off(boxes: Boxes, size: tuple[int, int]) -> Boxes:
    """What of the boxes lies in a picture of `size`, without those hardly there."""
    height, width = size
    limits = np.array([width, height, width, height], dtype=np.float32)
    inside = boxes.clip(0, limits)
    frame = np.array([0, 0, width, height], dtype=np.float32)
    seen = _covered(boxes, frame) >= _LEAST_SEEN
    large = ((inside[:, 2:] - inside[:, :2]) >= _LEAST_SIDE).all(axis=1)
    return np.asarray(inside[seen & large])
