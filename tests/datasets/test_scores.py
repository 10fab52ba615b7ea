"""Reading scores, and parts with like scores."""

from pathlib import Path

import numpy as np
import pytest

from datasets.scores import ScoresError, fold_of, group_of, read


def test_scores_are_read_by_name(tmp_path: Path) -> None:
    file = tmp_path / "labels.tsv"
    file.write_text("file\tscore\nAF1.jpg\t3.5\n\nCM2.jpg\t2\n")
    assert read(file) == {"AF1.jpg": 3.5, "CM2.jpg": 2.0}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("AF1.jpg\t3.5\n", "first line should be file <tab> score"),
        ("file\tscore\n", "holds no scores"),
        ("file\tscore\nAF1.jpg 3.5\n", "line 2: expected a file name"),
        ("file\tscore\nAF1.jpg\tnan\n", "line 2: expected"),
        ("file\tscore\nAF1.jpg\t3\nAF1.jpg\t4\n", "line 3: AF1.jpg has another score"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, told: str) -> None:
    file = tmp_path / "labels.tsv"
    file.write_text(text)
    with pytest.raises(ScoresError, match=told):
        read(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScoresError, match=r"labels\.tsv cannot be read"):
        read(tmp_path / "labels.tsv")


def test_the_group_is_the_letters_before_the_number() -> None:
    assert [group_of(name) for name in ("AF12.jpg", "sub/CM3.png", "7.jpg")] == ["AF", "CM", ""]


def test_parts_have_like_scores_in_each_group() -> None:
    random = np.random.default_rng(0)
    names = [f"{group}{n}.jpg" for group in ("AF", "CM") for n in range(100)]
    scores = random.normal(3, 0.7, 200) + np.repeat([0.0, 1.0], 100)
    parts = fold_of(names, scores.tolist(), np.arange(200), 5)
    for part in range(5):
        for group in (slice(0, 100), slice(100, 200)):
            own = parts[group] == part
            assert own.sum() == 20
            assert scores[group][own].mean() == pytest.approx(scores[group].mean(), abs=0.1)


def test_parts_do_not_depend_on_the_order_and_keep_copies_together() -> None:
    names = [f"AF{n}.jpg" for n in range(50)]
    scores = [n % 7 / 2 for n in range(50)]
    copy = np.arange(50)
    copy[31] = 4
    parts = fold_of(names, scores, copy, 5)
    assert parts[31] == parts[4]
    back = fold_of(names[::-1], scores[::-1], copy[::-1], 5)
    assert (back[::-1] == parts).all()
