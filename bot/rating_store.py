"""What is remembered of ratings: votes, of which the latest that was not taken back stands."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import ColumnElement, delete, or_, select

from bot.cluster_store import Sessions
from bot.domain import Action, Answer, Vote
from bot.keeping import drop_groundless_embeddings, examples, poster_agrees, standing_labels
from bot.tables import LabelRow, PostRow, VerdictRow, VoteRow
from bot.voting import standing_votes
from models.types import Scope, UserId


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating that stands.

    Attributes:
        score: 1 to 5.
        crop: content hash of the crop that was rated; None once it has expired.
        agreed: the poster lets it be learned from.
        created: when it was cast, UTC without a zone.
    """

    verdict_id: int
    user: UserId
    score: int
    crop: str | None
    agreed: bool
    created: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A face or a whole picture that was judged and is still there.

    Attributes:
        face_hash: perceptual, as in `bot.domain.Verdict`.
        agreed: the poster lets it be learned from.
    """

    verdict_id: int
    author: UserId
    face_hash: str
    whole: bool
    spoiler: bool
    agreed: bool


class RatingStore:
    """Reads and forgets the ratings among the votes; `bot.store.Store.vote` adds them."""

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    async def of(self, scope: Scope) -> list[Rated]:
        """All ratings that stand in a scope, by verdict."""
        async with self._reading() as session:
            rows = await session.execute(
                select(VoteRow, VerdictRow.crop, _agreed())
                .join(VerdictRow, VerdictRow.id == VoteRow.verdict_id)
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .where(PostRow.scope == scope, VoteRow.action == str(Action.RATE))
                .order_by(VoteRow.verdict_id, VoteRow.id)
            )
            found = rows.all()
        rated = []
        for _, group in groupby(found, key=lambda row: row[0].verdict_id):
            votes = list(group)
            _, crop, agrees = votes[0]
            for vote in standing_votes(vote_of(row) for row, _, _ in votes):
                assert vote.score is not None  # noqa: S101 - a rating has one
                told = vote.verdict_id, vote.voter, vote.score, crop, bool(agrees), vote.created
                rated.append(Rated(*told))
        return rated

    async def seen(self, scope: Scope, most: int) -> list[Seen]:
        """The newest that can be rated in a scope, newest first."""
        no_faces = select(LabelRow.verdict_id).where(
            LabelRow.id.in_(standing_labels()), LabelRow.answer == str(Answer.NOT_A_FACE)
        )
        async with self._reading() as session:
            rows = await session.execute(
                select(
                    VerdictRow.id,
                    PostRow.author,
                    VerdictRow.face_hash,
                    VerdictRow.whole,
                    VerdictRow.spoiler,
                    _agreed(),
                )
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .where(PostRow.scope == scope, VerdictRow.crop.is_not(None))
                .where(VerdictRow.id.not_in(no_faces))
                .order_by(VerdictRow.id.desc())
                .limit(most)
            )
            return [
                Seen(verdict_id, author, face_hash, whole, spoiler, bool(agreed))
                for verdict_id, author, face_hash, whole, spoiler, agreed in rows
            ]

    async def forget(self, scope: Scope, user: UserId) -> None:
        """Remove a user's ratings in a scope, and the embeddings that were kept for them alone."""
        posts = select(PostRow.id).where(PostRow.scope == scope)
        verdicts = select(VerdictRow.id).where(VerdictRow.post_id.in_(posts))
        async with self._writing() as session:
            await session.execute(
                delete(VoteRow).where(
                    VoteRow.action == str(Action.RATE),
                    VoteRow.voter == user,
                    VoteRow.verdict_id.in_(verdicts),
                )
            )
            await drop_groundless_embeddings(session)


def _agreed() -> ColumnElement[bool]:
    """Of a verdict joined with its post: it may be learned from."""
    return or_(poster_agrees(), VerdictRow.id.in_(examples()))


def vote_of(row: VoteRow) -> Vote:
    """A vote as the table has it."""
    return Vote(
        row.id,
        row.verdict_id,
        row.head,
        row.voter,
        row.trusted,
        Action(row.action),
        row.name,
        row.withdraw,
        row.created,
        row.score,
    )
