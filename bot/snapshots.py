"""A snapshot: what one training starts from, as files.

    DIR/manifest.json     settings, versions, SHA-256 of every other file, and of what was learned
    DIR/labels.jsonl      the labels that may be learned from, a line each
    DIR/unknown.jsonl     faces that nobody named, of posters who agree
    DIR/crops/HASH.png    the faces; the lines say where in each the face is
    DIR/start/            the version that training starts from, if one answers
    DIR/decisions.jsonl   what the learned head said of each held-out face

It holds what `bot.learning.Snapshot` holds, as far as consent allows to keep it, without who
posted what. `bot.reproducing` makes one and trains on it.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PIL import Image
from pydantic import BaseModel, ConfigDict, ValidationError

from bot import face_files
from bot.cluster_store import PooledFace
from bot.domain import Answer
from bot.errors import SettingsError
from bot.learning import Advance, Snapshot
from bot.store import LiveLabel, Store
from models import registry
from models.learned import Learned
from models.registry import State, Version
from models.types import Crop, Kind, Scope

MANIFEST, LABELS, UNKNOWN = "manifest.json", "labels.jsonl", "unknown.jsonl"
CROPS, START, DECISIONS = "crops", "start", "decisions.jsonl"

_NOBODY = ""
"""In place of every poster: all of them agreed, or the face would not be here."""

_CONTENT = re.compile(r"[0-9a-f]{64}")


class _Written(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Environment(_Written):
    """What results may depend on in their last digits.

    Attributes:
        threads: by what has them.
        libraries: versions by name.
    """

    processor: str
    threads: dict[str, int]
    libraries: dict[str, str]

    def differences(self, here: "Environment") -> list[str]:
        """What is another one here, in words."""
        mine = {"processor": self.processor, **self.threads, **self.libraries}
        others = {"processor": here.processor, **here.threads, **here.libraries}
        keys = dict.fromkeys((*mine, *others))
        changed = [key for key in keys if mine.get(key) != others.get(key)]
        return [f"{key} {mine.get(key)}, here {others.get(key)}" for key in changed]


class Basis(_Written):
    """What training needs to know beside the faces.

    Attributes:
        kind: of the faces.
        fingerprint: of the embedder.
        false_name_rate: the setting.
        current, forgettings, last_label: as in `bot.learning.Snapshot`.
    """

    scope: Scope
    head: str
    kind: Kind
    fingerprint: str
    false_name_rate: float
    current: int | None
    forgettings: int
    last_label: int


class Manifest(_Written):
    """What manifest.json says.

    Attributes:
        version: of the format.
        made: when, in UTC, as ISO 8601 to the second.
        hantei: version of the program.
        environment: where it was trained on first.
        files: SHA-256 by path.
        weights: SHA-256 of the templates that were learned; None if nothing could be.
        outcome: whether they would be promoted, or why not, in words.
    """

    format: Literal["hantei-snapshot"] = "hantei-snapshot"
    version: Literal[1] = 1
    made: str
    hantei: str
    basis: Basis
    environment: Environment
    files: dict[str, str]
    weights: str | None
    outcome: str


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """What a snapshot's files hold.

    Attributes:
        snapshot: with faces that nobody named, not yet embedded.
        crops: every face, by content hash.
        start: what training starts from, if that has learned anything.
    """

    snapshot: Snapshot
    crops: Mapping[str, Crop]
    start: Learned | None


async def write(
    store: Store, snapshot: Snapshot, start: Version | None, folder: Path, advance: Advance
) -> None:
    """Write all but the manifest and the decisions into an empty folder.

    Args:
        start: what answers now.
    """
    labels = [_told_label(each) for each in snapshot.usable]
    pool = [_told_pooled(each) for each in snapshot.pool]
    names = list(dict.fromkeys(told["crop"] for told in (*labels, *pool)))
    (folder / CROPS).mkdir()
    places: dict[str, dict[str, Any]] = {}
    for done, name in enumerate(names, 1):
        crop = await store.crop(name)
        if crop is not None:
            places[name] = face_files.place_of(crop)
            content = await asyncio.to_thread(face_files.png, crop)
            await asyncio.to_thread((folder / CROPS / f"{name}.png").write_bytes, content)
        advance("writing", done, len(names))
    for file, lines in ((LABELS, labels), (UNKNOWN, pool)):
        there = ({**told, **places[told["crop"]]} for told in lines if told["crop"] in places)
        face_files.write_lines(folder / file, there)
    if start is not None:
        (folder / START).mkdir()
        registry.write(folder / START, start)


def read(folder: Path, basis: Basis) -> Material:
    """What `write` has written.

    Raises:
        SettingsError: a file is not as this program writes it.
    """
    labels = face_files.read_lines(folder / LABELS)
    pool = face_files.read_lines(folder / UNKNOWN)
    try:
        return Material(
            Snapshot(
                State(basis.current, basis.forgettings),
                basis.last_label,
                [_label(told, basis.kind) for told in labels],
                frozenset({_NOBODY}),
                [_pooled(told) for told in pool],
                basis.kind,
            ),
            {told["crop"]: _crop(folder, told) for told in (*labels, *pool)},
            registry.read(folder / START).learned if (folder / START).is_dir() else None,
        )
    except Exception as error:  # damaged in whatever way
        raise SettingsError(f"{folder} is not as this program writes it: {error!r}.") from error


def verified(folder: Path) -> Manifest:
    """The manifest of a snapshot, once every file has been found to be what it says.

    Raises:
        SettingsError: it is no snapshot, of a later format, or was changed; the file is named.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise SettingsError(f"{folder} is no snapshot: {MANIFEST}: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise SettingsError(f"{folder / MANIFEST}: {where}: {first['msg']}.") from error
    found = hashes(folder)
    for name in sorted({*found, *manifest.files}):
        if name not in manifest.files:
            raise SettingsError(f"{folder / name} does not belong to the snapshot.")
        if found.get(name) != manifest.files[name]:
            state = "was changed" if name in found else "is missing"
            raise SettingsError(f"{folder / name} {state}: its SHA-256 is not the recorded one.")
    return manifest


def hashes(folder: Path) -> dict[str, str]:
    """SHA-256 of every file but the manifest, by path."""
    files = sorted(each for each in folder.rglob("*") if not each.is_dir())
    return {
        name: face_files.sha256(file.read_bytes())
        for file in files
        if (name := file.relative_to(folder).as_posix()) != MANIFEST
    }


def _told_label(label: LiveLabel) -> dict[str, Any]:
    return {
        "id": label.id,
        "verdict": label.verdict_id,
        "post": label.post,
        "answer": str(label.answer),
        "names": label.names,
        "crop": label.crop,
        "picture": label.picture_hash,
        "face": label.face_hash,
    }


def _label(told: Mapping[str, Any], kind: Kind) -> LiveLabel:
    return LiveLabel(
        id=int(told["id"]),
        verdict_id=int(told["verdict"]),
        post=str(told["post"]),
        author=_NOBODY,
        answer=Answer(told["answer"]),
        names=tuple(map(str, told["names"])),
        said=None,
        crop=told["crop"],
        picture_hash=told["picture"],
        face_hash=told["face"],
        kind=kind,
    )


def _told_pooled(face: PooledFace) -> dict[str, Any]:
    return {
        "verdict": face.verdict_id,
        "post": face.post,
        "crop": face.crop,
        "picture": face.picture_hash,
        "face": face.face_hash,
    }


def _pooled(told: Mapping[str, Any]) -> PooledFace:
    return PooledFace(
        verdict_id=int(told["verdict"]),
        post=str(told["post"]),
        picture_hash=told["picture"],
        face_hash=told["face"],
        crop=told["crop"],
        vector=None,
        cluster=None,
        pinned=False,
    )


def _crop(folder: Path, told: Mapping[str, Any]) -> Crop:
    name = told["crop"]
    if not _CONTENT.fullmatch(name):
        raise ValueError(f"{name!r:.80} is no content hash")
    with Image.open(folder / CROPS / f"{name}.png", formats=("PNG",)) as image:
        return face_files.put(np.asarray(image.convert("RGB")), told)
