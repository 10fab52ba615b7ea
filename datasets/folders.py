"""Pictures in folders, above all in a folder per person: `DIR/NAME/…/picture.jpg`."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".gif", ".avif", ".heic", ".heif"})
"""Of the files that are taken for pictures, in lower case."""


class FolderError(Exception):
    """The folder cannot be read as a folder per person; the message says what is wrong."""


def people(folder: Path) -> Iterator[tuple[str, Path]]:
    """The name and the file of every picture, sorted by name, then by path.

    Names are brought to Unicode's composed form (NFC), so that a folder copied from a Mac is the
    same person. Hidden files and folders and files that are no pictures by their suffix are left
    out; a folder may be nested to any depth below the name.

    Raises:
        FolderError: `folder` is missing, or holds no folder with a picture in it.
    """
    if not folder.is_dir():
        raise FolderError(f"{folder}: there is no such folder.")
    found = sorted(
        (unicodedata.normalize("NFC", person.name), file)
        for person in folder.iterdir()
        for file in person.rglob("*")
        if _is_picture(file, below=folder)
    )
    if not found:
        raise FolderError(f"{folder} holds no pictures in a folder per person (NAME/picture.jpg).")
    return iter(found)


def pictures(folder: Path) -> Iterator[Path]:
    """Every picture at any depth, sorted by path; see `people` for what is left out.

    Raises:
        FolderError: `folder` is missing or holds no picture.
    """
    if not folder.is_dir():
        raise FolderError(f"{folder}: there is no such folder.")
    found = sorted(file for file in folder.rglob("*") if _is_picture(file, below=folder))
    if not found:
        raise FolderError(f"{folder} holds no pictures.")
    return iter(found)


def _is_picture(file: Path, below: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(below).parts)
    return not hidden and file.suffix.lower() in SUFFIXES and file.is_file()
