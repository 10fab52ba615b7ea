"""Heads of made-up characters: a few shapes and colours each, in changing light and place."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from models.types import Pixels


def head(character: int, shot: int, size: int = 160) -> Pixels:
    """A picture of a character's head, shape (size, size, 3)."""
    looks = np.random.default_rng([1, character])
    hair, eyes, backdrop = (tuple(looks.integers(0, 256, 3).tolist()) for _ in range(3))
    fringe, width = int(looks.integers(2, 8)), float(looks.uniform(0.6, 0.9))
    change = np.random.default_rng([2, character, shot])
    x, y = change.integers(-8, 9, 2).tolist()
    image = Image.new("RGB", (160, 160), tuple(change.integers(0, 256, 3).tolist()))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 120, 160, 160), backdrop)
    half = 70 * width
    draw.ellipse((80 + x - half, 10 + y, 80 + x + half, 150 + y), hair)
    draw.ellipse((45 + x, 50 + y, 115 + x, 140 + y), (250, 220, 200))
    for i in range(fringe):
        left = 40 + x + 80 * i / fringe
        draw.polygon([(left, 40 + y), (left + 80 / fringe, 40 + y), (left, 85 + y)], hair)
    for side in (-18, 18):
        draw.ellipse((72 + x + side, 82 + y, 88 + x + side, 106 + y), eyes)
    draw.arc((70 + x, 110 + y, 90 + x, 126 + y), 20, 160, (120, 40, 40), 2)
    lit = np.asarray(image.resize((size, size))).astype(np.float32) * change.uniform(0.8, 1.1)
    return np.asarray(lit.clip(0, 255).astype(np.uint8))


def write(folder: Path, characters: range, shots: range) -> Path:
    """A folder per character, with that many pictures."""
    for character in characters:
        for shot in shots:
            file = folder / f"c{character}" / f"{shot}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(head(character, shot)).save(file)
    return folder
