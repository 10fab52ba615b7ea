"""Names of classes ⇄ names of folders that any disk takes, and a file that leads back exactly.

A name may hold what no folder can be called: separators, control characters, `..`, `CON`, and two
names may differ only in what a disk does not tell apart. `classes.json` beside the folders says
which name each stands for; a folder that it does not mention is called what its name is.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

FILE = "classes.json"

_LONGEST = 120
"""Bytes of a folder's name in UTF-8; the least that file systems take is 255, less is readable."""

_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(
    r"((con|prn|aux|nul|conin\$|conout\$|com\d|lpt\d)(\..*)?)|.*\.jsonl?", re.IGNORECASE
)
"""Devices of Windows, with any ending; and what files beside the folders are called."""

_MOST_BYTES = 10_000_000


class ClassesError(Exception):
    """The file that says what folders stand for cannot be read; the message says why."""


def folders_for(names: Iterable[str]) -> dict[str, str]:
    """A folder's name for each name of a class: safe on every disk, readable, and each once.

    Which one a name gets depends on the set of names alone.
    """
    chosen: dict[str, str] = {}
    taken: set[str] = set()
    for name in sorted(set(names)):
        safe = wanted = _safe(name)
        number = 2
        while _told_apart(safe) in taken:
            safe, number = f"{wanted}~{number}", number + 1
        taken.add(_told_apart(safe))
        chosen[name] = safe
    return chosen


def write(folder: Path, folders: dict[str, str]) -> None:
    """Keep beside the folders which name each stands for; `folders` is from `folders_for`."""
    names = {safe: name for name, safe in folders.items()}
    (folder / FILE).write_text(json.dumps(names, ensure_ascii=False, indent=1), "utf-8")


def read(folder: Path) -> dict[str, str]:
    """The names that folders stand for, by the folder's name in composed form (NFC).

    Returns:
        Empty if nothing says so; then folders are called what their names are.

    Raises:
        ClassesError: the file is not what `write` writes.
    """
    file = folder / FILE
    if not file.is_file():
        return {}
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise ClassesError(f"{file} is too large to be a list of classes.")
        told = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ClassesError(f"{file} is not JSON: {error}.") from error
    if not isinstance(told, dict) or not all(isinstance(name, str) for name in told.values()):
        raise ClassesError(f'{file}: expected {{"folder": "name", …}}.')
    return {unicodedata.normalize("NFC", safe): name for safe, name in told.items()}


def _safe(name: str) -> str:
    """A folder's name, not yet told apart from others. Idempotent: what is safe stays as it is."""
    printable = _UNSAFE.sub("_", unicodedata.normalize("NFC", name))
    printable = "".join(c if c.isprintable() else "_" for c in printable)
    short = printable.encode()[:_LONGEST].decode(errors="ignore")
    bare = short.rstrip(" .").lstrip(" ")
    if bare.startswith(".") or not bare:  # hidden, or nothing is left
        bare = f"_{bare}"
    return f"_{bare}" if _RESERVED.fullmatch(bare) else bare


def _told_apart(safe: str) -> str:
    """As the least discerning disk tells names apart."""
    return unicodedata.normalize("NFKC", safe).casefold()
