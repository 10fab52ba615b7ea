"""What was collected from one source, judged by one head and put in order.

Nothing of it is written down here, so a sweep that was stopped is simply made again. What may be
scored at all is the same as elsewhere, and for the head that is for one's own pictures it is less:
see `bot.scoring`.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from rich.console import Console

from bot.collected_store import Collected
from bot.domain import Verdict
from bot.judge_files import side_by_side
from bot.judging import Judge
from bot.scoring import ONES_OWN, uninvited
from bot.settings import Settings
from bot.store import Store
from datasets.split import copies
from models.types import Context, Refused, Scope, Scored, UserId


class Why(StrEnum):
    """What keeps a picture out before a head has looked at it.

    Beside it a `Refused` has the words of `models.types`: of the head, and of `bot.scoring`.
    """

    EXPIRED = "expired"
    COPY = "copy"
    SPOILER = "spoiler"
    OWN = "own"
    NO_FACE = "no-face"
    SEVERAL_FACES = "several-faces"
    DRAWN = "drawn"


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is to be judged, how, and for whom.

    Attributes:
        viewer: by whose taste; None for the other heads.
    """

    scope: Scope
    source: str
    head: str
    viewer: UserId | None = None


@dataclass(frozen=True, slots=True)
class Swept:
    """One picture and what came of it.

    Attributes:
        guess: its score, or why it has none: a word of `Why` or of `models.types`.
        until: when the picture expires, UTC without a zone; None if its poster agrees.
    """

    collected: Collected
    guess: Scored | Refused
    until: datetime | None


def ranked(swept: Iterable[Swept]) -> list[Swept]:
    """Those with a score: the likes, then what is too close to call, then the nopes.

    Within each, by the lower end of the interval: a person is to act on it, so what is good even if
    the score is too high comes before what may be better and may be bad. Of equals the higher score
    comes first, then what was collected first.
    """
    scored = [(each.guess, each) for each in swept if isinstance(each.guess, Scored)]
    ordered = sorted(scored, key=lambda pair: _order(pair[0]))
    return [each for _, each in ordered]


def _order(score: Scored) -> tuple[int, float, float]:
    return _SUGGESTED.index(score.likes), -score.low, -score.value


_SUGGESTED = (True, None, False)


async def sweep(
    settings: Settings, store: Store, judge: Judge, wish: Sweep, console: Console
) -> list[Swept]:
    """Judge all pictures of a source; they come back in the order in which they were collected.

    Of near copies the oldest stands for all: what keeps it out keeps them out. Pictures are read
    and judged one by one by each worker, and only what was said of them is kept.
    """
    sweeper = _Sweeper(settings, store, judge, wish)
    seen: list[tuple[Collected, Verdict]] = []
    with console.status("looking for copies …"):
        for each in await store.collected.of(wish.scope, wish.source):
            whole = await store.verdict(each.whole)
            if whole is not None:  # else it was forgotten just now
                seen.append((each, whole))
        originals = await asyncio.to_thread(_originals, [whole for _, whole in seen])

    async def one(pair: tuple[Collected, Verdict]) -> Swept:
        return await sweeper.look(*pair, copy=pair[1].id not in originals)

    return await side_by_side(one, seen, settings.judging.workers, "judging", console)


def _originals(wholes: Sequence[Verdict]) -> set[int]:
    """Of pictures, oldest first, those that are no near copies of older ones."""
    there = [each for each in wholes if each.crop is not None]
    _, first = np.unique(copies([each.face_hash for each in there]), return_index=True)
    return {there[i].id for i in first}


class _Sweeper:
    """Judges one picture after the other, each for the same purpose."""

    def __init__(self, settings: Settings, store: Store, judge: Judge, wish: Sweep) -> None:
        self._settings = settings
        self._keep = timedelta(days=settings.store.keep_days)
        self._store = store
        self._judge = judge
        self._wish = wish

    async def look(self, collected: Collected, whole: Verdict, *, copy: bool) -> Swept:
        """Score a picture, unless something keeps it out."""
        why_not = await self._kept_out(collected, whole, copy)
        guess = await self._score(collected, whole) if why_not is None else self._refused(why_not)
        return Swept(collected, guess, None if collected.agreed else whole.created + self._keep)

    async def _kept_out(self, collected: Collected, whole: Verdict, copy: bool) -> str | None:
        wish = self._wish
        if whole.crop is None:
            return Why.EXPIRED
        if copy:
            return Why.COPY
        if whole.spoiler:
            return Why.SPOILER
        if collected.author == wish.viewer:
            return Why.OWN
        if wish.head != ONES_OWN:
            return None
        confirmed = await self._store.confirmed(wish.scope, collected.author)
        if why_not := uninvited(wish.head, agreed=collected.agreed, confirmed=confirmed):
            return why_not
        if collected.faces > 1:  # the poster has not spoken for whoever else is in it
            return Why.SEVERAL_FACES
        return Why.NO_FACE if collected.face is None else None

    async def _score(self, collected: Collected, whole: Verdict) -> Scored | Refused:
        """As everywhere: the face with what is around it if there is one, else the picture."""
        shown = whole
        if collected.face is not None and self._wish.head in _OF_FACES:
            shown = await self._store.verdict(collected.face) or whole
        crop = None if shown.crop is None else await self._store.crop(shown.crop)
        if crop is None:  # it has expired just now
            return self._refused(Why.EXPIRED)
        wish, text = self._wish, collected.origin.text
        context = Context(wish.scope, wish.viewer, text, like_from=await self._like_from(shown))
        guesses = await self._judge.guess(crop, context, (wish.head,), whole=shown.whole)
        if not guesses:
            return self._refused(Why.DRAWN)
        (guess,) = guesses
        assert isinstance(guess, Scored | Refused)  # noqa: S101 - no other head is asked
        return guess

    async def _like_from(self, verdict: Verdict) -> float:
        chosen = await self._store.like_from(verdict.place)
        return self._settings.like_from(verdict.place) if chosen is None else chosen

    def _refused(self, why: str) -> Refused:
        return Refused(self._wish.head, why)


_OF_FACES = (ONES_OWN, "taste")
"""The heads that look at a face where there is one."""
