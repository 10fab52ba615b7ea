"""Ridge regression beside scikit-learn's, and what its folds leave out."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from models import ridge
from models.ridge import FOLDS, Floats, fit, folds


def made(n: int, d: int, noise: float) -> tuple[np.ndarray, Floats, list[str]]:
    rng = np.random.default_rng(n)
    vectors = rng.normal(3, 2, size=(n, d)).astype(np.float32)
    return vectors, vectors[:, 0] - vectors[:, 1] + rng.normal(0, noise, n), list("abcdefgh") * n


@pytest.mark.parametrize(("n", "d"), [(200, 10), (30, 80)])
def test_it_is_scikit_learns_at_the_same_strength(
    n: int, d: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ridge, "STRENGTHS", (0.1,))
    vectors, values, groups = made(n, d, 1.0)
    line = fit(vectors, values, groups[:n])
    standard = StandardScaler().fit_transform(vectors.astype(np.float64))
    other = Ridge(0.1 * n).fit(standard, values)
    np.testing.assert_allclose(line(vectors), other.predict(standard), atol=1e-3)


def test_noise_is_not_followed() -> None:
    vectors, values, groups = made(300, 100, 0.01)
    noise = np.random.default_rng(0).normal(size=300)  # plain least squares would follow by 0.58
    clear, unclear = (fit(vectors, each, groups[:300]) for each in (values, noise))
    assert np.corrcoef(clear(vectors), values)[0, 1] > 0.99
    assert unclear(vectors).std() < 0.3


def test_each_group_is_left_out_once_as_a_whole() -> None:
    groups = [str(n % 11) for n in range(100)]
    left_out = list(folds(groups))
    assert len(left_out) == FOLDS
    assert (np.sum(left_out, axis=0) == 1).all()
    for out in left_out:
        inside = {g for g, o in zip(groups, out, strict=True) if o}
        assert not inside & {g for g, o in zip(groups, out, strict=True) if not o}
