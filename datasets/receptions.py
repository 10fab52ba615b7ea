"""How pictures were received, as somebody counted it: reactions, and who could have reacted.

A tab-separated file has the header `file author reactions audience` and a line a picture.
"""

from dataclasses import dataclass
from pathlib import Path

HEADER = ("file", "author", "reactions", "audience")


class ReceptionsError(Exception):
    """The counts cannot be read; the message names the file, the line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Reception:
    """A picture and its counts.

    Attributes:
        file: below the folder of the pictures.
        reactions: people who reacted, 0 or more.
        audience: people who could see it, 1 or more.
    """

    file: str
    author: str
    reactions: int
    audience: int


def read(file: Path) -> list[Reception]:
    """The counts, in the order of the file.

    Raises:
        ReceptionsError: the file is missing or empty, has no such header, or a line is something
            else.
    """
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ReceptionsError(f"{file} cannot be read: {error}.") from error
    if not lines or tuple(lines[0].split("\t")) != HEADER:
        raise ReceptionsError(f"{file}: the first line should be {' <tab> '.join(HEADER)}.")
    found = [
        _reception(line, f"{file}, line {number}")
        for number, line in enumerate(lines[1:], 2)
        if line.strip()
    ]
    if not found:
        raise ReceptionsError(f"{file} holds no counts.")
    return found


def _reception(line: str, where: str) -> Reception:
    told = line.split("\t")
    wrong = f"{where}: expected a file, its author, reactions (0 or more) and audience (1 or more)."
    if len(told) != len(HEADER) or not all(count.strip().isdecimal() for count in told[2:]):
        raise ReceptionsError(wrong)
    reception = Reception(told[0], told[1].strip(), int(told[2]), int(told[3]))
    if not reception.file or not reception.author or not reception.audience:
        raise ReceptionsError(wrong)
    return reception
