"""All that was voted under a head → what comes of it, and what everybody says. Pure."""

from collections.abc import Sequence

from bot.consensus import Electorate
from bot.correcting import said, settle, still_there
from bot.domain import Answer, Label, Standing
from bot.names import fold
from bot.reliability import Cast
from bot.teaching_store import Record, VotedFace
from bot.voting import standing_votes
from models.types import UserId


def standing_of(
    record: Record, head: str, electorate: Electorate, agreeing: frozenset[UserId]
) -> dict[int, Standing]:
    """What comes of the votes on each face.

    Args:
        agreeing: the posters who agreed beforehand.
    """
    return {
        face.verdict.id: still_there(
            settle(
                face.verdict,
                head,
                face.votes,
                electorate,
                allowed=face.verdict.author in agreeing,
                present=record.present,
            ),
            face.verdict,
        )
        for face in record.faces
    }


def casts(record: Record, head: str, held: frozenset[int]) -> list[Cast]:
    """What everybody says of each face, as `bot.reliability` measures it; not what is held."""
    return [
        Cast(
            vote.id,
            face.verdict.id,
            vote.voter,
            face.verdict.author,
            vote.trusted,
            _key(*told),
            _guessed(face, head, record),
        )
        for face in record.faces
        for vote in standing_votes(face.votes)
        if vote.id not in held and (told := said(face.verdict, vote, record.present)) is not None
    ]


def _key(answer: Answer, names: Sequence[str]) -> str:
    folded = "/".join(sorted({fold(name) for name in names}))
    match answer:
        case Answer.IS:
            return f"is:{folded}"
        case Answer.IS_NOT:
            return f"not:{folded}"
        case Answer.NOT_A_FACE:
            return "no_face"


def _guessed(face: VotedFace, head: str, record: Record) -> tuple[tuple[str, float], ...]:
    guess = face.verdict.named(head)
    return tuple(
        (fold(record.present.get(each.name, each.name)), each.probability)
        for each in (guess.candidates if guess else ())
        if each.name
    )


def says_the_same(settled: Label | None, stored: Label | None, record: Record) -> bool:
    """Whether two labels say the same; the store leaves out who is nobody that it knows."""
    return _told(settled, record) == _told(stored, record)


def _told(label: Label | None, record: Record) -> tuple[Answer, frozenset[str]] | None:
    if label is None:
        return None
    known = {fold(name) for name in record.present.values()}
    names = {fold(name) for name in label.names}
    return label.answer, frozenset(names if label.answer is Answer.IS else names & known)
