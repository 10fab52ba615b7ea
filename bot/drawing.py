"""Pictures that people are shown: crops with captions, grids. Pure but for reading the font.

No words of its own: captions are the caller's.
"""

import base64
import io
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from models.types import Box, Crop, Pixels

SIDE = 480
"""Longest side of an annotated crop in pixels: sharp on a phone, small to send."""

KNOWN, UNKNOWN, PAPER = "#0f9d6b", "#5f6b7a", "#f5f7f5"
"""Colours: of what is known, of what is not, and behind pictures."""

_JAPANESE_FACE = 0
"""Index of the Japanese face in the Noto Sans CJK collection; it has Latin and Korean too."""


def annotate(pixels: Pixels, box: Box | None, name: str, score: str, known: bool) -> bytes:
    """The crop with the face framed and a caption below it, as JPEG without metadata.

    Args:
        pixels: the crop; the frame is drawn at `box`, if there is one.
        name: one line; cut with an ellipsis if it is too long.
        score: stands at the right of the name and is never cut; may be empty.
    """
    image = Image.fromarray(pixels)
    scale = SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    image = image.resize(size, Image.Resampling.LANCZOS)
    colour = KNOWN if known else UNKNOWN
    if box is not None:
        frame = [round(value * scale) for value in box]
        draw = ImageDraw.Draw(image)
        draw.rounded_rectangle(frame, radius=10, outline="white", width=6)
        draw.rounded_rectangle(
            [frame[0] + 1, frame[1] + 1, frame[2] - 1, frame[3] - 1], 9, None, colour, 4
        )
    return encode(captioned(image, name, score, colour))


def lettered(picture: bytes, letter: str) -> bytes:
    """An annotated crop with a letter in its corner, to speak of it by; a JPEG, as it was."""
    image = Image.open(io.BytesIO(picture))
    _badge(ImageDraw.Draw(image), letter)
    return encode(image)


def _badge(draw: ImageDraw.ImageDraw, text: str) -> None:
    """A character or two in the upper left corner."""
    draw.rounded_rectangle((8, 8, 64, 64), 14, UNKNOWN, "white", 2)
    draw.text((36, 36), text, font=typeface(34), fill="white", anchor="mm")


_CELL, _GAP = 320, 6
"""Pixels: three faces side by side are sharp on a phone of 390 points at its density of 2 to 3."""


def grid(crops: Sequence[tuple[int, Crop]]) -> bytes:
    """Faces in rows of three at the most, each with its number, as JPEG without metadata.

    Args:
        crops: at least one, with the number to show beside it.
    """
    across = min(3, len(crops)) if len(crops) != 4 else 2
    down = math.ceil(len(crops) / across)
    step = _CELL + _GAP
    whole = Image.new("RGB", (across * step + _GAP, down * step + _GAP), "#e9ecef")
    for place, (number, crop) in enumerate(crops):
        corner = (_GAP + place % across * step, _GAP + place // across * step)
        whole.paste(_numbered(crop, number), corner)
    return encode(whole)


def square(crop: Crop) -> bytes:
    """One face as a grid shows it, but without a number."""
    return encode(cell(crop))


def plain(crop: Crop) -> bytes:
    """All of a crop, with nothing drawn in it."""
    return encode(Image.fromarray(crop.pixels))


def _numbered(crop: Crop, number: int) -> Image.Image:
    """The face in a square with its number in the corner."""
    face = cell(crop)
    _badge(ImageDraw.Draw(face), str(number))
    return face


def cell(crop: Crop, size: int = _CELL) -> Image.Image:
    """What is around the face, as wide as high, as far as the crop goes."""
    image = Image.fromarray(crop.pixels)
    left, top, right, bottom = crop.box
    side = min(1.5 * max(right - left, bottom - top), image.width, image.height)
    x = min(max((left + right - side) / 2, 0), image.width - side)
    y = min(max((top + bottom - side) / 2, 0), image.height - side)
    box = (x, y, x + side, y + side)
    return image.resize((size, size), Image.Resampling.LANCZOS, box=box)


def captioned(image: Image.Image, name: str, score: str, colour: str) -> Image.Image:
    """A picture with a line of words below it; see `annotate`."""
    font, edge, bar = typeface(26), 16, 56
    width = max(image.width, 240)
    score_width = font.getlength(score)
    shown = shortened(name, font, width - 3 * edge - score_width)
    whole = Image.new("RGB", (width, image.height + bar), colour)
    whole.paste(image, ((width - image.width) // 2, 0))
    draw, middle = ImageDraw.Draw(whole), image.height + bar / 2
    draw.text((edge, middle), shown, font=font, fill="white", anchor="lm")
    draw.text((width - edge, middle), score, font=font, fill="white", anchor="rm")
    return whole


def shortened(text: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    """Text that is no wider than so many pixels, cut with an ellipsis if need be."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


def encode(image: Image.Image) -> bytes:
    """A JPEG without metadata."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, subsampling=0)
    return file.getvalue()


def data_url(jpeg: bytes) -> str:
    """A picture as the address of itself, for pages that fetch nothing."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()


@cache
def typeface(size: int) -> ImageFont.FreeTypeFont:
    """Noto Sans CJK, which the package manimgx-fonts-cjk carries."""
    file = font_file()
    font = ImageFont.truetype(str(file), size, index=_JAPANESE_FACE)
    font.set_variation_by_name("Medium")
    return font


def font_file() -> Any:
    """Where the font lies; `doctor` looks whether it is there."""
    return files("manimgx_fonts_cjk") / "NotoSansCJK-VF.otf.ttc"
