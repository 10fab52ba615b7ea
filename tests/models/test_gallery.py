"""The gallery: who a face is, who it is not, and what keeps it from being named."""

import numpy as np
import pytest
from numpy.typing import NDArray

from models.calibration import LEAST_PEOPLE, probability
from models.gallery import NEAR_DUPLICATE_BITS, Example, Gallery, Rejection
from models.strangers import Strangers
from models.types import Vectors, WhyNot

HASH, OTHER_HASH = "00000000000000ff", "ff00ff00ff00ff00"
DIMENSIONS = 64
PEOPLE = tuple(f"person {number}" for number in range(LEAST_PEOPLE + 3))

rng = np.random.default_rng(7)
LOOKS = {name: rng.standard_normal(DIMENSIONS) for name in (*PEOPLE, "stranger")}


def shot(name: str, *, unlike: float = 0.4) -> NDArray[np.float32]:
    """Another picture of somebody; two of them have a similarity of 1 / (1 + unlike ** 2)."""
    return unit(LOOKS[name] + unlike * rng.standard_normal(DIMENSIONS))


def unit(vector: NDArray[np.float64]) -> NDArray[np.float32]:
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def strangers(count: int = 300) -> Strangers:
    drawn = rng.standard_normal((count, DIMENSIONS))
    vectors: Vectors = np.stack([unit(each) for each in drawn])
    return Strangers(vectors, "synthetic")


def examples(people: tuple[str, ...] = PEOPLE, each: int = 2) -> list[Example]:
    return [Example(name, shot(name), crop=f"{name}/{n}") for name in people for n in range(each)]


def test_whom_a_face_is_most_like_comes_first() -> None:
    found = Gallery("f", examples(), (), strangers()).identify(shot("person 2"), HASH)
    assert (found.answer, found.why_not) == ("known", None)
    assert found.matches[0].name == "person 2"
    margins = [match.margin for match in found.matches]
    assert len(margins) == 3
    assert margins == sorted(margins, reverse=True)


def test_a_stranger_is_not_named_and_still_has_a_nearest() -> None:
    found = Gallery("f", examples(), (), strangers()).identify(shot("stranger"), HASH)
    assert (found.answer, found.why_not) == ("unknown", WhyNot.NOT_ALIKE)
    assert found.matches[0].margin < 0


def test_with_nobody_enrolled_nobody_is_found() -> None:
    gallery = Gallery("f", (), (), strangers())
    found = gallery.identify(shot("person 2"), HASH)
    assert (found.answer, found.matches) == ("unknown", ())
    assert found.why_not is WhyNot.NOBODY_ENROLLED
    assert gallery.nearest(shot("person 2"), 3) == []


def test_too_few_people_and_no_strangers_name_nobody() -> None:
    few = examples(PEOPLE[: LEAST_PEOPLE - 1])
    found = Gallery("f", few).identify(shot("person 2"), HASH)
    assert (found.answer, found.why_not) == ("unknown", WhyNot.UNCALIBRATED)
    assert found.matches[0].name == "person 2"  # to be offered to whoever asks
    enough = Gallery("f", examples(PEOPLE[:LEAST_PEOPLE], each=4))
    assert enough.calibrated_from == "gallery"
    assert enough.identify(shot("person 2"), HASH).answer == "known"


def test_a_rejected_name_is_not_said_of_the_same_picture() -> None:
    rejection = Rejection(HASH, frozenset({"person 2"}))
    gallery = Gallery("f", examples(), [rejection], strangers())
    near = f"{int(HASH, 16) ^ 0b111:016x}"
    far = f"{int(HASH, 16) ^ (2 ** (NEAR_DUPLICATE_BITS + 1) - 1) << 20:016x}"
    probe = shot("person 2")
    found = gallery.identify(probe, near)
    assert (found.answer, found.why_not) == ("unknown", WhyNot.REJECTED)
    assert "person 2" not in [match.name for match in found.matches]
    assert len(found.matches) == 3
    assert gallery.identify(probe, far).matches[0].name == "person 2"


def test_a_rejected_face_is_not_called_that_in_other_pictures_if_its_vector_is_kept() -> None:
    """Somebody who looks like person 2 without being her."""
    LOOKS["double"] = LOOKS["person 2"] + 0.6 * rng.standard_normal(DIMENSIONS)
    gallery = Gallery("f", examples(), (), strangers())
    probe = shot("double", unlike=0.2)
    assert gallery.identify(probe, OTHER_HASH).matches[0].name == "person 2"
    assert gallery.identify(probe, OTHER_HASH).answer == "known"

    names = frozenset({"person 2"})
    vector = shot("double", unlike=0.2)
    by_hash = Gallery("f", examples(), [Rejection(HASH, names)], strangers())
    assert by_hash.identify(probe, OTHER_HASH).answer == "known"
    by_vector = Gallery("f", examples(), [Rejection(HASH, names, vector)], strangers())
    found = by_vector.identify(probe, OTHER_HASH)
    assert (found.answer, found.why_not) == ("unknown", WhyNot.REJECTED)
    assert by_vector.identify(shot("person 2"), OTHER_HASH).answer == "known"


def test_what_is_no_face_is_nobody() -> None:
    gallery = Gallery("f", examples(), [Rejection(HASH, frozenset())], strangers())
    found = gallery.identify(shot("person 2"), HASH)
    assert (found.answer, found.matches) == ("unknown", ())
    assert found.why_not is WhyNot.REJECTED
    assert gallery.identify(shot("person 2"), OTHER_HASH).answer == "known"


def test_the_same_picture_has_the_name_that_people_gave_it() -> None:
    """However few people there are to compare with."""
    vector = shot("person 2")
    gallery = Gallery("f", [Example("person 2", vector, HASH), Example("person 3", -vector)])
    found = gallery.identify(vector, f"{int(HASH, 16) ^ 0b111:016x}")
    assert (found.answer, found.matches[0].name) == ("known", "person 2")
    assert found.matches[0].probability > 0.95
    assert gallery.identify(vector, OTHER_HASH).answer == "unknown"


def test_the_nearest_examples_come_best_first_with_their_crops() -> None:
    gallery = Gallery("f", examples(), (), strangers())
    found = gallery.nearest(shot("person 2"), 4)
    assert {example.crop for example, _ in found[:2]} == {"person 2/0", "person 2/1"}
    alike = [similarity for _, similarity in found]
    assert len(alike) == 4
    assert alike == sorted(alike, reverse=True)


def test_the_more_alike_the_larger_the_margin_and_the_surer() -> None:
    gallery = Gallery("f", examples(), (), strangers())
    away = shot("stranger")
    towards = unit(LOOKS["person 2"])
    found = [
        gallery.identify(unit((1 - share) * away + share * towards), HASH, most=len(PEOPLE))
        for share in np.linspace(0, 1, 6)
    ]
    (margins, sure) = zip(
        *[
            (match.margin, match.probability)
            for each in found
            for match in each.matches
            if match.name == "person 2"
        ],
        strict=True,
    )
    assert list(margins) == sorted(margins)
    assert list(sure) == sorted(sure)
    assert 0 < sure[0] < 0.1 < 0.9 < sure[-1] < 1


@pytest.mark.parametrize("margin", [-np.inf, -100.0, 0.0, 100.0, np.inf])
def test_a_probability_is_one_whatever_the_margin(margin: float) -> None:
    assert 0 <= probability(margin) <= 1


def test_who_is_named_is_as_likely_right_as_wrong_at_least() -> None:
    assert probability(0) >= 0.5
