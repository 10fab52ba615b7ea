"""Training `models.character_network` on drawn heads, a few of them with names.

A few dozen characters are far too few to learn from scratch what tells characters apart: a network
that is free to do so learns those few by heart and takes all others for one. So most is left to
what is known already:

1. The projection starts as a linear discriminant: directions in which pictures of one character,
   or two views of one head, differ are shrunk (within-class covariance normalisation, Hatch et al.
   2006), against the spread of heads at large.
2. From there the end of the network is moved gently. Pictures of one character are to be nearer to
   each other than to other heads (supervised contrastive loss, Khosla et al. 2020), and so are two
   views of a head without a name (Dosovitskiy et al. 2014): thousands of those keep it general.
   Only heads of one set are compared, or it would learn to tell sets apart by their style.
3. The projection is set anew, as in 1, for what the network sees now.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from models.character_network import DIMENSIONS, EARLY, SIZE, CharacterNetwork
from models.types import Pixels

NOBODY = -1

STEPS = 120
_CHARACTERS, _PICTURES = 8, 4
"""Characters in a batch, at most half of them of one set, and views of each."""
_NAMELESS = 36
"""Heads without a name in a batch, with two views each."""

_TEMPERATURE = 0.1
_RATE, _PROJECTION_RATE = 1e-4, 3e-4
_WARMING_UP = 0.15

_OF_CHARACTERS, _OF_VIEWS = 0.6, 0.3
"""Shares of the two kinds of difference in what is shrunk; the rest is the spread at large."""
_REGULAR = 0.5
"""Of the mean variance, added to each: directions with little variance are not trusted."""
_VIEWS_TO_PROJECT = 2

_SHRUNK, _ERASED, _GREY = 0.25, 0.3, 0.1
"""Shares of the views that lose detail, a piece, or colour."""


@dataclass(frozen=True, slots=True, eq=False)
class Heads:
    """What is learned from.

    Attributes:
        squares: as the network is shown them, shape (n, 3, side, side), 0..255.
        character: shape (n,): number of the character, or `NOBODY`.
        source: shape (n,): number of the set that it is from.
    """

    squares: Tensor
    character: NDArray[np.intp]
    source: NDArray[np.intp]

    @classmethod
    def of(cls, squares: list[Pixels], character: list[int], source: list[int]) -> "Heads":
        """From squares of one size."""
        stacked = torch.from_numpy(np.stack(squares)).permute(0, 3, 1, 2).contiguous()
        return cls(stacked, np.array(character, dtype=np.intp), np.array(source, dtype=np.intp))


class Training:
    """The steps of a training; `state` and `restore` carry it over an interruption."""

    def __init__(self, heads: Heads) -> None:
        self.network = CharacterNetwork()
        self.step = 0
        self._heads = heads
        self._parameters = [list(part.parameters()) for part in self.network.trained]
        self._optimizer = torch.optim.AdamW(
            [{"params": each} for each in self._parameters], weight_decay=0.01
        )
        named = np.flatnonzero(heads.character != NOBODY)
        self._of_character = [
            named[heads.character[named] == c] for c in np.unique(heads.character[named]).tolist()
        ]
        self._nameless = np.flatnonzero(heads.character == NOBODY)

    def project(self) -> None:
        """Set the projection, before the first step and after the last; see above, 1 and 3."""
        heads = self._heads
        random = torch.Generator().manual_seed(0)
        everything = np.arange(len(heads.character))
        plain = self._looks(everything, None)
        changed = [self._looks(everything, random) for _ in range(_VIEWS_TO_PROJECT)]
        matrix, centre = discriminant(plain, changed, heads.character)
        with torch.no_grad():
            self.network.projection.weight.copy_(torch.from_numpy(matrix))
            self.network.projection.bias.copy_(torch.from_numpy(-matrix @ centre))

    def learn(self) -> float:
        """Take one step; returns the loss."""
        random = np.random.default_rng((1, self.step))
        chosen, label = self._batch(random)
        generator = torch.Generator().manual_seed(self.step)
        early, so_far = self._fixed(chosen, generator)
        rows = functional.normalize(self.network.projection(self.network.looks(early, so_far)))
        loss = contrast(rows, label, torch.from_numpy(self._heads.source[chosen]))
        for group, rate in zip(
            self._optimizer.param_groups, (_RATE, _PROJECTION_RATE), strict=True
        ):
            group["lr"] = rate * _share_of_rate(self.step)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self.step += 1
        return loss.item()

    def state(self) -> dict[str, Any]:
        """All that `restore` needs; tensors and numbers only."""
        return {
            "step": self.step,
            "parts": [part.state_dict() for part in self.network.trained],
            "optimizer": self._optimizer.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from where `state` was taken."""
        for part, kept in zip(self.network.trained, state["parts"], strict=True):
            part.load_state_dict(kept)
        self._optimizer.load_state_dict(state["optimizer"])
        self.step = state["step"]

    def _batch(self, random: np.random.Generator) -> tuple[NDArray[np.intp], Tensor]:
        """Heads, a view of each, and which of them are to be alike."""
        chosen: list[int] = []
        of_source: dict[int, int] = {}
        places = random.permutation(len(self._of_character)).tolist()
        for own in (self._of_character[place] for place in places):
            source = int(self._heads.source[own[0]])
            taken = of_source.get(source, 0)
            if taken < _CHARACTERS // 2 and sum(of_source.values()) < _CHARACTERS:
                of_source[source] = taken + 1
                chosen += random.choice(own, _PICTURES, replace=len(own) < _PICTURES).tolist()
        label = (self._heads.character[chosen]).tolist()
        if len(self._nameless):
            some = min(_NAMELESS, len(self._nameless))
            nameless = random.choice(self._nameless, some, replace=False).tolist()
            chosen += 2 * nameless
            label += 2 * [NOBODY - 1 - each for each in nameless]
        return np.array(chosen, dtype=np.intp), torch.tensor(label)

    def _fixed(
        self, chosen: NDArray[np.intp], random: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        batch = views(self._heads.squares[torch.from_numpy(chosen)], random)
        # Half the digits are enough for what is not learned, and several times as fast.
        with torch.autocast("cpu", dtype=torch.bfloat16):
            early, so_far = self.network.fixed(batch)
        return early.float(), so_far.float()

    def _looks(
        self, chosen: NDArray[np.intp], random: torch.Generator | None
    ) -> NDArray[np.float64]:
        parts = []
        for start in range(0, len(chosen), 64):
            early, so_far = self._fixed(chosen[start : start + 64], random)
            with torch.no_grad():
                parts.append(self.network.looks(early, so_far))
        return np.asarray(torch.cat(parts).numpy(), dtype=np.float64)


def discriminant(
    plain: NDArray[np.float64],
    changed: list[NDArray[np.float64]],
    character: NDArray[np.intp],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """A projection under which pictures of one character are alike.

    Args:
        plain: looks at all heads, shape (n, `EARLY` + late).
        changed: looks at changed views of the same heads.
        character: shape (n,), as in `Heads`.

    Returns:
        The matrix, shape (`DIMENSIONS`, `EARLY` + late), and the centre that it is taken around.
    """
    # Both looks are to weigh by their number of channels' square root, whatever their scale.
    scale = np.empty(plain.shape[1])
    for part in (slice(0, EARLY), slice(EARLY, None)):
        spread = plain[:, part].std(axis=0)
        scale[part] = 1 / (spread.mean() * len(spread) ** 0.25)
    looks, others = plain * scale, [each * scale for each in changed]
    nameless = character == NOBODY
    at_large = looks[nameless] if nameless.sum() > 1 else looks
    centre = at_large.mean(axis=0)
    shares = [(1 - _OF_CHARACTERS - _OF_VIEWS, at_large - centre)]
    shares.append((_OF_VIEWS, np.concatenate([each - looks for each in others])))
    within = [
        np.concatenate([each[own] for each in (looks, *others)]) - looks[own].mean(axis=0)
        for c in np.unique(character[~nameless]).tolist()
        for own in [character == c]
    ]
    if within:
        shares.append((_OF_CHARACTERS, np.concatenate(within)))
    shrunk = sum(share * _covariance(of) for share, of in shares)
    values, vectors = np.linalg.eigh(shrunk)
    whiten = vectors / np.sqrt(np.maximum(values, 0) + _REGULAR * values.mean())
    # Of the whitened directions those in which heads differ most.
    _, order = np.linalg.eigh(_covariance((at_large - centre) @ whiten))
    matrix = whiten @ order[:, ::-1][:, :DIMENSIONS]
    length = np.linalg.norm((at_large - centre) @ matrix, axis=1).mean()
    return (
        (matrix * scale[:, None] / length).T.astype(np.float32),
        (centre / scale).astype(np.float32),
    )


def contrast(rows: Tensor, label: Tensor, source: Tensor) -> Tensor:
    """Supervised contrastive loss among rows of one source.

    Args:
        rows: shape (n, dimensions), of length 1.
        label: shape (n,): those with the same are to be alike.
        source: shape (n,): only rows with the same are compared.
    """
    itself = torch.eye(len(label), dtype=torch.bool)
    similar = rows @ rows.T / _TEMPERATURE
    similar = similar.masked_fill(itself | (source[:, None] != source[None]), -1e9)
    alike = (label[:, None] == label[None]) & ~itself
    likely = similar - similar.logsumexp(dim=1, keepdim=True)
    return -((likely * alike).sum(dim=1) / alike.sum(dim=1).clamp(min=1)).mean()


def views(squares: Tensor, random: torch.Generator | None) -> Tensor:
    """A batch for the network, shape (n, 3, `SIZE`, `SIZE`).

    Args:
        squares: shape (n, 3, side, side), 0..255.
        random: to cut, turn, mirror, colour, blur and cover each square anew; None leaves them
            as they are.
    """
    picture = _moved(squares.float() / 255, random)
    if random is not None:
        picture = _worn(_coloured(picture, random), random).clamp(0, 1)
    return (picture * 255 - 127) / 128


def _moved(squares: Tensor, random: torch.Generator | None) -> Tensor:
    if random is None:
        size = (SIZE, SIZE)
        return functional.interpolate(squares, size, mode="bilinear", antialias=True)
    count = len(squares)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(count, generator=random)

    # What differs between a detector's boxes and heads that people cut out lies well within this.
    zoom, stretch = torch.exp(uniform(-0.3, 0.22)), torch.exp(uniform(-0.1, 0.1))
    angle, mirror = uniform(-0.25, 0.25), torch.sign(uniform(-1, 1))
    matrix = torch.zeros(count, 2, 3)
    matrix[:, 0, 0] = zoom * stretch * angle.cos() * mirror
    matrix[:, 0, 1] = -zoom * angle.sin()
    matrix[:, 1, 0] = zoom * angle.sin() * mirror
    matrix[:, 1, 1] = zoom / stretch * angle.cos()
    matrix[:, :, 2] = torch.stack([uniform(-0.18, 0.18), uniform(-0.18, 0.18)], dim=1)
    grid = functional.affine_grid(matrix, [count, 3, SIZE, SIZE], align_corners=False)
    return functional.grid_sample(squares, grid, padding_mode="border", align_corners=False)


def _coloured(pictures: Tensor, random: torch.Generator) -> Tensor:
    shape = (len(pictures), 1, 1, 1)

    def uniform(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(shape, generator=random)

    lit = pictures * uniform(0.7, 1.3) + uniform(-0.1, 0.1)
    mean = lit.mean(dim=(1, 2, 3), keepdim=True)
    lit = (lit - mean) * uniform(0.7, 1.3) + mean
    grey = (lit * torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(dim=1, keepdim=True)
    colour = torch.where(uniform(0, 1) < _GREY, torch.zeros(shape), uniform(0.5, 1.4))
    # Hair says much of who it is, so hues stay about what they are.
    tint = 1 + 0.03 * torch.randn((len(pictures), 3, 1, 1), generator=random)
    return (grey + (lit - grey) * colour) * tint


def _worn(pictures: Tensor, random: torch.Generator) -> Tensor:
    chances = torch.rand((len(pictures), 2), generator=random).tolist()
    for picture, (shrunk, erased) in zip(pictures, chances, strict=True):
        if shrunk < _SHRUNK:
            small = _integer(SIZE // 4, SIZE * 5 // 8, random)
            less = functional.interpolate(picture[None], (small, small), mode="area")
            picture[:] = functional.interpolate(less, (SIZE, SIZE), mode="bilinear")[0]
        if erased < _ERASED:
            height, width = (_integer(SIZE // 10, SIZE * 2 // 5, random) for _ in range(2))
            top, left = _integer(0, SIZE - height, random), _integer(0, SIZE - width, random)
            colour = torch.rand((3, 1, 1), generator=random)
            picture[:, top : top + height, left : left + width] = colour
    return pictures + 0.015 * torch.randn(pictures.shape, generator=random)


def _integer(low: int, high: int, random: torch.Generator) -> int:
    return int(torch.randint(low, high, (1,), generator=random))


def _covariance(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """With a mean variance of 1, so that shares of several are shares."""
    covariance = np.cov(rows.T)
    return np.asarray(covariance / max(np.trace(covariance) / len(covariance), 1e-12))


def _share_of_rate(step: int) -> float:
    """Up, then down by a cosine (Loshchilov & Hutter 2017), 0..1."""
    done = step / STEPS
    if done < _WARMING_UP:
        return (done + 1 / STEPS) / _WARMING_UP
    return 0.5 * (1 + math.cos(math.pi * (done - _WARMING_UP) / (1 - _WARMING_UP)))
