"""Names that no folder can have come back exactly."""

import json
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import class_folders
from datasets.class_folders import ClassesError, folders_for

HARD = [
    "星野アイ",
    "が",  # composed
    "か\u3099",  # the same to the eye, in two code points
    "Ann",
    "ANN",
    "Ａｎｎ",
    "CON",
    "con.jpg",
    "LPT1",
    ".",
    "..",
    ".hidden",
    "../../etc/passwd",
    "..\\windows",
    "a/b",
    "a:b",
    "nul\x00byte",
    "new\nline",
    "right\u202eto left",
    "ends. ",
    " begins",
    "名" * 80,
    "👩‍🎤" * 26,
    "classes.json",
    "faces.jsonl",
]


def test_hard_names_come_back_from_disk(tmp_path: Path) -> None:
    folders = folders_for(HARD)
    for name, safe in folders.items():
        (tmp_path / safe).mkdir()
        (tmp_path / safe / "of.txt").write_text(name, "utf-8", newline="")
    class_folders.write(tmp_path, folders)
    names = class_folders.read(tmp_path)
    found = [each for each in tmp_path.iterdir() if each.is_dir()]
    assert len(found) == len(HARD)
    assert all((each / "of.txt").read_bytes().decode() == names[each.name] for each in found)
    assert (folders["星野アイ"], folders["Ann"]) == ("星野アイ", "Ann~2")


@given(st.sets(st.text(max_size=80) | st.text("aA.:/ ", max_size=3), max_size=30))
def test_every_name_has_a_safe_folder_of_its_own(names: set[str]) -> None:
    folders = folders_for(names)
    assert set(folders) == names
    assert len({safe.casefold() for safe in folders.values()}) == len(names)
    for safe in folders.values():
        assert safe.isprintable()
        assert 0 < len(safe.encode()) < 200
        assert not set(safe) & set('/\\<>:"|?*')
        assert safe[0] not in ". "
        assert safe[-1] not in ". "
        stem = safe.partition(".")[0].upper()
        assert stem not in {"CON", "PRN", "AUX", "NUL", *(f"COM{n}" for n in string.digits)}


@pytest.mark.parametrize("text", ["[]", '{"a": 1}', "{", "[" * 100_000])
def test_a_damaged_list_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / class_folders.FILE).write_text(text)
    with pytest.raises(ClassesError, match=class_folders.FILE):
        class_folders.read(tmp_path)


def test_folders_without_a_list_are_called_what_they_are(tmp_path: Path) -> None:
    assert class_folders.read(tmp_path) == {}
    (tmp_path / class_folders.FILE).write_text(json.dumps({"か\u3099": "が/"}), "utf-8")
    assert class_folders.read(tmp_path) == {"が": "が/"}  # as `datasets.folders` tells it
