"""The network that scores faces: EfficientNet-Lite0 and a distribution over the scores.

It says how likely each of the steps between the lowest and the highest score is; the score is the
mean of that distribution, and how wide it is says how sure the network is (deep expectation, Rothe
et al. 2018; label distribution learning, Gao et al. 2018).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from models.backbone import FEATURES, Backbone, Convolution, backbone
from models.portrait import to_batch
from models.types import Pixels

LOWEST, HIGHEST = 1.0, 5.0

STEPS = torch.linspace(LOWEST, HIGHEST, 41)
"""The scores that have a likelihood of their own."""

DROPPED = 0.3
"""Share of the features that a training step does without (Srivastava et al. 2014)."""

_WIDTH_BEFORE = 0.7
"""Of the distribution around the middle that an untrained network gives for every face."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What a network says of n faces.

    Attributes:
        mean: shape (n,), `LOWEST`..`HIGHEST`.
        spread: standard deviation of the distributions, shape (n,): more than 0.
    """

    mean: Floats
    spread: Floats


class Member(nn.Module):
    """One network: squares to distributions.

    Starts from ImageNet. Normalisation is folded into the convolutions, so that it is the same in
    training and afterwards, whatever is in a batch.
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = _folded(backbone())
        self.head = nn.Linear(FEATURES, len(STEPS))
        middle = (LOWEST + HIGHEST) / 2
        with torch.no_grad():
            self.head.weight.zero_()
            self.head.bias.copy_(-((STEPS - middle) ** 2) / (2 * _WIDTH_BEFORE**2))
        self.to(memory_format=torch.channels_last)
        self.eval()

    def forward(self, batch: Tensor) -> Tensor:
        """Logarithms of likelihoods, shape (n, `STEPS`), of a batch from `models.portrait`."""
        features = self.backbone(batch.contiguous(memory_format=torch.channels_last))
        kept = functional.dropout(features, DROPPED, self.training)
        return functional.log_softmax(self.head(kept), dim=1)


class ScoreNetwork(nn.Module):
    """What some members say together: the mean (Hansen & Salamon 1990)."""

    def __init__(self, members: Sequence[Member]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.eval()

    def score(self, squares: Sequence[Pixels], at_once: int = 32) -> Scores:
        """Score squares from `models.portrait.square`: each with its mirror image.

        Args:
            at_once: squares in one batch, to bound the memory.
        """
        with torch.inference_mode():
            parts = [
                self._seen(to_batch(squares[start : start + at_once]))
                for start in range(0, len(squares), at_once)
            ]
        rows = torch.cat(parts, dim=1) if parts else torch.empty(2, 0)
        mean, spread = rows.double().numpy()
        return Scores(mean, spread)

    def _seen(self, batch: Tensor) -> Tensor:
        """Mean and spread of each, shape (2, n): the mean of all members and both ways round."""
        both = torch.cat([batch, batch.flip(3)])
        likely = torch.stack([member(both).exp() for member in self.members])
        mean = likely @ STEPS
        spread = (likely * (STEPS - mean[..., None]) ** 2).sum(dim=2).sqrt()
        return torch.stack([mean, spread]).view(2, -1, len(batch)).mean(dim=1)


def load(file: Path) -> ScoreNetwork:
    """A trained network.

    Raises:
        ValueError: the file does not hold the weights of such a network.
    """
    try:
        stored = safetensors.torch.load(file.read_bytes())
        count = len({name.split(".")[1] for name in stored})
        network = ScoreNetwork([Member() for _ in range(count)])
        network.load_state_dict(stored)
    except Exception as error:
        raise ValueError(f"{file} does not hold the weights of the scoring network") from error
    return network


def weights(network: ScoreNetwork) -> bytes:
    """What `load` reads: half precision."""
    halves = {name: value.half().contiguous() for name, value in network.state_dict().items()}
    return safetensors.torch.save(halves)


def _folded(network: Backbone) -> Backbone:
    for module in network.modules():
        if isinstance(module, Convolution):
            module.merge()
    return network
