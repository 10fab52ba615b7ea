"""Sheets of sweeps show people, so they go when what they show has to go.

Beside each lies a note of what is on it, by numbers that are never used again.
"""

import asyncio
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ValidationError

from bot.page_files import write
from bot.store import Store

NOTE = "pictures.json"


class Note(BaseModel):
    """What is on a sheet.

    Attributes:
        shown: verdicts whose pictures it shows.
        listed: verdicts that it speaks of, these included.
        until: when what it says of people who have not agreed has to go, UTC without a zone; None
            if all have agreed.
    """

    scope: str
    source: str
    shown: Sequence[int]
    listed: Sequence[int]
    until: datetime | None


def sheets_dir(data_dir: Path) -> Path:
    """Where sheets lie unless they are wanted elsewhere."""
    return data_dir / "sweeps"


def put(note: Note, folder: Path) -> None:
    """Write the note of a sheet that is about to be written."""
    write(folder / NOTE, note.model_dump_json())


async def drop_stale(store: Store, data_dir: Path) -> int:
    """Delete the sheets that show what has expired or name what was forgotten.

    Returns:
        How many.
    """
    gone = 0
    for file in await asyncio.to_thread(lambda: list(sheets_dir(data_dir).glob(f"*/{NOTE}"))):
        if await _is_stale(store, await asyncio.to_thread(_read, file)):
            await asyncio.to_thread(shutil.rmtree, file.parent)
            gone += 1
    return gone


def _read(file: Path) -> Note | None:
    try:
        return Note.model_validate_json(file.read_bytes())
    except (OSError, ValidationError):
        return None


async def _is_stale(store: Store, note: Note | None) -> bool:
    """One whose note is damaged is, for nobody can tell what it shows."""
    if note is None or (note.until is not None and note.until < _now()):
        return True
    kept = {each.whole: each.crop for each in await store.collected.of(note.scope, note.source)}
    forgotten = any(each not in kept for each in note.listed)
    return forgotten or any(kept[each] is None for each in note.shown)


def _now() -> datetime:
    """UTC without a zone, as the store keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
