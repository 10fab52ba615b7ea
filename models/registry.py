"""What a community taught: numbered versions on disk, promoted and rolled back by one rename.

    ROOT/SCOPE/HEAD/3/meta.json            scores, and numbers of the labels it was learned from
    ROOT/SCOPE/HEAD/3/weights.safetensors  learned templates; no names, no faces
    ROOT/SCOPE/HEAD/current                "3", replaced atomically
    ROOT/SCOPE/HEAD/forgotten.json         numbers that must not come back, and why
    ROOT/SCOPE/HEAD/lock                   held while any of this is changed

A version is written under a temporary name, flushed to disk and renamed, so a reader sees it
whole or not at all; `current` is replaced the same way. Readers take no lock. Galleries are not
part of a version: they are built from live labels, so that no promotion or rollback can lose a
correction.
"""

import json
import logging
import os
import shutil
import time
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import safetensors.numpy

from models.learned import Learned, Recipe
from models.shared_files import locked, sync_folder
from models.types import Scope

log = logging.getLogger(__name__)

_NOTHING = "0"
"""What `current` holds when no version is promoted."""


class VersionError(Exception):
    """There is no such version, or it must not be used; the message says which and why."""


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """What training produces.

    Attributes:
        fingerprint: of the embedder it was trained with; it is used with no other.
        last_label: no label with a higher id was seen.
        replaces: the number that answered before it, to which a rollback leads; None if the
            gallery did, without anything learned.
        made: when, in UTC, as ISO 8601 to the second.
        scores: what it measured on held-out labels, beside what answered before it.
    """

    fingerprint: str
    last_label: int
    replaces: int | None
    made: str
    scores: dict[str, Any]
    learned: Learned


@dataclass(frozen=True, slots=True)
class _Forgotten:
    """forgotten.json: how often something was forgotten, and which versions had to go for it."""

    times: int
    versions: dict[str, str]


@dataclass(frozen=True, slots=True)
class State:
    """What training starts from; a version may be promoted only while this is still so.

    Attributes:
        current: the number that answers, or None.
        forgettings: how often versions had to be removed, see `Registry.remove_since`.
    """

    current: int | None
    forgettings: int


def scopes(root: Path, head: str) -> list[Scope]:
    """Every scope where a version of `head` was ever made or removed, sorted."""
    return sorted(unquote(folder.parent.name) for folder in root.glob(f"*/{head}"))


