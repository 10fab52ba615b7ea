"""Who taught what, how often the bot was right, and who needs pictures. Pure.

All of it is computed from the votes when somebody asks, so that nothing has to be forgotten here.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from bot.correcting import said
from bot.domain import Answer, Label, Person, Standing, State, Verdict, Vote
from bot.names import fold
from bot.reliability import Reliability
from bot.teaching_store import Record, VotedFace
from bot.voting import standing_votes
from models.types import UserId

MOST_WEEKS = 12
"""That are shown: the latest."""

MOST_NEEDY = 10
"""People who need pictures that are shown."""


@dataclass(frozen=True, slots=True)
class Taught:
    """What was voted under one head of a scope, and what it came to.

    Attributes:
        standings: what comes of the votes on each face, by verdict.
        measured: how reliable voters are.
        people: those who have examples.
    """

    head: str
    record: Record
    standings: Mapping[int, Standing]
    measured: Mapping[UserId, Reliability]
    people: Sequence[Person]


@dataclass(frozen=True, slots=True)
class Teacher:
    """What one voter did.

    Attributes:
        votes: that stand.
        labels: that stand and say what the voter says.
        right, counted: of `counted` votes on faces that others settled, `right` were so.
        moderates: voted as a moderator, by whose word the others are measured.
    """

    user: UserId
    votes: int = 0
    labels: int = 0
    right: int = 0
    counted: int = 0
    moderates: bool = False

    @property
    def share(self) -> int | None:
        """Percent of the counted that were right; None while there are none."""
        return percent(self.right, self.counted) if self.counted else None


@dataclass(frozen=True, slots=True)
class Week:
    """What the bot had answered, in a week, on faces that people agreed on since.

    Attributes:
        start: its Monday.
        right: the name was right.
        wrong: the name was not.
        unknown: it said that it does not know somebody who has a name.
    """

    start: date
    right: int = 0
    wrong: int = 0
    unknown: int = 0

    @property
    def faces(self) -> int:
        """All of them, at least one."""
        return self.right + self.wrong + self.unknown

    @property
    def shares(self) -> dict[str, int]:
        """Percent of them, by the names of the attributes."""
        kinds = {"right": self.right, "wrong": self.wrong, "unknown": self.unknown}
        return {kind: percent(faces, self.faces) for kind, faces in kinds.items()}


@dataclass(frozen=True, slots=True)
class Needy:
    """Somebody who needs pictures, or agreement on those there are."""

    head: str
    name: str
    examples: int
    disputed: int


@dataclass(frozen=True, slots=True)
class Report:
    """All of it.

    Attributes:
        labels: how many stand.
        teachers: who taught most first.
        weeks: oldest first.
        needy: who needs it most first.
    """

    votes: int
    labels: int
    teachers: tuple[Teacher, ...]
    weeks: tuple[Week, ...]
    needy: tuple[Needy, ...]

    def teacher(self, user: UserId) -> Teacher:
        """What one user did, which may be nothing."""
        return next((each for each in self.teachers if each.user == user), Teacher(user))


@dataclass(slots=True)
class _Tally:
    votes: Counter[UserId] = field(default_factory=Counter)
    labels: Counter[UserId] = field(default_factory=Counter)
    right: Counter[UserId] = field(default_factory=Counter)
    counted: Counter[UserId] = field(default_factory=Counter)
    moderators: set[UserId] = field(default_factory=set)


def percent(part: int, whole: int) -> int:
    """Of a whole, rounded."""
    return round(100 * part / whole)


def report(taught: Sequence[Taught]) -> Report:
    """The report of a scope, of what was taught under each of its heads."""
    teachers = _teachers(taught)
    return Report(
        votes=sum(each.votes for each in teachers),
        labels=sum(face.label is not None for each in taught for face in each.record.faces),
        teachers=teachers,
        weeks=_weeks(taught),
        needy=_needy(taught),
    )


def _teachers(taught: Sequence[Taught]) -> tuple[Teacher, ...]:
    tally = _Tally()
    for each in taught:
        for face in each.record.faces:
            for vote in standing_votes(face.votes):
                tally.votes[vote.voter] += 1
                tally.moderators |= {vote.voter} if vote.trusted else set()
                tally.labels[vote.voter] += _is_behind(vote, face, each.record)
        for voter, reliability in each.measured.items():
            tally.right[voter] += reliability.right
            tally.counted[voter] += reliability.counted
    found = (
        Teacher(
            voter,
            votes,
            tally.labels[voter],
            tally.right[voter],
            tally.counted[voter],
            voter in tally.moderators,
        )
        for voter, votes in tally.votes.items()
    )
    return tuple(sorted(found, key=lambda t: (-t.labels, -t.votes, t.user)))


def _is_behind(vote: Vote, face: VotedFace, record: Record) -> bool:
    """Whether a vote says what the label does."""
    told = said(face.verdict, vote, record.present)
    if told is None or face.label is None or told[0] is not face.label.answer:
        return False
    names = {fold(name) for name in told[1]}
    labelled = {fold(name) for name in face.label.names}
    return bool(names & labelled) or face.label.answer is Answer.NOT_A_FACE


def _weeks(taught: Sequence[Taught]) -> tuple[Week, ...]:
    counted: dict[date, Counter[str]] = defaultdict(Counter)
    for each in taught:
        for face in each.record.faces:
            outcome = _outcome(face.verdict, face.label, each) if face.label else None
            if outcome is not None:
                day = face.verdict.created.date()
                counted[day - timedelta(days=day.weekday())][outcome] += 1
    return tuple(Week(start, **counted[start]) for start in sorted(counted)[-MOST_WEEKS:])


def _outcome(verdict: Verdict, label: Label, taught: Taught) -> str | None:
    """What a guess was, by what people agreed on later; None where they did not say."""
    guess = verdict.named(taught.head)
    if guess is None:
        return None
    if guess.answer != "known":
        return "unknown" if label.answer is Answer.IS else None
    name = guess.candidates[0].name
    named = fold(taught.record.present.get(name, name)) in {fold(each) for each in label.names}
    match label.answer:
        case Answer.IS:
            return "right" if named else "wrong"
        case Answer.IS_NOT:
            return "wrong" if named else None
        case Answer.NOT_A_FACE:
            return "wrong"


def _needy(taught: Sequence[Taught]) -> tuple[Needy, ...]:
    """Those with the most disputes, then those with the fewest examples."""
    found = [
        Needy(each.head, person.name, person.examples, disputed[fold(person.name)])
        for each in taught
        for disputed in [_disputed(each.standings.values())]
        for person in each.people
    ]
    order = sorted(found, key=lambda n: (-n.disputed, n.examples, n.name))
    return tuple(order[:MOST_NEEDY])


def _disputed(standings: Iterable[Standing]) -> Counter[str]:
    """How many faces people disagree on, by the (folded) name that leads."""
    return Counter(
        fold(each.name) for each in standings if each.state is State.DISPUTED and each.name
    )
