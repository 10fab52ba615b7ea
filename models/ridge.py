"""Ridge regression (Hoerl & Kennard 1970) whose strength is chosen by leaving whole groups out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STRENGTHS = tuple(float(10.0**power) for power in np.arange(-3, 2.1, 0.5))
"""What the penalty is chosen from, in units in which every feature has deviation 1."""

FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A score that is linear in features.

    Attributes:
        weights: shape (d,), float32.
    """

    weights: NDArray[np.float32]
    bias: float

    def __call__(self, vectors: NDArray[np.float32]) -> Floats:
        """Scores of vectors of shape (n, d), shape (n,)."""
        return np.asarray(vectors @ self.weights, dtype=np.float64) + self.bias


def fit(vectors: NDArray[np.float32], values: Floats, groups: Sequence[str]) -> Line:
    """The line with the strength that predicts groups best which were left out.

    Args:
        vectors: shape (n, d).
        values: shape (n,).
        groups: what belongs together, at least two.
    """
    errors = np.zeros(len(STRENGTHS))
    for out in folds(groups):
        lines = _lines(vectors[~out], values[~out], STRENGTHS)
        errors += [np.square(line(vectors[out]) - values[out]).sum() for line in lines]
    (best,) = _lines(vectors, values, [STRENGTHS[int(errors.argmin())]])
    return best


def folds(groups: Sequence[str]) -> Iterator[NDArray[np.bool_]]:
    """What each of `FOLDS` folds leaves out, shape (n,): whole groups, each once, drawn by lot."""
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    fold = np.random.default_rng(0).permutation(len(names)) % FOLDS
    return (fold[member] == number for number in range(min(FOLDS, len(names))))


def _lines(vectors: NDArray[np.float32], values: Floats, strengths: Sequence[float]) -> list[Line]:
    """A line for each strength, from one decomposition: of the smaller of the two products."""
    mean, spread = vectors.mean(axis=0), vectors.std(axis=0)
    spread = np.where(spread > 1e-6, spread, 1).astype(np.float32)
    x, level = (vectors - mean) / spread, float(values.mean())
    wide = x.shape[0] <= x.shape[1]
    sizes, basis = np.linalg.eigh((x @ x.T if wide else x.T @ x).astype(np.float64))
    target = basis.T @ (values - level if wide else x.T @ (values - level))
    found = []
    for strength in strengths:
        inside = basis @ (target / (sizes + strength * len(values)))
        weights = ((x.T @ inside if wide else inside) / spread).astype(np.float32)
        found.append(Line(weights, level - float(mean @ weights)))
    return found
