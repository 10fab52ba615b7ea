"""The demonstration head: what a simulated audience likes. It ships for `/enhance` alone.

Nobody's taste is in it. `bot/recipes/demo.py` makes up an audience that likes some properties of a
picture's colours, and learns it twice, on two networks: one to be followed, one to look at what
came of it.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from models.enhance import Objective
from models.ridge import Line
from models.scene_network import DIMENSIONS, Scene
from models.second_opinion import LENGTH, SecondOpinion, Witness

FIRST, SECOND = "scene", "second"
"""What the lines on `Scene` and on `SecondOpinion` are called in the file."""

_LENGTHS = {FIRST: DIMENSIONS, SECOND: LENGTH}


def load(folder: Path, scene: Scene) -> tuple[Objective, Witness]:
    """What to follow, and the second head that has no part in it; both score about 1 to 5.

    Args:
        folder: holds weights.safetensors.

    Raises:
        ValueError: the file is missing, or is not for these networks.
    """
    lines = unpacked(folder / "weights.safetensors")
    first = lines[FIRST]
    return Objective(scene, first.weights, first.bias), Witness(lines[SECOND], SecondOpinion())


def unpacked(file: Path) -> dict[str, Line]:
    """The lines by their names.

    Raises:
        ValueError: as `load` does.
    """
    try:
        stored = safetensors.numpy.load(file.read_bytes())
        lines = {
            name: Line(stored[f"{name}_weights"], float(stored[f"{name}_bias"][0]))
            for name in (FIRST, SECOND)
        }
    except (OSError, KeyError, safetensors.SafetensorError) as error:
        raise ValueError(f"{file}: the demonstration's weights cannot be used: {error}.") from error
    if any(len(lines[name].weights) != length for name, length in _LENGTHS.items()):
        raise ValueError(f"{file}: the demonstration's weights are for other networks.")
    return lines


def packed(lines: Mapping[str, Line]) -> bytes:
    """What `unpacked` reads."""
    weights = {f"{name}_weights": line.weights for name, line in lines.items()}
    biases = {f"{name}_bias": np.array([line.bias]) for name, line in lines.items()}
    return safetensors.numpy.save({**weights, **biases})
