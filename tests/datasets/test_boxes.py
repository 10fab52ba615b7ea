import json
from pathlib import Path

import numpy as np
import pytest

from datasets.boxes import NOTHING, BoxesError, read


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return file


def test_shares_become_pixels_cut_off_at_the_edge(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "0 0.5 0.5 0.2 0.4\n\n7 0 1 0.5 0.5\n")
    (marks,) = read(tmp_path, ["a.jpg"])
    np.testing.assert_allclose(marks.on(200, 100), [[80, 30, 120, 70], [0, 75, 50, 100]], atol=1e-4)


def test_json_is_in_pixels_already(tmp_path: Path) -> None:
    told = {"deep/a.jpg": [[1, 2, 3, 4]], "b.jpg": []}
    file = write(tmp_path / "boxes.json", json.dumps(told))
    a, b, c = read(file, ["deep/a.jpg", "deep/b.jpg", "c.jpg"])
    assert a.on(200, 100).tolist() == [[1, 2, 3, 4]]
    assert not len(b.on(200, 100))
    assert c is NOTHING


def test_texts_lie_as_the_pictures_do_or_all_in_one_folder(tmp_path: Path) -> None:
    write(tmp_path / "one" / "a.txt", "0 .5 .5 .1 .1")
    write(tmp_path / "a.txt", "0 .5 .5 .2 .2")
    write(tmp_path / "classes.txt", "face")
    nested, flat, none = read(tmp_path, ["one/a.png", "two/a.jpg", "b.jpg"])
    assert nested.on(10, 10).tolist() == [[4.5, 4.5, 5.5, 5.5]]
    assert flat.on(10, 10).tolist() == [[4, 4, 6, 6]]
    assert none is NOTHING


@pytest.mark.parametrize(
    ("line", "wrong"),
    [
        ("0 .5 .5 .1", "five numbers"),
        ("face .5 .5 .1 .1", "five numbers"),
        ("0 320 240 64 64", "shares"),
        ("0 .5 .5 0 .1", "shares"),
        ("0 nan .5 .1 .1", "shares"),
    ],
)
def test_a_line_that_is_no_box_is_named(tmp_path: Path, line: str, wrong: str) -> None:
    write(tmp_path / "a.txt", f"0 .5 .5 .1 .1\n{line}")
    with pytest.raises(BoxesError, match=f"a.txt, line 2: .*{wrong}"):
        read(tmp_path, ["a.jpg"])


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("[[1, 2, 3, 4]]", "file name"),
        ("{", "is not JSON"),
        ('{"a.jpg": [[1, 2, 3]]}', "a.jpg: each box"),
        ('{"a.jpg": [[1, 2, 1, 4]]}', "left < right"),
        ('{"a.jpg": "many"}', "a.jpg: each box"),
        ('{"b.jpg": []}', "b.jpg, which is not among the pictures"),
    ],
)
def test_json_of_another_form_is_told(tmp_path: Path, text: str, wrong: str) -> None:
    with pytest.raises(BoxesError, match=wrong):
        read(write(tmp_path / "boxes.json", text), ["a.jpg"])


def test_labels_of_other_pictures_are_told(tmp_path: Path) -> None:
    write(tmp_path / "z.txt", "0 .5 .5 .1 .1")
    with pytest.raises(BoxesError, match="for any of the pictures"):
        read(tmp_path, ["a.jpg"])
    with pytest.raises(BoxesError, match="no such file or folder"):
        read(tmp_path / "nowhere", ["a.jpg"])
