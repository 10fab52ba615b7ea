"""How faces are shown to the networks that score them."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from models.crops import cut, whole
from models.detectors.mtcnn import PhotoDetector
from models.portrait import EYES, SIDE, SIZE, outline, square, to_batch
from models.types import Crop, Kind, Picture, Pixels


def photographed(pixels: Pixels) -> Crop:
    """The largest face of a picture, as the bot cuts it out."""
    picture = Picture(pixels, (pixels.shape[1], pixels.shape[0]), "", "")
    return cut(picture, PhotoDetector().detect(picture)[0])


@pytest.fixture(scope="module")
def photograph(astronaut: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(astronaut)).convert("RGB"))


def test_the_eyes_of_a_photographed_face_come_to_their_places() -> None:
    eyes = np.array([[200.0, 180.0], [260.0, 150.0]], dtype=np.float32)
    pixels = np.zeros((400, 400, 3), dtype=np.uint8)
    for (x, y), colour in zip(eyes.astype(int), ((255, 0, 0), (0, 255, 0)), strict=True):
        pixels[y - 4 : y + 4, x - 4 : x + 4] = colour
    others = np.array([[240, 210], [215, 240], [265, 220]], dtype=np.float32)
    crop = Crop(pixels, (170.0, 100.0, 310.0, 270.0), np.concatenate([eyes, others]), Kind.PHOTO)
    seen = square(crop)
    assert seen.shape == (SIDE, SIDE, 3)
    for channel, wanted in enumerate(EYES * SIDE / 112):
        rows, columns = np.nonzero(seen[:, :, channel] > 100)
        assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(wanted, abs=1)


def test_a_face_that_was_cut_out_is_taken_as_it_is() -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(0, 256, (SIDE, SIDE, 3)).astype(np.uint8)
    crop = whole(pixels, Kind.PHOTO)
    assert (square(crop) == pixels).all()
    # Found by the detector that its picture ends with: its landmarks are wrong there.
    found = replace(crop, box=(2.0, 0.0, 78.0, 80.0), landmarks=EYES.repeat(3, axis=0)[:5])
    assert (square(found) == pixels).all()


def test_a_picture_of_another_shape_becomes_a_square() -> None:
    assert square(whole(np.zeros((90, 60, 3), dtype=np.uint8), Kind.PHOTO)).shape == (SIDE, SIDE, 3)


def test_what_lies_outside_of_the_outline_is_not_seen(photograph: Pixels) -> None:
    seen = square(photographed(photograph))
    painted = seen.copy()
    painted[(outline(SIDE) == 0).numpy()] = 255
    assert (seen != painted).any()
    one, other = to_batch([seen, painted])
    assert one.shape == (3, SIZE, SIZE)
    assert (one - other).abs().mean() < 0.01  # enlarging mixes the pixels along its edge
    assert one[:, -1, 0].tolist() == pytest.approx([-127 / 128] * 3)


def test_the_same_face_is_shown_alike_whatever_its_size(photograph: Pixels) -> None:
    image = Image.fromarray(photograph)
    small = np.asarray(image.resize((200, 200), Image.Resampling.LANCZOS))
    large = np.asarray(image.resize((700, 700), Image.Resampling.LANCZOS))
    one, other = (
        to_batch([square(photographed(each))])[0].numpy().ravel() for each in (small, large)
    )
    assert np.corrcoef(one, other)[0, 1] > 0.95
