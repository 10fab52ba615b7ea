"""Raters who do not exist, with tastes that are known."""

import numpy as np
import pytest

from datasets.simulated_raters import (
    ATTRIBUTES,
    KEYWORDS,
    Habits,
    about,
    attributes,
    one_hot,
    rate,
)


def plain(colour: tuple[int, int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((40, 60, 3), colour, dtype=np.uint8)


def told(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> dict[str, float]:
    return dict(zip(ATTRIBUTES, attributes(pixels).tolist(), strict=True))


def test_attributes_are_what_they_are_called() -> None:
    red, cyan = told(plain((220, 10, 10))), told(plain((10, 220, 220)))
    assert red["hue, red to cyan"] > 0.9
    assert cyan["hue, red to cyan"] < -0.9
    assert red["saturation"] > 0.9
    half = plain((0, 0, 0))
    half[:, 30:] = 255
    lit = told(half)
    assert lit["brighter on the right"] == pytest.approx(1, abs=0.05)
    assert lit["brighter below"] == pytest.approx(0, abs=1e-9)
    assert lit["brightness"] == pytest.approx(0.5, abs=0.05)
    assert lit["contrast"] > 0.4
    assert lit["sharpness"] > told(plain((90, 90, 90)))["sharpness"] == 0


def test_scores_follow_what_is_liked() -> None:
    liked = np.random.default_rng(0).normal(size=(300, 4))
    sure = Habits(shared=0, own=1, bias=0, noise=0)
    scores = rate([liked], 5, np.random.default_rng(1), sure)
    assert scores.shape == (5, 300)
    assert set(np.unique(scores)) == {1, 2, 3, 4, 5}
    for own in scores:
        weights, *_ = np.linalg.lstsq(liked, own - own.mean(), rcond=None)
        assert np.corrcoef(liked @ weights, own)[0, 1] > 0.9
    assert np.corrcoef(scores)[0, 1] < 0.9  # each likes something else
    assert (scores == rate([liked], 5, np.random.default_rng(1), sure)).all()


def test_what_is_shared_is_liked_by_all_and_a_kind_without_differences_by_nobody() -> None:
    liked = np.random.default_rng(0).normal(size=(300, 4))
    alike = rate([liked, np.ones((300, 2))], 3, np.random.default_rng(1), Habits(1, 0, 0, 0))
    assert (alike == alike[0]).all()
    assert np.ptp(alike) > 0


def test_words_are_in_the_text_that_speaks_of_them() -> None:
    texts, spoken = about(50, np.random.default_rng(0))
    assert spoken.sum(axis=1).tolist() == [3] * 50
    for text, row in zip(texts, spoken, strict=True):
        assert all(KEYWORDS[word] in text for word in np.flatnonzero(row))


def test_folders_become_columns() -> None:
    assert one_hot(["b", "a", "b"]).tolist() == [[0, 1], [1, 0], [0, 1]]
