"""Pictures in a folder per name → people and characters that the bot knows.

Whoever imports them states the right to it: they are posted and named by `OPERATOR`, whose word
under their own pictures is consent, as that of an administrator who enrols.
"""

import asyncio
import hashlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from bot import face_files, replying
from bot.domain import Action, Answer, Attachment, Correction, Post, State, Verdict
from bot.errors import NotFound, PictureRefused, SettingsError
from bot.exporting import FACES
from bot.imported import OPERATOR, PLACE, Done, Outcome
from bot.intake import Intake
from bot.judge_files import side_by_side
from bot.judging import Judge
from bot.names import fold
from bot.service import Service
from bot.store import NewVerdict, Store
from bot.vectors import vectors_of
from datasets import class_folders, folders, split
from datasets.class_folders import ClassesError
from datasets.folders import FolderError
from models.crops import in_place
from models.heads import NAMING_HEADS, home_of
from models.types import Box, Context, Crop, Picture, Scope

_SIDE = 96
"""Pixels: of two faces in place, to see whether they are one picture."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A face that has a name: content hash of its crop, and where it came from, for people."""

    crop: str
    name: str
    source: str


@dataclass(frozen=True, slots=True)
class _Item:
    """A picture to import.

    Attributes:
        told: its path below the folder, for people.
        digest: SHA-256 of the file, in hexadecimal.
    """

    name: str
    file: Path
    told: str
    digest: str

    def done(self, outcome: Outcome, detail: str = "") -> Done:
        """What became of it."""
        return Done(self.told, self.name, outcome, detail)


class FolderImport:
    """Imports into one scope.

    Args:
        head: under which names are learned; None for that at home with each kind of face.
    """

    def __init__(
        self,
        service: Service,
        store: Store,
        intake: Intake,
        judge: Judge,
        scope: Scope,
        head: str | None,
    ) -> None:
        self._service = service
        self._store = store
        self._intake = intake
        self._judge = judge
        self._scope = scope
        self._head = head
        self._hashes = np.empty(0, dtype=np.uint64)
        self._known: list[_Known] = []
        # Two pictures that are worked on side by side may be copies of each other.
        self._comparing = asyncio.Lock()

    async def folder(self, folder: Path, workers: int, console: Console) -> list[Done]:
        """Enrol the pictures of a folder per name; what an earlier import did is not done again.

        A folder that `bot.exporting.export_folder` wrote gives back the very faces.

        Args:
            workers: pictures to work on side by side.

        Raises:
            SettingsError: the folder is none of that kind.
        """
        faces = await asyncio.to_thread(_exported_faces, folder)
        items = []
        with Progress(console=console, transient=True) as bar:
            for name, file in bar.track(_named_files(folder), description="looking for copies"):
                told = str(file.relative_to(folder))
                items.append(_Item(name, file, told, await asyncio.to_thread(_digest, file)))
        firsts = {each.digest: each for each in reversed(items)}
        await self._know_enrolled()

        async def one(item: _Item) -> Done:
            first = firsts[item.digest]
            if first is not item:
                return _doubled(item, first.told, fold(item.name) == fold(first.name))
            try:
                return await self._enrol(item, faces.get(item.digest))
            except PictureRefused as refused:
                return item.done(Outcome.REFUSED, replying.refusal("en", refused))
            except (OSError, NotFound, ValueError) as error:
                return item.done(Outcome.REFUSED, str(error))

        return await side_by_side(one, items, workers, "importing", console)

    async def _know_enrolled(self) -> None:
        """Everybody's examples, which a picture may be a copy of."""
        heads = NAMING_HEADS if self._head is None else (self._head,)
        for head in heads:
            for label in await self._store.live_labels(self._scope, head):
                if label.answer is Answer.IS and label.crop is not None:
                    known = _Known(label.crop, label.names[0], f"what was posted as {label.post}")
                    self._know(label.picture_hash, known)

    def _know(self, picture_hash: str, known: _Known) -> None:
        self._hashes = np.append(self._hashes, np.uint64(int(picture_hash, 16)))
        self._known.append(known)

    async def _enrol(self, item: _Item, exported: Mapping[str, Any] | None) -> Done:
        key = f"imported:{self._scope}:{item.digest}"
        earlier = await self._store.verdicts_of(key)
        if earlier:
            return await self._name_again(earlier[0], item)
        data = await asyncio.to_thread(item.file.read_bytes)
        picture = await self._intake.picture(Attachment(item.file.name, data))
        judged = await self._judge.judge(picture, Context(self._scope, OPERATOR), heads=())
        if exported is not None:
            new = _as_exported(picture, exported)
        elif len(judged.faces) != 1:
            return item.done(Outcome.SEVERAL if judged.faces else Outcome.NO_FACE)
        else:
            (found,) = judged.faces
            box, score = picture.in_file(found.face.box), found.face.score
            new = _new(picture.phash, found.face_hash, found.crop, box, score)
        head = self._head or home_of(new.kind)
        if new.kind not in NAMING_HEADS[head].kinds:
            return item.done(Outcome.UNFIT)
        async with self._comparing:
            if (known := await self._copied(new)) is not None:
                same = fold(await self._present(head, item.name)) == fold(known.name)
                return _doubled(item, known.source, same)
            verdict = await self._post(key, new)
            self._know(new.picture_hash, _Known(verdict.crop or "", item.name, item.told))
        return await self._name(verdict, head, item)

    async def _post(self, key: str, new: NewVerdict) -> Verdict:
        """Record the face; what an import that was killed had claimed is taken over."""
        post = Post(self._scope, key, OPERATOR, OPERATOR, "en", ())
        if not await self._store.claim(post):
            await self._store.release(key)
            await self._store.claim(post)
        recorded = await self._store.answered(key, "", [new])
        if not recorded:
            raise NotFound("somebody released it while it was being imported; import it again")
        return recorded[0]

    async def _name_again(self, verdict: Verdict, item: _Item) -> Done:
        """An earlier import has come at least so far."""
        votes = await self._service.votes_of(verdict, OPERATOR)
        head = votes[-1].head if votes else self._head or home_of(verdict.kind)
        voted = next((vote.name for vote in reversed(votes) if vote.name), None)
        if voted is not None:
            present = await self._present(head, voted)
            if fold(present) != fold(await self._present(head, item.name)):
                return item.done(Outcome.TWO_NAMES, f"it was imported as {present}")
        done = await self._name(verdict, head, item)
        return item.done(Outcome.THERE) if voted is not None else done

    async def _name(self, verdict: Verdict, head: str, item: _Item) -> Done:
        vote = Correction(
            verdict.id, head, OPERATOR, Action.NAME, trusted=True, name=item.name, place=PLACE
        )
        standing = await self._service.cast(vote)
        if standing.state is not State.LEARNED:
            return item.done(Outcome.OUTVOTED, str(standing.state))
        if verdict.crop is not None:  # now, or the bot that answers would have to
            await vectors_of(self._store, self._judge, [verdict.crop], head)
        return item.done(Outcome.ADDED)

    async def _copied(self, new: NewVerdict) -> _Known | None:
        """A face with a name that is the same picture.

        The hash of the picture proposes, the pixels of the face decide: portraits that were all
        cut alike have hashes that are near to each other.
        """
        distance = np.bitwise_count(self._hashes ^ np.uint64(int(new.picture_hash, 16)))
        for index in np.flatnonzero(distance <= split.DUPLICATE_BITS).tolist():
            known = self._known[index]
            crop = await self._store.crop(known.crop)
            if crop is not None and await asyncio.to_thread(_alike, crop, new.crop):
                return known
        return None

    async def _present(self, head: str, name: str) -> str:
        """What whoever has or had this name is called now."""
        present = await self._store.present_names(self._scope, head, [name])
        return present.get(name, name)


