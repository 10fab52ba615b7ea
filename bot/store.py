"""What is remembered: posts, verdicts, votes, labels, people, consent, crops, embeddings.

SQLAlchemy on SQLite in write-ahead mode. Alembic's migrations (`bot/migrations`) run at start.
Votes and labels are only ever added to; what stands is computed from them. Crops lie as files
named by their content beside the database.
"""

import asyncio
import hashlib
import json
import logging
import tempfile
from collections import defaultdict
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Sequence,
)
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from alembic import command
from alembic.config import Config
from numpy.typing import NDArray
from PIL import Image
from sqlalchemy import (
    ColumnElement,
    String,
    delete,
    event,
    func,
    literal,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from bot.cluster_store import (
    ClusterStore,
    leave,
)
from bot.collected_store import CollectedStore, fade, strike
from bot.cursor_store import CursorStore
from bot.digest_store import DigestStore
from bot.domain import Action, Answer, Correction, Label, Person, Post, Verdict, Vote
from bot.errors import SettingsError
from bot.exchange_store import ExchangeStore
from bot.guess_json import guess_of, json_of
from bot.keeping import drop_groundless_embeddings, examples, grounded_crops, may_be_kept
from bot.member_store import MemberStore
from bot.names import fold
from bot.people_store import PeopleStore
from bot.question_store import QuestionStore
from bot.rating_store import RatingStore, vote_of
from bot.reception_store import ReceptionStore
from bot.sqlite import connection_to
from bot.tables import (
    AliasRow,
    ClusterFaceRow,
    ClusterMessageRow,
    ConfirmationRow,
    ConsentRow,
    CropRow,
    DigestedRow,
    EmbeddingRow,
    LabelRow,
    MessageRow,
    PersonRow,
    PlaceRow,
    PostRow,
    RatingResetRow,
    ReceptionRow,
    VerdictRow,
    VoteRow,
)
from bot.teaching_store import TeachingStore, forget_target, leave_holds
from bot.x_store import XStore
from models.types import (
    Box,
    Candidate,
    Crop,
    Guess,
    Kind,
    Named,
    Scope,
    UserId,
)

log = logging.getLogger(__name__)
Value = TypeVar("Value")

_MOST_VALUES = 500
"""In one statement; SQLite has a limit, and the event loop gets its turn between two."""


@dataclass(frozen=True, slots=True)
class NewVerdict:
    """A verdict before it has an id; see `bot.domain.Verdict`."""

    picture_hash: str
    face_hash: str
    kind: Kind
    box: Box
    detection_score: float
    guesses: tuple[Guess, ...]
    crop: Crop
    spoiler: bool
    whole: bool = False


@dataclass(frozen=True, slots=True)
class LiveLabel:
    """A label that stands, joined with what training needs of its verdict.

    Attributes:
        post: key of the post the face was in.
        author: who posted it.
        names: present names of the people it speaks of.
        said: the name that the head had answered, or None for "I don't know".
    """

    id: int
    verdict_id: int
    post: str
    author: UserId
    answer: Answer
    names: tuple[str, ...]
    said: str | None
    crop: str | None
    picture_hash: str
    face_hash: str
    kind: Kind


class Store:
    """The database and the crop files below `data_dir`.

    Use it between `open` and `close`; `async with` does both.

    Attributes:
        clusters: what is kept of the faces that nobody named.
        ratings: how people rated what they saw.
        receptions: how many reacted to a picture, of those who could see it.
        digests: who is sent the best of what was posted.
        teaching: all that was voted, and which votes are held.
        exchange: by which hashes faces are found again.
        names: how people are called, and how that is read.
        questions: which faces people may be asked about.
        members: who has come in to the pages, and what moderators and admins did.
        cursors: how far what is read in pieces has been read.
        x: which posts mention the bot on X, who said stop there, and what it cost.
        collected: where pictures come from that nobody handed to the bot.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._writer = asyncio.Lock()
        # From writing a crop's file to recording it: in between nobody may take it for a stray.
        self._crops = asyncio.Lock()
        self._engine: AsyncEngine | None = None
        self._sessions: async_sessionmaker[AsyncSession] | None = None
        self.clusters = ClusterStore(self._reading, self._writing)
        self.receptions = ReceptionStore(self._reading, self._writing)
        self.ratings = RatingStore(self._reading, self._writing)
        self.digests = DigestStore(self._reading, self._writing)
        self.teaching = TeachingStore(self._reading, self._writing)
        self.exchange = ExchangeStore(self._reading)
        self.names = PeopleStore(self._reading, self._writing)
        self.questions = QuestionStore(self._reading)
        self.members = MemberStore(self._reading, self._writing)
        self.cursors = CursorStore(self._reading, self._writing)
        self.x = XStore(self._reading, self._writing)
        self.collected = CollectedStore(self._reading)

    async def __aenter__(self) -> "Store":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Create or migrate the database.

        Raises:
            SettingsError: the data folder cannot be made.
        """
        file = self._data_dir / "hantei.sqlite3"
        try:
            self._data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"store.data_dir = {str(self._data_dir)!r} cannot be used: {error.strerror}; "
                "choose a folder that this user may write."
            ) from error
        await asyncio.to_thread(migrate, file)
        self._engine = create_async_engine(
            f"sqlite+aiosqlite:///{file}", async_creator=connection_to(file)
        )
        event.listen(self._engine.sync_engine, "connect", _configure_connection)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)

    async def close(self) -> None:
        """Let go of the database."""
        if self._engine is not None:
            await self._engine.dispose()

    # posts and verdicts

    async def claim(self, post: Post) -> bool:
        """Take a post to answer it. False if it was answered, or is being answered, already."""
        async with self._writing() as session:
            return await _claim(session, post)

    async def release(self, key: str) -> None:
        """Give back a post whose answer nobody has seen, so that it can be tried again."""
        async with self._writing() as session:
            was_answered = await session.scalar(
                delete(PostRow).where(PostRow.key == key).returning(PostRow.answered)
            )
        if was_answered:
            await self._drop_orphaned_crops()

    async def is_unsent(self, key: str, before: datetime) -> bool:
        """Whether a post was answered before a moment, but no message shows the answer.

        What was only looked at has no words to send.
        """
        async with self._reading() as session:
            found = await session.scalar(
                select(PostRow.id).where(
                    PostRow.key == key,
                    PostRow.answered,
                    PostRow.words != "",
                    PostRow.created < before,
                    PostRow.id.not_in(select(MessageRow.post_id)),
                )
            )
            return found is not None

    async def release_unanswered(self) -> int:
        """Give back what a process that died was answering. Only for the start of the bot."""
        async with self._writing() as session:
            result = await session.execute(
                delete(PostRow).where(PostRow.answered.is_(False)).returning(PostRow.id)
            )
            return len(result.all())

    async def answered(
        self, key: str, words: str, verdicts: Sequence[NewVerdict], text: str | None = None
    ) -> list[Verdict]:
        """Record what was made of a claimed post, in one transaction; crops go to disk first.

        Args:
            text: what is written beside the pictures; kept for as long as their crops.

        Returns:
            Nothing if the post was forgotten while it was being judged.
        """

        async def record(session: AsyncSession, hashes: Sequence[str]) -> list[Verdict]:
            return await _record(session, key, words, verdicts, hashes, text)

        return await self._keep(verdicts, record)

    async def collect(
        self,
        post: Post,
        verdicts: Sequence[NewVerdict],
        also: Callable[[AsyncSession, list[Verdict]], Awaitable[None]],
    ) -> list[Verdict]:
        """Record a post that nobody waits for, in one transaction; crops go to disk first.

        Args:
            also: what else is to be written in that transaction.

        Returns:
            Nothing if there is a post of this key already.
        """

        async def record(session: AsyncSession, hashes: Sequence[str]) -> list[Verdict]:
            if not await _claim(session, post):
                return []
            recorded = await _record(session, post.key, "", verdicts, hashes, None)
            await also(session, recorded)
            return recorded

        return await self._keep(verdicts, record)

    async def _keep(
        self,
        verdicts: Sequence[NewVerdict],
        record: Callable[[AsyncSession, Sequence[str]], Awaitable[list[Verdict]]],
    ) -> list[Verdict]:
        """Write the crops, and let `record` write the rest by their hashes."""
        async with self._crops:
            hashes = [await asyncio.to_thread(self._write_crop, each.crop) for each in verdicts]
            async with self._writing() as session:
                recorded = await record(session, hashes)
            if not recorded:
                await self._delete_strays([self._crop_file(each) for each in hashes])
            return recorded

    async def verdict(self, verdict_id: int) -> Verdict | None:
        """One verdict, or None if it is gone."""
        found = await self._verdicts(VerdictRow.id == verdict_id)
        return found[0] if found else None

    async def verdicts_of(self, key: str) -> list[Verdict]:
        """Of one post, in the order of their faces."""
        return await self._verdicts(PostRow.key == key)

    async def reveal(self, verdict_id: int) -> None:
        """Somebody asked for the nearest names."""
        async with self._writing() as session:
            await session.execute(
                update(VerdictRow).where(VerdictRow.id == verdict_id).values(revealed=True)
            )

    async def answer_anew(self, verdict_id: int, guess: Guess) -> None:
        """Replace what a head said of a face; nothing if the answer is gone."""
        async with self._writing() as session:
            row = await session.get(VerdictRow, verdict_id)
            if row is not None:
                told = json_of(guess)
                row.guesses = [told if old["head"] == guess.head else old for old in row.guesses]

    async def recent(
        self, scope: Scope, most: int, places: Collection[str] | None = None
    ) -> list[str]:
        """Keys of the latest answered posts with a face, newest first.

        Args:
            places: only of these; None is anywhere.
        """
        async with self._reading() as session:
            keys = await session.scalars(
                select(PostRow.key)
                .where(
                    PostRow.scope == scope,
                    literal(True) if places is None else PostRow.place.in_(places),
                    PostRow.answered,
                    PostRow.words != "",
                    PostRow.id.in_(select(VerdictRow.post_id)),
                )
                .order_by(PostRow.id.desc())
                .limit(most)
            )
            return list(keys)

    async def post(self, key: str) -> tuple[Scope, UserId, str | None] | None:
        """Scope, author and words (None while it is being answered) of a post, or None."""
        async with self._reading() as session:
            row = await session.scalar(select(PostRow).where(PostRow.key == key))
            return None if row is None else (row.scope, row.author, row.words)

    async def posts_by(self, scope: Scope, author: UserId) -> list[str]:
        """Keys of everything a user posted in a scope."""
        async with self._reading() as session:
            keys = await session.scalars(
                select(PostRow.key).where(PostRow.scope == scope, PostRow.author == author)
            )
            return list(keys)

    async def keys_under(self, key: str) -> list[str]:
        """This key and those that begin with it and a colon, if they are known."""
        below = (PostRow.key > f"{key}:") & (PostRow.key < f"{key};")  # ";" comes after ":"
        async with self._reading() as session:
            keys = await session.scalars(
                select(PostRow.key).where((PostRow.key == key) | below).order_by(PostRow.id)
            )
            return list(keys)

    async def forget_posts(self, keys: Iterable[str]) -> None:
        """Remove posts with their verdicts, votes, labels and crops."""
        async with self._writing() as session:
            for some in _chunks(keys):
                await session.execute(delete(PostRow).where(PostRow.key.in_(some)))
            await leave_holds(session)
            # A crop may be left because somebody else posted the same picture.
            await drop_groundless_embeddings(session)
        await self._drop_orphaned_crops()

    # messages

    async def bind(self, ref: str, key: str, verdict_id: int | None) -> None:
        """Remember which message shows a verdict (or, with None, belongs to the post)."""
        async with self._writing() as session:
            post_id = await session.scalar(select(PostRow.id).where(PostRow.key == key))
            if post_id is not None:
                row = MessageRow(ref=ref, post_id=post_id, verdict_id=verdict_id, created=_now())
                await session.merge(row)

    async def verdict_at(self, ref: str) -> int | None:
        """The verdict that a message shows."""
        async with self._reading() as session:
            found: int | None = await session.scalar(
                select(MessageRow.verdict_id).where(MessageRow.ref == ref)
            )
            return found

    async def key_at(self, ref: str) -> str | None:
        """The post that a message answers."""
        async with self._reading() as session:
            found: str | None = await session.scalar(
                select(PostRow.key).join(MessageRow).where(MessageRow.ref == ref)
            )
            return found

    async def messages_of(self, key: str) -> list[str]:
        """All messages that belong to the answer to a post, or show something of it in a grid."""
        in_grids = [
            select(table.ref)
            .join(VerdictRow, VerdictRow.id == table.verdict_id)
            .join(PostRow, PostRow.id == VerdictRow.post_id)
            .where(PostRow.key == key)
            for table in (ClusterMessageRow, DigestedRow)
        ]
        answers = select(MessageRow.ref).join(PostRow).where(PostRow.key == key)
        async with self._reading() as session:
            return list(await session.scalars(answers.union(*in_grids)))

    async def latest_verdict(self, under: str, author: UserId | None) -> int | None:
        """The first face of the latest answer that messages below a reference show.

        Args:
            under: what their references begin with, up to a colon.
            author: who posted the picture; None for anybody.
        """
        below = (MessageRow.ref > f"{under}:") & (MessageRow.ref < f"{under};")
        theirs = PostRow.author == author if author is not None else literal(True)
        async with self._reading() as session:
            found: int | None = await session.scalar(
                select(MessageRow.verdict_id)
                .join(PostRow)
                .where(below, theirs, MessageRow.verdict_id.is_not(None))
                .order_by(PostRow.id.desc(), MessageRow.verdict_id)
                .limit(1)
            )
            return found

    async def messages_since(self, moment: datetime) -> list[tuple[str, int]]:
        """References and verdicts of the messages sent since then, oldest first."""
        async with self._reading() as session:
            rows = await session.execute(
                select(MessageRow.ref, MessageRow.verdict_id)
                .where(MessageRow.created >= moment, MessageRow.verdict_id.is_not(None))
                .order_by(MessageRow.created)
            )
            return [(ref, verdict_id) for ref, verdict_id in rows if verdict_id is not None]

    # votes and labels

    async def vote(self, correction: Correction, name: str | None) -> bool:
        """Add a vote. False if the same vote of the same voter already stands (a re-delivery).

        Args:
            name: the name the correction stands for, already resolved.
        """
        score = correction.choice if correction.action is Action.RATE else None
        async with self._writing() as session:
            same = await session.scalar(
                select(VoteRow)
                .where(
                    VoteRow.verdict_id == correction.verdict_id,
                    VoteRow.head == correction.head,
                    VoteRow.voter == correction.voter,
                    VoteRow.action == str(correction.action),
                    VoteRow.name.is_(None) if name is None else VoteRow.name == name,
                    VoteRow.score.is_(None) if score is None else VoteRow.score == score,
                )
                .order_by(VoteRow.id.desc())
                .limit(1)
            )
            stands = same is not None and not same.withdraw
            if stands != correction.withdraw:
                return False
            session.add(
                VoteRow(
                    verdict_id=correction.verdict_id,
                    head=correction.head,
                    voter=correction.voter,
                    trusted=correction.trusted,
                    action=str(correction.action),
                    name=name,
                    score=score,
                    withdraw=correction.withdraw,
                    place=correction.place,
                    created=_now(),
                )
            )
            return True

    async def votes(self, verdict_id: int) -> list[Vote]:
        """All votes ever cast on a verdict, oldest first."""
        async with self._reading() as session:
            rows = await session.scalars(
                select(VoteRow).where(VoteRow.verdict_id == verdict_id).order_by(VoteRow.id)
            )
            return [vote_of(row) for row in rows]

    async def set_label(
        self, scope: Scope, verdict_id: int, head: str, label: Label | None
    ) -> bool:
        """Add to the label log what stands now. False if that is what stood before.

        A crop that is nobody's example any more loses its embeddings. A face of which anything is
        agreed leaves the faces that nobody named.
        """
        async with self._writing() as session:
            last = await session.scalar(
                select(LabelRow)
                .where(LabelRow.verdict_id == verdict_id, LabelRow.head == head)
                .order_by(LabelRow.id.desc())
                .limit(1)
            )
            people = await _people_of(session, scope, head, label)
            answer = str(label.answer) if label else None
            before = (last.answer, last.people) if last else (None, [])
            if before == (answer, people):
                return False
            session.add(
                LabelRow(
                    verdict_id=verdict_id, head=head, answer=answer, people=people, created=_now()
                )
            )
            await leave(session, select(VerdictRow.id).where(VerdictRow.id == verdict_id))
            return True

    async def live_labels(self, scope: Scope, head: str) -> list[LiveLabel]:
        """The label log of a scope and head, only what stands, oldest first."""
        newest = (
            select(func.max(LabelRow.id))
            .join(VerdictRow, VerdictRow.id == LabelRow.verdict_id)
            .join(PostRow, PostRow.id == VerdictRow.post_id)
            .where(PostRow.scope == scope, LabelRow.head == head)
            .group_by(LabelRow.verdict_id)
        )
        async with self._reading() as session:
            # Columns, not objects, and JSON as text, or many rows would hold up the event loop.
            found = await session.execute(
                select(
                    LabelRow.id,
                    LabelRow.verdict_id,
                    PostRow.key,
                    PostRow.author,
                    LabelRow.answer,
                    type_coerce(LabelRow.people, String),
                    type_coerce(VerdictRow.guesses, String),
                    VerdictRow.crop,
                    VerdictRow.picture_hash,
                    VerdictRow.face_hash,
                    VerdictRow.kind,
                )
                .join(VerdictRow, VerdictRow.id == LabelRow.verdict_id)
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .where(LabelRow.id.in_(newest), LabelRow.answer.is_not(None))
                .order_by(LabelRow.id)
            )
            rows = found.all()
            named = await session.execute(
                select(PersonRow.id, PersonRow.name).where(
                    PersonRow.scope == scope, PersonRow.head == head
                )
            )
            people = {person_id: name for person_id, name in named}  # noqa: C416 - rows, not pairs
        return await asyncio.to_thread(_live_labels, rows, head, people)

    async def last_label(self) -> int:
        """The highest id in the label log; 0 if it is empty."""
        async with self._reading() as session:
            return await session.scalar(select(func.max(LabelRow.id))) or 0

    async def last_label_of(self, scope: Scope, head: str) -> int:
        """The highest id in the label log that speaks of a scope under a head; 0 if none does."""
        newest = (
            select(LabelRow.id)
            .join(VerdictRow, VerdictRow.id == LabelRow.verdict_id)
            .join(PostRow, PostRow.id == VerdictRow.post_id)
            .where(PostRow.scope == scope, LabelRow.head == head)
            .order_by(LabelRow.id.desc())
            .limit(1)
        )
        async with self._reading() as session:
            return await session.scalar(newest) or 0

    async def posts_taught_by(self, beginning: str) -> dict[Scope, list[str]]:
        """The posts, by scope, of users of this beginning that are examples of somebody."""
        async with self._reading() as session:
            rows = await session.execute(
                select(PostRow.scope, PostRow.key)
                .join(VerdictRow, VerdictRow.post_id == PostRow.id)
                .where(
                    PostRow.author.startswith(beginning, autoescape=True),
                    VerdictRow.id.in_(examples()),
                )
                .distinct()
            )
            found: defaultdict[Scope, list[str]] = defaultdict(list)
            for scope, key in rows:
                found[scope].append(key)
            return dict(found)

    async def first_label(self, keys: Iterable[str]) -> int | None:
        """The lowest id in the label log that speaks of these posts."""
        lowest = (
            select(func.min(LabelRow.id))
            .join(VerdictRow, VerdictRow.id == LabelRow.verdict_id)
            .join(PostRow, PostRow.id == VerdictRow.post_id)
        )
        async with self._reading() as session:
            found = [
                await session.scalar(lowest.where(PostRow.key.in_(some))) for some in _chunks(keys)
            ]
            return min((each for each in found if each is not None), default=None)

    async def faces(self, keys: Iterable[str]) -> dict[int, bool]:
        """The verdicts on these posts, and whether the face is among those to cluster."""
        found: dict[int, bool] = {}
        async with self._reading() as session:
            for some in _chunks(keys):
                rows = await session.execute(
                    select(VerdictRow.id, ClusterFaceRow.verdict_id.is_not(None))
                    .join(PostRow, PostRow.id == VerdictRow.post_id)
                    .outerjoin(ClusterFaceRow, ClusterFaceRow.verdict_id == VerdictRow.id)
                    .where(PostRow.key.in_(some))
                )
                found |= {verdict_id: bool(pooled) for verdict_id, pooled in rows}
        return found

    async def scopes(self) -> list[Scope]:
        """Every scope that has a label, a vote, or a picture whose reception was counted."""
        taught = select(LabelRow.verdict_id).union(
            select(VoteRow.verdict_id), select(ReceptionRow.verdict_id)
        )
        async with self._reading() as session:
            rows = await session.scalars(
                select(PostRow.scope)
                .join(VerdictRow, VerdictRow.post_id == PostRow.id)
                .where(VerdictRow.id.in_(taught))
                .distinct()
            )
            return sorted(rows)

    # places

    async def heads_in(self, place: str) -> tuple[str, ...]:
        """The heads that a place chose, in order; empty if it chose none."""
        async with self._reading() as session:
            heads = await session.scalar(select(PlaceRow.heads).where(PlaceRow.place == place))
            return tuple(heads or ())

    async def choose_heads(self, place: str, heads: Sequence[str]) -> None:
        """Remember the heads of a place; none of them forgets what it chose."""
        async with self._writing() as session:
            (await _place(session, place)).heads = list(heads)

    async def like_from(self, place: str) -> float | None:
        """The score from which a place calls it a like; None if it did not say."""
        async with self._reading() as session:
            found: float | None = await session.scalar(
                select(PlaceRow.like_from).where(PlaceRow.place == place)
            )
            return found

    async def choose_like_from(self, place: str, score: float | None) -> None:
        """Remember what a place calls a like; None forgets it."""
        async with self._writing() as session:
            (await _place(session, place)).like_from = score

    # people

    async def people(self, scope: Scope, head: str) -> list[Person]:
        """Who is enrolled, by name."""
        labels = await self.live_labels(scope, head)
        counts: dict[str, int] = {}
        for label in labels:
            if label.answer is Answer.IS and label.crop is not None:
                counts[label.names[0]] = counts.get(label.names[0], 0) + 1
        async with self._reading() as session:
            rows = await session.scalars(
                select(PersonRow)
                .where(PersonRow.scope == scope, PersonRow.head == head)
                .order_by(PersonRow.name)
            )
            return [Person(r.id, scope, head, r.name, counts.get(r.name, 0)) for r in rows]

    async def person(self, scope: Scope, head: str, name: str) -> tuple[int, str] | None:
        """Id and present name of whoever has or had this name."""
        async with self._reading() as session:
            row = await _person(session, scope, head, name)
            return (row.id, row.name) if row else None

    async def present_names(
        self, scope: Scope, head: str, names: Collection[str]
    ) -> dict[str, str]:
        """What people are called now, by these names that they have or had."""
        folded = {fold(name) for name in names}
        async with self._reading() as session:
            rows = await session.execute(
                select(AliasRow.folded, PersonRow.name)
                .join(PersonRow, PersonRow.id == AliasRow.person_id)
                .where(AliasRow.scope == scope, AliasRow.head == head, AliasRow.folded.in_(folded))
            )
            present = {alias: name for alias, name in rows}  # noqa: C416 - rows, not pairs
        return {name: present[fold(name)] for name in names if fold(name) in present}

    async def rename(self, person_id: int, name: str) -> None:
        """Change the name; the old one still leads to the person."""
        async with self._writing() as session:
            row = await session.get_one(PersonRow, person_id)
            row.name = name
            folded = fold(name)
            known = await session.scalar(
                select(AliasRow.id).where(
                    AliasRow.scope == row.scope,
                    AliasRow.head == row.head,
                    AliasRow.folded == folded,
                )
            )
            if known is None:
                session.add(
                    AliasRow(scope=row.scope, head=row.head, folded=folded, person_id=row.id)
                )

    async def merge(self, from_id: int, into_id: int) -> None:
        """Make two people one: names and labels of the first become the second's."""
        async with self._writing() as session:
            await session.execute(
                update(AliasRow).where(AliasRow.person_id == from_id).values(person_id=into_id)
            )
            person = func.json_each(LabelRow.people).table_valued("value")
            rows = await session.scalars(
                select(LabelRow).join(person, literal(True)).where(person.c.value == from_id)
            )
            for row in rows:
                moved = [into_id if each == from_id else each for each in row.people]
                row.people = list(dict.fromkeys(moved))
            await session.execute(delete(PersonRow).where(PersonRow.id == from_id))

    async def posts_naming(self, person_id: int) -> list[str]:
        """Keys of the posts with a face that was ever labelled as this person."""
        person = func.json_each(LabelRow.people).table_valued("value")
        async with self._reading() as session:
            keys = await session.scalars(
                select(PostRow.key)
                .join(VerdictRow, VerdictRow.post_id == PostRow.id)
                .join(LabelRow, LabelRow.verdict_id == VerdictRow.id)
                .join(person, literal(True))
                .where(LabelRow.answer == str(Answer.IS), person.c.value == person_id)
                .distinct()
                .order_by(PostRow.key)
            )
            return list(keys)

    async def remove_person(self, person_id: int) -> list[int]:
        """Remove the person with all names, from every stored guess, hint and vote as well.

        Their pictures are for `forget_posts`.

        Returns:
            Ids of the verdicts that lost a vote, which have to be counted again.
        """
        async with self._writing() as session:
            person = await session.get_one(PersonRow, person_id)
            aliases = select(AliasRow.folded).where(AliasRow.person_id == person_id)
            names = frozenset(await session.scalars(aliases))
            await _strike_from_guesses(session, person, names)
            await strike(session, person.scope, names)
            touched = await _delete_votes_for(session, person, names)
            await forget_target(session, person, names)
            await session.execute(delete(PersonRow).where(PersonRow.id == person_id))
            return touched

    # consent

    async def set_allowed(self, scope: Scope, user: UserId, allowed: bool) -> None:
        """Note a user's word on everything they post in a scope.

        A "no" takes what they posted out of the clusters, with its embeddings.
        """
        async with self._writing() as session:
            session.add(ConsentRow(scope=scope, user=user, allowed=allowed, created=_now()))
            if not allowed:
                await _leave_clusters(session, scope, user)

    async def allowed(self, scope: Scope, user: UserId) -> bool:
        """Whether the user agreed beforehand."""
        async with self._reading() as session:
            row = await session.scalar(
                select(ConsentRow)
                .where(ConsentRow.scope == scope, ConsentRow.user == user)
                .order_by(ConsentRow.id.desc())
                .limit(1)
            )
            return row is not None and row.allowed

    async def consenting(self, scope: Scope) -> frozenset[UserId]:
        """Who agrees at present that what they post in a scope may be learned."""
        newest = select(func.max(ConsentRow.id)).group_by(ConsentRow.scope, ConsentRow.user)
        async with self._reading() as session:
            rows = await session.scalars(
                select(ConsentRow.user).where(
                    ConsentRow.id.in_(newest), ConsentRow.scope == scope, ConsentRow.allowed
                )
            )
            return frozenset(rows)

    async def all_consenting(self, beginning: str) -> list[tuple[Scope, UserId]]:
        """Users of this beginning whose standing word in a scope is yes."""
        newest = select(func.max(ConsentRow.id)).group_by(ConsentRow.scope, ConsentRow.user)
        async with self._reading() as session:
            rows = await session.execute(
                select(ConsentRow.scope, ConsentRow.user).where(
                    ConsentRow.id.in_(newest),
                    ConsentRow.allowed,
                    ConsentRow.user.startswith(beginning, autoescape=True),
                )
            )
            return [(scope, user) for scope, user in rows]

    async def forget_consent(self, scope: Scope, user: UserId) -> None:
        """Remove a user's words: what they post is not to be learned, nor scored, again."""
        async with self._writing() as session:
            await session.execute(
                delete(ConsentRow).where(ConsentRow.scope == scope, ConsentRow.user == user)
            )
            await session.execute(
                delete(ConfirmationRow).where(
                    ConfirmationRow.scope == scope, ConfirmationRow.user == user
                )
            )
            await _leave_clusters(session, scope, user)

    async def confirm(self, scope: Scope, user: UserId) -> None:
        """Note that what a user has scored shows themselves, or who agreed, and an adult."""
        async with self._writing() as session:
            await session.merge(ConfirmationRow(scope=scope, user=user, created=_now()))

    async def confirmed(self, scope: Scope, user: UserId) -> bool:
        """Whether a user has ever said so."""
        async with self._reading() as session:
            return await session.get(ConfirmationRow, (scope, user)) is not None

    async def votes_by(self, scope: Scope, user: UserId) -> int:
        """How many votes a user has cast in a scope."""
        async with self._reading() as session:
            count = await session.scalar(
                select(func.count(VoteRow.id))
                .join(VerdictRow, VerdictRow.id == VoteRow.verdict_id)
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .where(PostRow.scope == scope, VoteRow.voter == user)
            )
            return count or 0

    async def voted_on(self, scope: Scope, user: UserId) -> list[tuple[int, str]]:
        """Verdict and head of everything a user has voted on in a scope."""
        return await self._voted(scope, VoteRow.voter == user)

    async def votes_under(self, scope: Scope, author: UserId) -> list[tuple[int, str]]:
        """Verdict and head of everything that was voted on in what a user posted in a scope."""
        return await self._voted(scope, PostRow.author == author)

    async def _voted(self, scope: Scope, whose: ColumnElement[bool]) -> list[tuple[int, str]]:
        async with self._reading() as session:
            rows = await session.execute(
                select(VoteRow.verdict_id, VoteRow.head)
                .join(VerdictRow, VerdictRow.id == VoteRow.verdict_id)
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .where(PostRow.scope == scope, whose)
                .distinct()
            )
            return [(verdict_id, head) for verdict_id, head in rows]

    async def forget_votes(self, scope: Scope, user: UserId) -> None:
        """Remove a user's votes in a scope."""
        posts = select(PostRow.id).where(PostRow.scope == scope)
        verdicts = select(VerdictRow.id).where(VerdictRow.post_id.in_(posts))
        async with self._writing() as session:
            await session.execute(
                delete(VoteRow).where(VoteRow.voter == user, VoteRow.verdict_id.in_(verdicts))
            )
            await leave_holds(session)
            await session.execute(
                delete(RatingResetRow).where(
                    RatingResetRow.scope == scope, RatingResetRow.user == user
                )
            )

    # crops and embeddings

    async def crop(self, crop_hash: str) -> Crop | None:
        """A stored crop, or None once it is gone."""
        async with self._reading() as session:
            row = await session.get(CropRow, crop_hash)
        if row is None:
            return None
        return await asyncio.to_thread(self._read_crop, row)

    async def crops_of(self, scope: Scope, crops: Iterable[str]) -> dict[str, bool]:
        """Those of these crops that are kept of posts in a scope, and whether as a spoiler."""
        found: dict[str, bool] = {}
        async with self._reading() as session:
            for some in _chunks(crops):
                rows = await session.execute(
                    select(VerdictRow.crop, func.max(VerdictRow.spoiler))
                    .join(PostRow)
                    .where(PostRow.scope == scope, VerdictRow.crop.in_(some))
                    .group_by(VerdictRow.crop)
                )
                found |= {crop: bool(spoiler) for crop, spoiler in rows if crop is not None}
        return found

    async def embeddings(
        self, crops: Iterable[str], fingerprint: str
    ) -> dict[str, NDArray[np.float32]]:
        """Stored vectors of these crops under one embedder; those never embedded are absent."""
        vectors: dict[str, NDArray[np.float32]] = {}
        async with self._reading() as session:
            for some in _chunks(crops):
                rows = await session.execute(
                    select(EmbeddingRow.crop, EmbeddingRow.vector).where(
                        EmbeddingRow.fingerprint == fingerprint, EmbeddingRow.crop.in_(some)
                    )
                )
                vectors |= {crop: np.frombuffer(vector, np.float32) for crop, vector in rows}
        return vectors

    async def add_embedding(self, crop: str, fingerprint: str, vector: NDArray[np.float32]) -> None:
        """Keep a vector, if its crop is still there and may still have one.

        One statement, for bot and training may embed the same crop at the same time.
        """
        kept = select(CropRow.hash, literal(fingerprint), literal(vector.tobytes())).where(
            CropRow.hash == crop, CropRow.hash.in_(grounded_crops())
        )
        columns = ["crop", "fingerprint", "vector"]
        async with self._writing() as session:
            await session.execute(
                insert(EmbeddingRow).from_select(columns, kept).on_conflict_do_nothing()
            )

    async def expire(self, older_than: timedelta) -> int:
        """Drop the crops (with embeddings and texts) that nobody agreed to and that are old enough.

        Which may stay is for `bot.keeping.may_be_kept` to say.

        Returns:
            How many verdicts lost their crop.
        """
        async with self._writing() as session:
            result = await session.execute(
                update(VerdictRow)
                .where(
                    VerdictRow.created < _now() - older_than,
                    VerdictRow.crop.is_not(None),
                    ~may_be_kept(),
                )
                .values(crop=None, text=None)
                .returning(VerdictRow.id)
            )
            dropped = len(result.all())
            await fade(session)
        await self._drop_orphaned_crops()
        return dropped

    async def _drop_orphaned_crops(self) -> None:
        async with self._crops:
            async with self._writing() as session:
                used = select(VerdictRow.crop).where(VerdictRow.crop.is_not(None))
                result = await session.execute(
                    delete(CropRow).where(CropRow.hash.not_in(used)).returning(CropRow.hash)
                )
                files = [self._crop_file(row[0]) for row in result]
            await asyncio.to_thread(_unlink, files)

    async def sweep_crops(self) -> int:
        """Delete crop files that nothing refers to: what a killed process left behind.

        Returns:
            How many.
        """
        folder = self._data_dir / "crops"
        files = await asyncio.to_thread(lambda: list(folder.glob("*/*")))
        async with self._crops:
            return await self._delete_strays(files)

    async def _delete_strays(self, files: Sequence[Path]) -> int:
        """Inside `_crops`: those that are no crop's file go."""
        strays: list[Path] = []
        async with self._reading() as session:
            for some in _chunks(files):
                names = [file.stem for file in some]
                rows = await session.scalars(select(CropRow.hash).where(CropRow.hash.in_(names)))
                known = {self._crop_file(each) for each in rows}
                strays += [file for file in some if file not in known]
        await asyncio.to_thread(_unlink, strays)
        return len(strays)

    async def scrub(self) -> None:
        """Bring deletions from the write-ahead log into the database file, and empty the log.

        SQLite overwrites what it deletes (`secure_delete`), but only in the database file: until
        then the log still has it. While another process reads, this is left to the next time.
        """
        assert self._engine is not None  # noqa: S101 - `open` has been awaited
        async with self._writer, self._engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    def _crop_file(self, crop_hash: str) -> Path:
        return self._data_dir / "crops" / crop_hash[:2] / f"{crop_hash}.png"

    def _write_crop(self, crop: Crop) -> str:
        encoded = BytesIO()
        Image.fromarray(crop.pixels).save(encoded, "PNG", compress_level=3)
        content = encoded.getvalue()
        crop_hash = hashlib.sha256(content + json.dumps(crop.box).encode()).hexdigest()
        file = self._crop_file(crop_hash)
        file.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=file.parent, delete=False) as temporary:
            temporary.write(content)
        Path(temporary.name).replace(file)
        return crop_hash

    def _read_crop(self, row: CropRow) -> Crop | None:
        try:
            with Image.open(self._crop_file(row.hash), formats=("PNG",)) as file:
                pixels = np.asarray(file.convert("RGB"))
        except OSError as error:  # gone, or damaged: the rest of the answer is still good
            log.warning("crop %s cannot be read: %s", row.hash, error)
            return None
        landmarks = np.array(row.landmarks, dtype=np.float32).reshape(-1, 2)
        return Crop(pixels, _box(row.box), landmarks, Kind(row.kind))

    # plumbing

    async def _verdicts(self, condition: Any) -> list[Verdict]:
        async with self._reading() as session:
            rows = await session.execute(
                select(VerdictRow, PostRow)
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .where(condition)
                .order_by(VerdictRow.id)
            )
            return [_verdict(row, post) for row, post in rows]

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[AsyncSession]:
        assert self._sessions is not None  # noqa: S101 - `open` has been awaited
        # Reading before writing in one transaction is safe only if nobody writes in between.
        async with self._writer, self._sessions.begin() as session:
            yield session

    @asynccontextmanager
    async def _reading(self) -> AsyncIterator[AsyncSession]:
        assert self._sessions is not None  # noqa: S101 - `open` has been awaited
        async with self._sessions() as session:
            yield session


