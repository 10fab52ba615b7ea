import io
import math
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datasets import box_sets
from datasets.box_sets import BoxSet, BoxSetError, NotThere

WIDTH, HEIGHT = 120, 80
PIXELS = np.random.default_rng(0).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
ONE, TWO = box_sets.picture_name("1" * 64, "0" * 16), box_sets.picture_name("2" * 64, "f" * 16)
FACE = (10.0, 20.0, 40.0, 60.0)
OTHER = (60.0, 0.0, 120.0, 80.0)


@pytest.fixture
def kept(tmp_path: Path) -> BoxSet:
    """A set with one picture that waits, with two proposals."""
    made = BoxSet.create(tmp_path / "boxes" / "holiday")
    made.add(ONE, PIXELS, [(FACE, 0.97), (OTHER, 0.99)])
    return made


def label(kept: BoxSet, name: str = ONE) -> str:
    return (kept.folder / "labels" / f"{name}.txt").read_text()


def files(kept: BoxSet, folder: str) -> list[str]:
    return sorted(each.name for each in (kept.folder / folder).iterdir())


def test_a_picture_waits_until_it_is_confirmed(kept: BoxSet) -> None:
    assert kept.waiting() == [ONE]
    found = kept.read(ONE)
    assert (found.size, found.confirmed) == ((WIDTH, HEIGHT), False)
    assert np.allclose(found.boxes, [OTHER, FACE], atol=0.01)  # the surest first
    assert files(kept, "images") == files(kept, "labels") == []

    kept.confirm(ONE, [FACE])
    assert kept.waiting() == []
    assert kept.counts() == (0, 1)
    assert files(kept, "images") == [f"{ONE}.jpg"]
    assert kept.read(ONE).confirmed


def test_labels_are_what_yolo_writes(kept: BoxSet) -> None:
    kept.confirm(ONE, [FACE, OTHER])
    assert label(kept) == (
        "0 0.208333 0.500000 0.250000 0.500000\n0 0.750000 0.500000 0.500000 1.000000\n"
    )
    assert np.allclose(kept.read(ONE).boxes, [FACE, OTHER], atol=0.001)
    box_sets.check(kept.read(ONE).boxes, (WIDTH, HEIGHT))  # rounding never leads out of the picture


def test_a_picture_without_a_face_has_an_empty_label(kept: BoxSet) -> None:
    kept.confirm(ONE, [])
    assert label(kept) == ""
    assert kept.read(ONE).boxes == ()


def test_the_picture_is_kept_as_it_was_judged(kept: BoxSet) -> None:
    with Image.open(io.BytesIO(kept.picture(ONE))) as image:
        assert (image.size, image.format) == ((WIDTH, HEIGHT), "JPEG")
        assert np.abs(np.asarray(image).astype(int) - PIXELS).mean() < 8


def test_a_picture_that_is_taken_back_waits_with_the_boxes_it_had(kept: BoxSet) -> None:
    before = kept.confirm(ONE, [FACE])
    assert not before.confirmed
    assert np.allclose(before.boxes, [OTHER, FACE], atol=0.01)
    kept.take_back(ONE)
    kept.take_back(ONE)
    assert files(kept, "images") == []
    assert np.allclose(kept.read(ONE).boxes, [FACE], atol=0.01)
    assert not kept.read(ONE).confirmed


def test_the_later_of_two_confirmations_holds_and_names_the_earlier(kept: BoxSet) -> None:
    kept.confirm(ONE, [FACE])
    before = kept.confirm(ONE, [OTHER])
    assert before.confirmed
    assert np.allclose(before.boxes, [FACE], atol=0.01)
    assert np.allclose(kept.read(ONE).boxes, [OTHER], atol=0.01)


def test_adding_again_overwrites_no_work(kept: BoxSet) -> None:
    kept.confirm(ONE, [FACE])
    kept.add(ONE, PIXELS, [(OTHER, 0.99)])
    assert kept.counts() == (0, 1)
    assert np.allclose(kept.read(ONE).boxes, [FACE], atol=0.01)
    kept.take_back(ONE)
    kept.add(ONE, PIXELS, [(OTHER, 0.99)])
    assert np.allclose(kept.read(ONE).boxes, [FACE], atol=0.01)


