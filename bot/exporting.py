"""What people agreed on, as files: a table of labels, or a folder per name with the faces."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bot import face_files
from bot.domain import Answer
from bot.errors import SettingsError
from bot.store import LiveLabel, Store
from datasets import class_folders, label_files
from datasets.label_files import LabelFileError, LabelLine
from models.types import Scope

FACES = "faces.jsonl"
"""In an exported folder: where in each picture the face is."""

Progress = Callable[[int, int], None]
"""Called with how many are done and how many there are."""


async def export_labels(store: Store, scope: Scope, heads: Sequence[str], file: Path) -> str:
    """Write all labels of a scope that stand, a line for each name.

    Raises:
        SettingsError: there are none, or the file cannot be written.
    """
    lines = [
        line
        for head in heads
        for label in await store.live_labels(scope, head)
        for line in _lines(label, head)
    ]
    if not lines:
        raise SettingsError(f"{scope}: there are no labels to export.")
    try:
        await asyncio.to_thread(label_files.write, file, lines)
    except (OSError, LabelFileError) as error:
        raise SettingsError(str(error)) from error
    return f"{len(lines)} labels of {scope} are in {file}."


def _lines(label: LiveLabel, head: str) -> list[LabelLine]:
    return [
        LabelLine(
            verdict=label.verdict_id,
            crop=label.crop or "",
            face=label.face_hash,
            picture=label.picture_hash,
            head=head,
            answer=str(label.answer),
            name=name,
        )
        for name in (("",) if label.answer is Answer.NOT_A_FACE else label.names)
    ]


async def export_folder(
    store: Store, scope: Scope, head: str, folder: Path, progress: Progress
) -> str:
    """Write every face that is somebody's example, in a folder per name.

    Raises:
        SettingsError: there are none, or the folder cannot be written.
    """
    labels = await store.live_labels(scope, head)
    examples = [each for each in labels if each.answer is Answer.IS and each.crop is not None]
    if not examples:
        raise SettingsError(f"{scope}, {head}: nobody is enrolled, so there is nothing to export.")
    face_files.make_folder(folder)
    folders = class_folders.folders_for(each.names[0] for each in examples)
    lines: dict[str, dict[str, Any]] = {}
    for done, label in enumerate(examples, 1):
        crop = await store.crop(label.crop or "")
        if crop is not None:  # it may have been forgotten by now
            content = await asyncio.to_thread(face_files.png, crop)
            to = folder / folders[label.names[0]]
            await asyncio.to_thread(_write, to / f"{label.crop}.png", content)
            key = face_files.sha256(content)
            lines[key] = {
                "sha256": key,
                "picture": label.picture_hash,
                "face": label.face_hash,
                **face_files.place_of(crop),
            }
        progress(done, len(examples))
    class_folders.write(folder, folders)
    face_files.write_lines(folder / FACES, lines.values())
    return (
        f"{len(lines)} faces of {len(folders)} people are in {folder}. They are not forgotten "
        "with a person: delete the folder when it is no longer needed."
    )


def _write(file: Path, content: bytes) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
