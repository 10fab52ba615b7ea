"""Average precision, on cases worked out by hand."""

import numpy as np
import pytest

from models.detection_measures import (
    Looked,
    average_precision,
    best_threshold,
    claim,
    rates,
    stricter_average_precision,
)

A, B, FAR = (0, 0, 10, 10), (100, 0, 110, 10), (50, 50, 60, 60)


def looked(found: dict[tuple[int, ...], float], *truth: tuple[int, ...]) -> Looked:
    return Looked(
        np.array(list(found), dtype=np.float32).reshape(-1, 4),
        np.array(list(found.values()), dtype=np.float32),
        np.array(truth, dtype=np.float32).reshape(-1, 4),
    )


def test_the_surer_box_claims_the_face_and_the_second_is_a_false_alarm() -> None:
    off_by_one = (0, 0, 10, 9)
    assert claim(looked({A: 0.5, off_by_one: 0.9, B: 0.3}, A, B)).tolist() == [-1, 0, 1]
    assert claim(looked({(5, 0, 15, 10): 0.9}, A)).tolist() == [-1]  # IoU 1/3
    assert claim(looked({(5, 0, 15, 10): 0.9}, A), overlap=0.33).tolist() == [0]


def test_rates_at_a_threshold() -> None:
    pictures = [looked({A: 0.9, FAR: 0.6}, A, B), looked({B: 0.3}, B), looked({FAR: 0.2})]
    assert rates(pictures, 0.25) == rates(pictures[:2])
    at = rates(pictures, 0.25)
    assert (at.precision, at.recall, at.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))
    strict = rates(pictures, 0.7)
    assert (strict.precision, strict.recall, strict.f1) == pytest.approx((1, 1 / 3, 1 / 2))
    assert best_threshold(pictures) == pytest.approx(0.21)


def test_nothing_found_and_nothing_there() -> None:
    nothing = looked({})
    assert average_precision([]) == average_precision([nothing]) == 0
    assert rates([nothing]).f1 == rates([]).f1 == 0
    assert average_precision([looked({}, A)]) == 0
    assert average_precision([looked({A: 0.9})]) == 0


def test_average_precision_by_hand() -> None:
    """By falling score: right, wrong, right; of three faces. Precision 1, 1/2, 2/3 at recall
    1/3, 1/3, 2/3: of 101 levels 0..0.33 have 1, 0.34..0.66 have 2/3, and the rest 0."""
    pictures = [looked({A: 0.9, FAR: 0.8}, A, B), looked({B: 0.7}, B)]
    assert average_precision(pictures) == pytest.approx((34 * 1 + 33 * 2 / 3) / 101)


def test_the_order_counts_over_all_pictures() -> None:
    surely_wrong = [looked({A: 0.6}, A), looked({FAR: 0.9}, B)]
    hardly_wrong = [looked({A: 0.6}, A), looked({FAR: 0.1}, B)]
    assert average_precision(surely_wrong) == pytest.approx(51 / 101 / 2)
    assert average_precision(hardly_wrong) == pytest.approx(51 / 101)


def test_the_stricter_measure_asks_for_better_boxes() -> None:
    exact, loose = [looked({A: 0.9}, A)], [looked({(0, 0, 10, 8): 0.9}, A)]  # IoU 0.8
    assert stricter_average_precision(exact) == 1
    assert stricter_average_precision(loose) == pytest.approx(0.7)  # .50, .55, … .80
