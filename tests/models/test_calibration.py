"""Thresholds from strangers: the asked rate comes true, whatever kind of people it is about."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.calibration import LEAST_PEOPLE, Calibration, gumbel_quantile, probability
from models.strangers import Strangers
from models.types import Vectors

DIMENSIONS = 64
NONE = Strangers(np.empty((0, 0), dtype=np.float32), "gallery")

Generator = np.random.Generator


def unit(vectors: NDArray[np.float64]) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


class World:
    """People of two kinds; those of the second share a direction, as in dlib's space."""

    def __init__(self, rng: Generator, kind: int) -> None:
        self._rng = rng
        self._offset = np.zeros(DIMENSIONS)
        self._offset[0], self._offset[1] = 6.0, 5.0 * kind

    def looks(self, people: int) -> NDArray[np.float64]:
        return self._offset + self._rng.standard_normal((people, DIMENSIONS))

    def pictures(self, looks: NDArray[np.float64]) -> Vectors:
        return unit(looks + 0.5 * self._rng.standard_normal(looks.shape))


@pytest.fixture
def rng() -> Generator:
    return np.random.default_rng(7)


@pytest.fixture
def cohort(rng: Generator) -> Strangers:
    world = World(rng, kind=0)
    return Strangers(world.pictures(world.looks(800)), "synthetic")


def enrol(world: World, people: int, shots: int) -> tuple[NDArray[np.float64], Vectors, NDArray]:
    looks = world.looks(people)
    examples = np.concatenate([world.pictures(looks) for _ in range(shots)])
    return looks, examples, np.tile(np.arange(people), shots)


def named(calibration: Calibration, probes: Vectors) -> NDArray[np.bool_]:
    return np.array([calibration.scores(probe).margins.max() >= 0 for probe in probes])


def test_the_extreme_value_law() -> None:
    drawn = np.random.default_rng(0).gumbel(size=200_000)
    standard = (drawn - drawn.mean()) / drawn.std()
    assert gumbel_quantile(0.99) == pytest.approx(np.quantile(standard, 0.99), abs=0.05)


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("strange_kind", [0, 1])
def test_no_kind_of_stranger_is_named_much_more_often_than_asked(
    rng: Generator, cohort: Strangers, kind: int, strange_kind: int
) -> None:
    _, examples, owner = enrol(World(rng, kind), people=40, shots=3)
    calibration = Calibration(examples, owner, cohort, 0.01)
    others = World(rng, strange_kind)
    assert named(calibration, others.pictures(others.looks(1500))).mean() < 0.025


@pytest.mark.parametrize("kind", [0, 1])
def test_who_is_enrolled_is_named(rng: Generator, cohort: Strangers, kind: int) -> None:
    world = World(rng, kind)
    looks, examples, owner = enrol(world, people=40, shots=3)
    calibration = Calibration(examples, owner, cohort, 0.01)
    margins = [calibration.scores(probe).margins for probe in world.pictures(looks)]
    right = [each.argmax() == i and each.max() >= 0 for i, each in enumerate(margins)]
    assert np.mean(right) > 0.95


def test_a_lower_rate_is_stricter(rng: Generator, cohort: Strangers) -> None:
    looks, examples, owner = enrol(World(rng, 0), people=10, shots=2)
    probe = unit(looks[:1])[0]
    rates = (0.1, 0.01, 0.001)
    best = [Calibration(examples, owner, cohort, rate).scores(probe).margins[0] for rate in rates]
    assert best[0] > best[1] > best[2]


def test_without_strangers_the_people_are_strangers_to_each_other(rng: Generator) -> None:
    world = World(rng, 0)
    looks, examples, owner = enrol(world, people=60, shots=3)
    calibration = Calibration(examples, owner, NONE, 0.01)
    assert calibration.source == "gallery"
    assert named(calibration, world.pictures(world.looks(1500))).mean() < 0.03
    assert named(calibration, world.pictures(looks)).mean() > 0.95


