"""Making a picture better: gradient ascent with momentum on the picture itself.

What is raised is what a head would say of it. Left free to choose pixels, such an ascent finds
noise that fools this head (Szegedy et al. 2014) and nobody else. So it may only do what a
photographer does afterwards: an affine change of colour that varies smoothly over the picture (as
in HDRNet, Gharbi et al. 2017). That covers exposure, contrast, white balance, saturation and
vignette, and is the same at any size, so that a large picture keeps its detail. At every step the
head sees another view of the picture, which a change has to survive (expectation over
transformations, Athalye et al. 2018).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from models.backbone import SIZE, to_batch
from models.route import picture_square
from models.types import Box, Pixels

WORK_SIDE = 320
"""Longest side in pixels of the picture while it is changed; what was found is then done to all."""

MOST_STEPS = 200

DISTANCE = 0.1
"""Farthest that a picture may be moved at full strength: root mean square over pixels and colours,
which go from 0 to 1."""

ANYWHERE = 0.3
"""Farthest that any colour of any pixel may be moved at full strength."""

VARIATION = 0.25
"""By how much, as a share, the total variation may grow at full strength."""

FEATHER = 0.5
"""How far from a face the change is held back, in the face's longer sides."""

Score = Callable[[Pixels], float]
"""What a head says of a picture."""

Advance = Callable[[int, int], None]
"""Told how many steps are done, and of how many."""

Start = Literal["picture", "noise"]


@dataclass(frozen=True, slots=True, eq=False)
class Objective:
    """A head that can be followed uphill: linear in features that have a gradient.

    Attributes:
        features: a batch of shape (n, 3, `SIZE`, `SIZE`), -1..1 as `models.backbone.to_batch` makes
            it, to shape (n, d); in evaluation mode.
        weights: shape (d,).
    """

    features: nn.Module
    weights: NDArray[np.float32]
    bias: float

    def of(self, batch: Tensor) -> Tensor:
        """Scores of a batch, shape (n,)."""
        features: Tensor = self.features(batch)
        return features @ torch.tensor(self.weights, dtype=torch.float32) + self.bias

    def __call__(self, pixels: Pixels) -> float:
        """The score of a whole picture."""
        with torch.inference_mode():
            return float(self.of(to_batch([picture_square(pixels)])))


@dataclass(frozen=True, slots=True)
class Limits:
    """How far an ascent may go.

    Attributes:
        steps: 1..`MOST_STEPS`.
        strength: above 0, at most 1: the share of `DISTANCE`, `ANYWHERE` and `VARIATION`.

    Raises:
        ValueError: one of them is outside.
    """

    steps: int = 100
    strength: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= MOST_STEPS:
            raise ValueError(f"steps = {self.steps}: must be 1 to {MOST_STEPS}")
        if not 0 < self.strength <= 1:
            raise ValueError(f"strength = {self.strength}: must be above 0 and at most 1")


@dataclass(frozen=True, slots=True, eq=False)
class Enhanced:
    """What came of it.

    Attributes:
        start: what the ascent started from: the picture, or noise in its colours.
        pixels: the result, of the same size.
        before, after: the objective's score of these two.
        witness: the scores of the same two by a second head that had no part in it, if there is
            one.
        steps: how many were done.
    """

    start: Pixels
    pixels: Pixels
    before: float
    after: float
    witness: tuple[float, float] | None
    steps: int

    @property
    def held(self) -> float | None:
        """The share of the gain that holds with the second head; None without it or a gain.

        Near 0 the change is made for the first head's eyes alone.
        """
        if self.witness is None or self.after <= self.before:
            return None
        return (self.witness[1] - self.witness[0]) / (self.after - self.before)


def _nothing(done: int, of: int) -> None:
    """Shows no progress."""


def _never() -> bool:
    return False


