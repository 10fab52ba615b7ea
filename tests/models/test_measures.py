"""The arithmetic of open-set figures, on numbers that can be checked by hand."""

import numpy as np
import pytest

from models.measures import bootstrap_share, dir_at_far, expected_calibration_error


def test_dir_lets_no_more_strangers_through_than_it_may() -> None:
    strangers = np.linspace(0, 1, 1000)
    probes = np.array([0.985, 0.995, 0.995, 0.2])
    right = np.array([True, True, False, True])
    assert dir_at_far(probes, right, strangers, 0.01) == pytest.approx(0.25)
    assert dir_at_far(probes, right, strangers, 0.1) == pytest.approx(0.5)


def test_too_few_strangers_show_no_rate() -> None:
    probes, right = np.array([1.0]), np.array([True])
    assert dir_at_far(probes, right, np.zeros(999), 0.01) is None
    assert dir_at_far(probes, right, np.zeros(1000), 0.01) == 1


def test_a_face_that_was_not_found_is_a_miss() -> None:
    probes, right = np.array([-np.inf, 0.9]), np.array([False, True])
    assert dir_at_far(probes, right, np.full(100, 0.1), 0.1) == 0.5


def test_true_probabilities_have_no_error() -> None:
    stated = np.repeat([0.1, 0.9], 100)
    true = np.array([i < 10 for i in range(100)] + [i < 90 for i in range(100)])
    assert expected_calibration_error(stated, true, np.ones(200)) == pytest.approx(0)
    assert expected_calibration_error(stated, ~true, np.ones(200)) == pytest.approx(0.8)


def test_weights_count_in_the_calibration_error() -> None:
    stated, true = np.array([0.5, 0.5]), np.array([True, False])
    assert expected_calibration_error(stated, true, np.ones(2)) == pytest.approx(0)
    assert expected_calibration_error(stated, true, np.array([3.0, 1.0])) == pytest.approx(0.25)


def test_the_interval_is_wider_where_one_person_did_it_all() -> None:
    happened = [True] * 10 + [False] * 90
    alone = [str(i) for i in range(100)]
    together = [str(i // 10) for i in range(100)]
    narrow, wide = bootstrap_share(happened, alone), bootstrap_share(happened, together)
    assert narrow[0] <= 0.1 <= narrow[1]
    assert wide[1] - wide[0] > 1.5 * (narrow[1] - narrow[0])


def test_nothing_seen_is_not_nothing_possible() -> None:
    low, high = bootstrap_share([False] * 100, [str(i) for i in range(100)])
    assert low == 0
    assert high == pytest.approx(0.0362, abs=1e-3)
    assert bootstrap_share([True] * 3, ["a", "b", "c"])[1] == 1
