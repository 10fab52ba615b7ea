"""Cutting and aligning: coordinates must survive turns, margins and reductions."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models.crops import (
    ARCFACE_TEMPLATE,
    MAX_SIDE,
    align,
    cut,
    face_hash,
    hash_distance,
    similarity,
    turn,
    turn_box,
)
from models.types import Face, Kind, Picture

LANDMARKS = np.array([[60, 50], [100, 50], [80, 75], [65, 95], [95, 95]], dtype=np.float32)


def picture(pixels: np.ndarray) -> Picture:
    return Picture(pixels, (pixels.shape[1], pixels.shape[0]), "", "")


def face(box: tuple[float, float, float, float], turned: int = 0) -> Face:
    return Face(box, LANDMARKS, 1.0, Kind.PHOTO, turned)


@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_turned_points_follow_turned_pixels(degrees: int) -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[10, 25] = 255
    (point,) = turn(np.array([[25.5, 10.5]], np.float32), (60, 40), degrees)
    row, column = np.argwhere(np.rot90(pixels, degrees // 90)[:, :, 0])[0]
    assert (column + 0.5, row + 0.5) == pytest.approx(tuple(point))


@given(
    degrees=st.sampled_from([0, 90, 180, 270]),
    x=st.floats(0, 300, width=32),
    y=st.floats(0, 200, width=32),
)
def test_turning_back_is_where_it_was(degrees: int, x: float, y: float) -> None:
    there = turn_box((x, y, x + 9, y + 7), (400, 300), degrees)
    size = (400, 300) if degrees % 180 == 0 else (300, 400)
    back = turn_box(there, size, (360 - degrees) % 360)
    assert back == pytest.approx((x, y, x + 9, y + 7), abs=1e-3)


def test_a_crop_has_a_margin_and_knows_where_its_face_is() -> None:
    pixels = np.zeros((300, 300, 3), np.uint8)
    pixels[40:110, 50:110] = (255, 0, 0)
    crop = cut(picture(pixels), face((50, 40, 110, 110)))
    left, top, right, bottom = (round(edge) for edge in crop.box)
    assert (right - left, bottom - top) == (60, 70)
    assert (crop.pixels[top:bottom, left:right] == (255, 0, 0)).all()
    assert not crop.pixels[:, : left - 1].any()
    assert crop.pixels.shape == (180, 170, 3)  # the left margin ends at the picture's edge
    assert crop.landmarks[0] == pytest.approx((left + 10, top + 10))


def test_large_crops_are_reduced() -> None:
    crop = cut(picture(np.zeros((2000, 2000, 3), np.uint8)), face((600, 600, 1400, 1400)))
    assert max(crop.pixels.shape) == MAX_SIDE
    assert crop.box[2] - crop.box[0] == pytest.approx(800 * MAX_SIDE / 2000, abs=1)


def test_a_turned_face_is_cut_upright(astronaut: bytes) -> None:
    upright = np.asarray(Image.open(io.BytesIO(astronaut)))
    box = (179.0, 61.0, 267.0, 173.0)
    straight = cut(picture(upright), Face(box, LANDMARKS + 130, 1.0, Kind.PHOTO))
    lying = np.rot90(upright, -1)  # the face lies on its side; 90° counter-clockwise mends it
    on_side = Face(
        turn_box(box, (512, 512), 270), turn(LANDMARKS + 130, (512, 512), 270), 1.0, Kind.PHOTO, 90
    )
    mended = cut(picture(lying), on_side)
    assert np.array_equal(mended.pixels, straight.pixels)
    assert mended.box == pytest.approx(straight.box)
    assert mended.landmarks == pytest.approx(straight.landmarks)


@given(
    scale=st.floats(0.2, 5),
    angle=st.floats(-3, 3),
    shift=st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
)
def test_similarity_finds_the_movement(
    scale: float, angle: float, shift: tuple[float, float]
) -> None:
    turning = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    moved = (scale * ARCFACE_TEMPLATE @ turning.T + shift).astype(np.float32)
    matrix = similarity(ARCFACE_TEMPLATE, moved)
    assert matrix[:, :2] == pytest.approx(scale * turning, abs=2e-3)
    assert ARCFACE_TEMPLATE @ matrix[:, :2].T + matrix[:, 2] == pytest.approx(moved, abs=2e-2)


def test_alignment_puts_landmarks_on_the_template() -> None:
    pixels = np.zeros((300, 300, 3), np.uint8)
    for x, y in LANDMARKS.astype(int):
        pixels[y - 2 : y + 2, x - 2 : x + 2] = 255
    crop = cut(picture(pixels), face((40, 30, 120, 120)))
    aligned = align(crop, 112)
    for x, y in ARCFACE_TEMPLATE:
        spot = aligned[int(y) - 4 : int(y) + 5, int(x) - 4 : int(x) + 5]
        assert spot.max() > 150


def test_hashes_tell_copies_from_others(astronaut: bytes) -> None:
    image = Image.open(io.BytesIO(astronaut))
    here = face((179, 61, 267, 173))

    def hash_of(shown: Image.Image) -> str:
        moved = Face(here.box, LANDMARKS + np.array([140, 40], np.float32), 1.0, Kind.PHOTO)
        return face_hash(cut(picture(np.asarray(shown)), moved))

    file = io.BytesIO()
    image.save(file, "JPEG", quality=40)
    copy = Image.open(file)
    other = image.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    assert hash_distance(hash_of(image), hash_of(copy)) <= 4
    assert hash_distance(hash_of(image), hash_of(other)) > 16
