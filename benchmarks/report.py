"""What every benchmark shares: its command line and its tables."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table as RichTable

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT.parent / "shared" / "data"
CACHE = ROOT / "build" / "bench"
"""For vectors, random weights and the like: ignored by git, safe to delete."""

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A titled table of figures; `note` says what they were measured on."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


def arguments(description: str) -> argparse.ArgumentParser:
    """A parser with what all benchmarks take."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--data", type=Path, default=DATA, help=f"folder of data sets (default: {DATA})"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the tables there as well")
    return parser


def parsed(parser: argparse.ArgumentParser) -> argparse.Namespace:
    """The arguments; ends the program with one sentence where the data sets are absent."""
    given = parser.parse_args()
    if not given.data.is_dir():
        parser.error(f"there are no data sets at {given.data}; name their folder by --data")
    return given


def publish(tables: Sequence[Table], file: Path | None) -> None:
    """Print the tables, and write them to `file` if one is named."""
    console = Console()
    width = None if console.is_terminal else 140  # a pipe has no width of its own
    console = Console(width=width)
    for table in tables:
        shown = RichTable(title=table.title, caption=table.note or None, title_justify="left")
        for index, column in enumerate(table.columns):
            shown.add_column(column, justify="left" if index == 0 else "right")
        for row in table.rows:
            shown.add_row(*(_words(cell) for cell in row))
        console.print(shown)
    if file is not None:
        told = [
            {
                "title": table.title,
                "note": table.note,
                "rows": [dict(zip(table.columns, row, strict=True)) for row in table.rows],
            }
            for table in tables
        ]
        file.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def percent(share: float) -> str:
    """0.0123 → `1.2 %`."""
    return f"{100 * share:.1f} %"


def _words(cell: Cell) -> str:
    """Three digits of a number are all that these measurements can support."""
    if cell is None:
        return "-"
    if not isinstance(cell, float):
        return str(cell)
    digits = 0 if abs(cell) >= 100 else 1 if abs(cell) >= 10 else 3
    return f"{cell:.{digits}f}"
