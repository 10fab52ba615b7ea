"""What is asked first: what teaches most."""

import math
import time

import numpy as np
import pytest

from bot.ordering import Question, order

RNG = np.random.default_rng(0)


def unit(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    vector = np.array(values, dtype=np.float32)
    return np.asarray(vector / np.linalg.norm(vector))


def question(
    number: int,
    vector: np.ndarray[tuple[int, ...], np.dtype[np.float32]],
    *,
    name: str | None = None,
    margin: float = -math.inf,
    examples: int = 0,
    votes: int = 0,
    solo: bool = True,
    spoiler: bool = False,
) -> Question:
    return Question(number, vector, name, margin, examples, votes, solo, spoiler)


AXES = [unit(*row) for row in np.eye(6).tolist()]


def test_the_least_sure_come_first() -> None:
    margins = (4.0, 0.0, -2.0, 1.5)
    asked = [
        question(i, AXES[i], name="Mai", margin=margin, examples=3)
        for i, margin in enumerate(margins)
    ]
    assert order(asked) == [2, 1, 3, 0]


def test_who_has_few_examples_comes_first() -> None:
    asked = [
        question(i, AXES[i], name=f"p{i}", margin=0.0, examples=count)
        for i, count in enumerate((9, 0, 3))
    ]
    assert order(asked) == [1, 2, 0]


def test_one_of_each_comes_before_a_second_and_the_many_before_the_one() -> None:
    def near(axis: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        return unit(*(AXES[axis] + RNG.normal(0, 0.05, 6)).tolist())

    seen = [0] * 5 + [1] * 4 + [2] * 3 + [3]
    asked = [question(i, near(axis)) for i, axis in enumerate(seen)]
    assert [seen[i] for i in order(asked)[:4]] == [0, 1, 2, 3]


def test_what_was_begun_is_finished_groups_wait_and_spoilers_come_last() -> None:
    asked = [
        question(0, AXES[0], votes=1, spoiler=True),
        question(1, AXES[1], solo=False),
        question(2, AXES[2]),
        question(3, AXES[3], votes=1, margin=3.0, examples=9, name="Mai"),
    ]
    assert order(asked) == [3, 2, 1, 0]


def test_nothing_to_ask_and_one_face_many_times() -> None:
    assert order([]) == []
    assert sorted(order([question(i, AXES[0]) for i in range(5)])) == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("people", [100, 10_000])
def test_ten_thousand_faces_are_ordered_in_well_under_two_seconds(people: int) -> None:
    looks = RNG.normal(size=(people, 128))[np.arange(10_000) % people]
    vectors = looks + 0.5 * RNG.normal(size=(10_000, 128))
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    asked = [question(i, vector) for i, vector in enumerate(vectors)]
    started = time.process_time()
    placed = order(asked)
    assert time.process_time() - started < 2
    assert sorted(placed) == list(range(10_000))
