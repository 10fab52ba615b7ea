"""`python -m bot.collect`: keeps what a source finds, one picture at a time.

Each picture is kept in a transaction of its own, and the source's cursor moves behind it: whenever
the command is stopped, the next one goes on, and nothing comes twice. Whom a picture shows is not
asked of what its author did not agree to.
"""

import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from sqlalchemy.ext.asyncio import AsyncSession

from bot import collected_store, reception_store, replying
from bot.collected_store import Origin
from bot.domain import Attachment, Post, Verdict, is_of_x
from bot.errors import HanteiError, PictureRefused
from bot.galleries import Galleries
from bot.intake import Intake
from bot.judging import FaceJudgement, Judge, versions_dir
from bot.settings import Settings
from bot.store import NewVerdict, Store
from bot.verdicts import new_verdict, whole_of
from datasets.box_sets import Seen, picture_name
from models.heads import home_of
from models.types import Context, Kind, Picture, Scope, UserId

_OURS = "collected"
"""In keys, between the reference of the post and the hash of the file."""


class Outcome(StrEnum):
    """What became of one picture, in the words of the summary."""

    ADDED = "added"
    THERE = "there already"
    COPY = "near copies of others left out"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Found:
    """A picture that a source has found.

    Attributes:
        name: what it is called in what the operator is told.
        author: who posted it: only their word lets it be learned from.
        read: gets the file, or as much of it as shows that it is too large. Raises PictureRefused
            or OSError if this one cannot be had, another HanteiError if none can at the moment.
        original: reference of the post it was in, on a platform where the bot answers: whatever
            forgets that forgets the picture, and what the bot was asked about is not kept twice.
        place: as in `bot.domain.Post`.
        counted: likes and audience may be learned from, if the author agrees.
    """

    name: str
    author: UserId
    origin: Origin
    read: Callable[[], Awaitable[bytes]]
    original: str | None = None
    place: str = ""
    spoiler: bool = False
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Reached:
    """Everything up to here was found: next time the source begins behind it."""

    cursor: str


