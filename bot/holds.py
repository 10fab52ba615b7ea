"""Votes that look like a brigade's: held as they come, until a moderator decides."""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from bot import settings
from bot.brigades import Window, suspects, target_of
from bot.domain import Verdict, Vote
from bot.errors import NotFound
from bot.store import Store
from bot.teaching_store import Hold, Record
from bot.voting import standing_votes
from models.types import Scope, UserId

log = logging.getLogger(__name__)

MOST_RECENT = 1000
"""Votes that are looked at: the newest."""


class Holds:
    """Which votes are held. `bot.brigades` says which look like a brigade's."""

    def __init__(self, teaching: settings.Teaching, store: Store) -> None:
        self._least = teaching.brigade_voters
        self._window = timedelta(minutes=teaching.brigade_minutes)
        self._kept = store.teaching

    async def held(self, scope: Scope, head: str) -> frozenset[int]:
        """Votes that do not count: nobody has let them yet, or somebody rejected them."""
        kept_back = await self._kept.kept_back(scope, head)
        return frozenset(vote for vote, released in kept_back.items() if released is not True)

    async def watch(
        self, verdict: Verdict, head: str, voter: UserId, is_new: Callable[[UserId], bool]
    ) -> list[int]:
        """A newcomer has voted. If that completes or joins a brigade, hold the votes of it.

        Whom a moderator let through once is no newcomer any more: an honest crowd of new people
        waits for one word and no more.

        Returns:
            The faces with votes that are held from now on.
        """
        moment = datetime.now(UTC).replace(tzinfo=None)
        since = moment - self._window
        recent = await self._kept.recent(verdict.scope, head, since, MOST_RECENT)
        let_through = await self._kept.let_through(verdict.scope)
        if voter in let_through:
            return []
        newcomers = {vote.voter for vote in recent if is_new(vote.voter)} - let_through
        kept_back = await self._kept.kept_back(verdict.scope, head)
        if len(newcomers) < self._least and not kept_back:
            return []
        faces = {vote.verdict_id for vote in recent if vote.voter in newcomers}
        record = await self._kept.record(verdict.scope, head, faces)
        target = _target(record, verdict.id, voter)
        if target is None:
            return []
        found = [
            vote
            for vote in suspects(record, Window(target, since), newcomers)
            if kept_back.get(vote.id) is not True
        ]
        if not found or found[-1].voter != voter:  # somebody's word is behind the one just cast
            return []
        new = [vote for vote in found if vote.id not in kept_back]
        joins = len(new) < len(found) or _again(record, kept_back, found[-1], target)
        if not joins and len({vote.voter for vote in found}) < self._least:
            return []
        await self._kept.hold(verdict.scope, head, target, [vote.id for vote in new], moment)
        log.warning("held %d votes in %s that look like a brigade's", len(new), verdict.scope)
        return sorted({vote.verdict_id for vote in new})

    async def waiting(self, scope: Scope) -> list[Hold]:
        """Those that no moderator has decided on, oldest first."""
        return await self._kept.holds(scope)

    async def decide(self, scope: Scope, hold_id: int, *, release: bool) -> Hold:
        """Let the votes of a hold count from now on, or never.

        Raises:
            NotFound: it was decided already, or all its votes were forgotten.
        """
        hold = await self._kept.decide(scope, hold_id, release=release)
        if hold is None:
            raise NotFound(f"no hold {hold_id} waits in {scope}")
        return hold


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
