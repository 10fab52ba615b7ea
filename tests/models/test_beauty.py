"""The beauty head, with the weights that ship."""

import io
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter, ImageOps

from datasets.scores import read
from models import crops
from models.crops import cut
from models.detectors.mtcnn import PhotoDetector
from models.heads.beauty import BeautyHead
from models.score_measures import pearson
from models.score_network import Member, ScoreNetwork, weights
from models.types import Context, Crop, Kind, Picture, Pixels, Refused, Scored

SHIPPED = Path(str(files("models"))) / "weights" / "beauty"
CONTEXT = Context("test")


def as_it_is(pixels: Pixels) -> Crop:
    """A picture that is a photographed face from edge to edge."""
    return crops.whole(pixels, Kind.PHOTO)


@pytest.fixture(scope="module")
def head() -> BeautyHead:
    return BeautyHead(SHIPPED)


@pytest.fixture(scope="module")
def photograph(astronaut: bytes) -> Image.Image:
    return Image.open(io.BytesIO(astronaut)).convert("RGB")


def found(image: Image.Image) -> Crop:
    """The largest face, as the bot cuts it out."""
    picture = Picture(np.asarray(image), image.size, "", "")
    return cut(picture, PhotoDetector().detect(picture)[0])


def scored(head: BeautyHead, *crops: Crop) -> list[Scored]:
    guesses = head.judge(crops, CONTEXT)
    assert all(isinstance(each, Scored) for each in guesses)
    return [each for each in guesses if isinstance(each, Scored)]


def test_a_photographed_face_has_a_score_inside_its_interval(
    head: BeautyHead, photograph: Image.Image
) -> None:
    (said,) = scored(head, found(photograph))
    assert (said.head, said.model) == ("beauty", head.fingerprint)
    assert 1 <= said.low < said.value < said.high <= 5
    assert 0.5 < said.high - said.low < 2.5


def test_size_mirror_and_frame_change_little(head: BeautyHead, photograph: Image.Image) -> None:
    small = photograph.resize((220, 220), Image.Resampling.LANCZOS)
    close = photograph.crop((130, 20, 330, 260))
    crops = [found(each) for each in (photograph, small, ImageOps.mirror(photograph), close)]
    first, *others = (said.value for said in scored(head, *crops))
    assert others == pytest.approx([first] * 3, abs=0.25)


def test_a_face_that_was_cut_out_is_scored_without_landmarks(
    head: BeautyHead, photograph: Image.Image
) -> None:
    whole = found(photograph)
    left, top, right, bottom = (round(each) for each in whole.box)
    side = as_it_is(whole.pixels[top:bottom, left:right])
    (one, other) = scored(head, whole, side)
    assert one.value == pytest.approx(other.value, abs=0.8)


def test_faces_that_show_too_little_are_refused_with_the_reason(
    head: BeautyHead, photograph: Image.Image
) -> None:
    crop = found(photograph)
    tiny = replace(crop, landmarks=crop.landmarks / 20)
    turned = replace(crop, landmarks=crop.landmarks.copy())
    turned.landmarks[2] = 1.5 * crop.landmarks[0] - 0.5 * crop.landmarks[1]
    blurred = found(photograph.filter(ImageFilter.GaussianBlur(7)))
    guesses = head.judge([tiny, crop, turned, blurred], CONTEXT)
    assert [each.reason if isinstance(each, Refused) else "scored" for each in guesses] == [
        "too-small", "scored", "turned-away", "too-blurred",
    ]  # fmt: skip


def test_each_face_has_its_own_score_whatever_its_batch(
    head: BeautyHead, photograph: Image.Image
) -> None:
    crops = [as_it_is(np.asarray(photograph.crop((x, 0, x + 250, 250)))) for x in range(0, 200, 50)]
    together = [said.value for said in scored(head, *crops)]
    alone = [scored(head, crop)[0].value for crop in crops]
    assert together == pytest.approx(alone, abs=1e-3)
    assert len(set(alone)) == len(alone)
    assert head.judge([], CONTEXT) == []


def test_it_judges_photographs_only() -> None:
    assert (BeautyHead.name, BeautyHead.takes) == ("beauty", "face")
    assert BeautyHead.kinds == {Kind.PHOTO}


def test_scores_follow_those_that_people_gave(head: BeautyHead, data: Path) -> None:
    folder = data / "beauty" / "scut5500_train"
    if not folder.is_dir():
        pytest.skip(f"no pictures with scores at {folder}")
    scores = read(folder / "labels.tsv")
    held_out = (SHIPPED / "holdout.txt").read_text().split()[::6]
    crops = [as_it_is(np.asarray(Image.open(folder / "images" / name))) for name in held_out]
    said = scored(head, *crops)
    truth = np.array([scores[name] for name in held_out])
    assert (pearson(truth, np.array([each.value for each in said])) or 0) > 0.8
    inside = [each.low <= true <= each.high for each, true in zip(said, truth, strict=True)]
    assert 0.8 < np.mean(inside) < 0.98


def test_the_fingerprint_is_of_weights_and_intervals(head: BeautyHead, tmp_path: Path) -> None:
    assert BeautyHead(SHIPPED).fingerprint == head.fingerprint
    (tmp_path / "meta.json").write_text('{"spreads": 1.5}')
    (tmp_path / "weights.safetensors").write_bytes(weights(ScoreNetwork([Member()])))
    untrained = BeautyHead(tmp_path)
    assert untrained.fingerprint != head.fingerprint
    (tmp_path / "meta.json").write_text('{"spreads": 1.6}')
    assert BeautyHead(tmp_path).fingerprint != untrained.fingerprint


def test_unusable_weights_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"weights\.safetensors is missing"):
        BeautyHead(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(b"no weights")
    (tmp_path / "meta.json").write_text("{}")
    with pytest.raises(ValueError, match="does not hold the weights"):
        BeautyHead(tmp_path)
    (tmp_path / "weights.safetensors").write_bytes(weights(ScoreNetwork([Member()])))
    with pytest.raises(ValueError, match="does not say how many spreads"):
        BeautyHead(tmp_path)
