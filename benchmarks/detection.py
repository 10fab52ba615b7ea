"""Finding faces: hits, misses and false alarms of the bot's detector at its shipped settings.

A found box is a hit when it overlaps a true one by at least .35 or .5 (intersection over union).
The boxes of detection/dlib_faces are squares around eyes to chin, lower and narrower than what
MTCNN draws, so that .35 is the fairer line there.
"""

import asyncio
import json
import statistics
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.boxes import match
from benchmarks.door import Door, each, files_in, opened, settings_with, spread
from benchmarks.report import Table, arguments, parsed, percent, publish
from models.crops import turn_box
from models.types import Box, Face, Picture

OVERLAPS = (0.35, 0.5)
SCORES = (0.7, 0.8, 0.9, 0.95, 0.98, 0.99)
TURNS = (0, 90, 180, 270)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What was found in one picture.

    Attributes:
        faces: as the bot reports them.
        boxes: their boxes in pixels of the file, before this benchmark turned it.
    """

    faces: Sequence[Face]
    boxes: Sequence[Box]
    seconds: float

    def at(self, score: float) -> list[Box]:
        """Boxes of the faces that are at least so sure and stand upright in the picture."""
        pairs = zip(self.faces, self.boxes, strict=True)
        return [box for face, box in pairs if face.score >= score and not face.turned]


Looks = Mapping[Path, Look]


def main() -> None:
    """Print the tables."""
    given = parsed(arguments(__doc__ or ""))
    publish(asyncio.run(measure(given.data)), given.json)


async def measure(data: Path) -> list[Table]:
    """Run the detector over all sets."""
    group, dlib_faces = group_boxes(data), dlib_boxes(data)
    nobody = files_in(data / "detection" / "nobody")
    strangers = files_in(data / "faces" / "lfw_unknown")
    korea = files_in(data / "faces" / "korea6")
    frames = spread(files_in(data / "anime" / "icartoon_train" / "images"), 500)
    sets = {"detection/group": group, "detection/dlib_faces": dlib_faces}
    portraits = {"faces/lfw_unknown": strangers, "faces/korea6": korea}
    without = {"detection/nobody": nobody, "anime/icartoon_train": frames}

    async with opened(settings_with()) as door:
        boxed = {name: await look_at(door, list(truth)) for name, truth in sets.items()}
        turned = {
            (name, degrees): await look_at(door, files, degrees)
            for name, files in {**{n: list(t) for n, t in sets.items()}, **portraits}.items()
            for degrees in TURNS
        }
        empty = {name: await look_at(door, files) for name, files in without.items()}
    # Every box of MTCNN's last stage, so that other thresholds can be read off.
    async with opened(settings_with(detector={"min_score": 0.6})) as door:
        all_boxed = {name: await look_at(door, list(truth)) for name, truth in sets.items()}
        all_empty = {name: await look_at(door, files) for name, files in without.items()}

    return [
        Table(
            "Faces found, shipped settings",
            ("set", "pictures", "faces", "IoU", "hits", "misses", "false alarms", "ms a picture"),
            [
                _hits(name, boxed[name], truth, least)
                for name, truth in sets.items()
                for least in OVERLAPS
            ],
        ),
        Table(
            "Pictures turned counter-clockwise",
            ("set", "turned by", "pictures", "a face found", "stood upright", "hits", "of"),
            [
                _upright(name, looks, degrees, sets.get(name))
                for (name, degrees), looks in turned.items()
            ],
            "stood upright: the surest face was cut out upright; hits at IoU 0.35",
        ),
        Table(
            "Pictures of no human face",
            ("set", "pictures", "with a false alarm", "share", "of these after a turn",
             "surest", "ms a picture"),
            [_empty(name, looks) for name, looks in empty.items()],
        ),
        Table(
            "Other least scores, upright look only (shipped: 0.95)",
            ("least score", *(f"{name} {what}" for name in sets for what in ("hits", "false")),
             *(f"{name} false" for name in without)),
            [_at_score(score, sets, all_boxed, all_empty) for score in SCORES],
            "hits and false boxes at IoU 0.35; without a human face: pictures with a false alarm",
        ),
    ]  # fmt: skip


async def look_at(door: Door, files: Sequence[Path], degrees: int = 0) -> dict[Path, Look]:
    """Detect in each file after turning it counter-clockwise."""

    async def one(file: Path) -> Look:
        picture = _turned(await door.picture(file), degrees)
        start = time.perf_counter()
        judged = await door.faces(picture)
        seconds = time.perf_counter() - start
        faces = [found.face for found in judged]
        boxes = [_in_file(face.box, picture, degrees) for face in faces]
        return Look(faces, boxes, seconds)

    looks = await each(files, one, f"{files[0].parent.name}, turned by {degrees}", at_once=2)
    return dict(zip(files, looks, strict=True))


def group_boxes(data: Path) -> dict[Path, list[Box]]:
    """True boxes of detection/group, in pixels of the file."""
    folder = data / "detection" / "group"
    told = json.loads((folder / "boxes.json").read_text())
    return {folder / name: [_box(*box) for box in boxes] for name, boxes in sorted(told.items())}


def dlib_boxes(data: Path) -> dict[Path, list[Box]]:
    """True boxes of detection/dlib_faces, in pixels of the file."""
    folder = data / "detection" / "dlib_faces"
    truth: dict[Path, list[Box]] = {}
    for name in ("training.xml", "testing.xml"):
        for image in ET.parse(folder / name).iter("image"):  # noqa: S314 - a file of our own data
            truth[folder / image.attrib["file"]] = [
                _from_xml(box.attrib) for box in image.iter("box")
            ]
    return dict(sorted(truth.items()))


def _from_xml(box: Mapping[str, str]) -> Box:
    left, top = float(box["left"]), float(box["top"])
    return left, top, left + float(box["width"]), top + float(box["height"])


def _box(left: float, top: float, right: float, bottom: float) -> Box:
    return left, top, right, bottom


def _turned(picture: Picture, degrees: int) -> Picture:
    pixels = np.ascontiguousarray(np.rot90(picture.pixels, degrees // 90))
    width, height = picture.full_size
    size = (height, width) if degrees in (90, 270) else (width, height)
    return Picture(pixels, size, picture.sha256, picture.phash)


def _in_file(box: Box, picture: Picture, degrees: int) -> Box:
    """A box of the turned and reduced picture in pixels of the file."""
    return turn_box(picture.in_file(box), picture.full_size, (360 - degrees) % 360)


def _counts(
    looks: Looks, truth: Mapping[Path, Sequence[Box]], least: float, score: float | None = None
) -> tuple[int, int]:
    """Hits and false alarms over a set; at other scores than the shipped only upright ones."""
    hits = false = 0
    for file, boxes in truth.items():
        found = looks[file].boxes if score is None else looks[file].at(score)
        matching = match(found, boxes, least)
        hits += matching.hits
        false += matching.false_alarms
    return hits, false


def _hits(
    name: str, looks: Looks, truth: Mapping[Path, Sequence[Box]], least: float
) -> list[str | int | float]:
    faces = sum(len(boxes) for boxes in truth.values())
    hits, false = _counts(looks, truth, least)
    return [name, len(truth), faces, least, hits, faces - hits, false, _milliseconds(looks)]


def _upright(
    name: str, looks: Looks, degrees: int, truth: Mapping[Path, Sequence[Box]] | None
) -> list[str | int | None]:
    surest = [max(look.faces, key=lambda face: face.score) for look in looks.values() if look.faces]
    upright = sum((face.turned + degrees) % 360 == 0 for face in surest)
    hits = _counts(looks, truth, OVERLAPS[0])[0] if truth else None
    faces = sum(len(boxes) for boxes in truth.values()) if truth else None
    return [name, degrees, len(looks), len(surest), upright, hits, faces]


def _empty(name: str, looks: Looks) -> list[str | int | float]:
    alarmed = [look for look in looks.values() if look.faces]
    scores = [face.score for look in alarmed for face in look.faces]
    return [
        name,
        len(looks),
        len(alarmed),
        percent(len(alarmed) / len(looks)),
        sum(look.faces[0].turned != 0 for look in alarmed),
        max(scores, default=0.0),
        _milliseconds(looks),
    ]


def _at_score(
    score: float,
    sets: Mapping[str, Mapping[Path, Sequence[Box]]],
    boxed: Mapping[str, Looks],
    empty: Mapping[str, Looks],
) -> list[float | int | str]:
    row: list[float | int | str] = [f"{score:.2f}"]
    for name, truth in sets.items():
        row += _counts(boxed[name], truth, OVERLAPS[0], score)
    row += [sum(bool(look.at(score)) for look in looks.values()) for looks in empty.values()]
    return row


def _milliseconds(looks: Looks) -> float:
    return 1000 * statistics.median(look.seconds for look in looks.values())


if __name__ == "__main__":
    main()
