"""The network behind scores of a picture as a whole: what it shows, how it is made, its colours.

What somebody likes is as often a colour or a composition as a thing. So two looks are put together:
the ImageNet network's layers, late ones for what is shown and early ones for how, brought to their
principal components; and explicit colours and layout (`models.colours`), which those layers forget.
All of it is differentiable, down to the pixels.
"""

import hashlib
from pathlib import Path

import safetensors.torch
import torch
from torch import Tensor, nn

from models import colours
from models.backbone import FEATURES, Convolution, backbone, file_of_weights

SEEN = 256
"""Principal components of what the network sees."""

BLOCKS = (SEEN, colours.LENGTH)
"""Lengths of the two looks, in the order in which they lie in a vector."""

DIMENSIONS = sum(BLOCKS)

_EARLY = {2: 24, 4: 40, 10: 112}
_LATE = {14: 192}
"""Blocks of the backbone that are looked at, and their channels."""

SIGHT = 2 * sum(_EARLY.values()) + sum(_LATE.values()) + FEATURES
"""Numbers before the principal components."""


class Scene(nn.Module):
    """Pictures to vectors of length about 1 (over the pictures it was fitted on, on average).

    Nothing in it is trained: the backbone is ImageNet's, the rest was computed once from pictures
    (`benchmarks/fit_scene.py`). Made with constants that are yet to be set; see `load`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = backbone()
        for module in self.backbone.modules():
            if isinstance(module, Convolution):
                module.merge()
        self.components = nn.Linear(SIGHT, SEEN)
        self.standard = nn.ParameterDict(
            {"mean": torch.zeros(colours.LENGTH), "scale": torch.ones(colours.LENGTH)}
        )
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)
        self.eval()

    @property
    def fitted(self) -> dict[str, nn.Module]:
        """What was computed from pictures, by its name in the file."""
        return {"components": self.components, "standard": self.standard}

    def forward(self, batch: Tensor) -> Tensor:
        """Vectors, shape (n, `DIMENSIONS`), of a batch that `models.backbone.to_batch` made.

        Args:
            batch: shape (n, 3, height, width), values -1..1; sides as `models.backbone.SIZE`.
        """
        seen = self.components(self.sight(batch))
        coloured = (colours.colours(batch) - self.standard["mean"]) * self.standard["scale"]
        return torch.cat([seen, coloured], dim=1)

    def sight(self, batch: Tensor) -> Tensor:
        """What the network sees, shape (n, `SIGHT`): means and, of early layers, deviations."""
        result = self.backbone.stem(batch.contiguous(memory_format=torch.channels_last))
        told = []
        for number, block in enumerate(self.backbone.blocks):
            result = block(result)
            if number in _EARLY:
                told += [result.mean(dim=(2, 3)), colours.spread(result)]
            if number in _LATE:
                told.append(result.mean(dim=(2, 3)))
        told.append(self.backbone.top(result).mean(dim=(2, 3)))
        return torch.cat(told, dim=1)


def load(file: Path) -> Scene:
    """The network with its constants.

    Raises:
        ValueError: the file does not hold the constants of this network.
    """
    network = Scene()
    try:
        stored = safetensors.torch.load(file.read_bytes())
        for name, part in network.fitted.items():
            own = {
                key.removeprefix(f"{name}."): value.float()
                for key, value in stored.items()
                if key.startswith(f"{name}.")
            }
            part.load_state_dict(own)
    except Exception as error:
        raise ValueError(f"{file} does not hold the constants of the scene network") from error
    return network


def weights(network: Scene) -> bytes:
    """What `load` reads: what was fitted, in half precision."""
    return safetensors.torch.save(
        {
            f"{name}.{key}": value.half().contiguous()
            for name, part in network.fitted.items()
            for key, value in part.state_dict().items()
        }
    )


def unfitted() -> bytes:
    """SHA-256 of the file with the rest."""
    return hashlib.sha256(file_of_weights().read_bytes()).digest()
