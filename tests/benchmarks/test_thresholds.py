"""The trials of the thresholds benchmark, on vectors that leave no doubt."""

import numpy as np
import pytest

from benchmarks.duplicates import pair_distances
from benchmarks.faces import FaceSet
from benchmarks.thresholds import DRAWS, trial

PEOPLE = {"ann": (1, 0, 0), "bob": (0, 1, 0), "cat": (0.8, 0.6, 0)}
PICTURES = 4


@pytest.fixture
def faces() -> FaceSet:
    """Cat lies between Ann and Bob, nearer to Ann; the stranger is like none of them."""
    files = [f"faces/known/{name}/{i}.jpg" for name in PEOPLE for i in range(PICTURES)]
    vectors = [vector for vector in PEOPLE.values() for _ in range(PICTURES)]
    hashes = [f"{index:016x}" for index in (0, 1, 3, 7) * len(PEOPLE)]
    return FaceSet(
        "test",
        (*files, "faces/unknown/dan/0.jpg"),
        np.array([*vectors, (0, 0, 1)], dtype=np.float32),
        (*hashes, "f" * 16),
        (),
    )


def test_every_picture_that_is_not_an_example_is_searched_for(faces: FaceSet) -> None:
    tried = trial(faces, "faces/known", "faces/unknown", shots=3)
    assert len(tried.probes) == DRAWS * len(PEOPLE) * (PICTURES - 3)
    assert len(tried.strangers) == DRAWS
    assert all(probe.right for probe in tried.probes)
    assert {stranger.best[1] for stranger in tried.strangers} == {0.0}


def test_left_out_is_the_nearest_of_the_others(faces: FaceSet) -> None:
    tried = trial(faces, "faces/known", "faces/unknown", shots=1)
    nearest = {probe.person: probe.left_out for probe in tried.probes}
    assert {person: name for person, (name, _) in nearest.items()} == {
        "ann": "cat",
        "bob": "cat",
        "cat": "ann",
    }
    assert nearest["cat"][1] == pytest.approx(0.8)


def test_distances_of_pairs_are_told_apart_by_person(faces: FaceSet) -> None:
    same, different = pair_distances(faces)
    assert sorted(same.tolist()) == sorted([1, 2, 3, 1, 2, 1] * len(PEOPLE))
    everybody = len(PEOPLE) * PICTURES + 1
    assert len(same) + len(different) == everybody * (everybody - 1) // 2
    assert int((different == 0).sum()) == 3 * PICTURES
