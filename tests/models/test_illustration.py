"""The detector of drawn faces, with the weights that ship."""

import shutil
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from models.detectors.illustration import IllustrationDetector
from models.types import Kind, Picture

SHIPPED = Path(str(files("models") / "weights" / "illustration-detector"))


def picture(image: Image.Image) -> Picture:
    pixels = np.asarray(image.convert("RGB"))
    return Picture(pixels, image.size, sha256="", phash="0" * 16)


def portrait(size: tuple[int, int], x: int, y: int, r: int) -> Image.Image:
    """A girl as television draws them: the middle of her face, and half its width."""
    image = Image.new("RGB", size, (150, 200, 230))
    pen = ImageDraw.Draw(image)
    pen.rectangle((x - r, y + r, x + r, size[1]), fill=(60, 60, 120))
    pen.ellipse((x - 1.5 * r, y - 1.8 * r, x + 1.5 * r, y + 1.3 * r), fill=(90, 50, 30))
    pen.ellipse((x - r, y - r, x + r, y + r), fill=(252, 224, 205))
    pen.polygon(
        [(x - 0.9 * r, y + 0.3 * r), (x + 0.9 * r, y + 0.3 * r), (x, y + 1.15 * r)],
        fill=(252, 224, 205),
    )
    pen.pieslice((x - 1.1 * r, y - 1.5 * r, x + 1.1 * r, y + 0.4 * r), 180, 360, fill=(90, 50, 30))
    for side in (-1, 1):
        eye = x + side * 0.45 * r
        pen.ellipse((eye - 0.25 * r, y - 0.1 * r, eye + 0.25 * r, y + 0.5 * r), fill="white",
                    outline="black", width=3)  # fmt: skip
        pen.ellipse((eye - 0.15 * r, y, eye + 0.15 * r, y + 0.48 * r), fill=(40, 90, 160))
        pen.ellipse((eye - 0.08 * r, y + 0.1 * r, eye, y + 0.2 * r), fill="white")
    pen.arc((x - 0.2 * r, y + 0.5 * r, x + 0.2 * r, y + 0.8 * r), 20, 160, fill="black", width=3)
    return image


@pytest.fixture(scope="module")
def detector() -> IllustrationDetector:
    return IllustrationDetector(SHIPPED)


@pytest.mark.parametrize(
    ("size", "x", "y", "r"),
    [((640, 360), 320, 170, 70), ((360, 640), 200, 250, 90), ((1600, 900), 1200, 400, 160)],
)
def test_a_drawn_face_is_found_where_it_is(
    detector: IllustrationDetector, size: tuple[int, int], x: int, y: int, r: int
) -> None:
    faces = detector.detect(picture(portrait(size, x, y, r)))
    assert faces
    surest = max(faces, key=lambda face: face.score)
    left, top, right, bottom = surest.box
    assert left < x < right
    assert top < y + 0.25 * r < bottom
    assert r < right - left < 3 * r
    assert surest.kind is Kind.ILLUSTRATION
    assert surest.landmarks.shape == (0, 2)
    assert surest.landmarks.dtype == np.float32
    assert 0 < surest.score <= 1
    assert surest.turned == 0


def test_faces_come_largest_first_and_lie_inside(detector: IllustrationDetector) -> None:
    image = portrait((900, 500), 180, 300, 40)
    image.paste(portrait((500, 500), 250, 350, 120).crop((0, 100, 500, 400)), (400, 200))
    found = IllustrationDetector(SHIPPED, min_score=0.01).detect(picture(image))
    areas = [(f.box[2] - f.box[0]) * (f.box[3] - f.box[1]) for f in found]
    assert len(found) >= 2
    assert areas == sorted(areas, reverse=True)
    for left, top, right, bottom in (face.box for face in found):
        assert 0 <= left < right <= 900
        assert 0 <= top < bottom <= 500


@pytest.mark.parametrize("size", [(1, 1), (8, 300), (16, 320), (2000, 20), (40, 40)])
def test_absurd_pictures_have_no_face(
    detector: IllustrationDetector, size: tuple[int, int]
) -> None:
    assert detector.detect(picture(Image.new("RGB", size, "white"))) == []


def test_the_threshold_counts(detector: IllustrationDetector) -> None:
    drawn = picture(portrait((640, 360), 320, 170, 70))
    strict = IllustrationDetector(SHIPPED, min_score=0.999).detect(drawn)
    assert len(strict) < len(detector.detect(drawn))
    assert len(detector.detect(drawn)) <= len(IllustrationDetector(SHIPPED, 0.01).detect(drawn))


@pytest.mark.parametrize("damaged", ["meta.json", "weights.safetensors"])
def test_a_damaged_or_missing_file_is_told(damaged: str, tmp_path: Path) -> None:
    for name in ("meta.json", "weights.safetensors"):
        shutil.copy(SHIPPED / name, tmp_path)
    (tmp_path / damaged).write_bytes(b"{}")
    with pytest.raises(ValueError, match="no usable detector"):
        IllustrationDetector(tmp_path)
    (tmp_path / damaged).unlink()
    with pytest.raises(ValueError, match="no usable detector"):
        IllustrationDetector(tmp_path)
