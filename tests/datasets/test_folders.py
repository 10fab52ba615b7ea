import unicodedata
from pathlib import Path

import pytest

from datasets import folders


def touch(folder: Path, *names: str) -> None:
    for name in names:
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


def test_pictures_are_listed_by_person_and_path(tmp_path: Path) -> None:
    touch(tmp_path, "Bea/2.JPG", "Bea/1.png", "Ann/2024/summer/x.webp", "Ann/z.heic")
    assert list(folders.people(tmp_path)) == [
        ("Ann", tmp_path / "Ann/2024/summer/x.webp"),
        ("Ann", tmp_path / "Ann/z.heic"),
        ("Bea", tmp_path / "Bea/1.png"),
        ("Bea", tmp_path / "Bea/2.JPG"),
    ]


def test_what_is_hidden_or_no_picture_is_left_out(tmp_path: Path) -> None:
    touch(
        tmp_path,
        "Ann/a.jpg",
        "Ann/notes.txt",
        "Ann/.b.jpg",
        "Ann/.thumbnails/c.jpg",
        ".cache/d.jpg",
        "loose.jpg",
    )
    (tmp_path / "Ann" / "folder.jpg").mkdir()
    assert list(folders.people(tmp_path)) == [("Ann", tmp_path / "Ann/a.jpg")]


def test_a_decomposed_folder_name_is_the_same_person(tmp_path: Path) -> None:
    touch(tmp_path, unicodedata.normalize("NFD", "かなで") + "/1.jpg", "かなで/2.jpg")
    assert {name for name, _ in folders.people(tmp_path)} == {"かなで"}


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(folders.FolderError, match=r"nowhere: there is no such folder"):
        folders.people(tmp_path / "nowhere")


def test_pictures_without_a_folder_per_person_are_no_gallery(tmp_path: Path) -> None:
    touch(tmp_path, "1.jpg", "Ann/notes.txt")
    with pytest.raises(folders.FolderError, match=r"NAME/picture\.jpg"):
        folders.people(tmp_path)


def test_real_people(data: Path) -> None:
    found = list(folders.people(data / "faces" / "korea6"))
    assert len(found) == 76
    assert len({name for name, _ in found}) == 6
