"""The gallery: nearest people first, without those it was told it is not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.calibration import MEASURED, Calibration
from models.gallery import NEAR_DUPLICATE_BITS, Example, Gallery, Rejection

HASH = "00000000000000ff"


def unit(*values: float) -> NDArray[np.float32]:
    vector = np.array(values, dtype=np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture
def examples() -> list[Example]:
    return [
        Example("Asuka", unit(1, 0, 0)),
        Example("Asuka", unit(0.8, 0.6, 0)),
        Example("Mai", unit(0, 1, 0)),
        Example("Nanase", unit(0, 0, 1)),
    ]


def test_the_nearest_mean_comes_first(examples: list[Example]) -> None:
    matches = Gallery("f", examples).search(unit(1, 0.3, 0), HASH)
    assert [match.name for match in matches] == ["Asuka", "Mai", "Nanase"]
    assert matches[0].similarity == pytest.approx(0.9998, abs=1e-3)


def test_nobody_enrolled_finds_nobody() -> None:
    assert Gallery("f").search(unit(1, 0, 0), HASH) == []


def test_a_rejected_name_is_not_said_of_the_same_picture(examples: list[Example]) -> None:
    gallery = Gallery("f", examples, [Rejection(HASH, frozenset({"Asuka"}))])
    near = f"{int(HASH, 16) ^ 0b111:016x}"
    far = f"{int(HASH, 16) ^ (2 ** (NEAR_DUPLICATE_BITS + 1) - 1) << 20:016x}"
    assert [m.name for m in gallery.search(unit(1, 0, 0), near)] == ["Mai", "Nanase"]
    assert gallery.search(unit(1, 0, 0), far)[0].name == "Asuka"


def test_no_face_means_nobody(examples: list[Example]) -> None:
    gallery = Gallery("f", examples, [Rejection(HASH, frozenset())])
    assert gallery.search(unit(1, 0, 0), HASH) == []


def test_probability_rises_with_similarity() -> None:
    calibration = Calibration(threshold=0.5, midpoint=0.5, slope=20, source="test")
    rising = [calibration.probability(s) for s in (-1, 0.2, 0.5, 0.6, 1)]
    assert rising == sorted(rising)
    assert calibration.probability(0.5) == pytest.approx(0.5)
    assert all(0 <= p <= 1 for p in rising)


@pytest.mark.parametrize("name", MEASURED)
def test_nobody_is_named_who_is_more_likely_wrong_than_right(name: str) -> None:
    assert MEASURED[name].probability(MEASURED[name].threshold) >= 0.5
