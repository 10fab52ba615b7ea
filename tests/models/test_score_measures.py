"""The arithmetic of scores, on numbers that can be worked out by hand."""

import numpy as np
import pytest

from models.score_measures import conformal, figures, pearson, per_group, spearman

TRUTH = np.array([1.0, 2.0, 3.0, 4.0])
SAID = np.array([1.5, 2.5, 2.5, 4.5])


def test_figures_of_four_scores() -> None:
    told = figures(TRUTH, SAID, SAID - 0.5, SAID + 0.4)
    assert told.count == 4
    assert told.pearson == pytest.approx(np.corrcoef(TRUTH, SAID)[0, 1])
    assert told.spearman == pytest.approx(0.9487, abs=1e-4)
    assert (told.mae, told.rmse) == (0.5, 0.5)
    assert told.like_accuracy == 0.75  # 2.5 where 3 is true
    assert told.coverage90 == 0.75  # 2.0 to 2.9 where 3 is true
    assert told.undecided_share == 0


def test_what_is_too_close_to_call_does_not_count_as_decided() -> None:
    told = figures(TRUTH, SAID, SAID - 0.6, SAID + 0.6)
    assert told.undecided_share == 0.5  # both 2.5
    assert told.like_accuracy_decided == 1
    assert told.like_accuracy == 0.75


def test_the_threshold_is_on_the_side_that_is_liked() -> None:
    one = np.array([3.0])
    assert figures(one, one, one, one + 0.5).undecided_share == 0
    assert figures(one, one, one - 0.5, one).undecided_share == 1
    assert figures(one, one - 0.001, one - 2, one - 1).like_accuracy == 0
    assert figures(one, one - 0.001, one - 2, one - 1, threshold=3.5).like_accuracy == 1


def test_what_cannot_be_measured_is_none() -> None:
    told = figures(TRUTH, np.full(4, 3.0), np.full(4, 1.0), np.full(4, 5.0))
    assert told.pearson is told.spearman is told.like_accuracy_decided is None
    assert told.undecided_share == 1


def test_ties_share_their_rank() -> None:
    assert spearman(np.array([1.0, 2.0, 3.0]), np.array([0.0, 0.0, 9.0])) == pytest.approx(
        pearson(np.array([1.0, 2.0, 3.0]), np.array([1.5, 1.5, 3.0]))
    )
    assert spearman(TRUTH, np.exp(9 * TRUTH)) == pytest.approx(1)


def test_each_group_has_its_own_figures() -> None:
    told = per_group(["b", "a", "b", "a"], TRUTH, SAID, SAID, SAID)
    assert list(told) == ["a", "b"]
    assert told["b"] == figures(TRUTH[::2], SAID[::2], SAID[::2], SAID[::2])


def test_nine_of_ten_new_ones_lie_within_the_conformal_bound() -> None:
    random = np.random.default_rng(0)
    held = [
        float((random.exponential(size=200) <= conformal(random.exponential(size=99))).mean())
        for _ in range(300)
    ]
    assert np.mean(held) == pytest.approx(0.9, abs=0.01)
    assert conformal(np.arange(1.0, 100.0)) == 90
    assert conformal(np.array([3.0, 1.0, 2.0])) == 3  # too few: the largest
