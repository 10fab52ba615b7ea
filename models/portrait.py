"""How a face is shown to the networks that score faces: the same in training and afterwards.

The set that they learn from (SCUT-FBP5500, as found) is of faces that were cut out: the eyes always
at the same two places of a square of 80 pixels, black outside of the face's outline. So a
photographed face is brought there too, and what lies outside of the widest outline is darkened.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.crops import align, around, whole
from models.types import Crop, Kind, Pixels

SIDE = 80
"""Of the squares that faces are brought to, in pixels: as sharp as those that were learned from."""

SIZE = 112
"""Of the squares that a network sees, in pixels: enlarged, for it to see more in them."""

EYES = np.array([[21.4, 21.7], [56.8, 21.7]], dtype=np.float32) * (112 / SIDE)
"""Where the eyes belong, in a square of 112 as `models.crops.align` takes it.

The mean of where MTCNN finds them in the 3,200 pictures that were learned from, with a black margin
around each; there they lie within a pixel of it.
"""

CUT_OUT = 0.7
"""Share of a crop that the face's box takes up when there is nothing but the face. In 99.9 % of the
pictures that were learned from it is more, around a face in a photograph with `MARGIN` 0.11."""

_MIDDLE, _REACH, _POWER = (0.5, 0.368), (0.532, 0.680), 2.56
"""The outline: a superellipse (Lamé 1818), its middle and half axes in sides of the square.

Fitted to where more than 12 % of the pictures that were learned from show something of the face."""

_EDGE = 0.05
"""How far the outline fades, in shares of its half axes."""


def square(crop: Crop) -> Pixels:
    """The face upright, shape (`SIDE`, `SIDE`, 3), with its eyes at `EYES`.

    A face that somebody cut out already is taken as it is: it is framed as those that were learned
    from, and where the picture ends with the face, landmarks are not to be relied on.
    """
    left, top, right, bottom = crop.box
    height, width = crop.pixels.shape[:2]
    if not len(crop.landmarks) or (right - left) * (bottom - top) > CUT_OUT * width * height:
        return around(whole(crop.pixels, Kind.PHOTO), 0.0, SIDE)
    return align(replace(crop, landmarks=crop.landmarks[:2]), SIDE, EYES)


def to_batch(squares: Sequence[Pixels]) -> Tensor:
    """Squares from `square` as a network takes them: see `shown`."""
    pixels = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).float() / 255
    return shown(functional.interpolate(pixels, (SIZE, SIZE), mode="bilinear"))


def shown(pictures: Tensor) -> Tensor:
    """What a network sees of pictures of the right size, dark outside of the outline.

    Args:
        pictures: shape (n, 3, `SIZE`, `SIZE`), values 0..1.

    Returns:
        The same shape, values -1..1.
    """
    return (pictures * outline(SIZE) * 255 - 127) / 128


def outline(size: int) -> Tensor:
    """What is left of a square of this many pixels, shape (size, size): 1 inside, 0 outside."""
    places = (torch.arange(size) + 0.5) / size
    across = ((places - _MIDDLE[0]) / _REACH[0]).abs() ** _POWER
    down = ((places - _MIDDLE[1]) / _REACH[1]).abs() ** _POWER
    distance = (down[:, None] + across[None, :]) ** (1 / _POWER)
    return ((1 + _EDGE / 2 - distance) / _EDGE).clamp(0, 1)
