"""Boxes and names for Label Studio and CVAT, and back.

What goes out is a folder: `images/`, and beside it what the tool imports. Pictures are called by
their content, so that they are known again whatever a tool puts before their names.
"""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress

from bot import face_files, replying
from bot.annotating import boxes_dir
from bot.domain import Answer, Attachment
from bot.errors import PictureRefused, SettingsError
from bot.import_labels import LabelImport
from bot.imported import Done, Outcome
from bot.intake import Intake
from bot.settings import Settings
from bot.store import Store
from datasets import annotated, box_sets, cvat, folders, label_studio
from datasets.annotated import Annotated, AnnotationsError, Region
from datasets.box_sets import BoxSet, BoxSetError, Seen
from datasets.folders import FolderError
from datasets.label_files import LabelLine
from models.types import Box, Scope

LOADERS: Mapping[str, Callable[[Path], list[Annotated]]] = {
    "label-studio": label_studio.load,
    "cvat": cvat.load,
}
"""By the name of the tool."""

FACE = "face"
"""The label of boxes whose faces have no names."""

_CONTENT = re.compile(r"[0-9a-f]{64}")
_OTHER_SHAPE = 0.02
"""By which width : height may be another one than the tool has told, for rounding."""


def export_boxes(settings: Settings, tool: str, name: str, folder: Path) -> str:
    """Write a set of boxes: what a person confirmed, and what the detector proposes.

    Raises:
        SettingsError: there is no such set, or the folder cannot be written.
    """
    chosen = _found(boxes_dir(settings), name)
    try:
        names = chosen.names()
        found = [_of_set(chosen, each) for each in names]
        contents = ((f"{each}.jpg", chosen.picture(each)) for each in names)
        return _write(tool, folder, found, contents)
    except BoxSetError as error:
        raise SettingsError(f"--boxes {name}: {error}") from error


async def export_names(
    store: Store,
    tool: str,
    scope: Scope,
    head: str,
    folder: Path,
    progress: Callable[[int, int], None],
) -> str:
    """Write everybody's examples, each with a box that bears the name.

    Raises:
        SettingsError: there are none, or the folder cannot be written.
    """
    labels = await store.live_labels(scope, head)
    examples = {each.crop: each for each in labels if each.answer is Answer.IS and each.crop}
    found: list[Annotated] = []
    contents: list[tuple[str, bytes]] = []
    for done, (name, label) in enumerate(examples.items(), 1):
        crop = await store.crop(name)
        if crop is not None:  # it may have been forgotten by now
            height, width = crop.pixels.shape[:2]
            (box,) = np.array([crop.box]) / (width, height, width, height)
            region = annotated.region(box.clip(0, 1).tolist(), label.names[0])
            found.append(Annotated(f"{name}.png", (width, height), (region,)))
            contents.append((f"{name}.png", face_files.png(crop)))
        progress(done, len(examples))
    return await asyncio.to_thread(_write, tool, folder, found, contents)


async def import_boxes(
    settings: Settings,
    intake: Intake,
    tool: str,
    file: Path,
    name: str,
    images: Path | None,
    labels: Collection[str],
    console: Console,
) -> list[Done]:
    """Confirm boxes in a set, of pictures that it has or that come with them.

    Args:
        images: a folder of pictures that the set need not have.
        labels: those that are faces; may be empty if there is only one.

    Raises:
        SettingsError: a file, a folder or a label is not what it should be.
    """
    told = await asyncio.to_thread(_load, tool, file, labels)
    root = boxes_dir(settings)
    try:
        into = _found(root, name) if images is None else _created(root, name)
        files = list(folders.pictures(images)) if images is not None else []
    except (BoxSetError, FolderError) as error:
        raise SettingsError(str(error)) from error
    importing = _BoxImport(intake, settings.intake.max_bytes, into, files)
    with Progress(console=console, transient=True) as bar:
        return [await importing.confirm(each) for each in bar.track(told, description="importing")]


async def import_names(labels: LabelImport, tool: str, file: Path, console: Console) -> list[Done]:
    """Vote for the name of the one box in each picture that `export_names` wrote.

    Raises:
        SettingsError: the file cannot be read.
    """
    told = await asyncio.to_thread(_load, tool, file)
    usable = [each for each in told if not each.problem and len(each.regions) == 1]
    lines = [
        LabelLine(crop=_content(each.name), file=each.name, name=each.regions[0].label)
        for each in usable
    ]
    refused = [
        Done(each.name, "", Outcome.REFUSED, each.problem or f"{len(each.regions)} boxes, not one")
        for each in told
        if each.problem or len(each.regions) != 1
    ]
    return [*await labels.lines(lines, file.parent, console), *refused]


