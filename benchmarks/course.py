"""One simulated community teaching one bot, from nothing to the last question."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.taught_bot import Posted, TaughtBot
from bot.consensus import Rules
from bot.domain import Answer
from bot.ordering import order
from bot.settings import Teaching
from datasets.simulated_community import Community, Habits, doubles

RECOUNT = 60
"""Votes after which voters are measured, the gallery is built and the queue is ordered anew."""

TRAIN = 300
"""New labels after which a training is tried."""

_ALONE = Rules(quorum=1e-6, share=0.51)
"""Every vote is believed at once."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a community is asked and believed.

    Attributes:
        consensus: it takes a quorum, weighed by reliability; else each vote acts at once.
        active: what teaches most is asked first; else in any order, but what was begun first.
    """

    consensus: bool
    active: bool


@dataclass(frozen=True, slots=True)
class Point:
    """How good the bot is after so many votes, on faces that nobody was shown.

    Attributes:
        right, wrong: shares of known people's faces that get their name, or another.
        strangers: share of strangers that get a name.
        labels, mislabelled: faces that are somebody by agreement, and how many are not them.
        promoted: versions so far.
    """

    votes: int
    right: float
    wrong: float
    strangers: float
    labels: int
    mislabelled: int
    promoted: int


def teach(
    posted: Posted, held_out: Posted, habits: Habits, way: Way, seed: int
) -> tuple[list[Point], TaughtBot]:
    """Let everybody answer until nobody has a question left."""
    known = [i for i, person in enumerate(posted.people) if person is not None]
    alike = doubles([posted.people[i] or "" for i in known], posted.vectors[known])
    community = Community(alike, habits, seed)
    settings = Teaching()
    rules = Rules(settings.quorum, settings.agreement) if way.consensus else _ALONE
    bot = TaughtBot(posted, rules, measuring=way.consensus)
    asking = _Asking(bot, way, settings.gold_share if way.consensus else 0.0, seed)
    rng = np.random.default_rng([seed, 2])
    points, trained_on = [look(bot, posted, held_out)], 0
    busy = list(community.voters)
    while busy:
        voter = busy[rng.integers(len(busy))]
        face = asking.next_for(voter)
        if face is None:
            busy.remove(voter)
            continue
        found = bot.guess(face)
        offered = found.matches[0].name if found.answer == "known" else None
        said = community.answer(voter, face, posted.people[face], offered)
        if said is None:
            continue
        bot.vote(face, voter, said)
        if bot.cast % RECOUNT:
            continue
        bot.recount()
        if len(bot.labels) >= trained_on + TRAIN:
            trained_on = len(bot.labels)
            bot.retrain()
        asking.order_anew()
        points.append(look(bot, posted, held_out))
    bot.recount()
    return [*points, look(bot, posted, held_out)], bot


class _Asking:
    """Whom to ask what next."""

    def __init__(self, bot: TaughtBot, way: Way, gold_share: float, seed: int) -> None:
        self._bot, self._way, self._gold_share = bot, way, gold_share
        self._rng = np.random.default_rng([seed, 3])
        self._asked: set[tuple[str, int]] = set()
        self._shuffled: dict[int, int] = {}
        self.order_anew()

    def order_anew(self) -> None:
        """After votes were counted."""
        faces, questions = self._bot.questions()
        if self._way.active:
            self._queue = [faces[i] for i in order(questions)]
            return
        if not self._shuffled:
            self._shuffled = dict(
                zip(faces, self._rng.permutation(len(faces)).tolist(), strict=True)
            )
        waits = {f: (not q.votes, self._shuffled[f]) for f, q in zip(faces, questions, strict=True)}
        self._queue = sorted(faces, key=waits.__getitem__)

    def next_for(self, voter: str) -> int | None:
        """The face to ask somebody about; None if they have seen them all."""
        face = self._gold(voter) if self._rng.random() < self._gold_share else None
        if face is None:
            left = (f for f in self._queue if not self._bot.is_named(f) and self._may(voter, f))
            face = next(left, None)
        if face is not None:
            self._asked.add((voter, face))
        return face

    def _gold(self, voter: str) -> int | None:
        """A face that is settled; nobody can tell."""
        settled = [face for face in sorted(self._bot.labels) if self._bot.is_named(face)]
        new = [face for face in settled if self._may(voter, face)]
        return new[self._rng.integers(len(new))] if new else None

    def _may(self, voter: str, face: int) -> bool:
        return (voter, face) not in self._asked


def look(bot: TaughtBot, posted: Posted, held_out: Posted) -> Point:
    """Try the bot on faces that nobody was shown."""
    named = []
    for vector, face_hash in zip(held_out.vectors, held_out.hashes, strict=True):
        found = bot.gallery.identify(vector, face_hash, 1)
        named.append(found.matches[0].name if found.answer == "known" else None)
    told = list(zip(held_out.people, named, strict=True))
    known = [(person, name) for person, name in told if person is not None]
    labels = [label for label in bot.labels.values() if label.answer is Answer.IS]
    return Point(
        votes=bot.cast,
        right=_share([name == person for person, name in known]),
        wrong=_share([name not in (None, person) for person, name in known]),
        strangers=_share([name is not None for person, name in told if person is None]),
        labels=len(labels),
        mislabelled=sum(label.names[0] != posted.people[label.verdict_id - 1] for label in labels),
        promoted=bot.promoted,
    )


def _share(happened: Sequence[bool]) -> float:
    return float(np.mean(happened)) if happened else 0.0
