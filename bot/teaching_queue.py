"""What somebody is asked next: is this 〇〇?

One order for everybody in a scope, by what teaches most (`bot.ordering`), kept and handed out in
pages; so neither a page nor a vote costs the whole queue. What is handed out is looked up anew in
the store, which knows who may be shown it, and named by the gallery that answers now.

Among the questions are some whose answer is agreed on already, half of them with a wrong name: what
somebody answers to these shows how reliable they are. Nothing told of a question says which it is.
"""

import asyncio
import hashlib
import logging
import secrets
import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bot.domain import Cluster
from bot.judging import Judge
from bot.ordering import Question, order
from bot.question_store import AskedFace
from bot.settings import Settings
from bot.store import Store
from bot.vectors import vectors_of
from models.clustering import LEAST
from models.gallery import Gallery
from models.heads import NAMING_HEADS
from models.types import Scope, UserId

log = logging.getLogger(__name__)

LIKELY = 0.1
"""Probability of a name from which on it is asked "is this …?"; below it is "who is this?"."""

MOST_OWN = 50
"""Faces of somebody's own that wait for their word alone, the newest."""

MOST_SEQUENCES = 64
"""People whose sequence of questions is kept."""

A_PAGE = 24
_LOOKED_UP = 4 * A_PAGE
"""Faces that are looked up at a time; some of them are answered already."""

_IDLE = 20
"""An order is kept for so many times as long as it took to make, whatever happens meanwhile."""

_AT_ONCE = 0.5
"""Seconds that somebody waits for a new order, if it takes no longer; else they get the old one."""

