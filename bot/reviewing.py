"""What waits for a moderator: faces of which people disagree, and labels that look wrong."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from bot.correcting import said
from bot.domain import NAMING, Answer, Standing, State, Verdict
from bot.judging import Judge
from bot.question_store import AskedFace
from bot.samples import samples_of
from bot.store import LiveLabel, Store
from bot.voting import standing_votes
from datasets.samples import Sample
from datasets.split import groups
from models.heads import NAMING_HEADS
from models.mislabelled import suspicious
from models.types import Scope, UserId

MOST = 60
"""Of each sort, that are looked at."""

Standings = Callable[[Verdict, str], Awaitable[Standing]]
"""How a face stands with its voters under a head."""


@dataclass(frozen=True, slots=True)
class Side:
    """What some people say of a face.

    Attributes:
        answer: that it is somebody, is not somebody, or is no face.
        name: of whom they speak.
        voters: how many say so.
    """

    answer: Answer
    name: str | None
    voters: int


@dataclass(frozen=True, slots=True)
class Dispute:
    """A face of which people disagree, most said first. Who said what is not told."""

    verdict_id: int
    head: str
    spoiler: bool
    sides: tuple[Side, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """A face whose label looks wrong.

    Attributes:
        name: who it is said to be.
        likely: who it looks like instead.
    """

    verdict_id: int
    head: str
    spoiler: bool
    name: str
    likely: str


class Reviews:
    """Finds what a moderator should look at, among the faces that may be shown."""

    def __init__(self, store: Store, judge: Judge, standing: Standings) -> None:
        self._store = store
        self._judge = judge
        self._standing = standing
        self._doubted: dict[tuple[Scope, str], tuple[int, list[tuple[int, str]]]] = {}
        self._doubting = asyncio.Lock()

    async def disputes(
        self, scope: Scope, user: UserId, places: Collection[str] | None = None
    ) -> list[Dispute]:
        """Faces of which people disagree, newest first."""
        contested = await self._store.questions.contested(scope, MOST)
        shown = [each for each in contested if each.may_be_shown(user, places)]
        found = [await self._dispute(each) for each in shown]
        return [each for each in found if each is not None]

    async def shown(
        self,
        scope: Scope,
        user: UserId,
        faces: Sequence[int],
        places: Collection[str] | None = None,
    ) -> list[AskedFace]:
        """Of these faces the ones that may be shown, at most `MOST`."""
        there = await self._store.questions.these(scope, faces[:MOST])
        return [each for each in there.values() if each.may_be_shown(user, places)]

    async def _dispute(self, face: AskedFace) -> Dispute | None:
        verdict = await self._store.verdict(face.verdict_id)
        if verdict is None:
            return None
        if (await self._standing(verdict, face.head)).state is not State.DISPUTED:
            return None
        votes = [vote for vote in await self._store.votes(verdict.id) if vote.head == face.head]
        names = {vote.name for vote in votes if vote.name}
        present = await self._store.present_names(verdict.scope, face.head, names)
        told = [said(verdict, vote, present) for vote in standing_votes(votes)]
        sides = Counter(
            (answer, name) for answer, names in filter(None, told) for name in (names or (None,))
        )
        return Dispute(
            face.verdict_id,
            face.head,
            face.spoiler,
            tuple(Side(*side, voters) for side, voters in sides.most_common()),
        )

    async def doubts(
        self, scope: Scope, user: UserId, places: Collection[str] | None = None
    ) -> list[Doubt]:
        """Labels that look wrong and that no moderator has spoken on, the worst first."""
        found: list[Doubt] = []
        for head in NAMING_HEADS:
            likely = dict(await self._doubtful(scope, head))
            faces = await self._store.questions.these(scope, list(likely))
            found += [
                Doubt(number, head, faces[number].spoiler, name, likely[number])
                for number in likely
                if number in faces
                and (name := faces[number].name) is not None
                and name != likely[number]
                and faces[number].may_be_shown(user, places)
                and not await self._decided(number, head)
            ]
        return found

    async def _decided(self, verdict_id: int, head: str) -> bool:
        votes = [vote for vote in await self._store.votes(verdict_id) if vote.head == head]
        return any(vote.trusted and vote.action in NAMING for vote in standing_votes(votes))

    async def _doubtful(self, scope: Scope, head: str) -> list[tuple[int, str]]:
        """Verdicts and who they look like; worked out again when other labels or names stand."""
        async with self._doubting:
            labels = await self._store.live_labels(scope, head)
            present = hash(tuple((each.id, each.names) for each in labels))
            known = self._doubted.get((scope, head))
            if known is None or known[0] != present:
                known = present, await self._suspicious(labels, head)
                self._doubted[scope, head] = known
            return known[1]

    async def _suspicious(self, labels: Iterable[LiveLabel], head: str) -> list[tuple[int, str]]:
        """Only faces whose embedding is kept; their posters agreed."""
        named = [each for each in labels if each.answer is Answer.IS and each.crop is not None]
        vectors = await self._store.embeddings(
            [each.crop or "" for each in named], self._judge.fingerprint(head)
        )
        samples = samples_of(named, vectors)
        return await asyncio.to_thread(_suspects, samples) if samples else []


def _suspects(samples: list[Sample]) -> list[tuple[int, str]]:
    """Runs on a thread."""
    vectors = np.stack([each.vector for each in samples])
    names = [each.name or "" for each in samples]
    return [
        (samples[each.face].verdict, each.likely)
        for each in suspicious(vectors, names, groups(samples))[:MOST]
    ]
