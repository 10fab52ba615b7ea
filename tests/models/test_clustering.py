"""Clustering: people are told apart, and what hands have decided stands."""

import itertools
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.clustering import (
    LEAST,
    NOWHERE,
    Ids,
    Measure,
    Pool,
    as_they_are,
    centred,
    join,
    recluster,
)
from models.types import Vectors

MEASURE = Measure(0.4, as_they_are)
DIMENSIONS = 64


def faces(people: Iterable[int], *, seed: int = 0, unlike: float = 0.6) -> Vectors:
    """A face for each number: two of one person have a similarity of about 0.75, others of 0."""
    rng = np.random.default_rng(seed)
    looks = np.random.default_rng(99).standard_normal((100, DIMENSIONS))
    shots = [looks[person] + unlike * rng.standard_normal(DIMENSIONS) for person in people]
    vectors = np.stack(shots)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def pool(
    people: Iterable[int],
    *,
    clusters: Iterable[int] | None = None,
    pinned: Iterable[int] = (),
    apart: Iterable[tuple[int, int]] = (),
) -> Pool:
    vectors = faces(people)
    where = np.full(len(vectors), NOWHERE) if clusters is None else np.array(list(clusters))
    stays = np.zeros(len(vectors), dtype=np.bool_)
    stays[list(pinned)] = True
    return Pool(vectors, where, stays, frozenset(apart))


def together(found: Ids) -> set[frozenset[int]]:
    """The clusters as sets of rows."""
    return {
        frozenset(np.flatnonzero(found == each).tolist())
        for each in np.unique(found)
        if each != NOWHERE
    }


def test_people_are_told_apart_and_strangers_are_left_alone() -> None:
    found = recluster(pool([1, 2, 1, 3, 1, 2, 2, 2, 4, 5]), MEASURE)
    assert together(found) == {frozenset({0, 2, 4}), frozenset({1, 5, 6, 7})}
    assert found[[3, 8, 9]].tolist() == [NOWHERE] * 3


def test_one_person_alone_is_found() -> None:
    assert together(recluster(pool([1] * 7), MEASURE)) == {frozenset(range(7))}
    assert together(recluster(pool([1, 1, 1, 2, 3, 4, 5, 6]), MEASURE)) == {frozenset({0, 1, 2})}


def test_two_pictures_are_no_cluster_and_strangers_are_none() -> None:
    assert together(recluster(pool([1, 1]), MEASURE)) == set()
    assert together(recluster(pool(range(40)), MEASURE)) == set()
    assert (
        recluster(Pool(faces([1])[:0], np.zeros(0, np.intp), np.zeros(0, bool)), MEASURE).size == 0
    )


def test_the_same_picture_many_times_is_one_cluster() -> None:
    same = np.repeat(faces([1]), 5, axis=0)
    vectors = np.concatenate([same, faces([2, 3, 4])])
    found = recluster(Pool(vectors, np.full(8, NOWHERE), np.zeros(8, np.bool_)), MEASURE)
    assert together(found) == {frozenset(range(5))}


def test_faces_far_off_the_origin_are_centred_first() -> None:
    """As dlib's are: without centring, every stranger is like everybody."""
    people = [n for person in range(8) for n in [person] * 4] + [20, 21, 22]
    off = faces(people) + 8 * faces([50])
    off = np.asarray(off / np.linalg.norm(off, axis=1, keepdims=True), np.float32)
    assert (off @ off.T).min() > 0.9
    empty = Pool(off, np.full(len(off), NOWHERE), np.zeros(len(off), np.bool_))
    found = together(recluster(empty, Measure(0.4, centred)))
    assert found == {frozenset(range(4 * n, 4 * n + 4)) for n in range(8)}
    assert NOWHERE not in recluster(empty, MEASURE)


def test_a_new_face_joins_the_cluster_that_it_is_like() -> None:
    before = pool([1, 1, 1, 2, 2, 2, 2, 3], clusters=[7, 7, 7, 9, 9, 9, NOWHERE, NOWHERE])
    assert join(before, MEASURE).tolist() == [7, 7, 7, 9, 9, 9, 9, NOWHERE]


def test_a_new_face_does_not_join_what_it_was_taken_out_of() -> None:
    before = pool([1, 1, 1, 1], clusters=[7, 7, 7, NOWHERE], apart=[(3, 7)])
    assert join(before, MEASURE).tolist() == [7, 7, 7, NOWHERE]