def enhance(
    pixels: Pixels,
    objective: Objective,
    limits: Limits,
    faces: Sequence[Box] = (),
    start: Start = "picture",
    witness: Score | None = None,
    advance: Advance = _nothing,
    should_stop: Callable[[], bool] = _never,
) -> Enhanced:
    """The picture, or noise in its colours, changed so that the objective's score rises.

    The same call gives the same result.

    Args:
        pixels: of any size.
        faces: whose pixels are kept exactly, even where all else is noise.
        witness: a second head, on another network.
        should_stop: asked before each step; what was reached until then is the result.
    """
    rng = torch.Generator().manual_seed(0)
    height, width = pixels.shape[:2]
    scale = min(1.0, WORK_SIDE / max(height, width))
    free = free_of(faces, height, width)
    origin = pixels if start == "picture" else _noise(pixels, free, rng)
    small = _reduced(origin, scale)
    small_free = functional.interpolate(free[None], small.shape[1:], mode="area")[0]

    toning = Toning()
    steps = ascend(toning, small, small_free, objective, limits, rng, advance, should_stop)
    result = applied(toning, origin, free, limits)
    scores = [(each(origin), each(result)) for each in (objective, witness) if each is not None]
    return Enhanced(origin, result, *scores[0], scores[1] if witness else None, steps)


class Toning(nn.Module):
    """A change of colours, affine in them and smooth over the picture; none at first.

    Each of the twelve numbers is a Bezier surface over the picture. Surfaces of degree 0, 1 and 3
    are added up, so that what helps everywhere is found first.
    """

    def __init__(self) -> None:
        super().__init__()
        self.surfaces = nn.ParameterList(torch.zeros(12, n + 1, n + 1) for n in (0, 1, 3))

    def forward(self, picture: Tensor) -> Tensor:
        """What is to be added to a picture of shape (3, height, width), 0..1.

        It is linear in the parameters: half of them is half the change.
        """
        height, width = picture.shape[1:]
        places = torch.zeros(12, height, width)
        for surface in self.surfaces:
            degree = surface.shape[1] - 1
            places = places + _bernstein(degree, height).T @ surface @ _bernstein(degree, width)
        affine = places.view(3, 4, height, width)
        changed: Tensor = (affine[:, :3] * (picture - 0.5)).sum(dim=1) + affine[:, 3]
        return changed


def ascend(
    change: nn.Module,
    picture: Tensor,
    free: Tensor,
    objective: Objective,
    limits: Limits,
    rng: torch.Generator,
    advance: Advance,
    should_stop: Callable[[], bool],
) -> int:
    """Improve a change step by step, never leaving the limits.

    Args:
        change: as `Toning`: a picture to what is added to it, linear in its parameters.
        picture: shape (3, height, width), 0..1.
        free: shape (1, height, width), see `free_of`.

    Returns:
        How many steps were done before it was stopped.
    """
    parameters = list(change.parameters())
    momenta = [torch.zeros_like(each) for each in parameters]
    for step in range(limits.steps):
        if should_stop():
            return step
        changed = (picture + free * change(picture)).clamp(0, 1)
        score = objective.of(_view(changed, rng))
        slopes = torch.autograd.grad(score.sum(), parameters)
        length = torch.stack([each.square().sum() for each in slopes]).sum().sqrt() + 1e-12
        rate = _RATE * (1 - step / limits.steps)
        with torch.no_grad():
            for parameter, momentum, slope in zip(parameters, momenta, slopes, strict=True):
                momentum.mul_(_MOMENTUM).add_(slope / length)
                parameter.add_(rate * momentum)
        hold_back(change, picture, free, limits)
        advance(step + 1, limits.steps)
    return limits.steps


_RATE = 0.02
"""Length of the first step, over all surfaces together; the last is nearly 0."""

_MOMENTUM = 0.9


@torch.no_grad()
def hold_back(change: nn.Module, picture: Tensor, free: Tensor, limits: Limits) -> None:
    """Scale a change down until it is within the limits; see `ascend` for the arguments.

    The distances grow in proportion to the change, and the total variation no faster than on the
    straight line to what it is now, for it is convex.
    """
    added = free * change(picture)
    before, after = variation(picture), variation(picture + added)
    grown = after / max(before, 1e-6) - 1
    allowed = [
        limits.strength * DISTANCE / max(float(added.square().mean().sqrt()), 1e-12),
        limits.strength * ANYWHERE / max(float(added.abs().max()), 1e-12),
        limits.strength * VARIATION / max(grown, 1e-12),
    ]
    for parameter in change.parameters():
        parameter.mul_(min(1.0, *allowed))


def applied(change: nn.Module, pixels: Pixels, free: Tensor, limits: Limits) -> Pixels:
    """A picture with a change, within the limits; see `ascend`."""
    picture = to_tensor(pixels)
    hold_back(change, picture, free, limits)
    with torch.inference_mode():
        return to_pixels(picture + free * change(picture))


