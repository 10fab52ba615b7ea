"""Names of faces in a table: CSV with a header, or JSON Lines; by the file's suffix.

    verdict,crop,face,picture,file,head,answer,name
    12,9f86d0…,c3a1…,8e0f…,,idol,is,星野アイ

A line speaks of one face under one head. Which face, the first of these columns says that is not
empty: `crop`, `face`, `picture` (hashes, as exported), `file` (of a picture), `verdict` (a number
of the very database). `answer` is `is` (and may be left out), `is_not` or `not_a_face`.
"""

import csv
import io
import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

ANSWERS = ("is", "is_not", "not_a_face")
SUFFIXES = (".csv", ".jsonl")

_MOST_BYTES = 500_000_000
_FORMULA = (*"=+-@＝＋－＠", "\t", "\r", "\n", "'")
"""What a spreadsheet takes for the begin of a formula; `'` is what makes a text of it."""


class LabelFileError(Exception):
    """The file cannot be read as a table of labels; the message names the line."""


@dataclass(frozen=True, slots=True)
class LabelLine:
    """What one line says.

    Attributes:
        verdict: number of the verdict on the face; 0 if it is not given.
        crop, face, picture: content hash of the crop, perceptual hashes of face and picture.
        file: path of a picture, relative to the table.
        head: empty for that at home with the kind of face.
        name: who it is, or is not; empty for what is no face.
        number: of the line in its file, from 1; 0 if it is in none.
    """

    verdict: int = 0
    crop: str = ""
    face: str = ""
    picture: str = ""
    file: str = ""
    head: str = ""
    answer: str = "is"
    name: str = ""
    number: int = 0


COLUMNS = tuple(each.name for each in fields(LabelLine) if each.name != "number")


def write(file: Path, lines: Iterable[LabelLine]) -> None:
    """Write a table that only its owner may read; CSV in UTF-8 with a mark, as spreadsheets ask.

    A name that a spreadsheet would take for a formula has an apostrophe put in front, which `read`
    takes off.

    Raises:
        LabelFileError: the suffix is of neither form.
    """
    rows = [{key: asdict(line)[key] for key in COLUMNS} for line in lines]
    if _suffix(file) == ".jsonl":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    else:
        text = "\ufeff" + _csv(rows)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(text.encode())


def read(file: Path) -> list[LabelLine]:
    """All lines of a table; columns may be left out, and others stand beside them.

    Raises:
        LabelFileError: it cannot be read, or a line says nothing that could be meant.
    """
    suffix = _suffix(file)
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise LabelFileError(f"{file}: more than {_MOST_BYTES // 1_000_000} MB.")
        text = file.read_bytes().decode("utf-8-sig")  # line ends as they are
    except (OSError, UnicodeDecodeError) as error:
        raise LabelFileError(f"{file} cannot be read: {error}.") from error
    rows = _json_rows(file, text) if suffix == ".jsonl" else _csv_rows(file, text)
    return [_line(row, number, f"{file}, line {number}") for number, row in rows]


def _suffix(file: Path) -> str:
    if file.suffix.lower() not in SUFFIXES:
        raise LabelFileError(f"{file}: the name of a table of labels ends in .csv or .jsonl.")
    return file.suffix.lower()


def _csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    writer.writerows({**row, "name": as_text(row["name"])} for row in rows)
    return out.getvalue()


def as_text(name: str) -> str:
    """What a spreadsheet takes for words, whatever it begins with."""
    return f"'{name}" if name.startswith(_FORMULA) else name


def _csv_rows(file: Path, text: str) -> list[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="beyond", strict=True)
    try:
        rows = [(reader.line_num, {k: v for k, v in row.items() if v}) for row in reader]
        known = set(COLUMNS) & set(reader.fieldnames or ())
    except csv.Error as error:
        raise LabelFileError(f"{file}, line {reader.line_num}: {error}.") from error
    if not known:
        raise LabelFileError(f"{file}: the first line names the columns: {' '.join(COLUMNS)}.")
    for _, row in rows:
        name = row.get("name", "")
        if len(name) > 1 and name[0] == "'" and name[1] in _FORMULA:
            row["name"] = name[1:]
    return [(number, row) for number, row in rows if row]


def _json_rows(file: Path, text: str) -> list[tuple[int, dict[str, Any]]]:
    rows = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise LabelFileError(f"{file}, line {number} is not JSON: {error}.") from error
        if not isinstance(row, dict):
            raise LabelFileError(f"{file}, line {number}: expected an object.")
        rows.append((number, row))
    return rows


def _line(row: dict[str, Any], number: int, where: str) -> LabelLine:
    told = {key: row[key] for key in COLUMNS if row.get(key) not in (None, "")}
    try:
        verdict = int(told.pop("verdict", 0))
    except (TypeError, ValueError) as error:
        raise LabelFileError(f"{where}: verdict is a number.") from error
    if not all(isinstance(value, str) for value in told.values()):
        raise LabelFileError(f"{where}: all but verdict are texts.")
    line = LabelLine(verdict=verdict, number=number, **told)
    if line.answer not in ANSWERS:
        raise LabelFileError(f"{where}: answer is one of {', '.join(ANSWERS)}.")
    if not (line.crop or line.face or line.picture or line.file or line.verdict):
        raise LabelFileError(f"{where}: no column says which face is meant.")
    if bool(line.name) == (line.answer == "not_a_face"):
        raise LabelFileError(f"{where}: is and is_not need a name, not_a_face has none.")
    return line
