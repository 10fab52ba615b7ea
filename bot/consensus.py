"""Ballots on one face and one head → what people agree on. Pure.

The outcome depends on who says what and on nothing else: not on the order in which people came.
Weights are added exactly (`math.fsum`), so that not even rounding depends on it.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bot.domain import Answer, Vote
from bot.names import fold
from models.types import UserId


@dataclass(frozen=True, slots=True)
class Rules:
    """When people agree; config.example.toml describes each under [teaching].

    Attributes:
        quorum: the weight it takes, in people of average reliability.
        share: of the weight on a face, how much must be for an answer, above one half: so no two
            names can win.
        poster: what the poster's vote weighs.
        moderator: what a moderator's vote weighs.
        learn_from_x: pictures from X may be learned, if their posters agree to it as well.
    """

    quorum: float = 2.0
    share: float = 0.6
    poster: float = 3.0
    moderator: float = 100.0
    learn_from_x: bool = False


@dataclass(frozen=True, slots=True)
class Electorate:
    """Who is believed how much, under one head of a scope.

    Attributes:
        reliability: what a voter weighs for what they got right so far; 1 for all others. A
            moderator's vote is not weighed by it: theirs are what the others are measured by.
        held: ids of votes that do not count until a moderator lets them.
    """

    rules: Rules = Rules()
    reliability: Mapping[UserId, float] = field(default_factory=dict)
    held: frozenset[int] = frozenset()

    def weight(self, vote: Vote, author: UserId) -> float:
        """What a vote weighs under a picture of `author`."""
        if vote.trusted:
            return self.rules.moderator
        base = self.rules.poster if vote.voter == author else 1.0
        return base * self.reliability.get(vote.voter, 1.0)


@dataclass(frozen=True, slots=True)
class Ballot:
    """What one person says of a face.

    Attributes:
        names: for `IS` the one name; for `IS_NOT` the names it is not; else empty.
    """

    answer: Answer
    names: tuple[str, ...]
    weight: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the ballots come to.

    Attributes:
        answer: what is agreed on; None if nothing is.
        names: of whom it speaks, as in `Ballot`.
        leading: the name with the most weight; None where nobody named any.
        missing: the weight that the leading answer lacks.
        disputed: there are enough ballots, but they disagree.
    """

    answer: Answer | None
    names: tuple[str, ...] = ()
    leading: str | None = None
    missing: float = 0.0
    disputed: bool = False


def agreed(ballots: Iterable[Ballot], rules: Rules) -> Outcome:
    """What people agree on.

    An answer wins with the weight of a quorum behind it, and with its share of all that speaks for
    or against it. To say who somebody is also says who it is not.
    """
    cast = [each for each in ballots if each.weight > 0]
    named = _spellings(cast)
    support = {name: _weight(cast, _says(name)) for name in named}
    leading = min(named, key=lambda name: (-support[name], name), default=None)
    told = named[leading] if leading is not None else None
    if leading is not None and _wins(cast, _says(leading), _denies(leading), rules):
        return Outcome(Answer.IS, (named[leading],), told)
    if _wins(cast, _is_no_face, _is_a_face, rules):
        return Outcome(Answer.NOT_A_FACE, leading=told)
    rejected = {fold(name): name for b in cast if b.answer is Answer.IS_NOT for name in b.names}
    lost = [name for name in rejected if _wins(cast, _denies_face(name), _says(name), rules)]
    if lost:
        return Outcome(Answer.IS_NOT, tuple(sorted(rejected[name] for name in lost)), told)
    sides = [(_says(n), _denies(n)) for n in named] + [(_is_no_face, _is_a_face)]
    sides += [(_denies_face(n), _says(n)) for n in rejected]
    behind = [(_weight(cast, pro), _weight(cast, con)) for pro, con in sides]
    return Outcome(
        None,
        leading=told,
        missing=rules.quorum - max((pro for pro, _ in behind), default=0.0),
        disputed=any(pro and con and pro + con >= rules.quorum for pro, con in behind),
    )


_Side = Callable[[Ballot], bool]


def _wins(cast: list[Ballot], pro: _Side, con: _Side, rules: Rules) -> bool:
    weight = _weight(cast, pro)
    return weight >= rules.quorum and weight >= rules.share * (weight + _weight(cast, con))


def _weight(cast: list[Ballot], side: _Side) -> float:
    return math.fsum(each.weight for each in cast if side(each))


def _says(name: str) -> _Side:
    return lambda b: b.answer is Answer.IS and fold(b.names[0]) == name


def _denies(name: str) -> _Side:
    """It is nobody, or somebody else."""
    return lambda b: b.answer is Answer.NOT_A_FACE or _denies_face(name)(b)


def _denies_face(name: str) -> _Side:
    """It is a face, of somebody else."""

    def side(ballot: Ballot) -> bool:
        folded = {fold(each) for each in ballot.names}
        return (ballot.answer is Answer.IS and name not in folded) or (
            ballot.answer is Answer.IS_NOT and name in folded
        )

    return side


def _is_no_face(ballot: Ballot) -> bool:
    return ballot.answer is Answer.NOT_A_FACE


def _is_a_face(ballot: Ballot) -> bool:
    return ballot.answer is not Answer.NOT_A_FACE


def _spellings(cast: list[Ballot]) -> dict[str, str]:
    """The names that were given, by how they are compared; of several spellings the first."""
    named = sorted(each.names[0] for each in cast if each.answer is Answer.IS)
    return {fold(name): name for name in reversed(named)}
