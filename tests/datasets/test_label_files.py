"""Tables of labels, both forms."""

import csv
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import label_files
from datasets.label_files import LabelFileError, LabelLine

CROP, HASH = "ab" * 32, "0123456789abcdef"


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_what_is_written_is_read(tmp_path: Path, suffix: str) -> None:
    names = ["星野アイ", 'say "hi", Ann', "=1+1", "'=1", "'", "-", "two\nlines", "@home", " x"]
    lines = [LabelLine(n, CROP, HASH, HASH, "", "idol", "is", name) for n, name in enumerate(names)]
    lines += [LabelLine(face=HASH, head="idol", answer="is_not", name="Ann")]
    lines += [LabelLine(picture=HASH, answer="not_a_face"), LabelLine(file="a/b.jpg", name="Ann")]
    file = tmp_path / f"labels{suffix}"
    label_files.write(file, lines)
    found = label_files.read(file)
    assert [{**_as_dict(each), "number": 0} for each in found] == [_as_dict(each) for each in lines]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def _as_dict(line: LabelLine) -> dict[str, object]:
    return {name: getattr(line, name) for name in (*label_files.COLUMNS, "number")}


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1))
def test_no_name_is_a_formula_and_each_comes_back(
    tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "formula.csv"
    label_files.write(file, [LabelLine(crop=CROP, name=name)])
    (line,) = label_files.read(file)
    assert line.name == name
    with file.open(encoding="utf-8-sig", newline="") as stream:
        (row,) = csv.DictReader(stream)
    assert not row["name"].startswith(("=", "+", "-", "@", "\t", "\r"))


def test_a_table_by_hand_is_short(tmp_path: Path) -> None:
    file = tmp_path / "by hand.csv"
    file.write_text("\ufefffile,name,remark\na.jpg,Ann,nice\n\nb.jpg,Bea\n", "utf-8")
    found = label_files.read(file)
    assert found == [
        LabelLine(file="a.jpg", name="Ann", number=2),
        LabelLine(file="b.jpg", name="Bea", number=4),
    ]


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.txt", "", "ends in .csv or .jsonl"),
        ("a.csv", "who,what\n1,2", "the first line names the columns"),
        ("a.csv", "crop,name\n,Ann", "line 2: no column says which face is meant"),
        ("a.csv", "verdict,name\nx,Ann", "line 2: verdict is a number"),
        ("a.csv", "crop,name\nab,", "line 2: is and is_not need a name"),
        ("a.csv", "crop,answer,name\nab,maybe,Ann", "line 2: answer is one of"),
        ("a.csv", 'crop,name\nab,"Ann', "a.csv, line"),
        ("a.jsonl", '{"crop": 1, "name": "Ann"}', "line 1: all but verdict are texts"),
        ("a.jsonl", "[]", "line 1: expected an object"),
        ("a.jsonl", "[" * 100_000, "line 1 is not JSON"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, name: str, text: str, told: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(LabelFileError, match=told):
        label_files.read(tmp_path / name)
