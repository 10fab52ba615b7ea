"""Sets of pictures with boxes around faces: what a detector proposed, what a person confirmed.

    SET/waiting/NAME.jpg      pictures that nobody has looked at yet
    SET/proposals/NAME.txt    what the detector found in them, with its scores
    SET/images/NAME.jpg       pictures that a person has confirmed: what training reads
    SET/labels/NAME.txt       their boxes

The text has a line a box as YOLO writes it, `0 cx cy w h` relative to the picture, with the score
behind it in proposals. A label is written before its picture moves, and stays when the picture is
taken back: whatever happens in between, no work is lost, and nothing that waits is trained on.
"""

import io
import os
import re
import secrets
import shutil
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from datasets.split import DUPLICATE_BITS

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels of the picture as it is kept."""

MOST_BOXES = 200
"""In one picture."""

SMALLEST = 4
"""Pixels: the least width and height of a box."""

_ROUNDED = 0.01
"""Pixels that a box may lose by being written with six digits."""

_JPEG_QUALITY = 95

_SET_NAME = re.compile(r"\w[\w.-]{0,63}")
_PICTURE_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]{16}")


class BoxSetError(Exception):
    """These boxes cannot be kept, or a file of them cannot be read; the message says why."""


class NotThere(BoxSetError):
    """There is no such set or picture (any more)."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A picture's boxes.

    Attributes:
        size: width and height of the picture, in pixels.
        boxes: the label's, or the proposed ones of a picture that nobody has labelled yet.
        confirmed: whether a person has said that these are all its faces.
    """

    size: tuple[int, int]
    boxes: tuple[Box, ...]
    confirmed: bool


def picture_name(sha256: str, phash: str) -> str:
    """What a picture is called: nothing that a person chose, and all that tells copies.

    Args:
        sha256: of the file it came from, in hexadecimal.
        phash: perceptual hash, 16 hexadecimal digits.
    """
    return f"{sha256[:16]}-{phash}"


def is_picture_name(name: str) -> bool:
    """Whether `picture_name` could have made it."""
    return _PICTURE_NAME.fullmatch(name) is not None


def set_name(text: str) -> str:
    """A name that is a safe folder's, as near to `text` as can be.

    Raises:
        BoxSetError: nothing of it can be used.
    """
    composed = unicodedata.normalize("NFC", text)
    name = re.sub(r"[^\w.-]+", "-", composed).lstrip("-.")[:64]
    if not _SET_NAME.fullmatch(name):
        raise BoxSetError(f"{text!r} cannot name a set; take letters and digits.")
    return name


class Seen:
    """Knows files and near copies of pictures again, by the names of those that are kept."""

    def __init__(self, names: Iterable[str]) -> None:
        self._files: set[str] = set()
        self._hashes: list[int] = []
        for name in names:
            self.add(name)

    def add(self, name: str) -> None:
        """Know one more, by its `picture_name`."""
        file, _, phash = name.partition("-")
        self._files.add(file)
        self._hashes.append(int(phash, 16))

    def file(self, sha256: str) -> bool:
        """Whether this very file was seen."""
        return sha256[:16] in self._files

    def near(self, phash: str) -> bool:
        """Whether a picture that looks the same was seen, within `DUPLICATE_BITS`."""
        asked = int(phash, 16)
        return any((asked ^ each).bit_count() <= DUPLICATE_BITS for each in self._hashes)


class BoxSet:
    """One set on disk. All of it blocks; writers of one set must take turns.

    Args:
        folder: the set's own, which exists: see `create` and `find`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.name = folder.name
        self._waiting = folder / "waiting"
        self._proposals = folder / "proposals"
        self._images = folder / "images"
        self._labels = folder / "labels"

    @classmethod
    def create(cls, folder: Path) -> "BoxSet":
        """Make an empty set, or take the one that is there."""
        made = cls(folder)
        for each in (made._waiting, made._proposals, made._images, made._labels):
            each.mkdir(parents=True, exist_ok=True)
        return made

    def add(
        self,
        name: str,
        pixels: NDArray[np.uint8],
        proposed: Sequence[tuple[Box, float]],
    ) -> None:
        """Keep a picture to be looked at, unless the set has it already.

        Args:
            name: from `picture_name`.
            pixels: RGB, shape (height, width, 3).
            proposed: boxes and how sure the detector is of each, 0..1. Those that are too small are
                left out, and all beyond the `MOST_BOXES` surest.
        """
        if self._place(name) is not None:
            return
        size = (pixels.shape[1], pixels.shape[0])
        usable = [(_clip(box, size), score) for box, score in proposed]
        usable = [(box, score) for box, score in usable if _is_box(box, size)]
        usable = sorted(usable, key=lambda each: -each[1])[:MOST_BOXES]
        lines = [f"{_line(box, size)} {score:.4f}" for box, score in usable]
        jpeg = io.BytesIO()
        Image.fromarray(pixels).save(jpeg, "JPEG", quality=_JPEG_QUALITY, subsampling="4:4:4")
        self._write(self._proposals / f"{name}.txt", _text(lines))
        self._write(self._waiting / f"{name}.jpg", jpeg.getvalue())

    def names(self) -> list[str]:
        """All pictures, sorted."""
        return sorted(_names(self._waiting) | _names(self._images))

    def waiting(self) -> list[str]:
        """Pictures to be looked at: first those without a face, then by their least sure box."""
        return sorted(_names(self._waiting), key=lambda name: (self._least_score(name), name))

    def counts(self) -> tuple[int, int]:
        """How many pictures wait, and how many are confirmed."""
        return len(_names(self._waiting)), len(_names(self._images))

    def picture(self, name: str) -> bytes:
        """The JPEG.

        Raises:
            NotThere: there is none of this name.
        """
        try:
            return self._where(name).read_bytes()
        except FileNotFoundError as error:
            raise NotThere(name) from error

    def read(self, name: str) -> Annotation:
        """The boxes of one picture.

        Raises:
            NotThere: there is no such picture.
            BoxSetError: the file with its boxes is damaged.
        """
        place = self._where(name)
        with Image.open(place) as image:
            size = image.size
        confirmed = place.parent == self._images
        for file in (self._labels / f"{name}.txt", self._proposals / f"{name}.txt"):
            if file.exists():
                found = tuple(box for box, _ in _parse(file, size))
                return Annotation(size, found, confirmed)
        return Annotation(size, (), confirmed)

    def confirm(self, name: str, boxes: Sequence[Box]) -> Annotation:
        """Note that these are all faces of the picture. Called again, the later boxes hold.

        Returns:
            What was there before, which undoes it.

        Raises:
            NotThere: there is no such picture.
            BoxSetError: the boxes cannot be kept, or the file with the earlier ones is damaged.
        """
        before = self.read(name)
        check(boxes, before.size)
        lines = [_line(box, before.size) for box in boxes]
        self._write(self._labels / f"{name}.txt", _text(lines))
        if not before.confirmed:
            self._move(name, self._waiting, self._images)
        return before

    def take_back(self, name: str) -> None:
        """Let a confirmed picture wait again, with the boxes it had.

        Raises:
            NotThere: there is no such picture.
        """
        if self._where(name).parent == self._images:
            self._move(name, self._images, self._waiting)

    def remove(self) -> None:
        """Delete the set with everything in it."""
        shutil.rmtree(self.folder)

    def _where(self, name: str) -> Path:
        place = self._place(name)
        if place is None:
            raise NotThere(name)
        return place

    def _place(self, name: str) -> Path | None:
        """The picture's file; None if there is none."""
        if not is_picture_name(name):
            return None
        files = (self._images / f"{name}.jpg", self._waiting / f"{name}.jpg")
        return next((file for file in files if file.is_file()), None)

    def _least_score(self, name: str) -> float:
        """Of the proposals; 0 if there are none, or none that can be read."""
        try:
            proposed = _parse(self._proposals / f"{name}.txt", (1, 1))
        except (BoxSetError, FileNotFoundError):
            return 0.0
        return min((score for _, score in proposed), default=0.0)

    def _move(self, name: str, source: Path, target: Path) -> None:
        try:
            (source / f"{name}.jpg").replace(target / f"{name}.jpg")
        except FileNotFoundError as error:
            raise NotThere(name) from error

    def _write(self, file: Path, content: bytes) -> None:
        """Put a file in its place whole, or not at all."""
        # Aside in the set's own folder, where no reader of pictures or labels looks.
        aside = self.folder / f".{secrets.token_hex(8)}"
        try:
            with aside.open("xb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            aside.replace(file)
        except FileNotFoundError as error:  # the set was removed meanwhile
            raise NotThere(file.stem) from error
        finally:
            aside.unlink(missing_ok=True)


def sets(root: Path) -> list[BoxSet]:
    """The sets below a folder, by name; none if there is no such folder."""
    if not root.is_dir():
        return []
    folders = sorted(each for each in root.iterdir() if each.is_dir())
    return [BoxSet(each) for each in folders if _SET_NAME.fullmatch(each.name)]


def find(root: Path, name: str) -> BoxSet:
    """One of the sets below a folder.

    Raises:
        NotThere: none has this name.
    """
    for each in sets(root):
        if each.name == name:
            return each
    raise NotThere(name)


def check(boxes: Sequence[Box], size: tuple[int, int]) -> None:
    """Refuse boxes that are no boxes of a picture of this size.

    Raises:
        BoxSetError: too many, too small, not finite, or reaching out of the picture.
    """
    if len(boxes) > MOST_BOXES:
        raise BoxSetError(f"{len(boxes)} boxes; {MOST_BOXES} is the most.")
    for box in boxes:
        if not _is_box(box, size):
            raise BoxSetError(f"{box}: no box of at least {SMALLEST} pixels in {size}.")


def _is_box(box: Box, size: tuple[int, int]) -> bool:
    left, top, right, bottom = box
    width, height = size
    inside = left >= 0 and top >= 0 and right <= width and bottom <= height
    return inside and min(right - left, bottom - top) >= SMALLEST - _ROUNDED


def _clip(box: Box, size: tuple[int, int]) -> Box:
    (left, top, right, bottom), (width, height) = box, size
    return max(0.0, left), max(0.0, top), min(float(width), right), min(float(height), bottom)


def _line(box: Box, size: tuple[int, int]) -> str:
    left, top, right, bottom = box
    width, height = size
    cx, cy = (left + right) / 2 / width, (top + bottom) / 2 / height
    return f"0 {cx:.6f} {cy:.6f} {(right - left) / width:.6f} {(bottom - top) / height:.6f}"


def _text(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _parse(file: Path, size: tuple[int, int]) -> list[tuple[Box, float]]:
    """Boxes with their scores, 1 where none is written.

    Raises:
        BoxSetError: a line is not what this module writes.
    """
    lines = file.read_text(errors="replace").splitlines()
    try:
        return [_parse_line(line, size) for line in lines if line.strip()]
    except ValueError as error:
        where = f"{file.parent.name}/{file.name}"
        raise BoxSetError(f"{where}: a line is not “0 cx cy w h” ({error}).") from error


def _parse_line(line: str, size: tuple[int, int]) -> tuple[Box, float]:
    kind, *numbers = line.split()
    cx, cy, w, h, score = map(float, numbers if len(numbers) == 5 else [*numbers, "1"])
    if kind != "0" or not all(0 <= each <= 1 for each in (cx, cy, w, h, score)):
        raise ValueError(f"{line[:60]!r}")
    width, height = size
    box = ((cx - w / 2) * width, (cy - h / 2) * height, (cx + w / 2) * width, (cy + h / 2) * height)
    return _clip(box, size), score


def _names(folder: Path) -> set[str]:
    try:
        found = [file.stem for file in folder.iterdir() if file.suffix == ".jpg"]
    except FileNotFoundError:
        return set()
    return {name for name in found if is_picture_name(name)}