def test_too_few_people_and_no_strangers_name_nobody(rng: Generator) -> None:
    looks, examples, owner = enrol(World(rng, 0), people=LEAST_PEOPLE - 1, shots=3)
    calibration = Calibration(examples, owner, NONE, 0.01)
    assert calibration.source == "nothing"
    assert not named(calibration, unit(looks)).any()


def test_one_person_is_enough_where_there_are_strangers(rng: Generator, cohort: Strangers) -> None:
    world = World(rng, 0)
    looks, examples, owner = enrol(world, people=1, shots=2)
    calibration = Calibration(examples, owner, cohort, 0.01)
    assert named(calibration, world.pictures(np.repeat(looks, 50, axis=0))).mean() > 0.9
    assert named(calibration, world.pictures(world.looks(1000))).mean() < 0.025


def test_enrolled_people_among_the_unknowns_do_not_raise_the_threshold(rng: Generator) -> None:
    world = World(rng, 0)
    looks, examples, owner = enrol(world, people=20, shots=3)
    strangers = world.pictures(world.looks(400))
    clean = Calibration(examples, owner, Strangers(strangers, "unknowns"), 0.01)
    unseen = np.concatenate([strangers, world.pictures(np.repeat(looks, 3, axis=0))])
    mixed = Calibration(examples, owner, Strangers(unseen, "unknowns"), 0.01)
    probes = world.pictures(looks)
    apart = [
        clean.scores(probe).margins.max() - mixed.scores(probe).margins.max() for probe in probes
    ]
    assert abs(np.mean(apart)) < 1.5  # 7.6 if they were taken for strangers
    assert named(mixed, probes).mean() > 0.95


def test_people_are_named_though_most_of_the_unknowns_are_their_own_pictures(
    rng: Generator,
) -> None:
    world = World(rng, 0)
    looks, examples, owner = enrol(world, people=20, shots=3)
    strangers = world.pictures(world.looks(100))
    unseen = np.concatenate([strangers, world.pictures(np.repeat(looks, 20, axis=0))])
    mixed = Calibration(examples, owner, Strangers(unseen, "unknowns"), 0.01)
    assert named(mixed, world.pictures(np.repeat(looks, 5, axis=0))).mean() > 0.8  # else none
    assert named(mixed, world.pictures(world.looks(1000))).mean() < 0.02


def test_only_those_for_whom_others_are_taken_get_a_higher_threshold(
    rng: Generator, cohort: Strangers
) -> None:
    world = World(rng, kind=0)
    looks = world.looks(66)
    siblings = looks[0] + 0.3 * rng.standard_normal((6, DIMENSIONS))
    looks[60:] = siblings  # whom nobody could tell apart
    examples = np.concatenate([world.pictures(looks) for _ in range(6)])
    calibration = Calibration(examples, np.tile(np.arange(66), 6), cohort, 0.01)
    assert named(calibration, world.pictures(np.repeat(looks[1:60], 3, axis=0))).mean() > 0.9
    another = looks[0] + 0.3 * rng.standard_normal((200, DIMENSIONS))
    assert named(calibration, world.pictures(another)).mean() < 0.5


def test_a_learned_direction_takes_the_place_of_the_mean(rng: Generator, cohort: Strangers) -> None:
    world = World(rng, 0)
    looks, examples, owner = enrol(world, people=10, shots=1)
    learned = Calibration(examples, owner, cohort, 0.01, {3: unit(looks[3:4])[0]})
    plain = Calibration(examples, owner, cohort, 0.01)
    probe = world.pictures(looks[3:4])[0]
    assert learned.scores(probe).similarities[3] > plain.scores(probe).similarities[3]
    assert learned.scores(probe).similarities[4] == plain.scores(probe).similarities[4]


def test_probability_rises_with_the_margin() -> None:
    rising = [probability(margin) for margin in (-30, -1, 0, 1, 30)]
    assert rising == sorted(rising)
    assert all(0 <= each <= 1 for each in rising)
    assert 0.5 <= probability(0) < 0.75
