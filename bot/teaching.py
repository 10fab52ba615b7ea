"""Who is believed how much: what voters got right so far, and whose votes are held.

Nothing is stored of how reliable somebody is: it is computed from the votes, at the start and again
when enough were cast. A label that is formed meanwhile is right by what was known then, and is
settled again if the new measure says otherwise.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from bot.brigades import Window, suspects, target_of
from bot.consensus import Electorate, Rules
from bot.correcting import said, settle, still_there
from bot.domain import Action, Answer, Correction, Label, Standing, State, Verdict, Vote
from bot.errors import NotFound
from bot.names import fold
from bot.reliability import Cast, Reliability, measure
from bot.settings import Settings
from bot.stats import Report, Taught, report
from bot.store import Store
from bot.teaching_store import Hold, Record, VotedFace
from bot.voting import standing_votes
from models.heads import NAMING_HEADS
from models.types import Scope, UserId

log = logging.getLogger(__name__)

MOST_RECENT = 1000
"""Votes that are looked at for brigades: the newest."""

_NEWS = 10
"""Votes after which it is measured anew, at the least; with many, a twentieth of them."""

_PAUSE = 5.0
"""Seconds to wait for more votes before it is measured anew."""

SettleAgain = Callable[[Scope, str, Sequence[int]], Awaitable[None]]
"""Settles faces under a head of a scope again, one at a time, and lets the outcome answer."""


class Teaching:
    """Knows the electorate of each head in each scope."""

    def __init__(self, settings: Settings, store: Store, settle_again: SettleAgain) -> None:
        teaching = settings.teaching
        self._settings = teaching
        self._store = store
        self._kept = store.teaching
        self._settle_again = settle_again
        self._rules = Rules(
            quorum=teaching.quorum,
            share=teaching.agreement,
            poster=teaching.poster_weight,
            moderator=teaching.moderator_weight,
        )
        self._measured: dict[tuple[Scope, str], Mapping[UserId, Reliability]] = {}
        self._measuring = asyncio.Lock()
        self._news: Counter[tuple[Scope, str]] = Counter()
        self._woken = asyncio.Event()

    async def electorate(self, scope: Scope, head: str) -> Electorate:
        """Who is believed how much at present."""
        held = await self._kept.kept_back(scope, head)
        measured = self._measured.get((scope, head), {})
        return Electorate(
            self._rules,
            {voter: each.weight for voter, each in measured.items()},
            frozenset(vote for vote, released in held.items() if released is not True),
        )

    # how reliable voters are

    async def recount(self, scope: Scope, head: str) -> None:
        """Measure anew how reliable voters are, and settle again what that changes."""
        async with self._measuring:
            self._news.pop((scope, head), None)
            record = await self._kept.record(scope, head)
            held = (await self.electorate(scope, head)).held
            measured = await asyncio.to_thread(lambda: measure(casts(record, head, held)))
            self._measured[scope, head] = measured
            # Read again: a vote that was cast meanwhile was settled by the measure before.
            record = await self._kept.record(scope, head)
            agreeing = await self._store.consenting(scope)
            electorate = await self.electorate(scope, head)
            standings = await asyncio.to_thread(standing_of, record, head, electorate, agreeing)
        otherwise = [
            face.verdict.id
            for face in record.faces
            if not _same(standings[face.verdict.id].label, face.label, record)
        ]
        await self._settle_again(scope, head, otherwise)

    async def recount_all(self) -> None:
        """Every head of every scope, as the housekeeper does hourly."""
        for scope in await self._store.scopes():
            for head in NAMING_HEADS:
                await self.recount(scope, head)

    async def keep(self, stopping: asyncio.Event) -> None:
        """Measure anew when enough votes were cast, and not while more of them come.

        Args:
            stopping: ends it, after what it is at, once somebody calls `wake`.
        """
        while not stopping.is_set():
            await self._woken.wait()
            self._woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_PAUSE):
                    await stopping.wait()
                    return
            for scope, head in [each for each in self._news if self._is_due(*each)]:
                try:
                    await self.recount(scope, head)
                except Exception:  # when more votes come, or in the next hour, then
                    log.exception("cannot measure how reliable voters are")

    def wake(self) -> None:
        """Let `keep` look whether there is something to do, or nothing more."""
        self._woken.set()

    def _is_due(self, scope: Scope, head: str) -> bool:
        measured = self._measured.get((scope, head), {})
        known = sum(each.counted for each in measured.values())
        return self._news[scope, head] >= max(_NEWS, known // 20)

    # votes as they come

    async def notice(self, verdict: Verdict, correction: Correction) -> list[int]:
        """A vote was cast. If it completes or joins a brigade, the votes of that are held.

        Returns:
            The faces with votes that are held from now on, which have to be settled again.
        """
        scope, head = verdict.scope, correction.head
        if correction.action is Action.RATE:
            return []
        self._news[scope, head] += 1
        if self._is_due(scope, head):
            self.wake()
        exempt = correction.trusted or correction.voter == verdict.author
        if correction.withdraw or exempt or not self._is_new(scope, correction.voter):
            return []
        return await self._hold(verdict, head, correction.voter)

    def _is_new(self, scope: Scope, voter: UserId) -> bool:
        settled = sum(
            self._measured[each][voter].counted
            for each in self._measured
            if each[0] == scope and voter in self._measured[each]
        )
        return settled < self._settings.new_voter_votes

    async def _hold(self, verdict: Verdict, head: str, voter: UserId) -> list[int]:
        now = datetime.now(UTC).replace(tzinfo=None)
        since = now - timedelta(minutes=self._settings.brigade_minutes)
        recent = await self._kept.recent(verdict.scope, head, since, MOST_RECENT)
        newcomers = {v.voter for v in recent if self._is_new(verdict.scope, v.voter)}
        faces = {v.verdict_id for v in recent if v.voter in newcomers} | {verdict.id}
        record = await self._kept.record(verdict.scope, head, faces)
        target = _target(record, verdict.id, voter)
        if target is None:
            return []
        found = suspects(record, Window(target, since), newcomers)
        kept_back = await self._kept.kept_back(verdict.scope, head)
        found = [vote for vote in found if kept_back.get(vote.id) is not True]
        if (verdict.id, voter) not in {(vote.verdict_id, vote.voter) for vote in found}:
            return []
        known = any(vote.id in kept_back for vote in found) or _again(
            record, kept_back, found[-1], target
        )
        if len({vote.voter for vote in found}) < self._settings.brigade_voters and not known:
            return []
        new = [vote for vote in found if vote.id not in kept_back]
        await self._kept.hold(verdict.scope, head, target, [vote.id for vote in new], now)
        log.warning("held %d votes in %s that look like a brigade's", len(new), verdict.scope)
        return sorted({vote.verdict_id for vote in new})

    # what moderators see and decide

    async def holds(self, scope: Scope) -> list[Hold]:
        """Votes that wait for a moderator, oldest first."""
        return await self._kept.holds(scope)

    async def decide(self, scope: Scope, hold_id: int, release: bool) -> None:
        """Let the votes of a hold count from now on, or never.

        Raises:
            NotFound: it was decided already, or all its votes were forgotten.
        """
        hold = await self._kept.decide(scope, hold_id, release=release)
        if hold is None:
            raise NotFound(f"no hold {hold_id} waits in {scope}")
        await self._settle_again(scope, hold.head, hold.faces)

    async def disputed(self, scope: Scope) -> list[tuple[Verdict, Standing]]:
        """Faces of which people disagree, and whom most say they show, newest first."""
        return [
            (face.verdict, taught.standings[face.verdict.id])
            for taught in [await self._taught(scope, head) for head in NAMING_HEADS]
            for face in reversed(taught.record.faces)
            if taught.standings[face.verdict.id].state is State.DISPUTED
        ]

    async def report(self, scope: Scope) -> Report:
        """Who taught what, how often the bot was right, and who needs pictures."""
        taught = [await self._taught(scope, head) for head in NAMING_HEADS]
        return await asyncio.to_thread(report, taught)

    async def names(self, scope: Scope) -> dict[UserId, str]:
        """What voters are called on the pages, as far as they have a name there."""
        return await self._kept.names(scope)

    async def _taught(self, scope: Scope, head: str) -> Taught:
        record = await self._kept.record(scope, head)
        electorate = await self.electorate(scope, head)
        agreeing = await self._store.consenting(scope)
        return Taught(
            head,
            record,
            await asyncio.to_thread(standing_of, record, head, electorate, agreeing),
            self._measured.get((scope, head), {}),
            [each for each in await self._store.people(scope, head) if each.examples],
        )


def standing_of(
    record: Record, head: str, electorate: Electorate, agreeing: frozenset[UserId]
) -> dict[int, Standing]:
    """What comes of the votes on each face.

    Args:
        agreeing: the posters who agreed beforehand.
    """
    return {
        face.verdict.id: still_there(
            settle(
                face.verdict,
                head,
                face.votes,
                electorate,
                allowed=face.verdict.author in agreeing,
                present=record.present,
            ),
            face.verdict,
        )
        for face in record.faces
    }


def casts(record: Record, head: str, held: frozenset[int]) -> list[Cast]:
    """What everybody says of each face, as `bot.reliability` measures it; not what is held."""
    return [
        Cast(
            vote.id,
            face.verdict.id,
            vote.voter,
            face.verdict.author,
            vote.trusted,
            _key(*told),
            _guessed(face, head, record),
        )
        for face in record.faces
        for vote in standing_votes(face.votes)
        if vote.id not in held and (told := said(face.verdict, vote, record.present)) is not None
    ]


def _key(answer: Answer, names: Sequence[str]) -> str:
    folded = "/".join(sorted({fold(name) for name in names}))
    match answer:
        case Answer.IS:
            return f"is:{folded}"
        case Answer.IS_NOT:
            return f"not:{folded}"
        case Answer.NOT_A_FACE:
            return "no_face"


def _guessed(face: VotedFace, head: str, record: Record) -> tuple[tuple[str, float], ...]:
    guess = face.verdict.named(head)
    return tuple(
        (fold(record.present.get(each.name, each.name)), each.probability)
        for each in (guess.candidates if guess else ())
        if each.name
    )


def _same(settled: Label | None, stored: Label | None, record: Record) -> bool:
    """Whether two labels say the same; the store leaves out who is nobody that it knows."""
    return _told(settled, record) == _told(stored, record)


def _told(label: Label | None, record: Record) -> tuple[Answer, frozenset[str]] | None:
    if label is None:
        return None
    known = {fold(name) for name in record.present.values()}
    names = {fold(name) for name in label.names}
    return label.answer, frozenset(names if label.answer is Answer.IS else names & known)


def _target(record: Record, verdict_id: int, voter: UserId) -> str | None:
    """What the standing vote of a voter on a face aims at."""
    for face in record.faces:
        for vote in standing_votes(face.votes) if face.verdict.id == verdict_id else ():
            if vote.voter == voter:
                return target_of(face, vote, record)
    return None


def _again(record: Record, kept_back: Mapping[int, bool | None], newest: Vote, target: str) -> bool:
    """Whether a vote is one that was held, taken back and cast again."""
    return any(
        vote.voter == newest.voter
        and kept_back.get(vote.id, True) is not True
        and target_of(face, vote, record) == target
        for face in record.faces
        if face.verdict.id == newest.verdict_id
        for vote in face.votes
    )
