"""Kept faces as files that leave the program and come back as they were.

`HASH.png` is a crop; a line of JSON says where in it the face is. Whoever judged the picture anew
would find the face a little elsewhere, or another one beside it.
"""

import hashlib
import io
import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bot.errors import SettingsError
from models.types import Crop, Kind, Pixels

_MOST_BYTES = 1_000_000_000
_LANDMARKS = (0, 5)


def png(crop: Crop) -> bytes:
    """The pixels of a crop, without loss."""
    encoded = io.BytesIO()
    Image.fromarray(crop.pixels).save(encoded, "PNG", compress_level=3)
    return encoded.getvalue()


def place_of(crop: Crop) -> dict[str, Any]:
    """Where in the crop the face is, for `put`."""
    return {"kind": str(crop.kind), "box": list(crop.box), "landmarks": crop.landmarks.tolist()}


def put(pixels: Pixels, told: Mapping[str, Any]) -> Crop:
    """A crop of pixels and what `place_of` told of it.

    Args:
        pixels: RGB, shape (height, width, 3).

    Raises:
        ValueError: it does not describe a face in these pixels.
    """
    try:
        box = np.array(told["box"], dtype=np.float64).reshape(4)
        landmarks = np.array(told["landmarks"], dtype=np.float32).reshape(-1, 2)
        kind = Kind(told["kind"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"box, landmarks or kind is missing: {error}") from error
    height, width = pixels.shape[:2]
    (left, top, right, bottom), reach = box.tolist(), max(width, height)
    inside = left >= 0 and top >= 0 and right <= width and bottom <= height
    # A face at the edge may have an eye beyond it.
    near = len(landmarks) in _LANDMARKS and bool((np.abs(landmarks) <= 2 * reach).all())
    if not (inside and left < right and top < bottom and near):
        raise ValueError("box or landmarks are not in the picture")
    return Crop(pixels, (left, top, right, bottom), landmarks, kind)


def sha256(content: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner may read.

    Raises:
        SettingsError: there is something in its place, or it cannot be made.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SettingsError(f"{folder} is not empty; name a new folder.")
        folder.chmod(0o700)
    except OSError as error:
        raise SettingsError(f"{folder}: {error.strerror}.") from error


def write_lines(file: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """JSON Lines, for its owner only."""
    text = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(text.encode())


def read_lines(file: Path) -> list[dict[str, Any]]:
    """What `write_lines` wrote.

    Raises:
        SettingsError: it is not that.
    """
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise SettingsError(f"{file} is too large.")
        lines = [json.loads(line) for line in file.read_text("utf-8").split("\n") if line]
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"{file} cannot be read: {error}.") from error
    if not all(isinstance(line, dict) for line in lines):
        raise SettingsError(f"{file}: expected an object a line.")
    return lines
