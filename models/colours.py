"""What a network trained to name things forgets of a picture: colours, light, and where they are.

Explicit and differentiable, so that a picture can be changed towards what somebody likes.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional

HUES = 12
"""Directions of the colour circle that are told apart."""

CELLS = 4
"""Rows and columns of the grid in which places are told apart."""

LENGTH = 2 * HUES + 12 + 5 * CELLS * CELLS
"""Numbers a picture: hues by colourfulness and by area, means and deviations, and the grid."""

_GREY = 0.02
"""Colourfulness below which a hue means nothing."""


def colours(batch: Tensor) -> Tensor:
    """Colours and layout, shape (n, `LENGTH`), of a batch that `models.backbone.to_batch` made.

    Light is the mean of the channels' extremes; colourfulness their difference; hue the direction
    in the plane of the opponent colours (red-green, blue-yellow).
    """
    rgb = (batch * 128 + 127) / 255
    most, least = rgb.amax(dim=1), rgb.amin(dim=1)
    light, chroma = (most + least) / 2, most - least
    saturation = chroma / (most + _GREY)
    red, green, blue = rgb.unbind(dim=1)
    x, y = red - (green + blue) / 2, (green - blue) * math.sqrt(0.75)
    maps = torch.stack([light, saturation, x, y, _edges(light)], dim=1)
    means, deviations = maps.mean(dim=(2, 3)), spread(maps)
    extremes = torch.stack([most.mean(dim=(1, 2)), chroma.mean(dim=(1, 2))], dim=1)
    grid = functional.adaptive_avg_pool2d(maps, CELLS).flatten(1)
    return torch.cat([*_hues(x, y), means, deviations, extremes, grid], dim=1)


def _hues(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """How much of each hue there is: by how colourful it is, and by area; each (n, `HUES`)."""
    angles = torch.arange(HUES, dtype=x.dtype, device=x.device) * (2 * math.pi / HUES)
    x, y = functional.avg_pool2d(x, 4), functional.avg_pool2d(y, 4)
    length = (x.square() + y.square() + _GREY**2).sqrt()
    towards = torch.stack([x * a.cos() + y * a.sin() for a in angles], dim=1) / length[:, None]
    share = towards.relu() ** 4
    return (share * length[:, None]).mean(dim=(2, 3)), share.mean(dim=(2, 3))


def _edges(light: Tensor) -> Tensor:
    """How steep the light is at each place, on a scale where strong edges do not outweigh all."""
    across = functional.pad(light[:, :, 1:] - light[:, :, :-1], (0, 1))
    down = functional.pad(light[:, 1:] - light[:, :-1], (0, 0, 0, 1))
    return (across.square() + down.square() + 1e-4).sqrt().sqrt()


def spread(maps: Tensor) -> Tensor:
    """Deviation over the places of each map, shape (n, maps), of maps (n, maps, height, width)."""
    # Not torch.std, whose gradient is infinite where everything is equal.
    return (maps.var(dim=(2, 3)) + 1e-6).sqrt()
