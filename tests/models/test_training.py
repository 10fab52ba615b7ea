import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from models import training
from models.calibration import Calibration
from models.crops import face_hash
from models.gallery import Example, Gallery
from models.heads.idol import IdolHead
from models.training import Comparison, FitError, Tally, Trial
from models.types import Context, Named
from tests.pixel_faces import PixelEmbedder, face

LOOSE = Calibration(-1.0, 0.0, 1.0, "test")


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    vector: NDArray[np.float32]
    name: str | None
    not_names: frozenset[str] = frozenset()
    face_hash: str = field(default="0" * 16)


def faces(rng: np.random.Generator, people: int, shots: int) -> list[Face]:
    looks = rng.standard_normal((people, 16))
    vectors = np.repeat(looks, shots, axis=0) + 1.5 * rng.standard_normal((people * shots, 16))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [Face(v.astype(np.float32), f"p{i // shots}") for i, v in enumerate(vectors)]


def stranger(similarity: float) -> Trial:
    return Trial(similarity, right=False, stranger=True)


def known(similarity: float, right: bool = True) -> Trial:
    return Trial(similarity, right, stranger=False)


# leaving a group out


@pytest.mark.parametrize("seed", range(5))
def test_leaving_a_group_out_is_a_gallery_built_without_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    everyone = faces(rng, people=6, shots=3)
    everyone += [Face(f.vector, None, frozenset({"p1", "p2"})) for f in everyone[::4]]
    # Some groups hold several people, one holds all there is of p0.
    groups = np.array([0, 0, 0, *rng.integers(1, 9, len(everyone) - 3)])

    expected = []
    for group in dict.fromkeys(groups.tolist()):
        others = [f for f, g in zip(everyone, groups, strict=True) if g != group and f.name]
        gallery = Gallery("test", [Example(f.name, f.vector) for f in others if f.name])
        mine = [f for f, g in zip(everyone, groups, strict=True) if g == group]
        expected += training.try_on(gallery, mine)

    got = training.leave_group_out(everyone, groups)
    assert [(t.right, t.stranger) for t in got] == [(t.right, t.stranger) for t in expected]
    np.testing.assert_allclose(
        [t.similarity for t in got], [t.similarity for t in expected], atol=1e-5
    )
    assert not all(t.right for t in got if not t.stranger)  # the case is a hard one


def test_a_face_alone_in_its_group_of_one_person_is_only_a_stranger() -> None:
    everyone = faces(np.random.default_rng(0), people=3, shots=1)
    trials = training.leave_group_out(everyone, np.arange(3))
    assert [t.stranger for t in trials] == [True, True, True]


def test_one_who_is_not_somebody_is_a_stranger_to_them_only() -> None:
    gallery = Gallery("test", [Example("Ann", _unit(0)), Example("Bea", _unit(1))])
    probe = Face(_unit(1), None, frozenset({"Ann"}))
    assert training.try_on(gallery, [probe]) == [stranger(0.0)]
    nobody = Face(_unit(1), None, frozenset({"Cid"}))
    assert training.try_on(gallery, [nobody]) == []


def test_trials_are_what_the_head_answers() -> None:
    """The same faces through the head that answers: named, wrongly named and unknown alike."""
    embedder = PixelEmbedder()
    people = [f"person {n}" for n in range(8)]
    crops = {(who, n): face(who, n, unlike=7) for who in people for n in range(6)}
    vectors = {key: embedder.embed([crop])[0] for key, crop in crops.items()}
    gallery = Gallery(
        embedder.fingerprint, [Example(who, v) for (who, n), v in vectors.items() if n < 3]
    )
    calibration = Calibration(0.06, 0.06, 30.0, "test")
    head = IdolHead(embedder, lambda _: gallery, lambda _: calibration)

    probes = [key for key in crops if key[1] >= 3]
    trials = training.try_on(
        gallery, [Face(vectors[key], key[0], face_hash=face_hash(crops[key])) for key in probes]
    )
    guesses = head.judge([crops[key] for key in probes], Context("web"))
    answers = {"right": 0, "wrong": 0, "unknown": 0}
    for (who, _), guess in zip(probes, guesses, strict=True):
        assert isinstance(guess, Named)
        named = guess.answer == "known"
        right = named and guess.candidates[0].name == who
        answers["right" if right else "wrong" if named else "unknown"] += 1
    tally = training.compare(trials, calibration, calibration).new
    assert {"right": tally.right, "wrong": tally.wrong, "unknown": tally.unknown} == answers
    assert all(answers.values())


# fitting


def test_a_further_stranger_passes_at_most_at_the_rate_asked_for() -> None:
    rng = np.random.default_rng(0)
    rates = []
    for n in (99, 150, 199, 400):
        for _ in range(60):
            sample = rng.beta(2, 8, n)
            trials = [*map(stranger, sample), known(0.95), known(0.9)]
            threshold = training.fit(trials, LOOSE).threshold
            rates.append((rng.beta(2, 8, 2000) >= threshold).mean())
    assert 0.5 * training.FALSE_NAME_RATE < np.mean(rates) <= 1.05 * training.FALSE_NAME_RATE