class Registry:
    """The versions of one scope and one head below `root`.

    Reading is safe from any thread and process at any time; `save`, `promote`, `rollback` and
    `remove_since` are called inside `locked`.
    """

    def __init__(self, root: Path, scope: Scope, head: str) -> None:
        self._folder = root / quote(scope, safe="") / head
        self._cached: tuple[str, Version | None] = (_NOTHING, None)

    # reading

    def current(self) -> Version | None:
        """The promoted version; None if there is none, or none that can be used.

        Costs one read of a few bytes unless another version was promoted since; the time of the
        file would not do, two promotions can fall into one tick of it. Never raises: what answers
        goes on with the gallery alone, and the log says why.
        """
        pointer = self.pointer()
        seen, version = self._cached
        if pointer != seen:
            version = self._usable(pointer)
            self._cached = (pointer, version)  # in one step, for the other threads
        return version

    def _usable(self, pointer: str) -> Version | None:
        try:
            number = _number(pointer)
            return self.load(number) if number is not None else None
        except VersionError as error:
            log.warning("%s: %s; the gallery answers without it", self._folder, error)
            return None

    def pointer(self) -> str:
        """What the file `current` holds: another text after each promotion and rollback.

        A read of a few bytes; what cannot be read is told by the error's words.
        """
        try:
            return self._pointer()
        except OSError as error:
            return str(error)

    def current_number(self) -> int | None:
        """The number of the promoted version, or None.

        Raises:
            VersionError: the file that tells it is damaged.
        """
        return _number(self._pointer())

    def numbers(self) -> list[int]:
        """Of all versions that have not been removed, oldest first."""
        removed = self.removed()
        return [number for number in self._on_disk() if number not in removed]

    def removed(self) -> dict[int, str]:
        """Numbers that were removed because something they had seen was forgotten, and why."""
        return {int(number): why for number, why in self._forgotten().versions.items()}

    def state(self) -> State:
        """What training starts from."""
        return State(self.current_number(), self._forgotten().times)

    def load(self, number: int) -> Version:
        """Read one version.

        Raises:
            VersionError: it is not there, is damaged, or was removed for a reason.
        """
        if why := self.removed().get(number):
            raise VersionError(f"version {number} was removed: {why}")
        try:
            return read(self._folder / str(number))
        except FileNotFoundError as error:
            raise VersionError(f"there is no version {number}") from error
        except Exception as error:
            raise VersionError(f"version {number} cannot be read: {error}") from error

    # changing

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Keep everybody else, in this process or another, from changing versions.

        Whoever forgets a label holds it from before the label's versions are removed until the
        label itself is gone; whoever trains holds it while reading labels, and while promoting.
        So nothing forgotten comes back in a version that was being trained meanwhile.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        async with locked(self._folder / "lock"):
            yield

    def save(self, version: Version) -> int:
        """Write a new version, not yet promoted.

        Returns:
            Its number: one more than any number ever used here.
        """
        self._sweep()
        used = [self.current_number() or 0, *self._on_disk(), *self.removed()]
        number = max(used) + 1
        temporary = self._folder / f"{number}.writing"
        temporary.mkdir()
        write(temporary, version)
        temporary.rename(self._folder / str(number))
        sync_folder(self._folder)
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
            number: which; by default the one that the current one replaced or, if that is gone,
                the newest before it.

        Returns:
            The number that answers now; None if no version is left and the gallery answers alone.

        Raises:
            VersionError: nothing to go back from, or the version cannot be used.
        """
        if number is not None:
            self.promote(number)
            return number
        now = self.current_number()
        if now is None:
            gone = "".join(f"; version {n} was removed: {why}" for n, why in self.removed().items())
            raise VersionError(f"no version is promoted, so there is none to go back from{gone}")
        before = self._before(now, self.numbers())
        self._point_at(before)
        return before

    def remove_since(
        self, label: int | None, why: str, unknowns: Collection[int] = ()
    ) -> list[int]:
        """Remove every version that may have seen what is forgotten, so that none can come back.

        The version before them answers again, or the gallery alone. Training that began before is
        told so by `state`.

        Damaged files are no hindrance: where nobody can tell what was forgotten before, every
        version goes, and where nobody can tell what answers, the gallery answers alone.

        Args:
            label: the first of the labels that are forgotten; None if there are none.
            unknowns: verdicts of faces that are forgotten, which a version may have seen while
                nobody had named them.
            why: is kept, so it should not name who was forgotten.

        Returns:
            The removed numbers.
        """
        try:
            forgotten = self._forgotten()
            numbers = self.numbers()
            doomed = [number for number in numbers if self._may_have_seen(number, label, unknowns)]
        except VersionError as error:
            log.warning("%s; every version is removed", error)
            forgotten = _Forgotten(time.time_ns(), {})  # as often as never before
            numbers = doomed = self._on_disk()
        self._point_away(numbers, doomed)
        versions = forgotten.versions | {str(number): why for number in doomed}
        told = _Forgotten(forgotten.times + 1, versions)
        self._replace("forgotten.json", _json(asdict(told)))
        self._sweep()
        return doomed

    # plumbing

    def _point_away(self, numbers: Sequence[int], doomed: Sequence[int]) -> None:
        """Let none of the `doomed` answer; `numbers` are all there are."""
        try:
            current = self.current_number()
        except VersionError as error:
            log.warning("%s; the gallery answers alone", error)
            self._point_at(None)
            return
        if current is not None and current in doomed:
            left = [number for number in numbers if number not in doomed]
            self._point_at(self._before(current, left))

    def _before(self, number: int, choices: Sequence[int]) -> int | None:
        """Of `choices` the version that `number` replaced or, if that is gone, the one before."""
        try:
            replaced = self.load(number).replaces or 0
        except VersionError:
            replaced = number - 1
        return max((choice for choice in choices if choice <= replaced), default=None)

    def _may_have_seen(self, number: int, label: int | None, unknowns: Collection[int]) -> bool:
        try:
            version = self.load(number)
            saw = label is not None and version.last_label >= label
            return saw or not version.learned.unknowns.isdisjoint(unknowns)
        except (VersionError, TypeError):  # nobody can tell any more
            return True

    def _on_disk(self) -> list[int]:
        if not self._folder.is_dir():
            return []
        return sorted(int(each.name) for each in self._folder.iterdir() if each.name.isdigit())

    def _forgotten(self) -> _Forgotten:
        """Raises VersionError if the file is damaged."""
        try:
            told = json.loads((self._folder / "forgotten.json").read_bytes())
            versions = {str(int(number)): str(why) for number, why in told["versions"].items()}
            return _Forgotten(int(told["times"]), versions)
        except FileNotFoundError:
            return _Forgotten(0, {})
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise VersionError(f"{self._folder / 'forgotten.json'} is damaged: {error}") from error

    def _sweep(self) -> None:
        """Delete what was removed, and what somebody who was killed left half written."""
        gone = {str(number) for number in self.removed()}
        for entry in self._folder.iterdir():
            if entry.name in gone or entry.suffix == ".writing":
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def _pointer(self) -> str:
        try:
            return (self._folder / "current").read_text(errors="replace")
        except FileNotFoundError:
            return _NOTHING

    def _point_at(self, number: int | None) -> None:
        self._replace("current", str(number).encode() if number else _NOTHING.encode())

    def _replace(self, name: str, content: bytes) -> None:
        temporary = self._folder / f"{name}.writing"
        _write(temporary, content)
        temporary.replace(self._folder / name)
        sync_folder(self._folder)


def write(folder: Path, version: Version) -> None:
    """Write the two files of a version into a folder that is there, and flush them to disk."""
    learned = version.learned
    meta = {
        "fingerprint": version.fingerprint,
        "last_label": version.last_label,
        "replaces": version.replaces,
        "made": version.made,
        "scores": version.scores,
        "recipe": asdict(learned.recipe),
        "unknowns": sorted(learned.unknowns),
        "labels": learned.labels,
    }
    _write(folder / "meta.json", _json(meta))
    _write(folder / "weights.safetensors", weights_of(learned))
    sync_folder(folder)


def weights_of(learned: Learned) -> bytes:
    """The templates as a version's file holds them: the same bytes for the same numbers."""
    return safetensors.numpy.save({"templates": learned.templates})


def read(folder: Path) -> Version:
    """Read what `write` has written.

    Raises:
        FileNotFoundError: a file is missing.
        Exception: one is damaged, in whatever way.
    """
    meta = json.loads((folder / "meta.json").read_bytes())
    weights = safetensors.numpy.load((folder / "weights.safetensors").read_bytes())
    learned = Learned(
        templates=weights["templates"],
        labels=tuple(tuple(each) for each in meta.pop("labels")),
        unknowns=frozenset(meta.pop("unknowns")),
        recipe=Recipe(**meta.pop("recipe")),
    )
    return Version(learned=learned, **meta)


def _number(pointer: str) -> int | None:
    try:
        return int(pointer) or None
    except ValueError as error:
        raise VersionError(f"`current` should hold a version's number: {pointer!r}") from error


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode()


def _write(file: Path, content: bytes) -> None:
    with file.open("wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