Vectors = Mapping[str, NDArray[np.float32]]
"""By content hash of the crop."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as somebody gets it.

    Attributes:
        name: who it seems to be; None asks who it is.
        own: they posted it themselves, and nobody else is shown it.
        likely: who it may be by where it was collected, if it is asked who it is: a hint.
    """

    verdict_id: int
    head: str
    name: str | None
    spoiler: bool
    own: bool
    likely: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some questions, and where the next ones are; None if these are the last."""

    questions: tuple[Asked, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class _Order:
    """The faces of a scope that wait for a word, in the order to ask about them.

    Attributes:
        version: another one for each order that is made.
        marker: of the store, as it was made; see `QuestionStore.marker`.
        faces: numbers of their verdicts.
        named: of so many, the first ones, it is asked whether they are somebody.
        gold: numbers of the faces of which is agreed who they are.
        made, took: when, in seconds of a clock that never goes back, and how long.
    """

    version: int
    marker: tuple[int, ...]
    faces: tuple[int, ...]
    named: int
    gold: tuple[int, ...]
    made: float
    took: float


@dataclass(frozen=True, slots=True)
class _Turn:
    """A face in somebody's sequence.

    Attributes:
        gold: its answer is agreed on.
        wrong: then, it is asked whether it is somebody else.
    """

    verdict_id: int
    gold: bool = False
    wrong: bool = False

    def asks(self, face: AskedFace, user: UserId, places: Collection[str] | None) -> bool:
        """Whether it is still a question for somebody."""
        if not face.may_be_shown(user, places):
            return False
        if self.gold:
            return face.name is not None and face.author != user and not face.spoiler
        return face.answer is None


class TeachingQueue:
    """Hands out questions."""

    def __init__(self, settings: Settings, store: Store, judge: Judge) -> None:
        self._gold_share = settings.teaching.gold_share
        self._store = store
        self._judge = judge
        self._orders: dict[Scope, _Order] = {}
        self._sequences: dict[tuple[Scope, UserId, bool], tuple[int, tuple[_Turn, ...]]] = {}
        self._making: dict[Scope, asyncio.Task[_Order]] = {}
        self._secret = secrets.token_bytes(16)

    async def page(
        self,
        scope: Scope,
        user: UserId,
        *,
        cursor: str = "",
        places: Collection[str] | None = None,
        gold: bool = True,
    ) -> Page:
        """The next questions.

        What was asked before may come again when the order was made anew in between.

        Args:
            cursor: of the page before; empty for the first, as is any that is no longer good.
            places: where they may look, as in `AskedFace.may_be_shown`.
            gold: whether questions with known answers are among them.
        """
        made = await self._order(scope)
        turns = await self._sequence(scope, user, made, gold=gold)
        voted = await self._store.questions.voted(scope, user)
        version, _, told = cursor.partition(".")
        position = int(told) if version == str(made.version) and told.isdecimal() else 0
        found: list[Asked] = []
        while position < len(turns) and len(found) < A_PAGE:
            some = turns[position : position + _LOOKED_UP]
            ids = [each.verdict_id for each in some if each.verdict_id not in voted]
            there = await self._store.questions.these(scope, ids)
            fitting: list[tuple[_Turn, AskedFace]] = []
            for turn in some:
                position += 1
                face = there.get(turn.verdict_id)
                if face is not None and turn.asks(face, user, places):
                    fitting.append((turn, face))
                if len(found) + len(fitting) == A_PAGE:
                    break
            found += await self._asked(scope, user, fitting)
        return Page(tuple(found), f"{made.version}.{position}" if position < len(turns) else None)

    async def left(self, scope: Scope, user: UserId, places: Collection[str] | None = None) -> int:
        """How many faces wait for somebody's word."""
        return await self._store.questions.left(scope, user, places)

    async def unnamed(
        self,
        scope: Scope,
        user: UserId,
        clusters: Iterable[Cluster],
        places: Collection[str] | None = None,
    ) -> list[Cluster]:
        """Clusters with the faces of which somebody may be asked and has said nothing.

        Args:
            places: as in `page`.
        """
        found = list(clusters)
        faces = [face for each in found for face in each.faces]
        there = await self._store.questions.these(scope, faces)
        voted = await self._store.questions.voted(scope, user)

        def waits(face: int) -> bool:
            known = there.get(face)
            return face not in voted and known is not None and known.may_be_shown(user, places)

        left = [replace(each, faces=tuple(filter(waits, each.faces))) for each in found]
        return [each for each in left if len(each.faces) >= LEAST]

    async def likely(self, faces: Collection[int]) -> str | None:
        """Who most of these faces may be by where they were collected, if that says anything."""
        found = Counter((await self._store.collected.suggestions(faces)).values())
        return found.most_common(1)[0][0] if found else None

    async def _asked(
        self, scope: Scope, user: UserId, turns: Sequence[tuple[_Turn, AskedFace]]
    ) -> list[Asked]:
        """With the names that the galleries give now, or what else there is to go by."""
        vectors: dict[str, NDArray[np.float32]] = {}
        for head, crops in _crops(face for _, face in turns).items():
            vectors |= await vectors_of(self._store, self._judge, crops, head)

        def name() -> list[Asked]:
            return [
                Asked(
                    face.verdict_id,
                    face.head,
                    _name(turn, face, vectors, self._gallery(scope, face.head)),
                    face.spoiler,
                    face.author == user and not face.consented,
                )
                for turn, face in turns
            ]

        asked = await asyncio.to_thread(name)
        unknown = [each.verdict_id for each in asked if each.name is None]
        hints = await self._store.collected.suggestions(unknown)
        return [replace(each, likely=hints.get(each.verdict_id)) for each in asked]

    def _gallery(self, scope: Scope, head: str) -> Gallery | None:
        return self._judge.gallery(scope, head, NAMING_HEADS[head].home)

    async def _stored(self, faces: Iterable[AskedFace]) -> Vectors:
        vectors: dict[str, NDArray[np.float32]] = {}
        for head, crops in _crops(faces).items():
            vectors |= await self._store.embeddings(crops, self._judge.fingerprint(head))
        return vectors

    # whose turn it is

    async def _order(self, scope: Scope) -> _Order:
        """The present one; where making it takes a while, the next is made in the background."""
        known = self._orders.get(scope)
        marker = await self._store.questions.marker()
        if known is not None and (
            known.marker == marker or time.monotonic() - known.made < _IDLE * known.took
        ):
            return known
        making = self._making.get(scope)
        if making is None:
            version = known.version + 1 if known else 1
            making = asyncio.create_task(self._make(scope, version, marker))
            self._making[scope] = making
            making.add_done_callback(lambda done: self._made(scope, done))
        if known is None or known.took < _AT_ONCE:
            return await asyncio.shield(making)
        return known

    def _made(self, scope: Scope, making: asyncio.Task[_Order]) -> None:
        del self._making[scope]
        if making.cancelled():
            return
        if error := making.exception():
            log.error("cannot order the questions of %s", scope, exc_info=error)
        else:
            self._orders[scope] = making.result()

    async def close(self) -> None:
        """Give up what is being made."""
        making = list(self._making.values())
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    async def _make(self, scope: Scope, version: int, marker: tuple[int, ...]) -> _Order:
        started = time.monotonic()
        waiting = await self._store.questions.open(scope)
        agreed = await self._store.questions.agreed(scope)
        examples = Counter(each.name for each in agreed)
        vectors = await self._stored(waiting)
        galleries = {head: self._gallery(scope, head) for head in NAMING_HEADS}
        ranked = await asyncio.to_thread(_ranked, waiting, vectors, galleries, examples)
        now = time.monotonic()
        return _Order(
            version=version,
            marker=marker,
            faces=tuple(each.verdict_id for each, _ in ranked),
            named=sum(named and not each.spoiler for each, named in ranked),
            gold=tuple(each.verdict_id for each in agreed),
            made=now,
            took=now - started,
        )

    async def _sequence(
        self, scope: Scope, user: UserId, made: _Order, *, gold: bool
    ) -> tuple[_Turn, ...]:
        """A user's own faces first, then everybody's."""
        key = scope, user, gold
        version, turns = self._sequences.pop(key, (0, ()))
        if version != made.version:
            own = await self._store.questions.own(scope, user, MOST_OWN)
            mine = [each.verdict_id for each in own]
            seed = hashlib.sha256(self._secret + f"{scope}/{user}".encode()).digest()
            share = self._gold_share if gold else 0.0
            turns = _mixed(mine, made, share, np.random.default_rng(list(seed)))
        self._sequences[key] = made.version, turns
        while len(self._sequences) > MOST_SEQUENCES:
            self._sequences.pop(next(iter(self._sequences)))
        return turns