def test_a_crash_before_the_picture_moves_loses_nothing(
    kept: BoxSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as crash:
        crash.setattr(BoxSet, "_move", dies)
        with pytest.raises(KeyboardInterrupt):
            kept.confirm(ONE, [FACE])
    assert files(kept, "images") == []  # so nothing trains on it
    assert kept.waiting() == [ONE]
    assert np.allclose(kept.read(ONE).boxes, [FACE], atol=0.01)


def test_a_crash_while_writing_leaves_the_earlier_label(
    kept: BoxSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(_: int) -> None:
        raise KeyboardInterrupt

    kept.confirm(ONE, [FACE])
    with monkeypatch.context() as crash:
        crash.setattr("os.fsync", dies)
        with pytest.raises(KeyboardInterrupt):
            kept.confirm(ONE, [OTHER])
    assert np.allclose(kept.read(ONE).boxes, [FACE], atol=0.01)
    assert files(kept, "labels") == [f"{ONE}.txt"]
    assert files(kept, "images") == [f"{ONE}.jpg"]
    assert not list(kept.folder.glob(".*"))


def test_what_is_least_sure_comes_first(kept: BoxSet) -> None:
    kept.add(TWO, PIXELS, [(FACE, 0.98)])
    nothing = box_sets.picture_name("3" * 64, "1" * 16)
    kept.add(nothing, PIXELS, [])
    assert kept.waiting() == [nothing, ONE, TWO]


def test_proposals_are_cut_to_the_picture_and_specks_left_out(kept: BoxSet) -> None:
    many = [((0.0, 0.0, 9.0, 9.0), 0.5)] * box_sets.MOST_BOXES
    kept.add(TWO, PIXELS, [*many, ((5.0, 5.0, 7.0, 7.0), 0.9), ((-5.0, 70.0, 30.0, 99.0), 0.8)])
    found = kept.read(TWO).boxes
    assert len(found) == box_sets.MOST_BOXES
    assert np.allclose(found[0], (0, 70, 30, 80), atol=0.01)


@pytest.mark.parametrize(
    "box",
    [
        (math.nan, 0.0, 10.0, 10.0),
        (0.0, 0.0, math.inf, 10.0),
        (-1.0, 0.0, 10.0, 10.0),
        (0.0, 0.0, WIDTH + 1.0, 10.0),
        (0.0, 0.0, 10.0, HEIGHT + 1.0),
        (20.0, 0.0, 10.0, 10.0),
        (0.0, 0.0, 3.0, 10.0),
        (0.0, 0.0, 10.0, 3.0),
    ],
)
def test_what_is_no_box_is_refused(kept: BoxSet, box: box_sets.Box) -> None:
    with pytest.raises(BoxSetError):
        kept.confirm(ONE, [FACE, box])
    assert files(kept, "labels") == []
    assert kept.waiting() == [ONE]


def test_too_many_boxes_are_refused(kept: BoxSet) -> None:
    kept.confirm(ONE, [FACE] * box_sets.MOST_BOXES)
    with pytest.raises(BoxSetError, match="200 is the most"):
        kept.confirm(ONE, [FACE] * (box_sets.MOST_BOXES + 1))


@pytest.mark.parametrize(
    "text", ["1 0.5 0.5 0.1 0.1", "0 0.5 0.5 0.1", "0 a b c d", "0 nan 0.5 0.1 0.1", "\0\0"]
)
def test_a_damaged_file_is_named(kept: BoxSet, text: str) -> None:
    (kept.folder / "proposals" / f"{ONE}.txt").write_text(text)
    assert kept.waiting() == [ONE]  # one bad file does not hide the others
    with pytest.raises(BoxSetError, match=f"proposals/{ONE}.txt"):
        kept.read(ONE)


@pytest.mark.parametrize("name", ["..", "../../x", TWO, f"{ONE}.jpg", ""])
def test_there_is_no_such_picture(kept: BoxSet, name: str) -> None:
    with pytest.raises(NotThere):
        kept.picture(name)
    with pytest.raises(NotThere):
        kept.confirm(name, [])
    with pytest.raises(NotThere):
        kept.take_back(name)


def test_sets_are_found_by_name_only(kept: BoxSet) -> None:
    root = kept.folder.parent
    (root / ".hidden").mkdir()
    assert [each.name for each in box_sets.sets(root)] == ["holiday"]
    assert box_sets.find(root, "holiday").names() == [ONE]
    for name in ("..", ".", "holiday/..", ".hidden", "gone"):
        with pytest.raises(NotThere):
            box_sets.find(root, name)
    assert box_sets.sets(root / "nowhere") == []


def test_a_removed_set_is_gone_also_for_who_has_it_open(kept: BoxSet) -> None:
    box_sets.find(kept.folder.parent, "holiday").remove()
    assert not kept.folder.exists()
    assert kept.waiting() == []
    with pytest.raises(NotThere):
        kept.confirm(ONE, [FACE])


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("holiday 2024", "holiday-2024"),
        ("../../etc", "etc"),
        ("夏のコミケ", "夏のコミケ"),
        ("カ\u3099", "ガ"),
        (".git", "git"),
        ("x" * 99, "x" * 64),
    ],
)
def test_names_of_sets_are_safe(given: str, name: str) -> None:
    assert box_sets.set_name(given) == name


@pytest.mark.parametrize("given", ["", "..", "///"])
def test_some_names_cannot_be_made_safe(given: str) -> None:
    with pytest.raises(BoxSetError):
        box_sets.set_name(given)


def test_copies_are_known_again() -> None:
    seen = box_sets.Seen([box_sets.picture_name("a" * 64, "0123456789abcdef")])
    assert seen.file("a" * 64)
    assert not seen.file("b" * 64)
    assert seen.near("0123456789abcdee")
    assert not seen.near("fedcba9876543210")
