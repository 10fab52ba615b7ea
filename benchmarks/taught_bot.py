"""A bot that is taught by votes, without a database or pictures: for `benchmarks.learning`.

Votes are counted, voters measured, questions ordered, galleries built and versions trained by the
functions that the bot uses; only what lies between them, storing and fetching, is done here.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np

from bot.cluster_store import PooledFace
from bot.consensus import Electorate, Rules
from bot.correcting import settle
from bot.domain import Action, Answer, Label, Verdict, Vote
from bot.galleries import gallery_of
from bot.learning import Snapshot, train
from bot.names import fold
from bot.ordering import Question
from bot.reliability import Cast, Reliability, measure
from bot.samples import samples_of
from bot.store import LiveLabel
from datasets.simulated_community import Said
from models.gallery import Gallery, Identification
from models.learned import Learned
from models.registry import State
from models.strangers import choose
from models.training import FitError
from models.types import Candidate, Kind, Named, UserId, Vectors

SCOPE, HEAD, POSTER = "bench", "bench", "poster"
NOON = datetime(2026, 1, 1, 12)
RATE = 0.01


@dataclass(frozen=True, slots=True, eq=False)
class Posted:
    """Faces whose people are known to the benchmark alone.

    Attributes:
        vectors: shape (n, dimensions), of length 1.
        hashes: of the aligned faces.
        people: who each is; None for strangers.
    """

    fingerprint: str
    kind: Kind
    vectors: Vectors
    hashes: tuple[str, ...]
    people: tuple[str | None, ...]

    def only(self, rows: Sequence[int]) -> "Posted":
        """Some of them."""
        some = list(rows)
        return replace(
            self,
            vectors=self.vectors[some],
            hashes=tuple(self.hashes[row] for row in some),
            people=tuple(self.people[row] for row in some),
        )


class TaughtBot:
    """What it was told, and what it makes of it. Faces are called by their number.

    All faces were posted by somebody who agreed to be learned from and does not vote.

    Args:
        rules: when people agree.
        measuring: voters weigh what they got right so far; else all weigh the same.

    Attributes:
        votes: all that were cast on each face.
        labels: what stands.
        cast: how many votes there were.
        promoted: how many versions.
        reliability: of the voters, when they were last measured.
    """

    def __init__(self, posted: Posted, rules: Rules, *, measuring: bool) -> None:
        self._posted = posted
        self.rules = rules
        self._electorate = Electorate(rules)
        self._measuring = measuring
        self._learned: Learned | None = None
        self._logged = 0
        self._verdicts: dict[int, Verdict] = {}
        self.votes: dict[int, list[Vote]] = {}
        self.labels: dict[int, LiveLabel] = {}
        self.cast = self.promoted = 0
        self.reliability: dict[UserId, Reliability] = {}
        self.gallery = self._built()

    def guess(self, face: int) -> Identification:
        """Who it is, at present."""
        return self.gallery.identify(self._posted.vectors[face], self._posted.hashes[face])

    def is_named(self, face: int) -> bool:
        """Whether people agreed on who it is, or that it is nobody."""
        return face in self.labels and self.labels[face].answer is not Answer.IS_NOT

    def vote(self, face: int, voter: UserId, said: Said) -> None:
        """Count what somebody said."""
        action = Action.NAME if said.agrees else Action.NOT
        number = self.cast + 1
        self.count(
            Vote(number, face + 1, HEAD, voter, False, action, said.name, False, NOON, place=SCOPE)
        )

    def count(self, vote: Vote) -> None:
        """Count a vote."""
        face = vote.verdict_id - 1
        self._verdicts.setdefault(face, self._judged(face))
        self.cast += 1
        self.votes.setdefault(face, []).append(vote)
        self._settle(face)

    def recount(self) -> None:
        """Measure the voters, settle everything anew, and build the gallery that answers."""
        if self._measuring:
            self.reliability = measure([self._as_cast(v) for vs in self.votes.values() for v in vs])
            weights = {voter: each.weight for voter, each in self.reliability.items()}
            self._electorate = replace(self._electorate, reliability=weights)
        for face in self.votes:
            self._settle(face)
        self.gallery = self._built()

    def questions(self) -> tuple[list[int], list[Question]]:
        """The faces that nobody named yet, and what there is to ask."""
        examples = Counter(each.names[0] for each in self._named())
        left = [face for face in range(len(self._posted.people)) if not self.is_named(face)]
        asked = []
        for face in left:
            best = next(iter(self.guess(face).matches), None)
            asked.append(
                Question(
                    verdict_id=face + 1,
                    vector=self._posted.vectors[face],
                    name=best.name if best else None,
                    margin=best.margin if best else -np.inf,
                    examples=examples[best.name] if best else 0,
                    votes=len(self.votes.get(face, ())),
                    solo=True,
                    spoiler=False,
                )
            )
        return left, asked

    def retrain(self) -> bool:
        """Train, and let the new version answer if it is better."""
        live = sorted(self.labels.values(), key=lambda label: label.id)
        pool = [
            PooledFace(
                face + 1,
                _post(face),
                self._posted.hashes[face],
                self._posted.hashes[face],
                _crop(face),
                self._posted.vectors[face].tobytes(),
                None,
                False,
            )
            for face in self._unknown()
        ]
        state = State(self.promoted or None, 0)
        snapshot = Snapshot(state, self._logged, live, frozenset({POSTER}), pool, self._posted.kind)
        vectors = {
            label.crop or "": self._posted.vectors[label.verdict_id - 1]
            for label in snapshot.usable
        }
        samples = samples_of(snapshot.usable, vectors) + snapshot.unknowns
        try:
            trained = train(samples, snapshot, self._posted.fingerprint, RATE, self._learned)
        except FitError:
            return False
        if trained.comparison.objection is not None:
            return False
        self._learned = trained.version.learned
        self.promoted += 1
        self.gallery = self._built()
        return True

    def _named(self) -> list[LiveLabel]:
        return [label for label in self.labels.values() if label.answer is Answer.IS]

    def _unknown(self) -> list[int]:
        """Faces that may set thresholds: nobody agreed on anything about them."""
        everybody = range(len(self._posted.people))
        return [face for face in everybody if face not in self.labels]

    def _built(self) -> Gallery:
        posted = self._posted
        labels = sorted(self.labels.values(), key=lambda label: label.id)
        vectors = {label.id: posted.vectors[label.verdict_id - 1] for label in labels}
        seen = self._learned.unknowns if self._learned is not None else frozenset()
        unknown = [face for face in self._unknown() if face + 1 not in seen]
        strangers = choose(posted.vectors[unknown], posted.fingerprint, posted.kind)
        return gallery_of(
            posted.fingerprint, labels, vectors, strangers, RATE, self._learned, posted.kind
        )

    def _settle(self, face: int) -> None:
        verdict, votes = self._verdicts[face], self.votes[face]
        label = settle(verdict, HEAD, votes, self._electorate, allowed=True).label
        before = self.labels.get(face)
        if label is None:
            self.labels.pop(face, None)
        elif before is None or (before.answer, before.names) != (label.answer, label.names):
            self._logged += 1
            self.labels[face] = self._live(face, label)

    def _live(self, face: int, label: Label) -> LiveLabel:
        seen = self._posted.hashes[face]
        return LiveLabel(
            self._logged, face + 1, _post(face), POSTER, label.answer, label.names, None,
            _crop(face), seen, seen, self._posted.kind,
        )  # fmt: skip

    def _judged(self, face: int) -> Verdict:
        """As if it had just been posted."""
        found = self.guess(face)
        candidates = tuple(Candidate(each.name, each.probability) for each in found.matches)
        guess = Named(HEAD, found.answer, candidates, "", self._posted.fingerprint)
        return Verdict(
            face + 1, _post(face), SCOPE, POSTER, "en", self._posted.kind, (0, 0, 1, 1), 1.0,
            self._posted.hashes[face], _crop(face), (guess,),
            spoiler=False, revealed=False, created=NOON,
        )  # fmt: skip

    def _as_cast(self, vote: Vote) -> Cast:
        kind = "not:" if vote.action is Action.NOT else "is:"
        guess = self._verdicts[vote.verdict_id - 1].named(HEAD)
        told = tuple((fold(c.name), c.probability) for c in guess.candidates) if guess else ()
        answer = kind + fold(vote.name or "")
        return Cast(vote.id, vote.verdict_id, vote.voter, POSTER, vote.trusted, answer, told)


def _post(face: int) -> str:
    return f"bench/{face}"


def _crop(face: int) -> str:
    return f"{face:064x}"
