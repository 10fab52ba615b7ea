"""How far each voter is to be believed, by what others say of the same faces. Pure.

Two steps. CROWDLAB (Goh et al. 2022, `cleanlab.multiannotator`) says, of all answers together and
of what the bot guessed, how good each voter's answers are. Then each voter's answers are held
against those of the others alone, weighed by the first step, or against a moderator's: nobody
confirms themselves. Nor do people confirm each other who are of one mind against everybody else;
together they count as one.

People whom that does not measure yet are believed as a person of average accuracy is. Somebody who
turns is known by their latest answers.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from bot.consensus import Rules
from models.types import UserId

MOST = 1.5
"""The weight of somebody who is hardly ever wrong."""

_AVERAGE = 0.8
"""Accuracy of people of whom nothing is known."""

_BELIEF = 5.0
"""As many answers' worth of belief in that."""

_LATEST = 10
"""Answers that show whether somebody has turned."""

_SETTLED_BY = 0.7
"""The weight of the others that it takes to hold an answer against theirs: about one of average
reliability. More would count mistakes, which others go on to mend, more than what is right."""

_SHARE = 0.6
"""Of the others' weight that must be behind it."""

_STUBBORN = 3
"""So often somebody must have given one answer against everybody else, and that must be most of the
times when others spoke than those who did so, too."""

_FLOOR = 0.02
"""Of the bot's guesses, left to all answers together that it did not think of."""

_NO_FACE = "no_face"
_IS, _NOT = "is:", "not:"


@dataclass(frozen=True, slots=True)
class Cast:
    """One standing vote on one face under the head that is measured.

    Attributes:
        author: the poster of the picture.
        trusted: a moderator's.
        answer: `is:` and a folded name; `not:` and sorted folded names joined by `/`; or `no_face`.
        guessed: what the head offered, best first: folded names with probabilities, 0..1.
    """

    vote_id: int
    verdict_id: int
    voter: UserId
    author: UserId
    trusted: bool
    answer: str
    guessed: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Reliability:
    """What a voter's answers are worth.

    Attributes:
        weight: from 0 (no better than guessing) to `MOST`; 1 while unknown.
        right: of the answers that count, how many the others gave, too.
        counted: answers on faces that others settled.
    """

    weight: float
    right: int
    counted: int


def measure(cast: Sequence[Cast]) -> dict[UserId, Reliability]:
    """How far to believe each voter.

    It depends on what each says, and in which order each said it, but not on who spoke before whom.
    """
    faces: dict[int, list[Cast]] = defaultdict(list)
    for each in sorted(cast, key=lambda c: (c.verdict_id, c.voter)):
        faces[each.verdict_id].append(each)
    belief = {voter: _weight(quality) for voter, quality in _crowdlab(faces).items()}
    minds = _of_one_mind(faces.values(), belief)
    told: dict[UserId, list[bool]] = {each.voter: [] for each in cast}
    for each in sorted(cast, key=lambda c: c.vote_id):
        others = [
            o for o in faces[each.verdict_id] if frozenset((o.voter, each.voter)) not in minds
        ]
        right = _held_against(each, [o for o in others if o.voter != each.voter], belief)
        if right is not None:
            told[each.voter].append(right)
    heads = Counter(voter for pair in minds for voter in pair)
    return {voter: _reliability(answers, 1 + heads[voter]) for voter, answers in told.items()}


def _reliability(answers: Sequence[bool], heads: int) -> Reliability:
    """The worse of all answers and the latest, each drawn to the average the fewer there are.

    Args:
        heads: how many are of one mind with this voter, who count as one.
    """
    accuracy = min(_shrunk(answers), _shrunk(answers[-_LATEST:]))
    return Reliability(_weight(accuracy) / heads, sum(answers), len(answers))


def _shrunk(answers: Sequence[bool]) -> float:
    return (sum(answers) + _BELIEF * _AVERAGE) / (len(answers) + _BELIEF)


def _weight(accuracy: float) -> float:
    """Log-odds, which is how votes are best weighed (Nitzan and Paroush 1982); 1 for the average.

    Who is right every second time might as well guess: of most faces two answers are likely.
    """
    within = min(max(accuracy, 0.5), 1 - 1e-9)
    return min(MOST, _log_odds(within) / _log_odds(_AVERAGE))


def _log_odds(share: float) -> float:
    return math.log(share / (1 - share))


def _held_against(
    said: Cast, others: Sequence[Cast], belief: Mapping[UserId, float]
) -> bool | None:
    """Whether others say the same of a face; None if they are too few, or of two minds.

    A moderator's word settles it. Against an answer stands the strongest of those that exclude it.
    """
    moderators = [each for each in others if each.trusted]
    weight: defaultdict[str, float] = defaultdict(float)
    for each in moderators or others:
        weight[each.answer] += 1.0 if each.trusted else _voice(each, belief)
    pro = math.fsum(weight[each] for each in weight if _confirms(each, said.answer))
    con = max((weight[each] for each in weight if _excludes(each, said.answer)), default=0.0)
    if max(pro, con) < max(_SETTLED_BY, _SHARE * (pro + con)):
        return None
    return pro > con


def _voice(vote: Cast, belief: Mapping[UserId, float]) -> float:
    """A poster knows best whom they posted."""
    return belief.get(vote.voter, 1.0) * (Rules().poster if vote.voter == vote.author else 1.0)


