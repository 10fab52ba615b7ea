"""Who is believed how much: what voters got right so far, and whose votes are held.

Nothing is stored of how reliable somebody is: it is computed from the votes, at the start and again
when enough were cast. A label that is formed meanwhile is right by what was known then, and is
settled again if the new measure says otherwise.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from bot.consensus import Electorate, Rules
from bot.counting import casts, says_the_same, standing_of
from bot.domain import Action, Correction, Standing, State, Verdict
from bot.holds import Holds
from bot.reliability import Reliability, measure
from bot.settings import Settings
from bot.stats import Report, Taught, report
from bot.store import Store
from bot.teaching_store import Hold, Record
from models.heads import NAMING_HEADS
from models.types import Scope, UserId

log = logging.getLogger(__name__)

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
        self._new_voter_votes = teaching.new_voter_votes
        self._holds = Holds(teaching, store)
        self._store = store
        self._kept = store.teaching
        self._settle_again = settle_again
        self._rules = Rules(
            quorum=teaching.quorum,
            share=teaching.agreement,
            poster=teaching.poster_weight,
            moderator=teaching.moderator_weight,
            learn_from_x=settings.x.train,
        )
        self._measured: dict[tuple[Scope, str], dict[UserId, Reliability]] = {}
        self._measuring = asyncio.Lock()
        self._reporting = asyncio.Lock()
        self._news: Counter[tuple[Scope, str]] = Counter()
        self._woken = asyncio.Event()

    async def electorate(self, scope: Scope, head: str) -> Electorate:
        """Who is believed how much at present."""
        measured = self._measured.get((scope, head), {})
        reliability = {voter: each.weight for voter, each in measured.items()}
        return Electorate(self._rules, reliability, await self._holds.held(scope, head))

    # how reliable voters are

    async def recount(self, scope: Scope, head: str) -> None:
        """Measure anew how reliable voters are, and settle again what that changes."""
        async with self._measuring:
            self._news.pop((scope, head), None)
            record = await self._kept.record(scope, head)
            held = await self._holds.held(scope, head)
            measured = await asyncio.to_thread(lambda: measure(casts(record, head, held)))
            self._measured[scope, head] = measured
            # Read again: a vote that was cast meanwhile was settled by the measure before, and
            # somebody may have been forgotten.
            record = await self._kept.record(scope, head)
            voters = {vote.voter for face in record.faces for vote in face.votes}
            for forgotten in measured.keys() - voters:
                self.forget(scope, forgotten)
            standings = await self._standings(scope, head, record)
        otherwise = [
            face.verdict.id
            for face in record.faces
            if not says_the_same(standings[face.verdict.id].label, face.label, record)
        ]
        await self._settle_again(scope, head, otherwise)

    async def recount_all(self) -> None:
        """Every head of every scope, as the housekeeper does hourly."""
        for scope in await self._store.scopes():
            for head in NAMING_HEADS:
                await self.recount(scope, head)

    def forget(self, scope: Scope, voter: UserId) -> None:
        """Somebody's votes are gone: nothing is known of how reliable they are."""
        for (here, _), measured in self._measured.items():
            if here == scope:
                measured.pop(voter, None)

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
        return await self._holds.watch(
            verdict, head, correction.voter, lambda voter: self._is_new(scope, voter)
        )

    def _is_new(self, scope: Scope, voter: UserId) -> bool:
        settled = sum(
            self._measured[each][voter].counted
            for each in self._measured
            if each[0] == scope and voter in self._measured[each]
        )
        return settled < self._new_voter_votes

    # what moderators see and decide

    async def holds(self, scope: Scope) -> list[Hold]:
        """Votes that wait for a moderator, oldest first."""
        return await self._holds.waiting(scope)

    async def decide(self, scope: Scope, hold_id: int, release: bool) -> None:
        """Let the votes of a hold count from now on, or never.

        Raises:
            NotFound: it was decided already, or all its votes were forgotten.
        """
        hold = await self._holds.decide(scope, hold_id, release=release)
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
        async with self._reporting:  # one at a time: with many votes it takes a second
            taught = [await self._taught(scope, head) for head in NAMING_HEADS]
            return await asyncio.to_thread(report, taught)

    async def names(self, scope: Scope) -> dict[UserId, str]:
        """What voters are called on the pages, as far as they have a name there."""
        return await self._kept.names(scope)

    async def _taught(self, scope: Scope, head: str) -> Taught:
        record = await self._kept.record(scope, head)
        return Taught(
            head,
            record,
            await self._standings(scope, head, record),
            self._measured.get((scope, head), {}),
            [each for each in await self._store.people(scope, head) if each.examples],
        )

    async def _standings(self, scope: Scope, head: str, record: Record) -> dict[int, Standing]:
        """What comes of the votes on each face, by those who are believed at present."""
        electorate = await self.electorate(scope, head)
        agreeing = await self._store.consenting(scope)
        return await asyncio.to_thread(standing_of, record, head, electorate, agreeing)
