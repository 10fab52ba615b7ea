"""Boxes around faces in pictures of the operator's own: where they lie, how to train on them.

`python -m bot.collect boxes` proposes them and the page /boxes corrects them (`datasets.box_sets`).
"""

import shlex
from pathlib import Path

from bot.settings import Settings

HEAD = "illustration-detector"
"""What is trained on boxes: see `bot.recipes`."""


def boxes_dir(settings: Settings) -> Path:
    """Where the sets are."""
    return settings.store.data_dir / "boxes"


def training_command(folder: Path) -> str:
    """The command line that trains on what was confirmed in a set."""
    return shlex.join(["python", "-m", "bot.retrain", "--head", HEAD, "--data", str(folder)])