class _BoxImport:
    """Finds the pictures, and confirms what is drawn in them."""

    def __init__(
        self, intake: Intake, most_bytes: int, into: BoxSet, files: Iterable[Path]
    ) -> None:
        self._intake = intake
        self._most_bytes = most_bytes
        self._into = into
        self._names = set(into.names())
        self._seen = Seen(self._names)
        self._files: defaultdict[str, list[Path]] = defaultdict(list)
        for file in files:
            self._files[file.name].append(file)

    async def confirm(self, told: Annotated) -> Done:
        if told.problem:
            return Done(told.name, "", Outcome.REFUSED, told.problem)
        try:
            name = await self._name_of(told)
            if name is None:
                return Done(told.name, "", Outcome.UNMATCHED)
            return await asyncio.to_thread(self._confirm, name, told)
        except PictureRefused as refused:
            return Done(told.name, "", Outcome.REFUSED, replying.refusal("en", refused))
        except (OSError, BoxSetError) as error:
            return Done(told.name, "", Outcome.REFUSED, str(error))

    async def _name_of(self, told: Annotated) -> str | None:
        """In the set, where it is put if need be; None if there is no such picture.

        Raises:
            BoxSetError: it cannot be told which picture is meant, or the set has a copy.
        """
        called = annotated.names_of(told.name)
        kept = next((stem for each in called if (stem := Path(each).stem) in self._names), None)
        files = next((self._files[each] for each in called if each in self._files), [])
        if kept is not None or not files:
            return kept
        if len(files) > 1:
            raise BoxSetError(f"several pictures are called {files[0].name}")
        with files[0].open("rb") as stream:
            data = stream.read(self._most_bytes + 1)
        picture = await self._intake.picture(Attachment(files[0].name, data))
        name = box_sets.picture_name(picture.sha256, picture.phash)
        if name not in self._names and self._seen.near(picture.phash):
            raise BoxSetError("the set has a copy of this picture")
        await asyncio.to_thread(self._into.add, name, picture.pixels, ())
        self._names.add(name)
        self._seen.add(name)
        return name

    def _confirm(self, name: str, told: Annotated) -> Done:
        width, height = self._into.read(name).size
        if told.size != (0, 0):
            shape = told.size[0] * height / (told.size[1] * width)
            if abs(shape - 1) > _OTHER_SHAPE + 1 / min(width, height):
                raise BoxSetError(f"it is another picture, or turned: {told.size} in the file")
        boxes = [_in_pixels(region, width, height) for region in told.regions]
        before = self._into.confirm(name, boxes)
        same = before.confirmed and np.array_equal(_rounded(before.boxes), _rounded(boxes))
        return Done(told.name, "", Outcome.THERE if same else Outcome.CONFIRMED)


def _load(tool: str, file: Path, labels: Collection[str] | None = None) -> list[Annotated]:
    """The pictures; with `labels`, only the boxes that bear one of them.

    Raises:
        SettingsError: the file cannot be read, or it has to be said which labels are meant.
    """
    try:
        told = LOADERS[tool](file)
    except AnnotationsError as error:
        raise SettingsError(str(error)) from error
    if labels is None:
        return told
    known = annotated.labels_of(told)
    if (not labels and len(known) > 1) or not set(labels) <= set(known):
        raise SettingsError(f"say with --label which are faces; there are: {', '.join(known)}.")
    chosen = set(labels or known)
    return [
        Annotated(
            each.name,
            each.size,
            tuple(region for region in each.regions if region.label in chosen),
            problem=each.problem,
        )
        for each in told
    ]


def _found(root: Path, name: str) -> BoxSet:
    try:
        return box_sets.find(root, name)
    except BoxSetError as error:
        known = ", ".join(each.name for each in box_sets.sets(root)) or "none"
        raise SettingsError(f"--boxes {name}: no such set; there are: {known}.") from error


def _created(root: Path, name: str) -> BoxSet:
    return BoxSet.create(root / box_sets.set_name(name))


def _of_set(chosen: BoxSet, name: str) -> Annotated:
    kept = chosen.read(name)
    width, height = kept.size
    regions = tuple(
        annotated.region((left / width, top / height, right / width, bottom / height), FACE)
        for left, top, right, bottom in kept.boxes
    )
    return Annotated(f"{name}.jpg", kept.size, regions, kept.confirmed)


def _write(
    tool: str,
    folder: Path,
    found: Sequence[Annotated],
    contents: Iterable[tuple[str, bytes]],
) -> str:
    if not found:
        raise SettingsError("there is nothing to export.")
    face_files.make_folder(folder)
    (folder / "images").mkdir()
    for name, content in contents:
        (folder / "images" / name).write_bytes(content)
    labels = annotated.labels_of(found) or [FACE]
    if tool == "cvat":
        (folder / "annotations.xml").write_bytes(cvat.dump(found, folder.name))
        told = [{"name": each, "type": "rectangle", "attributes": []} for each in labels]
        (folder / "labels.json").write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
    else:
        tasks = label_studio.dump(found, f"{folder.resolve().name}/images")
        (folder / "tasks.json").write_text(tasks, "utf-8")
        (folder / "config.xml").write_text(label_studio.config(labels), "utf-8")
    return f"{len(found)} pictures are in {folder}; docs/exchange.md says how to go on."


def _in_pixels(region: Region, width: int, height: int) -> Box:
    left, top, right, bottom = region.box
    return left * width, top * height, right * width, bottom * height


def _rounded(boxes: Sequence[Box]) -> NDArray[np.float64]:
    """To a tenth of a pixel, in which formats differ."""
    return np.round(np.array(boxes, dtype=np.float64).reshape(-1, 4), 1)


def _content(told: str) -> str:
    """The content hash that a picture is called by; a word that is none if it is not."""
    stems = (Path(name).stem for name in annotated.names_of(told))
    return next((stem for stem in stems if _CONTENT.fullmatch(stem)), "none")
