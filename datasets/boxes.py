"""Boxes that people drew around things in pictures, as files.

Two forms are read. A folder of YOLO text files, `NAME.txt` for `NAME.jpg`, holds a line a box:
`class centre-x centre-y width height`, in shares of the picture's sides. A JSON file holds
`{"NAME.jpg": [[left, top, right, bottom], …]}`, in pixels of the upright picture.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

Sides = NDArray[np.float32]
"""Shape (n, 4): left, top, right, bottom."""


class BoxesError(Exception):
    """The boxes cannot be read; the message names the file, the place and what is wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """The boxes of one picture.

    Attributes:
        sides: in pixels, or, with `shares`, in shares of the picture's width and height.
    """

    sides: Sides
    shares: bool

    def on(self, width: int, height: int) -> Sides:
        """The boxes in pixels, cut off where the picture ends.

        Args:
            width: of the upright picture, in pixels.
            height: likewise.
        """
        size = np.array([width, height, width, height], dtype=np.float32)
        return (self.sides * size if self.shares else self.sides).clip(0, size)


NOTHING = Marks(np.zeros((0, 4), dtype=np.float32), shares=True)
"""Of a picture that nobody marked anything in."""


def read(source: Path, names: Sequence[str]) -> list[Marks]:
    """The boxes of each picture, from either form.

    A picture that the source does not speak of has no boxes.

    Args:
        source: a folder of text files, or a JSON file.
        names: of the pictures, relative to their folder, with `/`. The source may call a picture
            by this name or by its last part.

    Raises:
        BoxesError: the source cannot be read, or speaks of none of these pictures; a JSON file
            speaks of a picture that is not among them.
    """
    if source.is_dir():
        return _from_texts(source, names)
    if not source.is_file():
        raise BoxesError(f"{source}: there is no such file or folder.")
    told = read_json(source)
    known = {*names, *(PurePosixPath(name).name for name in names)}
    if strange := sorted(told.keys() - known):
        raise BoxesError(f"{source} speaks of {strange[0]}, which is not among the pictures.")
    return [told.get(name) or told.get(PurePosixPath(name).name) or NOTHING for name in names]


def _from_texts(folder: Path, names: Sequence[str]) -> list[Marks]:
    found = []
    for name in names:
        text = PurePosixPath(name).with_suffix(".txt")
        there = (file for file in (folder / text, folder / text.name) if file.is_file())
        found.append(next(there, None))
    if names and not any(found):
        raise BoxesError(f"{folder} holds no NAME.txt for any of the pictures.")
    return [NOTHING if file is None else read_yolo(file) for file in found]


def read_yolo(file: Path) -> Marks:
    """The boxes of a text file; all classes count.

    Raises:
        BoxesError: a line is no box.
    """
    rows = []
    for number, line in enumerate(file.read_text("utf-8", "replace").splitlines(), 1):
        if line.strip():
            rows.append(_yolo_box(line.split(), f"{file}, line {number}"))
    return Marks(np.array(rows, dtype=np.float32).reshape(-1, 4), shares=True)


def _yolo_box(words: list[str], where: str) -> tuple[float, float, float, float]:
    try:
        _, x, y, width, height = (float(word) for word in words)
    except ValueError as error:
        raise BoxesError(f"{where}: a box is five numbers: class x y width height.") from error
    # Tools round, so a box may stick out by a hair; pixels instead of shares are far outside.
    if not (0 <= x <= 1 and 0 <= y <= 1 and 0 < width <= 1.01 and 0 < height <= 1.01):
        raise BoxesError(f"{where}: x, y, width and height are shares of the picture, 0 to 1.")
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def read_json(file: Path) -> Mapping[str, Marks]:
    """The boxes of each picture, by its path relative to the folder of the pictures.

    Raises:
        BoxesError: it is no JSON, or not of that form.
    """
    try:
        told = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BoxesError(f"{file} is not JSON: {error}.") from error
    if not isinstance(told, dict):
        raise BoxesError(f"{file}: expected {{file name: [[left, top, right, bottom], …]}}.")
    return {name: _pixel_boxes(rows, f"{file}, {name}") for name, rows in told.items()}


def _pixel_boxes(rows: object, where: str) -> Marks:
    try:
        sides = np.array(rows, dtype=np.float32).reshape(-1, 4)
    except (ValueError, TypeError) as error:
        raise BoxesError(f"{where}: each box is [left, top, right, bottom].") from error
    if not np.isfinite(sides).all() or (sides[:, 2:] <= sides[:, :2]).any():
        raise BoxesError(f"{where}: each box is [left, top, right, bottom], left < right.")
    return Marks(sides, shares=False)
