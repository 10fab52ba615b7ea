"""Pictures with named boxes, as tools for annotation exchange them: what their formats share.

`datasets.label_studio` and `datasets.cvat` read and write them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

MOST_PICTURES = 200_000
MOST_BYTES = 500_000_000
"""Of a file that is read."""

_PREFIX = re.compile(r"^[0-9a-f]{8}-")
"""What Label Studio puts before the name of an uploaded picture."""


class AnnotationsError(Exception):
    """A file of annotations cannot be read; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Region:
    """A box with a name.

    Attributes:
        box: left, top, right, bottom, in shares of the picture's width and height, 0..1.
    """

    box: tuple[float, float, float, float]
    label: str


@dataclass(frozen=True, slots=True)
class Annotated:
    """A picture and what is drawn in it.

    Attributes:
        name: of its file; when read, as the tool tells it, perhaps with a path.
        size: width and height in pixels; (0, 0) where the file does not tell.
        confirmed: a person has said so; else it is proposed.
        problem: what of it cannot be taken over, or nothing.
    """

    name: str
    size: tuple[int, int]
    regions: tuple[Region, ...]
    confirmed: bool = True
    problem: str = ""


def labels_of(pictures: Iterable[Annotated]) -> list[str]:
    """Every label in them, sorted."""
    return sorted({region.label for each in pictures for region in each.regions})


def names_of(told: str) -> tuple[str, ...]:
    """What a picture's file may be called that a tool tells as a path or an address.

    Its last part, as it stands and decoded, and without what Label Studio puts before it. No path.
    """
    _, local, below = told.replace("\\", "/").partition("?d=")
    path = below if local else told.replace("\\", "/").partition("?")[0]
    last = path.rpartition("/")[2]
    plain = unquote(path).rpartition("/")[2]
    return tuple(dict.fromkeys((last, plain, _PREFIX.sub("", plain, count=1))))


def read_bytes(file: Path) -> bytes:
    """The file, if it is no larger than `MOST_BYTES`.

    Raises:
        AnnotationsError: it is larger, or cannot be read.
    """
    try:
        with file.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except OSError as error:
        raise AnnotationsError(f"{file} cannot be read: {error.strerror}.") from error
    if len(content) > MOST_BYTES:
        raise AnnotationsError(f"{file}: more than {MOST_BYTES // 1_000_000} MB.")
    return content


def region(box: Iterable[float], label: object) -> Region:
    """A box that lies in the picture, give or take a rounding; it is cut off at the edge.

    Raises:
        ValueError: it does not, or is empty, or has no name.
    """
    left, top, right, bottom = box
    if not all(-0.01 <= edge <= 1.01 for edge in (left, top, right, bottom)):
        raise ValueError("a box reaches out of the picture")
    if not (left < right and top < bottom):
        raise ValueError("a box is empty")
    if not isinstance(label, str) or not label:
        raise ValueError("a box has no label")
    left, top, right, bottom = (min(max(edge, 0.0), 1.0) for edge in (left, top, right, bottom))
    return Region((left, top, right, bottom), label)