def variation(picture: Tensor) -> float:
    """Total variation (Rudin et al. 1992): mean absolute step between neighbours, both ways.

    Args:
        picture: shape (3, height, width).
    """
    across, down = picture.diff(dim=2).abs(), picture.diff(dim=1).abs()
    return float(across.sum() + down.sum()) / picture.numel()


def free_of(faces: Sequence[Box], height: int, width: int) -> Tensor:
    """Where a picture may change, shape (1, height, width): 0 on faces, 1 far from them.

    A pixel that a box touches belongs to the face.
    """
    free = torch.ones(1, height, width)
    x, y = torch.arange(width).float(), torch.arange(height).float()
    for left, top, right, bottom in faces:
        beside = torch.maximum(left - (x + 1), x - right).clamp(min=0)
        above = torch.maximum(top - (y + 1), y - bottom).clamp(min=0)
        reach = FEATHER * max(right - left, bottom - top, 1.0)
        share = (torch.hypot(beside[None], above[:, None]) / reach).clamp(max=1)
        free = torch.minimum(free, share * share * (3 - 2 * share))
    return free


def _bernstein(degree: int, places: int) -> Tensor:
    """The polynomials of a degree from 0 to 1, shape (degree + 1, places); their sum is 1."""
    t = torch.linspace(0, 1, places)
    return torch.stack(
        [comb(degree, n) * t**n * (1 - t) ** (degree - n) for n in range(degree + 1)]
    )


def _view(picture: Tensor, rng: torch.Generator) -> Tensor:
    """A batch of one, for the network: a part, perhaps mirrored, with some noise."""
    _, height, width = picture.shape
    share = 1 - _CUT * torch.rand(2, generator=rng)
    tall, wide = max(1, int(share[0] * height)), max(1, int(share[1] * width))
    top = int(torch.randint(height - tall + 1, (), generator=rng))
    left = int(torch.randint(width - wide + 1, (), generator=rng))
    part = picture[None, :, top : top + tall, left : left + wide]
    seen = functional.interpolate(part, (SIZE, SIZE), mode="bilinear", antialias=True)
    if torch.rand((), generator=rng) < 0.5:
        seen = seen.flip(3)
    noise = _NOISE * torch.randn(seen.shape, generator=rng)
    return ((seen + noise) * 255 - 127) / 128


_CUT, _NOISE = 0.15, 0.02
"""At most so much of each side is cut off; deviation of the noise, in colours from 0 to 1."""


def _noise(pixels: Pixels, free: Tensor, rng: torch.Generator) -> Pixels:
    """Soft clouds in the picture's own colours, and its faces where they were.

    It keeps the strengths of the picture's long waves and draws their phases (Galerne et al. 2011),
    by the same shift for all three colours, so that these stay together.
    """
    picture = to_tensor(pixels)
    height, width = picture.shape[1:]
    drawn = torch.fft.rfft2(torch.randn(height, width, generator=rng))
    turned = drawn / drawn.abs().clamp(min=1e-12)
    turned[0, 0] = 1  # the mean colour
    down, across = torch.fft.fftfreq(height, 1 / height), torch.fft.rfftfreq(width, 1 / width)
    long = torch.exp(-(down[:, None].square() + across.square()) / (2 * _WAVES**2))
    clouds = torch.fft.irfft2(torch.fft.rfft2(picture) * turned * long, s=(height, width))
    return to_pixels(picture + free * (clouds.clamp(0, 1) - picture))


_WAVES = 5
"""Over the whole picture; clouds are hardly finer than that."""


def _reduced(pixels: Pixels, scale: float) -> Tensor:
    image = Image.fromarray(pixels)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return to_tensor(np.asarray(image.resize(size, Image.Resampling.LANCZOS)))


def to_tensor(pixels: Pixels) -> Tensor:
    """Shape (3, height, width), 0..1, as changes take a picture."""
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).float() / 255


def to_pixels(picture: Tensor) -> Pixels:
    """The way back; what is outside of 0..1 is cut off."""
    whole = (picture.clamp(0, 1) * 255).round().byte()
    return whole.permute(1, 2, 0).contiguous().numpy()
