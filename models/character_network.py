"""The network that says how alike two drawn heads are: EfficientNet-Lite0 with a trained end.

Two looks at a head are put together: the mean of an early map, which knows colours and strokes, and
that of a late one, which knows parts and is trained. What comes before the trained end is the
backbone as it is, so that only the end has to be kept.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from models.backbone import Backbone, backbone, file_of_weights, to_batch
from models.types import Pixels, Vectors

DIMENSIONS = 256
SIZE = 128
"""Side in pixels of the squares that are looked at."""

EARLY, LATE = 80, 192
"""Channels of the two maps."""

_EARLY_ENDS = 8
_TRAINED_FROM = 11
_TRAINED_TO = 15
"""Places in the backbone's blocks. The last block and the top know ImageNet's classes too well."""


class CharacterNetwork(nn.Module):
    """Squares to vectors.

    Starts as the backbone with a projection that is yet to be set; see
    `models.character_training`. Normalisation is folded into the convolutions, so that it is the
    same in training and afterwards, whatever is in a batch.
    """

    def __init__(self) -> None:
        super().__init__()
        whole = _folded(backbone())
        self.early = nn.Sequential(whole.stem, *whole.blocks[:_EARLY_ENDS])
        self.middle = nn.Sequential(*whole.blocks[_EARLY_ENDS:_TRAINED_FROM])
        self.end = nn.Sequential(*whole.blocks[_TRAINED_FROM:_TRAINED_TO])
        self.projection = nn.Linear(EARLY + LATE, DIMENSIONS)
        self.requires_grad_(False)
        for part in self.trained:
            part.requires_grad_(True)
        self.to(memory_format=torch.channels_last)
        self.eval()

    @property
    def trained(self) -> tuple[nn.Module, nn.Module]:
        """What is learned: the end of the backbone, and the projection."""
        return self.end, self.projection

    def forward(self, batch: Tensor) -> Tensor:
        """Rows of length 1, shape (n, `DIMENSIONS`), of a batch that `to_batch` made."""
        return functional.normalize(self.projection(self.looks(*self.fixed(batch))))

    def fixed(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """What is the same before and after training: the early look, and the map to go on from."""
        with torch.no_grad():
            early = self.early(batch.contiguous(memory_format=torch.channels_last))
            return early.mean(dim=(2, 3)), self.middle(early)

    def looks(self, early: Tensor, so_far: Tensor) -> Tensor:
        """Both looks side by side, shape (n, `EARLY` + `LATE`), before the projection."""
        return torch.cat([early, self.end(so_far).mean(dim=(2, 3))], dim=1)

    def embed(self, squares: Sequence[Pixels], at_once: int = 32) -> Vectors:
        """Vectors of squares of `SIZE` pixels; shape (n, `DIMENSIONS`).

        Args:
            at_once: squares in one batch, to bound the memory.
        """
        with torch.inference_mode():
            parts = [
                self._both_ways(to_batch(squares[start : start + at_once]))
                for start in range(0, len(squares), at_once)
            ]
            rows = torch.cat(parts) if parts else torch.empty(0, DIMENSIONS)
        return rows.numpy()

    def _both_ways(self, batch: Tensor) -> Tensor:
        """The mean of each square's vector and that of its mirror image, of length 1."""
        rows: Tensor = self(torch.cat([batch, batch.flip(3)]))
        return functional.normalize(rows[: len(batch)] + rows[len(batch) :])


def load(file: Path) -> CharacterNetwork:
    """A trained network.

    Raises:
        ValueError: the file does not hold the weights of this network.
    """
    network = CharacterNetwork()
    try:
        stored = safetensors.torch.load(file.read_bytes())
        for part, prefix in zip(network.trained, ("end.", "projection."), strict=True):
            own = {k.removeprefix(prefix): v for k, v in stored.items() if k.startswith(prefix)}
            part.load_state_dict(own)
    except Exception as error:
        raise ValueError(f"{file} does not hold the weights of the drawn-head network") from error
    return network


def weights(network: CharacterNetwork) -> bytes:
    """What `load` reads: the trained part in half precision."""
    halves = {
        prefix + name: value.half().contiguous()
        for part, prefix in zip(network.trained, ("end.", "projection."), strict=True)
        for name, value in part.state_dict().items()
    }
    return safetensors.torch.save(halves)


def untrained() -> bytes:
    """SHA-256 of the file with what is not trained."""
    return hashlib.sha256(file_of_weights().read_bytes()).digest()


def _folded(network: Backbone) -> Backbone:
    """With each normalisation put into the convolution before it."""
    for module in list(network.modules()):
        if isinstance(norm := getattr(module, "norm", None), nn.BatchNorm2d):
            conv = module.conv
            assert isinstance(conv, nn.Conv2d)  # noqa: S101 - as the backbone is made
            module.conv, module.norm = fuse_conv_bn_eval(conv, norm), nn.Identity()
    return network