def test_a_cluster_keeps_its_id_when_it_grows_and_new_ones_get_none_in_use() -> None:
    people = [1, 1, 1, 1, 2, 2, 2]
    found = recluster(pool(people, clusters=[7, 7, 7, NOWHERE, NOWHERE, NOWHERE, NOWHERE]), MEASURE)
    assert found[:4].tolist() == [7] * 4
    assert len(set(found[4:].tolist())) == 1
    assert found[4] < NOWHERE


def test_the_id_goes_with_most_of_the_faces() -> None:
    wrong = [7, 7, 7, 7, 7, 7, 7]  # one cluster that was two people
    found = recluster(pool([1, 1, 1, 1, 2, 2, 2], clusters=wrong), MEASURE)
    assert found[:4].tolist() == [7] * 4
    assert found[4] < NOWHERE


def test_merged_clusters_stay_one_and_draw_new_faces_of_both() -> None:
    people = [1, 1, 1, 2, 2, 2, 1, 2]
    merged = pool(people, clusters=[7] * 6 + [NOWHERE] * 2, pinned=range(6))
    assert recluster(merged, MEASURE).tolist() == [7] * 8


def test_split_faces_stay_apart_and_make_a_cluster_of_their_own() -> None:
    """Somebody saw that these three, alike as they are, are another person."""
    people = [1] * 7
    split = pool(
        people,
        clusters=[7, 7, 7, 7, NOWHERE, NOWHERE, NOWHERE],
        pinned=range(4),
        apart=[(4, 7), (5, 7), (6, 7)],
    )
    found = recluster(split, MEASURE)
    assert found[:4].tolist() == [7] * 4
    assert together(found) == {frozenset(range(4)), frozenset({4, 5, 6})}


def test_one_face_that_was_taken_out_stays_out() -> None:
    split = pool([1] * 5, clusters=[7] * 4 + [NOWHERE], pinned=range(4), apart=[(4, 7)])
    assert recluster(split, MEASURE).tolist() == [7] * 4 + [NOWHERE]


@st.composite
def decided(draw: st.DrawFn) -> Pool:
    """Faces of a few people, after any history of clusterings, merges and splits."""
    people = draw(st.lists(st.integers(0, 4), min_size=1, max_size=24))
    clusters = draw(
        st.lists(st.sampled_from([NOWHERE, 1, 2, 3]), min_size=len(people), max_size=len(people))
    )
    placed = [row for row, cluster in enumerate(clusters) if cluster != NOWHERE]
    pinned = [row for row in placed if draw(st.booleans())]
    apart = [
        (row, cluster)
        for row, cluster in itertools.product(range(len(people)), (1, 2, 3))
        if row not in pinned and clusters[row] != cluster and draw(st.booleans())
    ]
    return pool(people, clusters=clusters, pinned=pinned, apart=apart)


@given(decided())
@settings(max_examples=150, deadline=None)
def test_whatever_hands_decided_stands(before: Pool) -> None:
    for found in (recluster(before, MEASURE), join(before, MEASURE)):
        assert (found[before.pinned] == before.clusters[before.pinned]).all()
        assert not any(found[face] == cluster for face, cluster in before.apart)
        kept = {each for each in found.tolist() if each >= 0}
        assert kept <= set(before.clusters.tolist())


@given(decided())
@settings(max_examples=60, deadline=None)
def test_clustering_twice_changes_nothing(before: Pool) -> None:
    once = recluster(before, MEASURE)
    stored = np.where(once < NOWHERE, 100 - once, once)  # new clusters get ids in the database
    again = recluster(Pool(before.vectors, stored, before.pinned, before.apart), MEASURE)
    assert again.tolist() == stored.tolist()


def test_a_cluster_is_dissolved_when_too_few_are_left() -> None:
    assert LEAST == 3
    assert recluster(pool([1, 1, 2], clusters=[7, 7, 7]), MEASURE).tolist() == [NOWHERE] * 3


@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_faces_does_not_matter(seed: int) -> None:
    people = [1, 1, 1, 2, 2, 2, 2, 3, 4, 5, 5, 5]
    order = np.random.default_rng(seed).permutation(len(people))
    vectors = faces(people)
    nowhere, free = np.full(len(people), NOWHERE), np.zeros(len(people), np.bool_)
    straight = together(recluster(Pool(vectors, nowhere, free), MEASURE))
    turned = together(recluster(Pool(vectors[order], nowhere, free), MEASURE))
    assert {frozenset(order[list(each)].tolist()) for each in turned} == straight