def test_strangers_do_not_pay_for_what_others_gain() -> None:
    trials = [stranger(s / 1000) for s in range(500)] + [known(0.9)] * 30
    assert training.fit(trials, LOOSE).threshold == pytest.approx(0.495)
    strict = Calibration(0.498, 0.5, 10, "test")  # lets two of them pass
    assert training.fit(trials, strict).threshold == pytest.approx(0.497)
    strictest = Calibration(0.8, 0.8, 10, "test")  # lets nobody pass
    assert training.fit(trials, strictest).threshold == pytest.approx(0.499)


def test_the_probability_is_the_one_the_trials_were_drawn_with() -> None:
    rng = np.random.default_rng(0)
    similarity = rng.uniform(0, 1, 40_000)
    truth = Calibration(0.5, 0.5, 14.0, "truth")
    right = rng.uniform(size=len(similarity)) < [truth.probability(s) for s in similarity]
    trials = [Trial(s, bool(r), stranger=not r) for s, r in zip(similarity, right, strict=True)]
    fitted = training.fit(trials, LOOSE)
    assert fitted.midpoint == pytest.approx(0.5, abs=0.01)
    assert fitted.slope == pytest.approx(14, rel=0.05)
    assert fitted.source == "labels"


@pytest.mark.parametrize("gap", [1e-4, 0.1, 0.8])
def test_cleanly_separated_names_give_a_finite_slope(gap: float) -> None:
    trials = [stranger(0.1 + i * 1e-5) for i in range(200)]
    trials += [known(0.1 + 200e-5 + gap + i * 1e-5) for i in range(200)]
    fitted = training.fit(trials, LOOSE)
    assert math.isfinite(fitted.slope)
    assert 0.1 < fitted.midpoint < 0.1 + 400e-5 + gap
    assert fitted.probability(trials[0].similarity) < 0.1
    assert fitted.probability(trials[-1].similarity) > 0.9


def test_labels_that_contradict_each_other_are_refused() -> None:
    trials = [stranger(0.8 + i / 1000) for i in range(120)] + [known(0.3)] * 30
    with pytest.raises(FitError, match="no more alike"):
        training.fit(trials, LOOSE)
    with pytest.raises(FitError, match="no more alike"):
        training.fit([stranger(0.5)] * 120 + [known(0.5)] * 30, LOOSE)


def test_too_few_strangers_bound_nothing() -> None:
    enough = [stranger(i / 1000) for i in range(training.LEAST_STRANGERS)] + [known(0.9)] * 9
    assert training.fit(enough, LOOSE)
    with pytest.raises(FitError, match="too few"):
        training.fit(enough[1:], LOOSE)


# comparing


def at(threshold: float) -> Calibration:
    return Calibration(threshold, threshold, 10, "test")


def test_every_trial_is_counted_once() -> None:
    trials = [known(0.9), known(0.6), known(0.7, right=False), known(0.2), stranger(0.6)]
    comparison = training.compare(trials, at(0.65), at(0.5))
    assert comparison.old == Tally(1, 1, 2, strangers=1, strangers_named=0)
    assert comparison.new == Tally(2, 1, 1, strangers=1, strangers_named=1)
    assert (comparison.losses, comparison.gains) == (1, 1)


def verdict(trials: list[Trial], old: float, new: float) -> str | None:
    return training.compare(trials, at(old), at(new)).objection


def test_one_wrong_name_more_is_refused_however_many_right_ones_it_brings() -> None:
    trials = [known(0.5)] * 50
    assert verdict(trials, 0.6, 0.4) is None
    assert verdict([*trials, stranger(0.5)], 0.6, 0.4) == "wrong names rise from 0 to 1"
    assert verdict([*trials, known(0.5, right=False)], 0.6, 0.4) is not None


def test_right_names_may_be_lost_only_within_noise() -> None:
    rest = [known(0.9)] * 50
    assert verdict([known(0.5)] * 4 + rest, 0.4, 0.6) is None
    assert (
        verdict([known(0.5)] * 5 + rest, 0.4, 0.6) == "5 right names are lost, against 0 wrong ones"
    )


def test_right_names_may_be_given_for_as_many_wrong_ones() -> None:
    saved = [stranger(0.5)] * 12
    assert verdict([known(0.5)] * 12 + saved, 0.4, 0.6) is None
    assert verdict([known(0.5)] * 40 + saved, 0.4, 0.6) is not None


def test_the_same_is_not_worse() -> None:
    assert verdict([known(0.5), stranger(0.3)], 0.4, 0.4) is None


def test_many_changes_are_weighed_without_overflow() -> None:
    tally = Tally(0, 0, 0, 0, 0)
    assert Comparison(tally, tally, losses=5000, gains=5000).objection is None
    assert Comparison(tally, tally, losses=5200, gains=4800).objection is not None


def _unit(axis: int) -> NDArray[np.float32]:
    return np.eye(4, dtype=np.float32)[axis]
