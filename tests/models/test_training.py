"""Learning a head, and comparing two on faces that neither has seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from models import training
from models.calibration import Calibration
from models.learned import Recipe
from models.strangers import Strangers
from models.training import Contender, Ground, Tally, Trial
from models.types import Vectors

RECIPE = Recipe(40.0, 10.0)
NOBODY: Vectors = np.empty((0, 0), dtype=np.float32)
DIMENSIONS, GLARES = 32, 3


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    vector: NDArray[np.float32]
    name: str | None
    not_names: frozenset[str] = frozenset()
    face_hash: str = field(default="0" * 16)


def draw(rng: np.random.Generator, people: int, shots: int) -> Vectors:
    """People who look the less like themselves the more glare there is, along a few directions."""
    looks = np.repeat(rng.standard_normal((people, DIMENSIONS)), shots, axis=0)
    vectors = looks + 0.4 * rng.standard_normal(looks.shape)
    vectors[:, :GLARES] += 4 * rng.standard_normal((len(vectors), GLARES))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def faces_of(rng: np.random.Generator, people: int, shots: int) -> list[Face]:
    vectors = draw(rng, people, shots)
    return [Face(vector, f"p{i // shots:03}") for i, vector in enumerate(vectors)]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def ground(rng: np.random.Generator) -> Ground:
    return Ground("test", Strangers(draw(rng, 400, 1), "synthetic"), 0.01)


def mean_examples(ground: Ground) -> Contender[Face]:
    return Contender(ground, {}, lambda _: {})


def learned(ground: Ground, faces: Sequence[Face], others: Vectors = NOBODY) -> Contender[Face]:
    def learn(some: Sequence[Face]) -> dict[str, NDArray[np.float32]]:
        return training.learn(some, ground, others, RECIPE)

    return Contender(ground, learn(faces), learn)


# learning


def test_what_is_learned_looks_past_what_varies_in_everybody(
    ground: Ground, rng: np.random.Generator
) -> None:
    everybody = faces_of(rng, people=30, shots=12)
    known = [face for i, face in enumerate(everybody) if i % 12 < 8]
    rest = [face for i, face in enumerate(everybody) if i % 12 >= 8]
    before = training.tally(training.trials(mean_examples(ground), known, rest))
    after = training.tally(training.trials(learned(ground, known), known, rest))
    assert after.right > before.right + 10
    assert after.strangers == len(rest)
    assert after.strangers_named <= 0.03 * len(rest)


def test_a_strong_pull_leaves_the_mean_example(ground: Ground, rng: np.random.Generator) -> None:
    faces = faces_of(rng, people=10, shots=5)
    templates = training.learn(faces, ground, NOBODY, Recipe(40.0, 1e6))
    for name, template in templates.items():
        mean = np.mean([face.vector for face in faces if face.name == name], axis=0)
        np.testing.assert_allclose(template, mean, atol=1e-3)


def test_people_with_few_examples_keep_their_mean(ground: Ground, rng: np.random.Generator) -> None:
    faces = [*faces_of(rng, people=5, shots=4), Face(draw(rng, 1, 1)[0], "new")]
    assert training.learn(faces, ground, NOBODY, RECIPE).keys() == {f"p00{n}" for n in range(5)}


def test_the_same_faces_give_the_same_templates(ground: Ground, rng: np.random.Generator) -> None:
    faces = faces_of(rng, people=10, shots=5)
    one, other = (training.learn(faces, ground, NOBODY, RECIPE) for _ in range(2))
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_a_warm_start_leads_to_the_same_place(ground: Ground, rng: np.random.Generator) -> None:
    """Somebody was added since; the others start from what was learned without them."""
    faces = faces_of(rng, people=10, shots=8)
    before = training.learn([f for f in faces if f.name != "p009"], ground, NOBODY, RECIPE)
    cold = training.learn(faces, ground, NOBODY, RECIPE)
    warm = training.learn(faces, ground, NOBODY, RECIPE, before)
    assert warm.keys() == cold.keys()
    for name in cold:
        np.testing.assert_allclose(warm[name], cold[name], atol=0.02)


def test_someone_else_is_pushed_away(ground: Ground, rng: np.random.Generator) -> None:
    faces = faces_of(rng, people=8, shots=6)
    near = np.stack([face.vector for face in faces[:6]]) + 0.1 * rng.standard_normal((6, 32))
    others = (near / np.linalg.norm(near, axis=1, keepdims=True)).astype(np.float32)

    def nearest(templates: training.Templates) -> float:
        template = templates["p000"] / np.linalg.norm(templates["p000"])
        return float((others @ template).max())

    assert nearest(training.learn(faces, ground, others, RECIPE)) < nearest(
        training.learn(faces, ground, NOBODY, RECIPE)
    )


def test_what_is_lifted_is_projected_back(ground: Ground, rng: np.random.Generator) -> None:
    faces = draw(rng, 20, 3)
    space = Calibration(faces, np.repeat(np.arange(20), 3), ground.strangers, 0.01)
    directions = space.project(draw(rng, 10, 1))
    lifted = space.lifted(directions)
    np.testing.assert_allclose(np.linalg.norm(lifted, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(space.project(lifted), directions, atol=1e-5)


def test_a_recipe_is_chosen_without_the_held_out_part(
    ground: Ground, rng: np.random.Generator
) -> None:
    faces = faces_of(rng, people=12, shots=6)
    assert training.choose(faces, np.arange(len(faces)), ground, NOBODY) in training.RECIPES


# trials


def test_everybody_plays_both_parts_and_a_stranger_one(
    ground: Ground, rng: np.random.Generator
) -> None:
    known = faces_of(rng, people=12, shots=3)
    rest = [replace(known[0]), Face(draw(rng, 1, 1)[0], None), Face(draw(rng, 1, 1)[0], "new")]
    found = training.trials(mean_examples(ground), known, rest)
    assert [(trial.face, trial.name) for trial in found] == [
        (0, "p000"),
        (1, None),
        (2, None),
        (0, None),
    ]
    assert found[0].right
    assert found[3].best != "p000"


def test_one_who_is_not_somebody_is_a_stranger_to_them_only(
    ground: Ground, rng: np.random.Generator
) -> None:
    known = faces_of(rng, people=12, shots=3)
    looks_like_0 = replace(known[0], name=None, not_names=frozenset({"p000"}))
    harmless = replace(known[0], name=None, not_names=frozenset({"p005"}))
    mistaken, fine = training.trials(mean_examples(ground), known, [looks_like_0, harmless])
    assert (mistaken.best, mistaken.named) == ("p000", True)
    assert not fine.named


def test_heads_are_learned_without_those_they_are_to_take_for_strangers(
    ground: Ground, rng: np.random.Generator
) -> None:
    known = faces_of(rng, people=12, shots=3)
    seen: list[set[str | None]] = []

    def without(some: Sequence[Face]) -> dict[str, NDArray[np.float32]]:
        seen.append({face.name for face in some})
        return {}

    training.trials(Contender(ground, {}, without), known, known[::3])
    everybody = {face.name for face in known}
    assert len(seen) == training.FOLDS
    assert set.union(*(everybody - some for some in seen)) == everybody


# comparing

Outcome = tuple[str | None, str, float]


def right(who: str = "Ann", margin: float = 1.0) -> Outcome:
    return who, who, margin


def unknown(who: str = "Ann") -> Outcome:
    return who, who, -1.0


STRANGER: Outcome = (None, "Ann", -1.0)
NAMED_STRANGER: Outcome = (None, "Ann", 0.0)


def trials(*outcomes: Outcome) -> list[Trial]:
    return [Trial(i, *outcome) for i, outcome in enumerate(outcomes)]


def objection(
    old: Sequence[Outcome], new: Sequence[Outcome], group_of: dict[str, str] | None = None
) -> str | None:
    sources = np.arange(len(old))
    return training.compare(trials(*old), trials(*new), sources, group_of).objection


def test_every_trial_is_counted_once() -> None:
    wrong = ("Ann", "Bea", 0.5)
    counted = training.tally(trials(right(), right(), wrong, unknown(), STRANGER, NAMED_STRANGER))
    assert counted == Tally(2, 1, 1, strangers=2, strangers_named=1)
    assert counted.false_names == 2


def test_one_wrong_name_more_is_refused_however_many_right_ones_it_brings() -> None:
    old, new = [unknown()] * 50, [right()] * 50
    assert objection([*old, STRANGER], [*new, STRANGER]) is None
    more = "wrong names rise from 0 to 1"
    assert objection([*old, STRANGER], [*new, NAMED_STRANGER]) == more
    assert objection([*old, unknown()], [*new, ("Ann", "Bea", 0.5)]) == more


def test_no_better_is_refused() -> None:
    same = [right()] * 9 + [STRANGER]
    assert objection(same, same) == "it is no better: 9 right names, were 9"


def test_fewer_wrong_names_are_better_unless_right_ones_are_lost_beyond_noise() -> None:
    people = [right(f"p{n}") for n in range(60)]
    fewer = [unknown(f"p{n}") for n in range(8)] + people[8:]
    assert objection([*people, NAMED_STRANGER], [*people, STRANGER]) is None
    assert (
        objection([*people, NAMED_STRANGER], [*fewer, STRANGER]) == "right names fall from 60 to 52"
    )
    assert objection([*people, NAMED_STRANGER], [*fewer[7:8], *people[1:], STRANGER]) is None


@pytest.mark.parametrize(("lost", "refused"), [(1, False), (2, False), (4, True), (5, True)])
def test_nobody_pays_for_what_others_gain(lost: int, refused: bool) -> None:
    gained_old, gained_new = [unknown("Bea")] * 30, [right("Bea")] * 30
    new = [unknown()] * lost + [right()] * (5 - lost)
    found = objection([right()] * 5 + gained_old, new + gained_new)
    assert (found == f"Ann is recognised {5 - lost} of 5 times, was 5") is refused
    assert (found is None) is not refused


def test_people_with_few_faces_say_nothing_alone_but_do_as_a_group() -> None:
    small = [f"p{n // 3}" for n in range(12)]
    old = [right(name) for name in small] + [unknown("Bea")] * 30
    new = [unknown(name) for name in small] + [right("Bea")] * 30
    assert objection(old, new) is None
    groups = dict.fromkeys(small, "a group")
    assert objection(old, new, groups) == "a group is recognised 0 of 12 times, was 12"


def test_copies_of_one_source_are_one_piece_of_evidence() -> None:
    pairs = trials(*[right()] * 6), trials(*[unknown()] * 6)
    together = training.compare(*pairs, np.zeros(6, dtype=np.intp))
    apart = training.compare(*pairs, np.arange(6))
    assert (together.low, together.high) == (apart.low, apart.high) == (-1.0, -1.0)
    mixed_old, mixed_new = trials(*[right()] * 6), trials(*[unknown()] * 3, *[right()] * 3)
    wide = training.compare(mixed_old, mixed_new, np.array([0, 0, 0, 1, 1, 1]))
    narrow = training.compare(mixed_old, mixed_new, np.arange(6))
    assert (wide.low, wide.high) == (-1.0, 0.0)
    assert narrow.high < 0 or narrow.low > -1
