"""Pictures made better, by the demonstration's real weights."""

import io
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.demo import load
from models.enhance import (
    ANYWHERE,
    DISTANCE,
    MOST_STEPS,
    VARIATION,
    Limits,
    Objective,
    Start,
    Toning,
    applied,
    enhance,
    free_of,
    hold_back,
    to_pixels,
    to_tensor,
    variation,
)
from models.scene_network import load as load_scene
from models.second_opinion import Witness
from models.types import Box, Pixels

WEIGHTS = Path(str(files("models") / "weights"))
HER: Box = (55.6, 19.4, 83.8, 54.4)
"""Where the astronaut's face is in `her`."""

FEW = Limits(steps=8)
ROUNDING = 1 / 255


@pytest.fixture(scope="module")
def heads() -> tuple[Objective, Witness]:
    return load(WEIGHTS / "demo", load_scene(WEIGHTS / "scene" / "weights.safetensors"))


@pytest.fixture(scope="module")
def objective(heads: tuple[Objective, Witness]) -> Objective:
    return heads[0]


@pytest.fixture(scope="module")
def her(astronaut: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(astronaut)).convert("RGB").resize((160, 160)))


def distance(one: Pixels, other: Pixels) -> float:
    return float(np.sqrt(np.square(one / 255.0 - other / 255.0).mean()))


def test_the_score_rises_and_the_gain_holds_with_a_second_head(
    heads: tuple[Objective, Witness], her: Pixels
) -> None:
    objective, witness = heads
    done = enhance(her, objective, Limits(steps=20), witness=witness)
    assert (done.before, done.after) == (objective(her), objective(done.pixels))
    assert done.witness == (witness(her), witness(done.pixels))
    assert done.after > done.before + 0.3
    assert done.held is not None
    assert done.held > 0.5
    assert done.start is her
    assert (done.pixels.shape, done.pixels.dtype, done.steps) == (her.shape, np.uint8, 20)


def test_half_the_strength_goes_half_the_way(objective: Objective, her: Pixels) -> None:
    weak = enhance(her, objective, Limits(steps=20, strength=0.3))
    strong = enhance(her, objective, Limits(steps=20))
    assert weak.before < weak.after < strong.after
    assert distance(weak.pixels, her) <= 0.3 * DISTANCE + ROUNDING < distance(strong.pixels, her)


@pytest.mark.parametrize("start", ["picture", "noise"])
def test_faces_keep_every_pixel(objective: Objective, her: Pixels, start: Start) -> None:
    done = enhance(her, objective, FEW, [HER, (0, 150, 12, 160)], start)
    for rows, columns in ((slice(19, 55), slice(55, 84)), (slice(150, 160), slice(0, 12))):
        np.testing.assert_array_equal(done.pixels[rows, columns], her[rows, columns])
    assert (done.pixels[:50, 120:] != her[:50, 120:]).any(axis=2).mean() > 0.9


def test_a_face_as_large_as_the_picture_leaves_it_as_it_is(
    objective: Objective, her: Pixels
) -> None:
    done = enhance(her, objective, FEW, [(0, 0, 160, 160)])
    np.testing.assert_array_equal(done.pixels, her)
    assert done.held is None


def test_noise_has_the_colours_of_the_picture_and_is_made_better(
    objective: Objective, her: Pixels
) -> None:
    done = enhance(her, objective, FEW, start="noise")
    assert done.start.mean(axis=(0, 1)) == pytest.approx(her.mean(axis=(0, 1)), abs=12)
    assert distance(done.start, her) > 0.1
    assert done.after > done.before
    assert distance(done.pixels, done.start) <= DISTANCE + ROUNDING


def test_a_large_picture_keeps_its_detail(objective: Objective, her: Pixels) -> None:
    large = np.random.default_rng(0).integers(0, 256, (500, 700, 3), dtype=np.uint8)
    done = enhance(large, objective, Limits(steps=3))
    assert done.pixels.shape == large.shape
    one, other = (each.astype(float) - each.mean() for each in (large, done.pixels))
    assert (one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()) > 0.9


def test_it_stops_when_told_and_says_how_far_it_is(objective: Objective, her: Pixels) -> None:
    told: list[tuple[int, int]] = []
    done = enhance(
        her,
        objective,
        Limits(steps=50),
        advance=lambda step, of: told.append((step, of)),
        should_stop=lambda: len(told) == 3,
    )
    assert (done.steps, told) == (3, [(1, 50), (2, 50), (3, 50)])


def test_the_same_call_gives_the_same_picture(objective: Objective, her: Pixels) -> None:
    one, other = (enhance(her, objective, Limits(steps=3)).pixels for _ in range(2))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "outside", [{"steps": 0}, {"steps": MOST_STEPS + 1}, {"strength": 0.0}, {"strength": 1.01}]
)
def test_limits_have_limits(outside: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Limits(**outside)  # type: ignore[arg-type]


@given(
    seed=st.integers(0, 2**31),
    size=st.tuples(st.integers(16, 60), st.integers(16, 60)),
    strength=st.floats(0.01, 1),
    amount=st.floats(0.001, 10),
)
@settings(max_examples=60, deadline=None)
def test_no_change_leaves_the_limits(
    seed: int, size: tuple[int, int], strength: float, amount: float
) -> None:
    rng = torch.Generator().manual_seed(seed)
    pixels = to_pixels(torch.rand(3, *size, generator=rng) ** 2)
    change = Toning()
    for surface in change.parameters():
        surface.data.normal_(0, amount, generator=rng)
    limits = Limits(strength=strength)
    after = applied(change, pixels, free_of((), *size), limits)
    assert distance(after, pixels) <= strength * DISTANCE + ROUNDING
    assert np.abs(after / 255.0 - pixels / 255.0).max() <= strength * ANYWHERE + ROUNDING
    grown = variation(to_tensor(after)) / variation(to_tensor(pixels)) - 1
    assert grown <= strength * VARIATION + 4 * ROUNDING / variation(to_tensor(pixels))


def test_a_change_within_the_limits_is_left_alone() -> None:
    change = Toning()
    change.surfaces[0].data[3] = 0.01
    hold_back(change, torch.full((3, 20, 20), 0.5), free_of((), 20, 20), Limits())
    assert change.surfaces[0].data[3].item() == pytest.approx(0.01)
