"""Pictures with the score that people gave each, as published sets come.

A tab-separated file has the header `file score` and a line a picture. Letters before the number of
a file's name say of which group it is: `AF12.jpg` is of group AF.
"""

import hashlib
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

HEADER = ("file", "score")


class ScoresError(Exception):
    """The scores cannot be read; the message names the file, the line and what is wrong."""


def read(file: Path) -> Mapping[str, float]:
    """The score of each picture, by its name, in the order of the file.

    Raises:
        ScoresError: the file is missing, has no such header, or a line is no name and number.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ScoresError(f"{file} cannot be read: {error}.") from error
    if not lines or tuple(lines[0].split("\t")) != HEADER:
        raise ScoresError(f"{file}: the first line should be {' <tab> '.join(HEADER)}.")
    scores: dict[str, float] = {}
    for number, line in enumerate(lines[1:], 2):
        if line.strip():
            name, score = _rating(line, f"{file}, line {number}")
            if scores.setdefault(name, score) != score:
                raise ScoresError(f"{file}, line {number}: {name} has another score above.")
    if not scores:
        raise ScoresError(f"{file} holds no scores.")
    return scores


def _rating(line: str, where: str) -> tuple[str, float]:
    name, _, told = line.partition("\t")
    try:
        score = float(told)
    except ValueError:
        score = math.nan
    if not name or not math.isfinite(score):
        raise ScoresError(f"{where}: expected a file name, a tab and a number.")
    return name, score


def group_of(name: str) -> str:
    """The letters that a file's name begins with; empty if it begins with something else."""
    found = re.match(r"[^\W\d_]*", PurePosixPath(name).name)
    return found.group() if found else ""


def fold_of(
    names: Sequence[str], scores: Sequence[float], of_copy: NDArray[np.intp], folds: int
) -> NDArray[np.intp]:
    """Parts of equal size with like scores in each group.

    Pictures of a group are taken in the order of their score, as many at a time as there are parts,
    and each goes to another part, by the SHA-256 of its name. Copies stay together.

    Args:
        names: of the pictures, each once.
        scores: of each.
        of_copy: as from `datasets.split.copies`, shape (n,).

    Returns:
        The part that each picture is in, 0..`folds` - 1, shape (n,).
    """
    members: defaultdict[int, list[int]] = defaultdict(list)
    for i in sorted(range(len(names)), key=lambda i: names[i]):
        members[of_copy[i]].append(i)
    ordered = sorted(
        members.values(), key=lambda m: (group_of(names[m[0]]), scores[m[0]], names[m[0]])
    )
    parts = np.empty(len(names), dtype=np.intp)
    for start in range(0, len(ordered), folds):
        some = ordered[start : start + folds]
        for part, member in enumerate(sorted(some, key=lambda m: _digest(names[m[0]]))):
            parts[member] = part
    return parts


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