def migrate(file: Path) -> None:
    """Bring the database to the newest schema, making it if need be."""
    config = Config()
    config.set_main_option("script_location", "bot:migrations")
    config.set_main_option("path_separator", "os")
    config.set_main_option("sqlalchemy.url", f"sqlite:///{file}")
    command.upgrade(config, "head")


def _configure_connection(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "busy_timeout=10000",
        "secure_delete=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _chunks(values: Iterable[Value]) -> Iterator[list[Value]]:
    """As many at a time as one statement takes."""
    remaining = iter(values)
    while chunk := list(islice(remaining, _MOST_VALUES)):
        yield chunk


def _unlink(files: Iterable[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _now() -> datetime:
    """UTC without a zone, as SQLite keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)


async def _claim(session: AsyncSession, post: Post) -> bool:
    """Whether there was no post of this key yet."""
    taken = await session.execute(
        insert(PostRow)
        .values(
            key=post.key,
            scope=post.scope,
            author=post.author,
            place=post.place,
            locale=post.locale,
            answered=False,
            created=_now(),
        )
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(PostRow.id)
    )
    return taken.first() is not None


async def _record(
    session: AsyncSession,
    key: str,
    words: str,
    verdicts: Sequence[NewVerdict],
    hashes: Sequence[str],
    text: str | None,
) -> list[Verdict]:
    post = await session.scalar(select(PostRow).where(PostRow.key == key))
    if post is None:
        return []
    post.words, post.answered = words, True
    rows = []
    for new, crop_hash in zip(verdicts, hashes, strict=True):
        await session.merge(_crop_row(crop_hash, new.crop))
        # Somebody may have been removed while the picture was judged.
        guesses = await _of_known_people(session, post.scope, new.guesses)
        row = _verdict_row(replace(new, guesses=guesses), post.id, crop_hash, text)
        session.add(row)
        rows.append(row)
    await session.flush()
    return [_verdict(row, post) for row in rows]


async def _place(session: AsyncSession, place: str) -> PlaceRow:
    """What a place chose; a new row if it chose nothing yet."""
    row = await session.get(PlaceRow, place)
    if row is None:
        row = PlaceRow(place=place, heads=[])
        session.add(row)
    return row


async def _person(session: AsyncSession, scope: Scope, head: str, name: str) -> PersonRow | None:
    row: PersonRow | None = await session.scalar(
        select(PersonRow)
        .join(AliasRow, AliasRow.person_id == PersonRow.id)
        .where(AliasRow.scope == scope, AliasRow.head == head, AliasRow.folded == fold(name))
    )
    return row


async def _people_of(
    session: AsyncSession, scope: Scope, head: str, label: Label | None
) -> list[int]:
    """Ids for a label's names. Only `IS` makes people: one cannot be "not" an unknown name."""
    if label is None:
        return []
    if label.answer is Answer.IS:
        return [await _person_id(session, scope, head, name) for name in label.names]
    found = [await _person(session, scope, head, name) for name in label.names]
    return [row.id for row in found if row is not None]


async def _person_id(session: AsyncSession, scope: Scope, head: str, name: str) -> int:
    """Of whoever has this name; a new person if nobody does."""
    known = await _person(session, scope, head, name)
    if known is not None:
        return known.id
    row = PersonRow(scope=scope, head=head, name=name, created=_now())
    session.add(row)
    await session.flush()
    session.add(AliasRow(scope=scope, head=head, folded=fold(name), person_id=row.id))
    await session.flush()
    return row.id


async def _leave_clusters(session: AsyncSession, scope: Scope, author: UserId) -> None:
    posts = select(PostRow.id).where(PostRow.scope == scope, PostRow.author == author)
    await leave(session, select(VerdictRow.id).where(VerdictRow.post_id.in_(posts)))


async def _of_known_people(
    session: AsyncSession, scope: Scope, guesses: Sequence[Guess]
) -> tuple[Guess, ...]:
    """The guesses without candidates whom nobody has enrolled (any more)."""
    rows = await session.execute(
        select(AliasRow.head, AliasRow.folded).where(
            AliasRow.scope == scope,
            AliasRow.folded.in_(
                fold(each.name) for guess in guesses for each in _candidates(guess)
            ),
        )
    )
    known = {(head, folded) for head, folded in rows}

    def gone(head: str, name: str) -> bool:
        return (head, fold(name)) not in known

    return tuple(_struck(guess, gone) for guess in guesses)


async def _strike_from_guesses(
    session: AsyncSession, person: PersonRow, names: frozenset[str]
) -> None:
    """Take the candidates with these (folded) names out of all guesses of the person's head."""

    def gone(head: str, name: str) -> bool:
        return head == person.head and fold(name) in names

    guess = func.json_each(VerdictRow.guesses).table_valued("value")
    candidate = func.json_each(guess.c.value, "$.candidates").table_valued("value")
    name = func.json_extract(candidate.c.value, "$.name")
    of_scope = VerdictRow.post_id.in_(select(PostRow.id).where(PostRow.scope == person.scope))
    found = (
        select(VerdictRow.id, name)
        .select_from(VerdictRow)
        .join(guess, literal(True))
        .join(candidate, literal(True))
        .where(of_scope, func.json_extract(guess.c.value, "$.head") == person.head)
    )
    rows = await session.execute(found)
    doomed = {verdict_id for verdict_id, name in rows if gone(person.head, name)}
    for verdict_id in doomed:
        row = await session.get_one(VerdictRow, verdict_id)
        row.guesses = [json_of(_struck(guess_of(each), gone)) for each in row.guesses]


async def _delete_votes_for(
    session: AsyncSession, person: PersonRow, names: frozenset[str]
) -> list[int]:
    """Delete the votes for these (folded) names; returns the verdicts that they were cast on."""
    rows = await session.execute(
        select(VoteRow.id, VoteRow.verdict_id, VoteRow.name)
        .join(VerdictRow, VerdictRow.id == VoteRow.verdict_id)
        .join(PostRow, PostRow.id == VerdictRow.post_id)
        .where(
            PostRow.scope == person.scope, VoteRow.head == person.head, VoteRow.name.is_not(None)
        )
    )
    doomed = {vote: verdict for vote, verdict, name in rows if fold(name or "") in names}
    for vote in doomed:
        await session.execute(delete(VoteRow).where(VoteRow.id == vote))
    return sorted(set(doomed.values()))


def _struck(guess: Guess, gone: Callable[[str, str], bool]) -> Guess:
    """A guess without the names that are `gone` from its head; the others keep their letters."""
    candidates = tuple(
        replace(each, name="") if gone(guess.head, each.name) else each
        for each in _candidates(guess)
    )
    if not isinstance(guess, Named) or candidates == guess.candidates:
        return guess
    answer = guess.answer if candidates[0].name else "unknown"
    return replace(guess, answer=answer, candidates=candidates)


def _candidates(guess: Guess) -> tuple[Candidate, ...]:
    return guess.candidates if isinstance(guess, Named) else ()


def _crop_row(crop_hash: str, crop: Crop) -> CropRow:
    return CropRow(
        hash=crop_hash, box=list(crop.box), landmarks=crop.landmarks.tolist(), kind=str(crop.kind)
    )


def _verdict_row(new: NewVerdict, post_id: int, crop_hash: str, text: str | None) -> VerdictRow:
    return VerdictRow(
        post_id=post_id,
        picture_hash=new.picture_hash,
        face_hash=new.face_hash,
        kind=str(new.kind),
        box=list(new.box),
        detection_score=new.detection_score,
        guesses=[json_of(guess) for guess in new.guesses],
        crop=crop_hash,
        spoiler=new.spoiler,
        whole=new.whole,
        text=text,
        created=_now(),
    )


def _verdict(row: VerdictRow, post: PostRow) -> Verdict:
    return Verdict(
        id=row.id,
        post_key=post.key,
        scope=post.scope,
        author=post.author,
        locale=post.locale,
        kind=Kind(row.kind),
        box=_box(row.box),
        detection_score=row.detection_score,
        face_hash=row.face_hash,
        crop=row.crop,
        guesses=tuple(guess_of(each) for each in row.guesses),
        spoiler=row.spoiler,
        revealed=row.revealed,
        created=row.created,
        whole=row.whole,
        place=post.place,
    )


def _box(told: Sequence[float]) -> Box:
    left, top, right, bottom = told
    return left, top, right, bottom


def _live_labels(
    rows: Iterable[Sequence[Any]], head: str, people: dict[int, str]
) -> list[LiveLabel]:
    """From rows as `Store.live_labels` selects them; `people` are names by their ids."""
    found = []
    for row in rows:
        label, verdict, post, author, answer, ids, guesses, crop, *hashes, kind = row
        speaks_of = json.loads(ids)
        if answer == Answer.IS and speaks_of[0] not in people:
            continue
        names = tuple(people[each] for each in speaks_of if each in people)
        found.append(
            LiveLabel(
                id=label,
                verdict_id=verdict,
                post=post,
                author=author,
                answer=Answer(answer),
                names=names,
                said=_said(json.loads(guesses), head),
                crop=crop,
                picture_hash=hashes[0],
                face_hash=hashes[1],
                kind=Kind(kind),
            )
        )
    return found


def _said(guesses: Iterable[dict[str, Any]], head: str) -> str | None:
    """The name that a head answered, or None for "I don't know"."""
    for told in guesses:
        if told["type"] == "Named" and told["head"] == head:
            return told["candidates"][0]["name"] if told["answer"] == "known" else None
    return None