class Source(Protocol):
    """Where pictures are found.

    Attributes:
        name: as in `Origin.source`.
        total: how many there are; None if nobody knows.
    """

    @property
    def name(self) -> str: ...  # noqa: D102

    @property
    def total(self) -> int | None: ...  # noqa: D102

    def found(self, cursor: str | None) -> AsyncGenerator[Found | Reached, None]:
        """Find pictures, oldest first where they have an order.

        Args:
            cursor: of the last `Reached` that was dealt with; None the first time.
        """
        ...


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms pictures are collected.

    Attributes:
        most: pictures to add this time; None for all.
        agreed: the operator states that the authors agreed that they may be learned from.
        selfies: whom most pictures with one face show: a hint for people who label.
    """

    most: int | None = None
    agreed: bool = False
    selfies: str | None = None


class Collector:
    """Adds pictures, from one source after the other; see `bot.collect_command`."""

    def __init__(
        self,
        settings: Settings,
        store: Store,
        intake: Intake,
        judge: Judge,
        terms: Terms,
        console: Console,
    ) -> None:
        self.store = store
        self.console = console
        self._keep_days = settings.store.keep_days
        self._learn_from_x = settings.x.train
        self._intake = intake
        self._judge = judge
        self._galleries = Galleries(store, judge, versions_dir(settings))
        self._terms = terms
        self._scope: Scope = ""
        self._seen = Seen(())

    async def run(self, source: Source, scope: Scope) -> str:
        """Add to a scope what a source has found since the last time.

        Returns:
            What was done.
        """
        self._scope = scope
        self._seen = Seen(picture_name(*each) for each in await self.store.collected.hashes(scope))
        done = _Done()
        try:
            await self._run(source, done)
        except HanteiError:
            self.console.print(escape(f"{source.name}: {done.told(self._keep_days)}"))
            raise
        return f"{source.name}: {done.told(self._keep_days)}"

    async def _run(self, source: Source, done: "_Done") -> None:
        cursor = f"collect:{self._scope}:{source.name}"
        found = source.found(await self.store.cursors.read(cursor))
        with Progress(console=self.console, transient=True) as bar:
            task = bar.add_task(escape(source.name), total=source.total)
            async with aclosing(found):
                async for each in found:
                    if isinstance(each, Reached):
                        await self.store.cursors.write(cursor, each.cursor)
                    elif done.outcomes[Outcome.ADDED] == self._terms.most:
                        return
                    else:
                        done.outcomes[await self._outcome(each, done)] += 1
                        bar.advance(task)

    async def _outcome(self, found: Found, done: "_Done") -> Outcome:
        if found.original and await self._answered(found.original):
            return Outcome.THERE
        try:
            data = await found.read()
        except OSError as error:
            return self._refused(found, error.strerror or str(error))
        except PictureRefused as refused:
            return self._refused(found, replying.refusal("en", refused))
        try:
            return await self._add(found, data, done)
        except PictureRefused as refused:
            return self._refused(found, replying.refusal("en", refused))

    def _refused(self, found: Found, why: str) -> Outcome:
        self.console.print(f"{escape(found.name)}: {escape(why)}")
        return Outcome.REFUSED

    async def _add(self, found: Found, data: bytes, done: "_Done") -> Outcome:
        sha256 = hashlib.sha256(data).hexdigest()
        if self._seen.file(sha256):
            return Outcome.THERE
        picture = await self._intake.picture(Attachment(found.name, data))
        if self._seen.near(picture.phash):
            return Outcome.COPY
        agreed = await self._agreed(found.author)
        faces, verdicts = await self._looked_at(found, picture, agreed=agreed)
        solo = faces == 1
        origin = replace(found.origin, suggestion=self._terms.selfies if solo else None)

        async def note(session: AsyncSession, kept: Sequence[Verdict]) -> None:
            await collected_store.add(session, kept, sha256, faces, origin)
            if found.counted and origin.likes is not None and origin.audience:
                likes = min(origin.likes, origin.audience)
                await reception_store.note(session, kept[0].id, likes, origin.audience)

        if not await self.store.collect(self._post(found, sha256), verdicts, note):
            return Outcome.THERE
        self._seen.add(picture_name(sha256, picture.phash))
        done.solo += solo
        done.waiting += not agreed
        return Outcome.ADDED

    async def _looked_at(
        self, found: Found, picture: Picture, *, agreed: bool
    ) -> tuple[int, list[NewVerdict]]:
        """How many faces there are; and the whole, with the face if it is the only one."""
        judgement = await self._judge.judge(picture, Context(self._scope), heads=())
        kind = Kind.ILLUSTRATION if judgement.route == "illustration" else Kind.PHOTO
        verdicts = [whole_of(picture, kind, spoiler=found.spoiler)]
        if len(judgement.faces) == 1:
            face = await self._named(judgement.faces[0], agreed=agreed)
            shown = Attachment(found.name, spoiler=found.spoiler)
            verdicts.append(new_verdict(picture, shown, face))
        return len(judgement.faces), verdicts

    async def _answered(self, original: str) -> bool:
        """Whether the bot knows a post, not from here."""
        return any(f":{_OURS}:" not in key for key in await self.store.keys_under(original))

    async def _agreed(self, author: UserId) -> bool:
        """The author's standing word, or what the operator states of it."""
        scope = self._scope
        if is_of_x(author) and not self._learn_from_x:
            return False
        if await self.store.allowed(scope, author):
            return True
        if self._terms.agreed:
            await self.store.set_allowed(scope, author, True)
        return self._terms.agreed

    async def _named(self, face: FaceJudgement, *, agreed: bool) -> FaceJudgement:
        """With what the head at home says of it, if somebody may be looked for."""
        if not agreed:
            return face
        scope, head = self._scope, home_of(face.face.kind)
        await self._galleries.notice(scope, head)
        return replace(face, guesses=await self._judge.guess(face.crop, Context(scope), (head,)))

    def _post(self, found: Found, sha256: str) -> Post:
        scope, author = self._scope, found.author
        under = f"{found.original}:{_OURS}" if found.original else key_of(scope, author)
        key = f"{under}:{sha256}"
        return Post(scope, key, author, author, "en", (), place=found.place)


@dataclass(slots=True)
class _Done:
    """What a run has done.

    Attributes:
        solo: pictures added with exactly one face.
        waiting: pictures added to which nobody agreed.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    solo: int = 0
    waiting: int = 0

    def told(self, keep_days: float) -> str:
        """A summary of a few sentences."""
        told = ", ".join(f"{self.outcomes[each]} {each}" for each in Outcome if self.outcomes[each])
        if not self.outcomes[Outcome.ADDED]:
            return f"{told or 'nothing new'}."
        waiting = (
            f" To {self.waiting} of them nobody agreed: they expire after {keep_days:g} days "
            "(store.keep_days)."
        )
        return f"{told}. {self.solo} show one face.{waiting * bool(self.waiting)}"


def user_of(author: str) -> UserId:
    """An author who has no account that the bot knows."""
    return f"collected:{author}"


def key_of(scope: Scope, author: UserId) -> str:
    """What the keys of an author's pictures begin with; the SHA-256 of the file follows."""
    return f"collected:{scope}:{author.removeprefix('collected:')}"


def read_file(file: Path, most_bytes: int) -> bytes:
    """The file, or of a larger one just enough for the intake to refuse it."""
    with file.open("rb") as stream:
        return stream.read(most_bytes + 1)
