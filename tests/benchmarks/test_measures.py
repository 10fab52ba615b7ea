"""The arithmetic of the benchmarks, on cases that can be worked out by hand."""

import numpy as np
import pytest

from benchmarks.measures import bootstrap_mean, fit_logistic, match, overlap, threshold_at


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


def test_the_interval_knows_that_pictures_of_one_person_are_alike() -> None:
    values = [1.0] * 50 + [0.0] * 50
    by_picture = bootstrap_mean(values, [str(i) for i in range(100)])
    by_person = bootstrap_mean(values, ["one"] * 50 + ["other"] * 50)
    assert by_picture[0] == pytest.approx(0.4, abs=0.02)
    assert by_picture[1] == pytest.approx(0.6, abs=0.02)
    assert by_person == (0.0, 1.0)


def test_people_with_more_pictures_weigh_more() -> None:
    low, high = bootstrap_mean([1.0] * 9 + [1.0], ["one"] * 9 + ["other"])
    assert (low, high) == (1.0, 1.0)
    low, high = bootstrap_mean([0.0] * 9 + [1.0], ["one"] * 9 + ["other"])
    assert (low, high) == (0.0, 1.0)


@pytest.mark.parametrize(("share", "named"), [(0.0, 0), (0.01, 1), (0.05, 5), (0.999, 99)])
def test_no_more_than_the_share_is_named_at_the_threshold(share: float, named: int) -> None:
    similarity = np.random.default_rng(0).permutation(np.linspace(0.1, 0.9, 100))
    threshold = threshold_at(similarity, share)
    assert int((similarity >= threshold).sum()) == named


def test_the_fit_finds_the_curve_that_made_the_answers() -> None:
    similarity = np.linspace(0.90, 1.0, 20_000)
    probability = 1 / (1 + np.exp(-250 * (similarity - 0.958)))
    right = (np.random.default_rng(0).random(similarity.size) < probability).astype(float)
    midpoint, slope = fit_logistic(similarity, right, np.ones_like(similarity))
    assert midpoint == pytest.approx(0.958, abs=5e-4)
    assert slope == pytest.approx(250, rel=0.05)


def test_only_the_proportions_of_weights_matter() -> None:
    similarity = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    right = np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0])
    weight = np.array([1.0, 2.0, 1.0, 1.0, 2.0, 1.0])
    repeated = np.array([1, 2, 1, 1, 2, 1])
    assert fit_logistic(similarity, right, weight) == pytest.approx(
        fit_logistic(
            similarity.repeat(repeated), right.repeat(repeated), np.ones(int(repeated.sum()))
        )
    )
    assert fit_logistic(similarity, right, 7 * weight) == pytest.approx(
        fit_logistic(similarity, right, weight)
    )


def test_the_fit_ends_where_right_and_wrong_do_not_overlap() -> None:
    midpoint, slope = fit_logistic(
        np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]), np.ones(4)
    )
    assert 0.2 < midpoint < 0.8
    assert np.isfinite(slope)
    assert slope > 0
