"""The network that finds drawn faces: one look at the picture, no anchors.

A truncated EfficientNet-Lite0 (Tan & Le 2019; the "Lite" variant of 2020) gives features at strides
8, 16 and 32; a path aggregation network (Liu et al. 2018) mixes them; one small head, shared by all
three, says for each cell how good a box there would be and how far its four sides are (FCOS, Tian
et al. 2019).

There is no normalisation layer: that of the backbone is folded into its convolutions before the
first step, and what follows is shallow. So training and serving run the very same layers, and small
batches disturb no statistics.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models.backbone import backbone

STRIDES = (8, 16, 32)
"""Pixels between neighbouring cells, for each grid of cells."""

LARGEST_STRIDE = STRIDES[-1]
"""Both sides of what the network is given must be multiples of this."""

_BLOCKS = (
    # kernel, stride, expansion, channels, repeats
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 2),  # of four: the other two hold half the weights and change little
)
_TAPPED = {4: 40, 10: 112, 12: 192}
"""The last block before each stride ends, and its channels."""

_GENERAL = 3
"""So many first blocks are kept as ImageNet left them: edges and colours are the same everywhere,
and they are half the work of a step."""

_WIDTH = 64
_PRIOR = 0.01
"""Share of cells that hold a face, roughly: where the scores start (Lin et al. 2017)."""

_SIDE = 2.5
"""From a cell to each side of its box, in strides: where the distances start."""


class Network(nn.Module):
    """Pictures → a score and a box for each cell.

    All arguments and results in pixels of what it is given.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = _Trunk()
        self.neck = _Neck(tuple(_TAPPED.values()))
        self.head = _Head()

    def forward(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Score and place a box at each cell.

        Args:
            pixels: RGB, shape (pictures, 3, height, width), values 0..255, both sides multiples
                of `LARGEST_STRIDE`.

        Returns:
            Logits of the scores, shape (pictures, cells), and boxes (left, top, right, bottom),
            shape (pictures, cells, 4), not clipped. The cells are those of `cells`.
        """
        logits, distances = self.head(self.neck(self.backbone((pixels - 127) / 128)))
        centres, strides = cells(pixels.shape[2], pixels.shape[3])
        sides = distances.clamp(max=6).exp() * strides[:, None]
        return logits, torch.cat((centres - sides[..., :2], centres + sides[..., 2:]), dim=-1)


def cells(height: int, width: int) -> tuple[Tensor, Tensor]:
    """The centre of each cell (x, y), shape (cells, 2), and its stride, shape (cells,)."""
    centres, strides = [], []
    for stride in STRIDES:
        y, x = torch.meshgrid(
            torch.arange(height // stride), torch.arange(width // stride), indexing="ij"
        )
        grid = torch.stack((x, y), dim=-1).reshape(-1, 2)
        centres.append((grid + 0.5) * stride)
        strides.append(torch.full((len(grid),), float(stride)))
    return torch.cat(centres), torch.cat(strides)


class _Trunk(nn.Module):
    """EfficientNet-Lite0 up to its first blocks of stride 32."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 32, 3, stride=2, padding=1)
        blocks, before = [], 32
        for kernel, stride, expansion, channels, repeats in _BLOCKS:
            for i in range(repeats):
                blocks.append(_Block(before, channels, kernel, stride if i == 0 else 1, expansion))
                before = channels
        self.blocks = nn.ModuleList(blocks)

    def forward(self, pixels: Tensor) -> list[Tensor]:
        """Features at each of `STRIDES`; `pixels` has values of about -1..1."""
        features, tapped = functional.relu6(self.stem(pixels), inplace=True), []
        for i, block in enumerate(self.blocks):
            features = block(features)
            if i in _TAPPED:
                tapped.append(features)
        return tapped

    def general(self) -> list[nn.Parameter]:
        """The weights that training leaves alone."""
        parts = (self.stem, *self.blocks[:_GENERAL])
        return [weight for part in parts for weight in part.parameters()]

    def load_imagenet(self) -> None:
        """Take over the weights of the ImageNet classifier, as far as they go."""
        whole = list(backbone().modules())
        trained = (each for each in whole if isinstance(each, nn.Conv2d))
        norms = (each for each in whole if isinstance(each, nn.BatchNorm2d))
        mine = (each for each in self.modules() if isinstance(each, nn.Conv2d))
        for layer, conv, norm in zip(mine, trained, norms, strict=False):  # the classifier goes on
            layer.load_state_dict(fuse_conv_bn_eval(conv, norm).state_dict())


class _Block(nn.Module):
    """An inverted residual: widen, look around, narrow."""

    def __init__(self, before: int, after: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = before * expansion
        self.expand = nn.Conv2d(before, wide, 1) if expansion > 1 else None
        self.depthwise = nn.Conv2d(
            wide, wide, kernel, stride=stride, padding=kernel // 2, groups=wide
        )
        self.project = nn.Conv2d(wide, after, 1)
        self.adds = stride == 1 and before == after

    def forward(self, features: Tensor) -> Tensor:
        wide = (
            features
            if self.expand is None
            else functional.relu6(self.expand(features), inplace=True)
        )
        narrow: Tensor = self.project(functional.relu6(self.depthwise(wide), inplace=True))
        return features + narrow if self.adds else narrow


class _Neck(nn.Module):
    """Lets each grid see the others: first from coarse to fine, then back."""

    def __init__(self, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.enter = nn.ModuleList(nn.Conv2d(each, _WIDTH, 1) for each in channels)
        self.down = nn.ModuleList(_separable(2 * _WIDTH) for _ in channels[1:])
        self.shrink = nn.ModuleList(_separable(_WIDTH, stride=2) for _ in channels[1:])
        self.up = nn.ModuleList(_separable(2 * _WIDTH) for _ in channels[1:])

    def forward(self, features: list[Tensor]) -> list[Tensor]:
        grids = [
            functional.silu(enter(each)) for enter, each in zip(self.enter, features, strict=True)
        ]
        for i in range(len(grids) - 2, -1, -1):
            coarse = functional.interpolate(grids[i + 1], scale_factor=2.0)
            grids[i] = self.down[i](torch.cat((grids[i], coarse), dim=1))
        for i in range(len(grids) - 1):
            fine = self.shrink[i](grids[i])
            grids[i + 1] = self.up[i](torch.cat((grids[i + 1], fine), dim=1))
        return grids


def _separable(channels: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels, 5, stride=stride, padding=2, groups=channels),
        nn.Conv2d(channels, _WIDTH, 1),
        nn.SiLU(),
    )


class _Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.both = _dense()
        self.for_score, self.for_sides = _dense(), _dense()
        self.score = nn.Conv2d(_WIDTH, 1, 1)
        self.sides = nn.Conv2d(_WIDTH, 4, 1)
        # Grids differ in what a step of the same feature means.
        self.scales = nn.Parameter(torch.ones(len(STRIDES)))
        nn.init.normal_(self.score.weight, std=0.01)
        nn.init.normal_(self.sides.weight, std=0.01)
        nn.init.constant_(cast("Tensor", self.score.bias), -math.log(1 / _PRIOR - 1))
        nn.init.constant_(cast("Tensor", self.sides.bias), math.log(_SIDE))

    def forward(self, grids: list[Tensor]) -> tuple[Tensor, Tensor]:
        logits, sides = [], []
        for grid, scale in zip(grids, self.scales, strict=True):
            features = self.both(grid)
            logits.append(self.score(self.for_score(features)).flatten(1))
            each = self.sides(self.for_sides(features)) * scale
            sides.append(each.flatten(2).transpose(1, 2))
        return torch.cat(logits, dim=1), torch.cat(sides, dim=1)


def _dense() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(_WIDTH, _WIDTH, 3, padding=1), nn.SiLU())
