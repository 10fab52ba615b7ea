"""The trials of the identification benchmark, on vectors that leave no doubt."""

import numpy as np
import pytest

from benchmarks.duplicates import pair_distances
from benchmarks.faces import FaceSet
from benchmarks.fit_strangers import COUNT, draw, fitted_on
from benchmarks.identification import REPEATS, NearestMean, Ours, try_way

PEOPLE = {"ann": (1, 0, 0), "bob": (0, 1, 0), "cat": (0.8, 0.6, 0)}
PICTURES = 4
ROSTER = "faces/lfw_known"


@pytest.fixture
def faces() -> FaceSet:
    """Cat lies between Ann and Bob, nearer to Ann; the stranger is like none of them."""
    stranger = next(f"faces/lfw_unknown/{i}.jpg" for i in range(9) if not fitted_on(f"{i}.jpg"))
    files = [f"{ROSTER}/{name}/{i}.jpg" for name in PEOPLE for i in range(PICTURES)]
    vectors = [vector for vector in PEOPLE.values() for _ in range(PICTURES)]
    hashes = [f"{index:016x}" for index in (0, 1, 3, 7) * len(PEOPLE)]
    return FaceSet(
        "test",
        (*files, stranger),
        np.array([*vectors, (0, 0, 1)], dtype=np.float32),
        (*hashes, "f" * 16),
        (),
    )


def test_every_picture_that_is_not_an_example_is_searched_for(faces: FaceSet) -> None:
    tried = try_way(NearestMean(faces), faces, [ROSTER], shots=3)
    assert len(tried.probes) == REPEATS * len(PEOPLE) * (PICTURES - 3)
    assert len(tried.strangers) == REPEATS
    assert tried.correct(0.9) == 1
    assert {stranger.score for stranger in tried.strangers} == {0.0}


def test_left_out_is_the_nearest_of_the_others(faces: FaceSet) -> None:
    tried = try_way(NearestMean(faces), faces, [ROSTER], shots=1)
    nearest = {searched.person: (searched.name, searched.score) for searched in tried.left_out}
    assert nearest["ann"] == ("cat", pytest.approx(0.8))
    assert nearest["bob"] == ("cat", pytest.approx(0.6))
    assert nearest["cat"] == ("ann", pytest.approx(0.8))


def test_too_few_people_are_not_named_without_strangers(faces: FaceSet) -> None:
    """The fingerprint is nobody's, so nothing ships for it."""
    tried = try_way(Ours(faces), faces, [ROSTER], shots=3)
    assert all(np.isneginf(searched.score) for searched in tried.strangers)


def test_distances_of_pairs_are_told_apart_by_person(faces: FaceSet) -> None:
    same, different = pair_distances(faces)
    assert sorted(same.tolist()) == sorted([1, 2, 3, 1, 2, 1] * len(PEOPLE))
    everybody = len(PEOPLE) * PICTURES + 1
    assert len(same) + len(different) == everybody * (everybody - 1) // 2
    assert int((different == 0).sum()) == 3 * PICTURES


def test_drawn_strangers_are_like_people_but_nobody_of_them() -> None:
    rng = np.random.default_rng(0)
    people = rng.standard_normal((300, 32)) + 2
    people = (people / np.linalg.norm(people, axis=1, keepdims=True)).astype(np.float32)
    drawn = draw(people, COUNT)
    assert drawn.shape == (COUNT, 32)
    assert np.allclose(drawn.mean(axis=0), people.mean(axis=0), atol=0.02)
    assert np.trace(np.cov(drawn.T)) == pytest.approx(np.trace(np.cov(people.T)), rel=0.15)
    assert (drawn @ people.T).max() < 0.99
    assert np.array_equal(draw(people, COUNT), drawn)
