"""Which votes look like a brigade's: many new voters, one target, a few minutes. Pure.

A target is a name that votes speak for (`is:` and the folded name) or against (`not:`), under
whichever pictures. An honest crowd looks the same, but for one thing: it has somebody's word. So a
vote is left alone where the poster or a moderator says the same of that face, or the bot did.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime

from bot.correcting import said
from bot.domain import Action, Answer, Verdict, Vote
from bot.names import fold
from bot.teaching_store import Record, VotedFace
from bot.voting import standing_votes
from models.types import UserId


@dataclass(frozen=True, slots=True)
class Window:
    """What is looked at.

    Attributes:
        target: of the votes.
        since: when they were cast at the earliest.
    """

    target: str
    since: datetime


def target_of(face: VotedFace, vote: Vote, record: Record) -> str | None:
    """What a vote aims at, if at anybody.

    Marks that reject what was answered aim at the name that was answered.
    """
    told = said(face.verdict, vote, record.present)
    if told is None:
        return None
    answer, names = told
    if answer is Answer.IS or vote.action is Action.NOT:
        return f"{'is' if answer is Answer.IS else 'not'}:{fold(names[0])}"
    known = _known(face.verdict, vote.head, record)
    return None if known is None else f"not:{known}"


def suspects(record: Record, window: Window, newcomers: Container[UserId]) -> list[Vote]:
    """The standing votes of newcomers on the target that nobody's word is behind, oldest first."""
    found = [
        vote
        for face in record.faces
        for vote in standing_votes(face.votes)
        if vote.created >= window.since
        and not vote.trusted
        and vote.voter != face.verdict.author
        and vote.voter in newcomers
        and target_of(face, vote, record) == window.target
        and not _backed(face, vote.head, window.target, record)
    ]
    return sorted(found, key=lambda vote: vote.id)


def _backed(face: VotedFace, head: str, target: str, record: Record) -> bool:
    """Whether the poster or a moderator says the same, or the head itself did."""
    says, _, name = target.partition(":")
    if says == "is" and _known(face.verdict, head, record) == name:
        return True
    return any(
        _says(face, vote, target, record)
        for vote in standing_votes(face.votes)
        if vote.trusted or vote.voter == face.verdict.author
    )


def _says(face: VotedFace, vote: Vote, target: str, record: Record) -> bool:
    """Whether a vote says what the target does; that it is somebody else denies a name, too."""
    told = said(face.verdict, vote, record.present)
    if told is None:
        return False
    answer, names = told
    says, _, name = target.partition(":")
    named = name in {fold(each) for each in names}
    if says == "is":
        return answer is Answer.IS and named
    return answer is Answer.NOT_A_FACE or named == (answer is Answer.IS_NOT)


def _known(verdict: Verdict, head: str, record: Record) -> str | None:
    """The name that a head answered, folded, as its person is called now; None if it knew none."""
    guess = verdict.named(head)
    if guess is None or guess.answer != "known" or not guess.candidates:
        return None
    name = guess.candidates[0].name
    return fold(record.present.get(name, name))
