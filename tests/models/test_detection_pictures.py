"""Wherever the pixels go, the boxes go."""

import numpy as np
import pytest
from torch import Tensor

from models import detection_pictures
from models.detection_network import LARGEST_STRIDE
from models.detection_pictures import SHAPES, Drawing, Mix, Sources, batch

FREE = np.zeros((0, 4), dtype=np.float32)


def drawing(shade: int, size: tuple[int, int] = (180, 320)) -> Drawing:
    """A black picture with one bright square as its face."""
    pixels = np.zeros((*size, 3), dtype=np.uint8)
    top, left = 20 + shade % 40, 30 + shade
    pixels[top : top + 60, left : left + 60] = 255
    return Drawing(pixels, np.array([[left, top, left + 60, top + 60]], dtype=np.float32))


def bright(pixels: Tensor) -> np.ndarray:
    return np.asarray(pixels.mean(dim=0) > 130)


@pytest.mark.parametrize("mix", [Mix(0, 0), Mix(1, 0), Mix(0, 1), Mix(1, 1)])
def test_boxes_are_where_the_faces_are(mix: Mix, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detection_pictures, "_recolour", lambda image, _: image)
    sources = Sources(
        [drawing(shade) for shade in range(0, 200, 20)],
        [Drawing(np.full((50, 60, 3), 255, np.uint8), np.array([[0, 0, 60, 50]], np.float32))],
        [Drawing(np.zeros((50, 60, 3), np.uint8), FREE)],
    )
    faces = 0
    for step in range(12):
        pixels, boxes = batch(sources, np.arange(8), mix, np.random.default_rng(step))
        assert pixels.shape[2:] in SHAPES
        for picture, each in zip(pixels, boxes, strict=True):
            lit = bright(picture)
            inside = np.zeros_like(lit)
            for left, top, right, bottom in each.round().int().tolist():
                assert lit[top + 2 : bottom - 2, left + 2 : right - 2].mean() > (
                    0.9 if mix.pasted == 0 else 0.3  # something may lie over a part of it
                )
                inside[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] = True
                faces += 1
            # What is lit outside is a sliver of a face, too little to count.
            assert (lit & ~inside).sum() < 0.12 * lit.size
    assert faces > 40


def test_shapes_fit_the_network() -> None:
    assert all(side % LARGEST_STRIDE == 0 for shape in SHAPES for side in shape)


def test_the_same_random_numbers_make_the_same_pictures() -> None:
    sources = Sources([drawing(shade) for shade in range(0, 200, 20)])
    one, other, another = (
        batch(sources, np.arange(4), Mix(), np.random.default_rng(seed)) for seed in (1, 1, 2)
    )
    assert (one[0] == other[0]).all()
    assert one[0].shape != another[0].shape or (one[0] != another[0]).any()