def _named_files(folder: Path) -> list[tuple[str, Path]]:
    try:
        names = class_folders.read(folder)
        files = list(folders.people(folder))
    except (ClassesError, FolderError) as error:
        raise SettingsError(str(error)) from error
    return [(names.get(unicodedata.normalize("NFC", name), name), file) for name, file in files]


def _exported_faces(folder: Path) -> dict[str, dict[str, Any]]:
    """Where faces are, by the SHA-256 of the picture's file, if the folder says so."""
    file = folder / FACES
    lines = face_files.read_lines(file) if file.is_file() else []
    return {str(line.get("sha256")): line for line in lines}


def _as_exported(picture: Picture, told: Mapping[str, Any]) -> NewVerdict:
    """The face as it was kept where it was exported.

    Raises:
        ValueError: the line is damaged.
    """
    crop = face_files.put(picture.pixels, told)
    hashes = [str(told.get(key)) for key in ("picture", "face")]
    if not all(re.fullmatch(r"[0-9a-f]{16}", each) for each in hashes):
        raise ValueError("a hash of the picture is damaged")
    return _new(hashes[0], hashes[1], crop, picture.in_file(crop.box), 1.0)


def _new(picture_hash: str, face_hash: str, crop: Crop, box: Box, score: float) -> NewVerdict:
    """Of one face; no head has judged it."""
    return NewVerdict(picture_hash, face_hash, crop.kind, box, score, (), crop, spoiler=False)


def _doubled(item: _Item, original: str, same_name: bool) -> Done:
    outcome = Outcome.COPY if same_name else Outcome.TWO_NAMES
    return item.done(outcome, f"the same picture as {original}")


def _alike(one: Crop, other: Crop) -> bool:
    """Whether two faces are one picture, by their pixels."""
    if one.kind is not other.kind:
        return False
    _, group = split.aligned_copies([in_place(one, _SIDE), in_place(other, _SIDE)])
    return bool(group == 0)


def _digest(file: Path) -> str:
    """SHA-256; of what cannot be read its path, so that it is like no other."""
    try:
        with file.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return str(file)
