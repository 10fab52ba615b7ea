"""What of a version still holds once labels came, went and changed."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from models.learned import Learned, Recipe

RECIPE = Recipe(20.0, 6.0)


@dataclass(frozen=True, slots=True)
class Face:
    name: str
    vector: NDArray[np.float32]


def unit(*values: float) -> NDArray[np.float32]:
    vector = np.array(values, dtype=np.float32)
    return vector / np.linalg.norm(vector)


@pytest.fixture
def learned() -> Learned:
    templates = np.stack([unit(1, 0, 0), unit(0, 1, 0)])
    return Learned(templates, ((1, 2, 3), (4,)), frozenset(), RECIPE)


@pytest.fixture
def faces() -> dict[int, Face]:
    return {n: Face("Ann", unit(1, 1, 0)) for n in (1, 2, 3)} | {4: Face("Bea", unit(0, 1, 1))}


def test_while_all_its_labels_stand_a_template_stands(
    learned: Learned, faces: dict[int, Face]
) -> None:
    standing = learned.standing(faces)
    assert standing.keys() == {"Ann", "Bea"}
    np.testing.assert_array_equal(standing["Ann"], unit(1, 0, 0))


def test_one_label_taken_back_takes_the_template(learned: Learned, faces: dict[int, Face]) -> None:
    del faces[2]
    assert learned.standing(faces).keys() == {"Bea"}


def test_one_label_that_names_somebody_else_now_takes_the_template(
    learned: Learned, faces: dict[int, Face]
) -> None:
    faces[2] = Face("Bea", faces[2].vector)
    standing = learned.standing(faces)
    assert standing.keys() == {"Bea"}
    np.testing.assert_allclose(standing["Bea"], (unit(0, 1, 0) + unit(1, 1, 0)) / 2)


def test_a_later_example_counts_as_much_as_one_learned_from(
    learned: Learned, faces: dict[int, Face]
) -> None:
    faces[9] = Face("Ann", unit(0, 0, 1))
    np.testing.assert_allclose(learned.standing(faces)["Ann"], [0.75, 0, 0.25])


def test_a_new_name_keeps_the_template(learned: Learned, faces: dict[int, Face]) -> None:
    renamed = {n: Face("Anne", f.vector) if f.name == "Ann" else f for n, f in faces.items()}
    np.testing.assert_array_equal(learned.standing(renamed)["Anne"], unit(1, 0, 0))


def test_two_who_are_one_now_share_their_templates(
    learned: Learned, faces: dict[int, Face]
) -> None:
    one = {n: Face("Ann", f.vector) for n, f in faces.items()}
    np.testing.assert_allclose(learned.standing(one)["Ann"], [0.75, 0.25, 0])


def test_nobody_enrolled_has_no_templates(learned: Learned) -> None:
    assert learned.standing({}) == {}


def test_templates_without_their_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="do not belong together"):
        Learned(np.zeros((2, 3), dtype=np.float32), ((1,),), frozenset(), RECIPE)
