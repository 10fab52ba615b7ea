"""A table of labels → votes under the pictures that are there.

They are a moderator's votes: a face that its poster has not agreed to stays unlearned until then.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from bot import correcting
from bot.domain import Action, Answer, Attachment, Correction, State, Verdict
from bot.errors import NotFound, PictureRefused, SettingsError
from bot.exchange_store import KeptFace
from bot.imported import OPERATOR, PLACE, Done, Outcome
from bot.intake import Intake
from bot.judging import Judge
from bot.names import fold
from bot.service import Service
from bot.store import Store
from bot.vectors import vectors_of
from datasets import label_files
from datasets.label_files import LabelFileError, LabelLine
from models.heads import NAMING_HEADS, home_of
from models.types import Scope

_ACTIONS = {
    Answer.IS: Action.NAME,
    Answer.IS_NOT: Action.NOT,
    Answer.NOT_A_FACE: Action.NOT_A_FACE,
}

_OUTCOMES = {
    State.LEARNED: Outcome.ADDED,
    State.REJECTED: Outcome.ADDED,
    State.NOT_A_FACE: Outcome.ADDED,
    State.CONSENT_NEEDED: Outcome.WAITING,
}


class LabelImport:
    """Votes in one scope.

    Args:
        head: of lines that name none; None for that at home with the kind of face.
    """

    def __init__(
        self,
        service: Service,
        store: Store,
        intake: Intake,
        judge: Judge,
        scope: Scope,
        head: str | None = None,
    ) -> None:
        self._service = service
        self._store = store
        self._intake = intake
        self._judge = judge
        self._scope = scope
        self._head = head
        self._rejected: defaultdict[tuple[int, str], set[str]] = defaultdict(set)

    async def table(self, file: Path, console: Console) -> list[Done]:
        """Vote for the labels of a file.

        Raises:
            SettingsError: it is no table of labels.
        """
        try:
            lines = await asyncio.to_thread(label_files.read, file)
        except LabelFileError as error:
            raise SettingsError(str(error)) from error
        return await self.lines(lines, file.parent, console)

    async def lines(self, lines: Sequence[LabelLine], beside: Path, console: Console) -> list[Done]:
        """Vote for labels; names before what is not somebody, who has to be known for that.

        Args:
            beside: the folder that the files of the lines are in.

        Returns:
            What became of them, in the order of the lines.
        """
        faces = _Faces(await self._store.exchange.faces(self._scope))
        done: dict[int, Done] = {}
        with Progress(console=console, transient=True) as bar:
            names_first = sorted(enumerate(lines), key=lambda each: each[1].answer != Answer.IS)
            for place, line in bar.track(names_first, description="voting"):
                found = faces.meant(await self._with_hash(line, beside))
                done[place] = await self._vote_for(line, found)
        return [done[place] for place in sorted(done)]

    async def _with_hash(self, line: LabelLine, beside: Path) -> LabelLine:
        """A file says which picture is meant; if it is none, nothing is."""
        if not line.file or line.crop or line.face or line.picture:
            return line
        file = beside / line.file
        try:
            data = await asyncio.to_thread(file.read_bytes)
            picture = await self._intake.picture(Attachment(file.name, data))
        except (OSError, PictureRefused):
            return line
        return replace(line, picture=picture.phash)

    async def _vote_for(self, line: LabelLine, found: Sequence[KeptFace]) -> Done:
        told = f"line {line.number}" if line.number else line.file
        if not found:
            return Done(told, line.name, Outcome.UNMATCHED)
        if len({each.face_hash for each in found}) > 1:
            return Done(told, line.name, Outcome.SEVERAL)
        head = line.head or self._head or home_of(found[0].kind)
        if head not in NAMING_HEADS or found[0].kind not in NAMING_HEADS[head].kinds:
            return Done(told, line.name, Outcome.UNFIT, head)
        try:
            states = [await self._cast(face.verdict_id, head, line) for face in found]
        except NotFound as error:
            return Done(told, line.name, Outcome.REFUSED, str(error))
        outcome = _OUTCOMES.get(states[0], Outcome.OUTVOTED)
        return Done(told, line.name, outcome, str(states[0]))

    async def _cast(self, verdict_id: int, head: str, line: LabelLine) -> State:
        """One vote; what is learned of it is embedded now, or the bot that answers would have to.

        Raises:
            NotFound: the face is gone, or the line cannot be said of it.
        """
        verdict = await self._service.verdict(verdict_id)
        action = self._action(verdict, head, line)
        name = line.name if action in (Action.NAME, Action.NOT) else None
        vote = Correction(verdict_id, head, OPERATOR, action, trusted=True, name=name, place=PLACE)
        standing = await self._service.cast(vote)
        if standing.state is State.LEARNED and verdict.crop is not None:
            await vectors_of(self._store, self._judge, [verdict.crop], head)
        return standing.state

    def _action(self, verdict: Verdict, head: str, line: LabelLine) -> Action:
        """One voter has one vote on a face: several people can only be rejected as offered."""
        action = _ACTIONS[Answer(line.answer)]
        if action is not Action.NOT:
            return action
        rejected = self._rejected[verdict.id, head]
        rejected.add(fold(line.name))
        if len(rejected) == 1:
            return action
        if rejected <= {fold(name) for name in correcting.offered_names(verdict, head)}:
            return Action.NONE_OF_THESE
        raise NotFound("of one person only can be said here that it is not them")


class _Faces:
    """Finds the faces that lines speak of."""

    def __init__(self, faces: Iterable[KeptFace]) -> None:
        self._by: defaultdict[tuple[str, str], list[KeptFace]] = defaultdict(list)
        for face in faces:
            self._by["crop", face.crop or ""].append(face)
            self._by["face", face.face_hash].append(face)
            self._by["picture", face.picture_hash].append(face)
            self._by["verdict", str(face.verdict_id)].append(face)

    def meant(self, line: LabelLine) -> list[KeptFace]:
        """By the most exact of its hashes that is known here.

        A number counts only without any hash: in another database it is another face's.
        """
        given = [each for each in ("crop", "face", "picture") if getattr(line, each)]
        for column in given or ([] if line.file else ["verdict"]):
            if found := self._by.get((column, str(getattr(line, column)))):
                return found
        return []