def _crops(faces: Iterable[AskedFace]) -> dict[str, list[str]]:
    """By the head under which they are asked about."""
    crops: dict[str, list[str]] = {}
    for face in faces:
        crops.setdefault(face.head, []).append(face.crop)
    return crops


def _mixed(
    own: Iterable[int], made: _Order, share: float, rng: np.random.Generator
) -> tuple[_Turn, ...]:
    """Gold comes in at random among what asks for a yes or a no, and is a `share` of it."""
    gold = rng.permutation(np.array(made.gold, dtype=np.int64)).tolist()
    turns = [_Turn(each) for each in own]
    for place, face in enumerate(made.faces):
        while gold and place < made.named and rng.random() < share:
            turns.append(_Turn(gold.pop(), gold=True, wrong=bool(rng.random() < 0.5)))
        turns.append(_Turn(face))
    return tuple(turns)


def _name(turn: _Turn, face: AskedFace, vectors: Vectors, gallery: Gallery | None) -> str | None:
    """Who is asked about."""
    vector = vectors.get(face.crop)
    found = gallery.identify(vector, face.face_hash) if gallery and vector is not None else None
    matches = found.matches if found else ()
    if turn.gold:
        others = [each.name for each in matches if each.name != face.name]
        return others[0] if turn.wrong and others else face.name
    return matches[0].name if matches and matches[0].probability >= LIKELY else None


def _ranked(
    waiting: Sequence[AskedFace],
    vectors: Vectors,
    galleries: Mapping[str, Gallery | None],
    examples: Mapping[str | None, int],
) -> list[tuple[AskedFace, bool]]:
    """What teaches most first, and whether it is like somebody. Runs on a thread.

    Spoilers come last, and before them what is like nobody. Faces without an embedding, of which
    only what was said is known, newest first, and those of different heads are dealt out evenly.
    """
    ranked: list[tuple[tuple[bool, bool, float], AskedFace, bool]] = []
    for head, gallery in galleries.items():
        seen = [each for each in waiting if each.head == head and each.crop in vectors]
        asked = [_question(each, vectors[each.crop], gallery, examples) for each in seen]
        unseen = [each for each in waiting if each.head == head and each.crop not in vectors]
        dealt = [
            [(seen[place], asked[place].name is not None) for place in order(asked)],
            [(each, each.said is not None) for each in unseen],
        ]
        for hand in dealt:
            for place, (face, named) in enumerate(hand):
                ranked.append(((face.spoiler, not named, place / len(hand)), face, named))
    return [(face, named) for _, face, named in sorted(ranked, key=lambda each: each[0])]


def _question(
    face: AskedFace,
    vector: NDArray[np.float32],
    gallery: Gallery | None,
    examples: Mapping[str | None, int],
) -> Question:
    found = gallery.identify(vector, face.face_hash, most=1) if gallery else None
    best = found.matches[0] if found and found.matches else None
    likely = best is not None and best.probability >= LIKELY
    return Question(
        face.verdict_id,
        vector,
        best.name if best and likely else None,
        best.margin if best else float("-inf"),
        examples.get(best.name, 0) if best else 0,
        face.votes,
        face.solo,
        face.spoiler,
    )
