"""Faces that show too little are not named, and the reason is said."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.fit_strangers import blurred
from bot.domain import Attachment
from bot.intake import Intake
from bot.judging import Judge, Networks
from models.crops import cut
from models.quality import LEAST_EYES, LEAST_SHARPNESS, flaw, recognisable, sharpness
from models.types import Crop, WhyNot


@pytest.fixture
async def crop(intake: Intake, networks: Networks, astronaut: bytes) -> Crop:
    picture = await intake.picture(Attachment("a.jpg", astronaut))
    return cut(picture, networks.find(picture)[1][0])


def test_a_good_photograph_has_no_flaw(crop: Crop) -> None:
    assert flaw(crop) is None
    assert sharpness(crop) > 3 * LEAST_SHARPNESS


def test_a_tiny_face_is_too_small(crop: Crop) -> None:
    eyes = float(np.linalg.norm(crop.landmarks[1] - crop.landmarks[0]))
    share = (LEAST_EYES - 1) / eyes
    assert flaw(replace(crop, landmarks=crop.landmarks * np.float32(share))) is WhyNot.TOO_SMALL


def test_blur_takes_sharpness_until_it_is_too_little(crop: Crop) -> None:
    widths = (200, 40, 20, 8)
    assert [sharpness(blurred(crop, w)) for w in widths] == sorted(
        (sharpness(blurred(crop, w)) for w in widths), reverse=True
    )
    assert flaw(blurred(crop, 40)) is None
    assert flaw(blurred(crop, 8)) is WhyNot.TOO_BLURRED


def test_contrast_is_not_sharpness(crop: Crop) -> None:
    pale = replace(crop, pixels=(128 + (crop.pixels.astype(int) - 128) // 2).astype(np.uint8))
    assert sharpness(pale) == pytest.approx(sharpness(crop), rel=0.1)


@pytest.mark.parametrize("side", [-1, 1])
def test_a_face_from_the_side_is_turned_away(crop: Crop, side: int) -> None:
    points = crop.landmarks.copy()
    eyes = points[1] - points[0]
    points[2] = (points[0] + points[1]) / 2 + np.float32(0.8 * side) * eyes
    assert flaw(replace(crop, landmarks=points)) is WhyNot.TURNED_AWAY


async def test_an_embedding_of_nothing_is_not_recognisable(judge: Judge, crop: Crop) -> None:
    good, nothing = await judge.embed([crop, blurred(crop, 7)], "idol")
    assert recognisable(good, judge.fingerprint("idol"))
    assert not recognisable(nothing, judge.fingerprint("idol"))
    assert recognisable(nothing, "onnx-unknown-000000000000")