def _confirms(other: str, answer: str) -> bool:
    """Whether, if one is true, the other is: who is somebody is nobody else."""
    if other.startswith(_IS) and answer.startswith(_NOT):
        return not _denies(answer, other)
    if other.startswith(_NOT) and answer.startswith(_NOT):
        return bool(_names(other) & _names(answer))
    return other == answer


def _excludes(other: str, answer: str) -> bool:
    """Whether both cannot be true."""
    kinds = {_kind(other), _kind(answer)}
    if kinds == {_NOT} or kinds == {_NOT, _NO_FACE}:
        return False
    if kinds == {_IS, _NOT}:
        return _denies(other, answer) or _denies(answer, other)
    return other != answer


def _denies(answer: str, name: str) -> bool:
    return answer.startswith(_NOT) and name.removeprefix(_IS) in _names(answer)


def _names(answer: str) -> frozenset[str]:
    return frozenset(answer.removeprefix(_NOT).split("/"))


def _kind(answer: str) -> str:
    return next((kind for kind in (_IS, _NOT) if answer.startswith(kind)), answer)


def _of_one_mind(
    faces: Iterable[Sequence[Cast]], belief: Mapping[UserId, float]
) -> frozenset[frozenset[UserId]]:
    """Pairs who give the same answer again and again where everybody else speaks against it.

    On whichever faces: people who err for themselves seldom give the same wrong name. Everybody
    else are at least two, or it would be the pair who are everybody.
    """
    given: dict[str, dict[UserId, list[Sequence[Cast]]]] = {}
    for face in faces:
        for said in face:
            given.setdefault(said.answer, {}).setdefault(said.voter, []).append(face)
    pairs: set[frozenset[UserId]] = set()
    for answer, by in given.items():
        alone = {v: _alone(answer, seen, frozenset({v}), belief)[0] for v, seen in by.items()}
        fellows = frozenset(voter for voter, times in alone.items() if times >= _STUBBORN)
        for pair in combinations(sorted(fellows), 2):
            if all(_mostly_alone(answer, by[voter], fellows, belief) for voter in pair):
                pairs.add(frozenset(pair))
    return frozenset(pairs)


def _mostly_alone(
    answer: str,
    faces: Iterable[Sequence[Cast]],
    fellows: frozenset[UserId],
    belief: Mapping[UserId, float],
) -> bool:
    times, heard = _alone(answer, faces, fellows, belief)
    return 2 * times > heard


def _alone(
    answer: str,
    faces: Iterable[Sequence[Cast]],
    fellows: frozenset[UserId],
    belief: Mapping[UserId, float],
) -> tuple[int, int]:
    """How often all but the fellows speak against an answer, and how often two of them speak."""
    others = [[each for each in face if each.voter not in fellows] for face in faces]
    times = sum(_stands_alone(answer, each, belief) for each in others)
    return times, sum(len(each) > 1 for each in others)


def _stands_alone(answer: str, others: Sequence[Cast], belief: Mapping[UserId, float]) -> bool:
    """Whether others speak against it, more than for it: two people, or a moderator."""
    against = [each for each in others if _excludes(each.answer, answer)]
    if any(each.trusted for each in against):
        return True
    if len(against) < 2:
        return False
    con = math.fsum(_voice(each, belief) for each in against)
    pro = math.fsum(_voice(each, belief) for each in others if _confirms(each.answer, answer))
    return con >= 2 * _SETTLED_BY and con > pro


Labels = NDArray[np.float64]


def _crowdlab(faces: Mapping[int, Sequence[Cast]]) -> dict[UserId, float]:
    """The quality of each voter's answers, 0..1, of those who share a face with somebody.

    Nothing is known while nobody agrees with anybody, or all say the same everywhere.
    """
    shared = [said for said in map(_of_one_kind, faces.values()) if len(said) > 1]
    answers = sorted({each.answer for said in shared for each in said})
    agree = any(len({each.answer for each in said}) < len(said) for said in shared)
    if len(answers) < 2 or not agree:
        return {}
    from cleanlab.multiannotator import get_label_quality_multiannotator  # takes a second

    voters = sorted({each.voter for said in shared for each in said})
    column, place = _places(answers), _places(voters)
    labels: Labels = np.full((len(shared), len(voters)), np.nan)
    for row, said in enumerate(shared):
        for each in said:
            labels[row, place[each.voter]] = column[each.answer]
    found = get_label_quality_multiannotator(
        labels,
        np.stack([_guessed(said[0], column) for said in shared]),
        consensus_method="best_quality",
        calibrate_probs=False,
        return_detailed_quality=False,
        verbose=False,
    )["annotator_stats"]["annotator_quality"]
    return {voters[place]: float(quality) for place, quality in found.items()}


def _of_one_kind(face: Sequence[Cast]) -> list[Cast]:
    """What CROWDLAB hears of a face: to it all answers exclude each other.

    Who a face is not need not contradict who it is; so it counts only where nobody said that.
    """
    said = [each for each in face if not each.answer.startswith(_NOT)]
    return said or list(face)


def _guessed(face: Cast, column: Mapping[str, int]) -> Labels:
    """Probabilities of the answers, shape (answers,); no two the same, or ties would be drawn."""
    left = max(_FLOOR, 1 - math.fsum(p for name, p in face.guessed if _IS + name in column))
    told = np.linspace(1.0, 1.001, len(column)) * left / len(column)
    for name, p in face.guessed:
        if _IS + name in column:
            told[column[_IS + name]] += p
    return np.asarray(told / told.sum())


def _places(values: Sequence[str]) -> dict[str, int]:
    return {value: place for place, value in enumerate(values)}
