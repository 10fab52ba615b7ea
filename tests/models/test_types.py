"""The values' own arithmetic."""

import numpy as np
import pytest

from models.types import Picture


def test_a_box_in_a_narrow_reduced_picture_is_found_again_in_its_file() -> None:
    # 400 x 3001 is reduced to 171 x 1280: 2.339 and 2.345 pixels for one.
    picture = Picture(np.zeros((1280, 171, 3), np.uint8), (400, 3001), "", "")
    assert picture.in_file((0, 0, 171, 1280)) == pytest.approx((0, 0, 400, 3001))
    assert picture.in_file((17.1, 128, 34.2, 256)) == pytest.approx((40, 300.1, 80, 600.2))
