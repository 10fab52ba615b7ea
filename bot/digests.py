"""Digests: the best of what was posted, by somebody's own taste or by everybody's.

What was posted is what was judged, seen in a subscribed place or answered. It is scored when the
digest is made, by the taste of that moment, and neither scores nor embeddings are kept.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from statistics import fmean
from typing import TypeVar

from bot import drawing
from bot.digest_store import Subscription
from bot.errors import Busy
from bot.judging import Judge
from bot.offering import RATED_UNDER
from bot.rating_report import learnable
from bot.recommending import Posted, Ranked, eligible
from bot.scheduling import Schedule, following, latest
from bot.store import Store
from models.taste import LEAST
from models.types import Context, Crop, Scope, Scored, UserId

Result = TypeVar("Result")

MOST_FAILURES = 3
"""Digests in a row that could not be delivered; after that there are no more."""

_MOST_RATERS = 5
"""Users whose tastes together are everybody's: who rated most."""

_SHORTLIST = 40
"""Pictures among which the likeness counts: those that score best."""

_PAUSE = 1.0
"""Seconds between two tries while the queue is full: nobody waits for a digest."""


class Digests:
    """Makes digests; when to look for one and how to send it is a platform's."""

    def __init__(self, store: Store, judge: Judge) -> None:
        self._store = store
        self._kept = store.digests
        self._judge = judge

    # who wants them

    async def subscription(
        self, scope: Scope, user: UserId = "", outlet: str = ""
    ) -> Subscription | None:
        """That of a user, or of an outlet where it is posted for everybody; None without one."""
        return await self._kept.subscription(scope, user, outlet)

    async def of(self, user: UserId) -> list[Subscription]:
        """What a user is sent, in all scopes."""
        return [each for each in await self._kept.subscriptions() if each.user == user]

    async def subscribe(
        self,
        scope: Scope,
        place: str,
        schedule: Schedule,
        locale: str,
        *,
        user: UserId = "",
        outlet: str = "",
    ) -> Subscription:
        """Send digests of a place, too, and from now on by this schedule.

        Args:
            user: to whom; or else
            outlet: where to post them for everybody.
        """
        now = _now()
        before = await self._kept.subscription(scope, user, outlet)
        begun = before or Subscription(scope, user, outlet, (), schedule, locale, now, now)
        places = tuple(dict.fromkeys((*begun.places, place)))
        wanted = replace(
            begun, places=places, schedule=schedule, locale=locale, tried=now, failures=0
        )
        await self._kept.save(wanted)
        return wanted

    async def unsubscribe(self, subscription: Subscription) -> None:
        """Send no more of them."""
        await self._kept.drop(subscription)

    async def follows(self, place: str) -> bool:
        """Whether somebody gets digests of what is posted in a place."""
        return await self._kept.follows(place)

    # when

    async def due(self, now: datetime) -> list[Subscription]:
        """Those whose time has come since they were last tried: however often, it counts once."""
        waiting = await self._kept.subscriptions()
        return [each for each in waiting if latest(each.schedule, now) > each.tried]

    async def claim(self, subscription: Subscription, now: datetime) -> bool:
        """Take one that is due to deliver it; it is not due again even if the bot dies meanwhile.

        Returns:
            False if it was taken, changed or ended already.
        """
        return await self._kept.claim(subscription, now)

    async def failed(self, subscription: Subscription) -> bool:
        """It could not be delivered. Returns whether it was given up for that."""
        given_up = await self._kept.failed(subscription) >= MOST_FAILURES
        if given_up:
            await self._kept.drop(subscription)
        return given_up

    # what

    async def ranked(
        self, subscription: Subscription, places: Iterable[str], until: datetime
    ) -> list[Ranked]:
        """What may be in a digest, with scores; `bot.recommending.choose` chooses.

        Args:
            places: those of the subscription that its reader may see at present.
            until: what was posted later is for the next one.
        """
        posted = await self._kept.candidates(subscription, places, until)
        shown = await self._kept.shown(subscription)
        viewers = [subscription.user] if subscription.user else await self._raters(subscription)
        scored = []
        for each in eligible(posted, subscription.user or None, shown):
            score = await self._score(each, subscription.scope, viewers)
            if score is not None:
                scored.append((score, each))
        best = sorted(scored, key=lambda pair: (-pair[0], pair[1].verdict_id))[:_SHORTLIST]
        found = [await self._with_vector(each, score) for score, each in best]
        return [each for each in found if each is not None]

    async def _raters(self, subscription: Subscription) -> list[UserId]:
        """Whose tastes may be known, most ratings first."""
        rated = await self._store.ratings.of(subscription.scope)
        counts = learnable(rated)
        known = [user for user, count in counts.most_common() if count >= LEAST]
        return known[:_MOST_RATERS]

    async def _score(self, posted: Posted, scope: Scope, viewers: Sequence[UserId]) -> float | None:
        """The mean of what viewers are thought to like; None if nobody's taste is known."""
        crop = await self._store.crop(posted.crop)
        if crop is None:
            return None
        guesses = [
            guess
            for viewer in viewers
            for guess in await self._guess(crop, Context(scope, viewer, posted.text))
        ]
        values = [guess.value for guess in guesses if isinstance(guess, Scored)]
        return fmean(values) if values else None

    async def _guess(self, crop: Crop, context: Context) -> Sequence[object]:
        return await _patiently(lambda: self._judge.guess(crop, context, (RATED_UNDER,)))

    async def _with_vector(self, posted: Posted, score: float) -> Ranked | None:
        crop = await self._store.crop(posted.crop)
        if crop is None:  # forgotten meanwhile
            return None
        vector = await self._judge.embed_patiently(crop, RATED_UNDER, _PAUSE)
        return Ranked(posted, score, vector)

    async def picture(self, chosen: Sequence[Ranked]) -> bytes | None:
        """Those that are still there in one numbered JPEG; None if none is."""
        crops = [await self._store.crop(each.posted.crop) for each in chosen]
        there = [(number, crop) for number, crop in enumerate(crops, start=1) if crop is not None]
        return await asyncio.to_thread(drawing.grid, there) if there else None

    async def delivered(self, subscription: Subscription, until: datetime) -> None:
        """Everything up to a moment has been considered, whether or not anything was sent."""
        await self._kept.delivered(subscription, until)

    async def sent(self, ref: str, subscription: Subscription, chosen: Sequence[Ranked]) -> bool:
        """A message shows these pictures now.

        Returns:
            False if one was forgotten meanwhile, so that the message must go as well.
        """
        return await self._kept.bind(ref, subscription, [each.posted.verdict_id for each in chosen])


def next_time(subscription: Subscription) -> datetime:
    """When a subscription is due next, in UTC."""
    return following(subscription.schedule, _now()).replace(tzinfo=UTC)


async def _patiently(work: Callable[[], Awaitable[Result]]) -> Result:
    while True:
        try:
            return await work()
        except Busy:
            await asyncio.sleep(_PAUSE)


def _now() -> datetime:
    """UTC without a zone, as the store keeps it."""
    return datetime.now(UTC).replace(tzinfo=None)
