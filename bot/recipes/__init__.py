"""Networks of the project's own: how each is trained from a folder of pictures.

They are shared by all scopes and know nobody by name. What ships lies in `models/weights`; what an
operator trains lies in the data folder and then answers in its place. A new one is a module here
with a `train` (see `Train`) and a line in `RECIPES`.
"""

import importlib
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Protocol, cast

RECIPES: dict[str, str] = {
    "beauty": "bot.recipes.beauty",
    "character-features": "bot.recipes.character_features",
    "demo": "bot.recipes.demo",
    "illustration-detector": "bot.recipes.illustration_detector",
    "router": "bot.recipes.router",
}
"""What `python -m bot.retrain --head NAME --data DIR` trains, and the module that does it."""

WEIGHTS = "weights.safetensors"
"""The file by which a folder holds a network; whoever writes one writes this last."""

Advance = Callable[[str, int, int], None]
"""Told of each step: what is being done, how much of it is done, how much there is."""


class Train(Protocol):
    """Trains one network. Called again after it was interrupted, it goes on where it was."""

    def __call__(self, data: Path, out: Path, advance: Advance) -> str:
        """Train on `data` and write weights.safetensors, meta.json and card.md to `out`.

        Args:
            data: the folder that the command was given.
            out: exists; may hold an earlier network, which stays unless the new one is better on
                held-out pictures, and what an interrupted training left.

        Returns:
            A sentence on what was measured and whether the new network answers now.

        Raises:
            HanteiError: the data cannot be used; the message says what is wrong with them.
        """
        ...


def trainer(name: str) -> Train:
    """The `train` of a recipe; importing it may take seconds."""
    return cast("Train", importlib.import_module(RECIPES[name]).train)


def weights_of(name: str, data_dir: Path) -> Path:
    """The folder whose network answers: what the operator trained, else what ships."""
    return next(answering(name, trained_dir(name, data_dir)), _shipped_dir(name))


def answering(name: str, out: Path) -> Iterator[Path]:
    """The folders that hold a network, first the one that answers: trained to `out`, or shipped."""
    return (each for each in (out, _shipped_dir(name)) if (each / WEIGHTS).is_file())


def _shipped_dir(name: str) -> Path:
    return Path(str(files("models") / "weights" / name))


def trained_dir(name: str, data_dir: Path) -> Path:
    """Where the operator's own training of a network is kept."""
    return data_dir / "networks" / name
