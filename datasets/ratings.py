"""Ratings of pictures by people, as a table of text: user, file and score, with tabs between."""

from collections.abc import Iterator, Mapping
from pathlib import Path

COLUMNS = ("user", "file", "score")
LOWEST, HIGHEST = 1.0, 5.0


class RatingsError(Exception):
    """The table cannot be read; the message names the file, the line and what is wrong."""


def read_ratings(file: Path) -> dict[tuple[str, str], float]:
    """The score, 1..5, of each user and picture, by the picture's path relative to its folder.

    The first line may name the columns, in any order. Of two ratings of one picture by one user the
    later counts.

    Raises:
        RatingsError: the file cannot be read, or a line of it is no rating.
    """
    order = dict(zip(COLUMNS, range(3), strict=True))
    found: dict[tuple[str, str], float] = {}
    for number, cells in _lines(file):
        if not found and sorted(cell.strip().lower() for cell in cells) == sorted(COLUMNS):
            order = {cell.strip().lower(): place for place, cell in enumerate(cells)}
            continue
        where = f"{file}, line {number}"
        if len(cells) != len(COLUMNS):
            raise RatingsError(
                f"{where}: {len(cells)} columns; write user, file and score with tabs between."
            )
        user, name, score = (cells[order[column]].strip() for column in COLUMNS)
        if not user or not name:
            raise RatingsError(f"{where}: the user or the file is empty.")
        found[user, name] = _score(score, where)
    if not found:
        raise RatingsError(f"{file} holds no ratings; write user, file and score on each line.")
    return found


def read_texts(file: Path) -> Mapping[str, str]:
    """What is written beside each picture, by its path relative to its folder.

    Raises:
        RatingsError: the file cannot be read, or a line has no tab between file and text.
    """
    found = {}
    for number, cells in _lines(file):
        if len(cells) != 2:
            raise RatingsError(
                f"{file}, line {number}: {len(cells)} columns; write file and text with a tab "
                "between."
            )
        name, text = (cell.strip() for cell in cells)
        found[name] = text
    return found


def _score(text: str, where: str) -> float:
    try:
        score = float(text)
    except ValueError:
        score = float("nan")
    if not LOWEST <= score <= HIGHEST:
        raise RatingsError(f"{where}: the score {text!r} is not a number from 1 to 5.")
    return score


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Cells of each line that is not empty, and its number from 1."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise RatingsError(f"{file} cannot be read: {error}.") from error
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, line.split("\t")
