"""The arithmetic of boxes, on cases that can be worked out by hand."""

import pytest

from benchmarks.boxes import match, overlap


def test_overlap_is_shared_area_by_joint_area() -> None:
    assert overlap((0, 0, 10, 10), (0, 0, 10, 10)) == 1
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(50 / 150)
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0
    assert overlap((0, 0, 0, 0), (0, 0, 0, 0)) == 0


def test_a_true_box_is_hit_once_and_by_the_best() -> None:
    truth = [(0.0, 0.0, 10.0, 10.0), (100.0, 0.0, 110.0, 10.0)]
    found = [(2.0, 0.0, 12.0, 10.0), (0.0, 0.0, 10.0, 11.0), (50.0, 50.0, 60.0, 60.0)]
    matching = match(found, truth, least=0.5)
    assert matching.partner == (None, 0, None)
    assert matching.missed == (1,)
    assert (matching.hits, matching.false_alarms) == (1, 2)


def test_a_pair_below_the_least_overlap_is_no_hit() -> None:
    matching = match([(0, 0, 10, 10)], [(5, 0, 15, 10)], least=0.35)
    assert (matching.hits, matching.false_alarms, matching.missed) == (0, 1, (0,))
    assert match([(0, 0, 10, 10)], [(5, 0, 15, 10)], least=0.33).hits == 1
