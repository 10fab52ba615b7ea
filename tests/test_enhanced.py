"""Files with a picture that was made better."""

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from bot.enhanced import SOURCE, Side, beside, encode
from models.types import Pixels

DIGITAL_SOURCE = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"


def plain(colour: tuple[int, int, int], width: int = 320, height: int = 200) -> Pixels:
    return np.full((height, width, 3), colour, np.uint8)


@pytest.mark.parametrize("description", ["made by <a program> & nobody", "プログラムが作った画像"])
def test_a_file_says_that_it_is_synthetic(description: str) -> None:
    file = Image.open(io.BytesIO(encode(plain((1, 2, 3)), description)))
    assert file.format == "PNG"
    assert "Hantei" in file.info["Software"]
    assert file.info["Description"] == description
    packet = file.info["XML:com.adobe.xmp"]
    (said,) = ElementTree.fromstring(packet).iter(f"{RDF}Description")  # noqa: S314 - our own
    assert said.get(DIGITAL_SOURCE) == SOURCE
    assert [each.text for each in said.iter(f"{RDF}li")] == [description]


def test_a_file_keeps_every_pixel() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (70, 90, 3), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(encode(pixels, "")))), pixels)


def test_both_pictures_are_shown_with_their_words() -> None:
    red, blue = plain((200, 30, 30)), plain((30, 30, 200))
    whole = beside(Side(red, "original", "2.9"), Side(blue, "良くした画像", "3.8"))
    middle = whole.shape[1] // 2
    left, right = whole[:, :middle], whole[:, middle:]
    assert (left == red[0, 0]).all(axis=2).mean() > 0.5
    assert (right == blue[0, 0]).all(axis=2).mean() > 0.5
    without = beside(Side(red, "", ""), Side(blue, "", ""))
    assert without.shape == whole.shape
    assert (whole != without).any(axis=2)[:, :middle].any()
    assert (whole != without).any(axis=2)[:, middle:].any()


@pytest.mark.parametrize("size", [(20, 400), (400, 20), (2000, 1500)])
def test_a_picture_of_any_shape_fits(size: tuple[int, int]) -> None:
    pixels = plain((9, 9, 9), *size)
    whole = beside(Side(pixels, "original " * 30, "2.9"), Side(pixels, "better", "3.8"))
    assert max(whole.shape) <= 1100
