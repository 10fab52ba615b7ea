"""What a scope teaches the heads that score: rebuilt from the store, so that forgetting is at once.

Ratings, of pictures and perhaps of the words beside them → everybody's taste, at each rating. How
pictures were received → what is photogenic here.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Sequence

import numpy as np

from bot.judging import Judge
from bot.store import Store
from bot.vectors import vectors_of
from models import photogenic
from models.photogenic import Evidence
from models.taste import Ratings, Tastes
from models.types import Scope, Vectors

MOST_RATINGS = 5000
"""Of a scope, those of the newest pictures, that tastes are learned from."""

MOST_RECEIVED = 5000
"""Pictures of a scope, the newest, that are learned from."""


class TaughtScores:
    """Keeps what the judge scores by as the store says."""

    def __init__(self, store: Store, judge: Judge) -> None:
        self._store = store
        self._judge = judge
        self._locks: defaultdict[Scope, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked: Counter[Scope] = Counter()
        self._texts: dict[Scope, dict[str, Vectors]] = {}

    async def rebuild(self, scope: Scope) -> None:
        """Read what stands and may be learned from, and let it answer."""
        await self.rebuild_tastes(scope)
        await self.rebuild_photogenic(scope)

    async def rebuild_tastes(self, scope: Scope) -> None:
        """Learn from the ratings that stand, of pictures whose posters let them be learned from."""
        self._asked[scope] += 1
        turn = self._asked[scope]
        async with self._locks[scope]:  # so that an older one cannot overwrite a newer one
            if turn == self._asked[scope]:  # else the next one, which waits, will see more
                self._judge.set_learned(scope, "taste", await self._tastes(scope))

    async def _tastes(self, scope: Scope) -> Tastes | None:
        agreed = [each for each in await self._store.ratings.of(scope) if each.agreed]
        rated = agreed[-MOST_RATINGS:]
        crops = (each.crop for each in rated if each.crop is not None)
        vectors = await vectors_of(self._store, self._judge, crops, "taste")
        there = [each for each in rated if each.crop in vectors]
        told = await self._told(scope, [each.text or "" for each in there])
        if not there:
            return None
        shown = [(each.crop or "", each.text or "") for each in there]
        row = {both: number for number, both in enumerate(sorted(set(shown)))}
        ratings = Ratings(
            user=tuple(each.user for each in there),
            item=np.array([row[both] for both in shown], dtype=np.intp),
            score=np.array([each.score for each in there], dtype=np.float64),
        )
        seen = np.stack([np.hstack([vectors[crop], told[text]]) for crop, text in row])
        blocks = self._judge.scene.blocks
        if words := seen.shape[1] - sum(blocks):
            blocks = (*blocks, words)
        return await asyncio.to_thread(Tastes.fit, seen, ratings, blocks)

    async def _told(self, scope: Scope, texts: Sequence[str]) -> dict[str, Vectors]:
        """The vectors of texts, of no length if words do not count.

        They are remembered for the next time only: no text outlives its post here.
        """
        words = self._judge.words
        if words is None:
            return dict.fromkeys(texts, np.empty(0, dtype=np.float32))
        known = self._texts.get(scope, {})
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known = known | dict(zip(new, await asyncio.to_thread(words.embed, new), strict=True))
        self._texts[scope] = {text: known[text] for text in texts}
        return self._texts[scope]

    async def rebuild_photogenic(self, scope: Scope) -> Evidence:
        """Learn from the pictures whose reception was counted; returns what was measured."""
        async with self._locks[scope]:  # so that an older one cannot overwrite a newer one
            received = [
                (each, photogenic.Post(each.author, each.reactions, each.audience))
                for each in await self._store.receptions.of(scope)
                if each.reactions is not None and each.audience
            ][-MOST_RECEIVED:]
            crops = (each.crop for each, _ in received)
            vectors = await vectors_of(self._store, self._judge, crops, "photogenic")
            there = [(vectors[each.crop], post) for each, post in received if each.crop in vectors]
            learned = None
            if there:
                seen = np.stack([vector for vector, _ in there])
                posts = [post for _, post in there]
                learned = await asyncio.to_thread(photogenic.fit, seen, posts)
            self._judge.set_learned(scope, "photogenic", learned)
            return learned.evidence if learned is not None else Evidence(0, 0)
