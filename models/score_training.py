"""Teaching a member of `models.score_network` from faces that were cut out.

The network is to say the distribution around the score that people gave (label distribution
learning, Gao et al. 2017), and its mean is to be the score (Gao et al. 2018, DLDL-v2). What answers
is the moving average of the weights.

Half of the faces are shown on a background that was never theirs, each is moved, turned, coloured
and blurred a little, so that a face in a photograph is scored as one that was cut out: not by the
shape that somebody cut, nor by hair and wall beside it.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.ndimage import binary_erosion, binary_opening
from scipy.spatial import ConvexHull
from torch import Tensor
from torch.nn import functional

from models.portrait import SIZE, shown
from models.score_network import STEPS, Member
from models.types import Pixels

BATCH = 32
"""Faces a step."""

_RATE, _HEAD_RATE = 1.5e-4, 2e-3
_WARMING_UP = 0.05
"""Share of the steps in which the learning rate rises; then it falls as a cosine."""
_DECAY = 0.05
_LONGEST_STEP = 5.0
"""Length to which gradients are cut."""
_AVERAGED = 0.995
"""Share of the average that a step leaves, once there were some hundred steps."""

_LABEL_WIDTH = 0.25
"""Standard deviation of the distribution around a score that is to be said."""
_ABOUT_RIGHT = 0.1
"""Errors of the mean below this count by their square (Huber 1964)."""

_OTHER_GROUND, _BLURRED = 0.5, 0.25
"""Shares of the faces that are shown on another background, and that lose detail."""
_ZOOM, _TURN, _SHIFT = 0.08, 0.1, 0.06
"""How far faces are scaled (logarithm), turned (radians) and moved (halves of the side)."""

_NOISE = 0.02
"""Highest standard deviation of what is added to a pixel, 0..1."""

_BLACK = 14
"""Pixels up to this value, 0..255, are none of the face, if they lie outside of all others."""
_RIM = 2
"""Pixels at the edge of a face that are as much of the black."""


@dataclass(frozen=True, slots=True, eq=False)
class Faces:
    """What is learned from.

    Attributes:
        squares: from `models.portrait.square`, and in the fourth channel where the face is; shape
            (n, 4, side, side), 0..255.
        scores: shape (n,).
    """

    squares: Tensor
    scores: Tensor

    @classmethod
    def of(cls, squares: list[Pixels], scores: list[float]) -> "Faces":
        """From faces that were cut out, black around them."""
        both = [np.dstack([each, face_in(each)]) for each in squares]
        stacked = torch.from_numpy(np.stack(both)).permute(0, 3, 1, 2).contiguous()
        return cls(stacked, torch.tensor(scores, dtype=torch.float32))

    def __len__(self) -> int:
        return len(self.scores)


class Training:
    """The steps of a training; `state` and `restore` carry it over an interruption.

    Args:
        epochs: how often each face is shown.
        seed: of everything that is drawn; the same faces and seed give the same network.

    Attributes:
        step: how many steps were taken, of `steps`.
    """

    def __init__(self, faces: Faces, epochs: int, seed: int) -> None:
        self.step = 0
        self.steps = max(1, epochs * len(faces) // BATCH)
        self._faces = faces
        self._seed = seed
        self._network = Member()
        self._averaged = [each.detach().clone() for each in self._network.parameters()]
        self._optimizer = torch.optim.AdamW(
            [
                {"params": list(self._network.backbone.parameters()), "highest": _RATE},
                {"params": list(self._network.head.parameters()), "highest": _HEAD_RATE},
            ],
            weight_decay=_DECAY,
        )

    def learn(self) -> float:
        """Take one step; returns the loss."""
        random = torch.Generator().manual_seed(self._seed * 1_000_003 + self.step)
        torch.manual_seed(self._seed * 1_000_003 + self.step)  # which features are dropped
        for group in self._optimizer.param_groups:
            group["lr"] = group["highest"] * share_of_rate(self.step / self.steps)
        chosen = self._turn()
        self._network.train()
        likely = self._network(views(self._faces.squares[chosen], random))
        loss = score_loss(likely, self._faces.scores[chosen])
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._network.parameters(), _LONGEST_STEP)
        self._optimizer.step()
        self.step += 1
        self._average()
        return loss.item()

    def result(self) -> Member:
        """What was learned so far."""
        network = Member()
        with torch.no_grad():
            for each, averaged in zip(network.parameters(), self._averaged, strict=True):
                each.copy_(averaged)
        return network

    def state(self) -> dict[str, Any]:
        """All that `restore` needs; tensors and numbers only."""
        return {
            "step": self.step,
            "network": self._network.state_dict(),
            "averaged": self._averaged,
            "optimizer": self._optimizer.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was taken."""
        self.step = state["step"]
        self._network.load_state_dict(state["network"])
        self._averaged = state["averaged"]
        self._optimizer.load_state_dict(state["optimizer"])

    def _turn(self) -> Tensor:
        """The numbers of the faces of a step; each has its turn once an epoch."""
        count = len(self._faces)
        places = np.arange(self.step * BATCH, (self.step + 1) * BATCH)
        orders = {
            epoch: np.random.default_rng((self._seed, epoch)).permutation(count)
            for epoch in set((places // count).tolist())
        }
        return torch.tensor([orders[place // count][place % count] for place in places.tolist()])

    def _average(self) -> None:
        kept = _AVERAGED * (1 - math.exp(-self.step / 100))
        now = [each.detach() for each in self._network.parameters()]
        torch._foreach_lerp_(self._averaged, now, 1 - kept)


def score_loss(likely: Tensor, scores: Tensor) -> Tensor:
    """What is to become small: a scalar.

    Args:
        likely: from `Member.forward`, shape (n, `STEPS`).
        scores: shape (n,).
    """
    wanted = torch.softmax(-((STEPS - scores[:, None]) ** 2) / (2 * _LABEL_WIDTH**2), dim=1)
    distribution = functional.kl_div(likely, wanted, reduction="batchmean")
    mean = functional.smooth_l1_loss(likely.exp() @ STEPS, scores, beta=_ABOUT_RIGHT)
    return distribution + mean


def share_of_rate(done: float) -> float:
    """Of the highest learning rate, 0..1: up, then down by a cosine (Loshchilov & Hutter 2017).

    Args:
        done: share of the steps that were taken.
    """
    if done < _WARMING_UP:
        return max(done, 1e-3) / _WARMING_UP
    return 0.5 * (1 + math.cos(math.pi * (done - _WARMING_UP) / (1 - _WARMING_UP)))


def views(squares: Tensor, random: torch.Generator) -> Tensor:
    """A batch for the network, each face changed in its own way.

    Args:
        squares: as in `Faces`, shape (n, 4, side, side).
    """
    moved = _moved(squares.float() / 255, random)
    pictures, face = _coloured(moved[:, :3], random), moved[:, 3:]
    other = _uniform(len(squares), 0, 1, random) < _OTHER_GROUND
    ground = torch.where(other, _grounds(squares[:, :3].float() / 255, random), 0.0)
    worn = _blurred(pictures * face + ground * (1 - face), random)
    # Half of them clean, as they are to be scored: or the lack of noise would tell something.
    level = _uniform(len(squares), -_NOISE, _NOISE, random).clamp(min=0)
    noise = level * torch.randn(worn.shape, generator=random)
    return shown((worn + noise).clamp(0, 1))


def face_in(square: Pixels) -> NDArray[np.uint8]:
    """Where the face is in a square that is black around it: 255 there, else 0; shape (side, side).

    The convex hull of all that is not black: outlines are convex, and hair is black too. Without
    its edge, or a dark line would show on another background where somebody cut.
    """
    lit = binary_opening(square.max(axis=2) > _BLACK)
    places = np.argwhere(lit)[:, ::-1]
    mask = Image.new("L", (square.shape[1], square.shape[0]), 0 if len(places) else 255)
    if len(places):
        hull = places[ConvexHull(places).vertices]
        ImageDraw.Draw(mask).polygon([(x, y) for x, y in hull.tolist()], fill=255)
    inside = binary_erosion(np.asarray(mask) > 0, iterations=_RIM, border_value=1)
    return np.where(inside, 255, 0).astype(np.uint8)


def _moved(squares: Tensor, random: torch.Generator) -> Tensor:
    """Of the size that the network sees; black where a square does not reach."""
    grid = _grid(len(squares), _ZOOM, _TURN, _SHIFT, random)
    return functional.grid_sample(squares, grid, align_corners=False)


def _grounds(squares: Tensor, random: torch.Generator) -> Tensor:
    """Backgrounds: a blurred patch of colours, or skin and hair of other faces, much enlarged."""
    count, side = len(squares), squares.shape[2]
    inner = slice(side // 6, side - side // 5)
    others = squares[torch.randperm(count, generator=random)][:, :, inner, inner]
    grid = _grid(count, 0.4, math.pi, 0.3, random)
    texture = functional.grid_sample(others, grid, padding_mode="reflection", align_corners=False)
    lit = texture * _uniform(count, 0.3, 1.2, random) + _uniform(count, -0.1, 0.1, random)
    patches = torch.rand((count, 3, 1, 1), generator=random)
    patches = patches + 0.15 * torch.randn((count, 3, 4, 4), generator=random)
    plain = functional.interpolate(patches, (SIZE, SIZE), mode="bicubic")
    return torch.where(_uniform(count, 0, 1, random) < 0.5, lit, plain).clamp(0, 1)


def _coloured(pictures: Tensor, random: torch.Generator) -> Tensor:
    count = len(pictures)
    lit = pictures * _uniform(count, 0.8, 1.2, random) + _uniform(count, -0.05, 0.05, random)
    mean = lit.mean(dim=(1, 2, 3), keepdim=True)
    lit = (lit - mean) * _uniform(count, 0.8, 1.2, random) + mean
    grey = (lit * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    coloured = grey + (lit - grey) * _uniform(count, 0.7, 1.3, random)
    return coloured * (1 + 0.03 * torch.randn((count, 3, 1, 1), generator=random))


def _blurred(pictures: Tensor, random: torch.Generator) -> Tensor:
    """Some as if they had been smaller."""
    sides = torch.randint(SIZE * 35 // 100, SIZE * 80 // 100, (len(pictures),), generator=random)
    chosen = torch.rand(len(pictures), generator=random) < _BLURRED
    seen = pictures.clone()
    for i in chosen.nonzero()[:, 0].tolist():
        less = functional.interpolate(pictures[i : i + 1], (int(sides[i]),) * 2, mode="area")
        seen[i] = functional.interpolate(less, (SIZE, SIZE), mode="bilinear")[0]
    return seen


def _grid(count: int, zoom: float, turn: float, shift: float, random: torch.Generator) -> Tensor:
    """Where to look in a picture for each pixel of the result; half of them mirrored."""
    scale = torch.exp(_uniform(count, -zoom, zoom, random)).flatten()
    stretch = torch.exp(_uniform(count, -zoom / 2, zoom / 2, random)).flatten()
    angle = _uniform(count, -turn, turn, random).flatten()
    mirror = torch.sign(_uniform(count, -1, 1, random)).flatten()
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0] = scale * stretch * angle.cos() * mirror
    matrix[:, 0, 1] = -scale * angle.sin()
    matrix[:, 1, 0] = scale * angle.sin() * mirror
    matrix[:, 1, 1] = scale / stretch * angle.cos()
    matrix[:, :, 2] = shift * (2 * torch.rand((count, 2), generator=random) - 1)
    return functional.affine_grid(matrix, [count, 3, SIZE, SIZE], align_corners=False)


def _uniform(count: int, low: float, high: float, random: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand((count, 1, 1, 1), generator=random)
