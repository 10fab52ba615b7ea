"""The photograph detector with its real weights, on real photographs."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.decoding import Limits, decode
from models.detectors.mtcnn import PhotoDetector
from models.types import Box, Kind, Picture


@pytest.fixture(scope="module")
def detector() -> PhotoDetector:
    return PhotoDetector()


def picture(data: bytes) -> Picture:
    decoded = decode(data, Limits(64_000_000, 1280))
    return Picture(decoded.pixels, decoded.full_size, "", decoded.phash)


def overlap(one: Box, other: Box) -> float:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    areas = [(b[2] - b[0]) * (b[3] - b[1]) for b in (one, other)]
    return shared / (sum(areas) - shared)


def test_finds_the_face_with_its_landmarks(detector: PhotoDetector, astronaut: bytes) -> None:
    (face,) = detector.detect(picture(astronaut))
    assert overlap(face.box, (178, 62, 268, 174)) > 0.8
    assert face.score > 0.99
    assert face.kind is Kind.PHOTO
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < nose[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])


@pytest.mark.parametrize("quarter_turns", [1, 2, 3])
def test_finds_faces_lying_on_their_side(
    detector: PhotoDetector, astronaut: bytes, quarter_turns: int
) -> None:
    upright = picture(astronaut).pixels
    turned = np.ascontiguousarray(np.rot90(upright, quarter_turns))
    (face,) = detector.detect(Picture(turned, (512, 512), "", ""))
    assert face.turned == (360 - 90 * quarter_turns) % 360
    expected: dict[int, Box] = {
        1: (62, 244, 174, 334),
        2: (244, 338, 334, 450),
        3: (338, 178, 450, 268),
    }
    assert overlap(face.box, expected[quarter_turns]) > 0.75


@pytest.mark.parametrize("size", [(16, 16), (16, 300), (40, 40), (31, 400)])
def test_small_and_empty_pictures_have_no_face(
    detector: PhotoDetector, size: tuple[int, int]
) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (*size, 3)).astype(np.uint8)
    assert detector.detect(Picture(noise, size, "", "")) == []


def test_largest_face_first(detector: PhotoDetector, astronaut: bytes) -> None:
    image = Image.open(io.BytesIO(astronaut))
    two = Image.new("RGB", (900, 512), "white")
    two.paste(image.resize((300, 300)), (0, 100))
    two.paste(image, (388, 0))
    large, small = detector.detect(Picture(np.asarray(two), two.size, "", ""))
    assert large.box[0] > 388 > small.box[2]


def test_finds_nearly_all_faces_of_group_photographs(detector: PhotoDetector, data: Path) -> None:
    truth = json.loads((data / "detection" / "group" / "boxes.json").read_text())
    found = missed = false = 0
    for name, boxes in truth.items():
        shown = picture((data / "detection" / "group" / name).read_bytes())
        detected = [shown.in_file(face.box) for face in detector.detect(shown)]
        hits = [any(overlap(box, d) > 0.35 for d in detected) for box in boxes]
        found, missed = found + sum(hits), missed + len(hits) - sum(hits)
        false += len(detected) - sum(hits)
    assert found >= 35
    assert missed <= 1
    assert false <= 1


def test_finds_at_most_one_face_where_nobody_is(detector: PhotoDetector, data: Path) -> None:
    files = sorted(p for p in (data / "detection" / "nobody").rglob("*") if p.is_file())
    pictures = [p for p in files if p.suffix.lower() in (".jpg", ".jpeg", ".png")]
    assert len(pictures) >= 40
    assert sum(bool(detector.detect(picture(p.read_bytes()))) for p in pictures) <= 1
