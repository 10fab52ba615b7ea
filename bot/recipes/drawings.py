"""The pictures a detector of drawn faces is trained from, and those that are kept aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bot.decoding import Decoded, Limits, decode
from bot.errors import HanteiError, PictureRefused
from bot.recipes import Advance
from datasets.boxes import NOTHING, BoxesError, Marks, read
from datasets.folders import FolderError, pictures
from datasets.split import copies, first_aside
from models.detection_pictures import Boxes, Drawing
from models.types import Pixels

Item = TypeVar("Item")

_SIDE = 512
"""Long side of the pictures that are learned from, in pixels: they are kept in memory."""

_SIDE_OF_EXTRAS = 256
_SIDE_MEASURED = 1280
"""Of those that are measured on: as the bot sees them."""

_MOST_PIXELS = 60_000_000

_ASIDE = 400
_FOR_THRESHOLD = 150

_ASIDE_OF_FEW = 0.2
"""Share of an operator's own pictures that is kept aside."""


@dataclass(frozen=True, slots=True, eq=False)
class Marked:
    """A file, its name below the folder, and where the faces are."""

    name: str
    file: Path
    marks: Marks

    def load(self) -> tuple[Pixels, Boxes]:
        """The picture as the bot sees it, and its boxes in the same pixels."""
        pixels = _decode(self.file, _SIDE_MEASURED).pixels
        return pixels, self.marks.on(pixels.shape[1], pixels.shape[0])


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What is learned from, and what is not.

    Attributes:
        learned: pictures with their faces.
        held_out: the measure of the new network.
        for_threshold: neither learned from nor measured on; may be empty.
        cuttings: heads, each filling a picture, without boxes.
        photographs: without a drawn face.
    """

    learned: list[Drawing]
    held_out: list[Marked]
    for_threshold: list[Marked]
    cuttings: list[Drawing]
    photographs: list[Drawing]


def from_data_root(data: Path, advance: Advance) -> Material:
    """`anime/icartoon_train`, and what augments it where it is there.

    Raises:
        HanteiError: a file cannot be read.
    """
    marked = marked_in(data / "anime" / "icartoon_train")
    drawings, of_group = _read(marked, advance)
    names = [each.name for each in marked]
    held_out = first_aside(names, of_group, min(_ASIDE, len(names) // 5))
    for_threshold = min(_FOR_THRESHOLD, len(names) // 10)
    either = first_aside(names, of_group, int(held_out.sum()) + for_threshold)
    return Material(
        _those(drawings, ~either),
        _those(marked, held_out),
        _those(marked, either & ~held_out),
        _extras(data, ("anime/char_moe10", "anime/char_sekai26"), advance),
        _extras(data, ("faces/lfw_known", "faces/lfw_unknown"), advance),
    )


def from_folder(data: Path, advance: Advance) -> Material:
    """Any folder with `images` and `labels`.

    Raises:
        HanteiError: a file cannot be read, or there are too few.
    """
    marked = marked_in(data)
    drawings, of_group = _read(marked, advance)
    names = [each.name for each in marked]
    aside = first_aside(names, of_group, max(1, round(_ASIDE_OF_FEW * len(marked))))
    material = Material(_those(drawings, ~aside), _those(marked, aside), [], [], [])
    learned = sum(len(each.boxes) for each in material.learned)
    if not learned or not any(len(each.marks.sides) for each in material.held_out):
        raise HanteiError(
            f"{data}: too few different pictures with a face to learn from some and to measure "
            "on others; twenty are a beginning."
        )
    return material


def marked_in(folder: Path) -> list[Marked]:
    """Every picture in `images`; one without a file in `labels` has no face.

    Raises:
        HanteiError: a file cannot be read.
    """
    try:
        found = list(pictures(folder / "images"))
        names = [file.relative_to(folder / "images").as_posix() for file in found]
        marks = read(folder / "labels", names)
    except (FolderError, BoxesError) as error:
        raise HanteiError(str(error)) from error
    return [Marked(*each) for each in zip(names, found, marks, strict=True)]


def _read(marked: Sequence[Marked], advance: Advance) -> tuple[list[Drawing], NDArray[np.intp]]:
    """The pictures, and which are copies of each other."""
    drawings, hashes = [], []
    for i, each in enumerate(marked):
        advance("reading pictures", i, len(marked))
        decoded = _decode(each.file, _SIDE)
        height, width = decoded.pixels.shape[:2]
        drawings.append(Drawing(decoded.pixels, each.marks.on(width, height)))
        hashes.append(decoded.phash)
    return drawings, copies(hashes)


def _extras(data: Path, folders: Sequence[str], advance: Advance) -> list[Drawing]:
    chosen = [file for name in folders if (data / name).is_dir() for file in pictures(data / name)]
    found = []
    for i, file in enumerate(chosen):
        advance("reading what augments them", i, len(chosen))
        found.append(Drawing(_decode(file, _SIDE_OF_EXTRAS).pixels, NOTHING.sides))
    return found


def _those(items: Sequence[Item], chosen: NDArray[np.bool_]) -> list[Item]:
    return [item for item, is_one in zip(items, chosen.tolist(), strict=True) if is_one]


def _decode(file: Path, side: int) -> Decoded:
    try:
        return decode(file.read_bytes(), Limits(_MOST_PIXELS, side))
    except PictureRefused as refused:
        raise HanteiError(f"{file} cannot be used: {refused}.") from refused
