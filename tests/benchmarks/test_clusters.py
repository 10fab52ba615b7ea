"""What the clusters benchmark counts, on clusters whose faults are known."""

import numpy as np
import pytest

from benchmarks.clusters import score
from models.clustering import NOWHERE


def test_pairs_are_counted() -> None:
    """Ann is found but for one face, Bob and a stranger are mixed, Cat is missed."""
    people = ["ann"] * 4 + ["bob"] * 3 + ["dan"] + ["cat"] * 3
    found = np.array([1, 1, 1, NOWHERE, 2, 2, 2, 2, *[NOWHERE] * 3])
    told = score(found, people)
    assert (told.right, told.joined, told.same) == (3 + 3, 3 + 6, 6 + 3 + 3)
    assert told.precision == pytest.approx(6 / 9)
    assert told.recall == pytest.approx(6 / 12)
    assert (told.clusters, told.mixed, told.found, told.people) == (2, 1, 1, 3)


def test_nothing_found_is_no_precision() -> None:
    told = score(np.full(3, NOWHERE), ["ann"] * 3)
    assert (told.precision, told.recall) == (None, 0)
