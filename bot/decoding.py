"""Bytes of a file that a stranger sent → pixels. Runs in a child process (`bot.intake`).

Imports stay few and light: this is what a decoder bug would run inside of, and what starts again
after each kill.
"""

import io
import json
import struct
import warnings
from dataclasses import asdict, dataclass

import imagehash
import numpy as np
import pillow_heif
import safetensors.numpy
from PIL import ExifTags, Image, ImageFile, ImageOps, UnidentifiedImageError

from bot.errors import PictureRefused, Reason
from models.types import Pixels

pillow_heif.register_heif_opener()

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "BMP")
"""What is opened at all. Pillow counts MPO, many phones' JPEG with a second picture, as JPEG."""

SMALLEST_SIDE = 16
"""Pixels. A face needs about 40; below 16 there is nothing to judge and detectors break."""

LARGEST_RATIO = 20.0
"""Long side to short side. Beyond it is a strip, a divider or an attack."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture may cost.

    Attributes:
        max_pixels: of the file, before any reduction.
        max_side: longest side in pixels at which it is judged; larger ones are reduced.
    """

    max_pixels: int
    max_side: int


@dataclass(frozen=True, slots=True, eq=False)
class Decoded:
    """Upright pixels, the upright size in the file, and the perceptual hash."""

    pixels: Pixels
    full_size: tuple[int, int]
    phash: str


def decode(data: bytes, limits: Limits) -> Decoded:
    """Decode a picture: upright, RGB, alpha on white, no longer than `limits.max_side`.

    Raises:
        PictureRefused: with the reason.
    """
    if not data:
        raise PictureRefused(Reason.EMPTY)
    Image.MAX_IMAGE_PIXELS = None  # our own check below gives the reason and the number
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, which is dropped anyway
            with Image.open(io.BytesIO(data), formats=FORMATS) as file:
                return _load(file, limits)
    except UnidentifiedImageError as error:
        raise PictureRefused(*_unidentified(data)) from error
    except MemoryError as error:
        raise PictureRefused(Reason.TOO_MUCH_MEMORY) from error
    except (OSError, ValueError, SyntaxError, EOFError, struct.error) as error:
        # What Pillow's readers raise for damaged files; SyntaxError is PNG's way of saying it.
        raise PictureRefused(Reason.TRUNCATED, str(error)[:200]) from error


def perceptual_hash(pixels: Pixels) -> str:
    """64-bit DCT hash (Zauner 2010, by the imagehash package), as 16 hexadecimal digits."""
    return str(imagehash.phash(Image.fromarray(pixels)))


def decode_bytes(request: bytes) -> bytes:
    """`decode` for a `models.process.ChildProcess`: one JSON line of limits, then the file."""
    head, _, data = request.partition(b"\n")
    try:
        decoded = decode(data, Limits(**json.loads(head)))
    except PictureRefused as refused:
        told = {"reason": str(refused.reason), "detail": refused.detail}
        return safetensors.numpy.save({}, told)
    told = {"size": json.dumps(decoded.full_size), "phash": decoded.phash}
    return safetensors.numpy.save({"pixels": decoded.pixels}, told)


def request_bytes(data: bytes, limits: Limits) -> bytes:
    """What `decode_bytes` takes."""
    return json.dumps(asdict(limits)).encode() + b"\n" + data


def _load(file: Image.Image, limits: Limits) -> Decoded:
    width, height = file.size
    if width * height > limits.max_pixels:
        megapixels = width * height / 1e6
        raise PictureRefused(Reason.TOO_MANY_PIXELS, f"{megapixels:.0f}")
    if max(width, height) > LARGEST_RATIO * min(width, height):
        raise PictureRefused(Reason.TOO_NARROW, f"{width} x {height}")
    if min(width, height) < SMALLEST_SIDE:
        raise PictureRefused(Reason.TOO_SMALL, f"{width} x {height}")
    # JPEG can be decoded at 1/2, 1/4 or 1/8 of its size for a fraction of the cost.
    file.draft("RGB", (limits.max_side, limits.max_side))
    file.load()
    on_its_side = file.getexif().get(ExifTags.Base.Orientation, 1) in range(5, 9)
    full_size = (height, width) if on_its_side else (width, height)
    image = ImageOps.exif_transpose(file)
    image = _rgb(image)
    image.thumbnail((limits.max_side, limits.max_side), Image.Resampling.LANCZOS)
    pixels = np.asarray(image)
    return Decoded(pixels, full_size, perceptual_hash(pixels))


def _rgb(image: Image.Image) -> Image.Image:
    """Any mode to RGB; transparent pixels become white."""
    if image.mode.startswith("I;16"):
        image = Image.fromarray((np.asarray(image).astype(np.uint16) >> 8).astype(np.uint8))
    elif image.mode in ("I", "F"):
        values = np.asarray(image, dtype=np.float64)
        scale = 1.0 if values.max() <= 255 else 255.0 / 65535.0
        image = Image.fromarray(np.clip(values * scale, 0, 255).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "La", "PA", "RGBa") or "transparency" in image.info:
        above = image.convert("RGBA")
        white = Image.new("RGBA", above.size, "white")
        return Image.alpha_composite(white, above).convert("RGB")
    return image.convert("RGB")


def _unidentified(data: bytes) -> tuple[Reason, str]:
    """A picture in a format that is not taken, or no picture at all?"""
    try:
        with Image.open(io.BytesIO(data)) as file:
            return Reason.FORMAT, file.format or ""
    except Exception:
        return Reason.NOT_A_PICTURE, ""
