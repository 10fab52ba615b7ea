"""What a community taught: numbered versions on disk, promoted and rolled back by one rename.

    ROOT/SCOPE/HEAD/3/meta.json            thresholds, scores, the last label it saw
    ROOT/SCOPE/HEAD/3/weights.safetensors  learned weights, perhaps none
    ROOT/SCOPE/HEAD/current                "3", replaced atomically
    ROOT/SCOPE/HEAD/removed.json           numbers that must not come back, and why

A version is written under a temporary name, flushed to disk and renamed, so a reader sees it
whole or not at all; `current` is replaced the same way. Galleries are not part of a version: they
are built from live labels, so that no promotion or rollback can lose a correction.
"""

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from models.calibration import Calibration
from models.types import Scope


class VersionError(Exception):
    """There is no such version, or it must not be used; the message says which and why."""


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """What training produces.

    Attributes:
        fingerprint: of the embedder it was trained with; it is used with no other.
        last_label: the highest label id it has seen.
        scores: what it measured on held-out labels, beside the version before it.
        weights: learned arrays by name; empty where the gallery alone decides.
    """

    fingerprint: str
    calibration: Calibration
    last_label: int
    scores: dict[str, Any]
    weights: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


class Registry:
    """The versions of one scope and one head below `root`."""

    def __init__(self, root: Path, scope: Scope, head: str) -> None:
        self._folder = root / quote(scope, safe="") / head
        self._cached: tuple[float, Version | None] = (-1.0, None)

    def current(self) -> Version | None:
        """The promoted version, or None. Costs one `stat` unless it has changed."""
        try:
            changed = (self._folder / "current").stat().st_mtime_ns
        except FileNotFoundError:
            return None
        if self._cached[0] != changed:
            number = self.current_number()
            self._cached = (changed, self.load(number) if number is not None else None)
        return self._cached[1]

    def current_number(self) -> int | None:
        """The number of the promoted version, or None."""
        try:
            text = (self._folder / "current").read_text()
        except FileNotFoundError:
            return None
        return int(text) or None

    def numbers(self) -> list[int]:
        """Of all versions on disk, oldest first."""
        if not self._folder.is_dir():
            return []
        return sorted(int(p.name) for p in self._folder.iterdir() if p.name.isdigit())

    def load(self, number: int) -> Version:
        """Read one version.

        Raises:
            VersionError: it is not there, or was removed for a reason.
        """
        folder = self._folder / str(number)
        if why := self._removed().get(str(number)):
            raise VersionError(f"version {number} was removed: {why}")
        if not folder.is_dir():
            raise VersionError(f"there is no version {number}")
        meta = json.loads((folder / "meta.json").read_text())
        calibration = Calibration(**meta.pop("calibration"))
        weights = safetensors.numpy.load_file(folder / "weights.safetensors")
        return Version(calibration=calibration, weights=weights, **meta)

    def save(self, version: Version) -> int:
        """Write a new version, not yet promoted.

        Returns:
            Its number: one more than any number ever used here.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        used = [*self.numbers(), *(int(n) for n in self._removed()), 0]
        number = max(used) + 1
        temporary = self._folder / f".writing-{number}"
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir()
        meta = asdict(version)
        del meta["weights"]
        _write(temporary / "meta.json", json.dumps(meta, indent=2, ensure_ascii=False).encode())
        _write(temporary / "weights.safetensors", safetensors.numpy.save(dict(version.weights)))
        _sync_folder(temporary)
        temporary.rename(self._folder / str(number))
        _sync_folder(self._folder)
        return number

    def promote(self, number: int) -> None:
        """Make a version the one that answers.

        Raises:
            VersionError: see `load`.
        """
        self.load(number)
        self._point_at(number)

    def rollback(self, number: int | None = None) -> int | None:
        """Go back to an earlier version.

        Args:
            number: which; by default the newest one before the current one.

        Returns:
            The number that answers now; None if no version is left and the measured thresholds
            answer.

        Raises:
            VersionError: nothing to go back from, or the version cannot be used.
        """
        if number is None:
            now = self.current_number()
            if now is None:
                raise VersionError("no version is promoted, so there is nothing to go back from")
            number = max((n for n in self.numbers() if n < now), default=None)
        if number is None:
            self._point_at(0)
        else:
            self.promote(number)
        return number

    def remove_since(self, label: int, why: str) -> list[int]:
        """Remove every version that has seen label `label`, so that none can come back.

        Returns:
            The removed numbers.
        """
        doomed = [n for n in self.numbers() if self._last_label(n) >= label]
        if not doomed:
            return []
        left = [n for n in self.numbers() if n not in doomed]
        removed = self._removed() | {str(n): why for n in doomed}
        self._replace("removed.json", json.dumps(removed, ensure_ascii=False).encode())
        if self.current_number() in doomed:
            self._point_at(max(left, default=0))
        for number in doomed:
            shutil.rmtree(self._folder / str(number))
        return doomed

    def _last_label(self, number: int) -> int:
        meta = json.loads((self._folder / str(number) / "meta.json").read_text())
        return int(meta["last_label"])

    def _removed(self) -> dict[str, str]:
        try:
            told: dict[str, str] = json.loads((self._folder / "removed.json").read_text())
        except FileNotFoundError:
            return {}
        return told

    def _point_at(self, number: int) -> None:
        """0 points at nothing."""
        self._replace("current", str(number).encode())

    def _replace(self, name: str, content: bytes) -> None:
        temporary = self._folder / f".{name}.writing"
        _write(temporary, content)
        temporary.replace(self._folder / name)
        _sync_folder(self._folder)


def _write(file: Path, content: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """Make renames inside `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
