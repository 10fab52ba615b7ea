"""What is remembered of ratings: votes, of which the latest that was not taken back stands."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import groupby

from sqlalchemy import ColumnElement, delete, literal, or_, select

from bot.cluster_store import Sessions
from bot.domain import Action, Answer, Vote
from bot.keeping import (
    collected,
    drop_groundless_embeddings,
    examples,
    poster_agrees,
    standing_labels,
)
from bot.tables import LabelRow, PostRow, RatingResetRow, VerdictRow, VoteRow
from bot.voting import standing_votes
from models.types import Scope, UserId


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating that stands.

    Attributes:
        score: 1 to 5.
        crop: content hash of the crop that was rated; None once it has expired.
        text: what is written beside it; None where nothing is, or nothing is kept.
        agreed: the poster lets it be learned from.
        key: of the post.
        created: when it was given, UTC without a zone.
    """

    verdict_id: int
    user: UserId
    score: int
    crop: str | None
    text: str | None
    agreed: bool
    key: str
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
    """The ratings among the votes; `bot.store.Store.vote` adds them."""

    def __init__(self, reading: Sessions, writing: Sessions) -> None:
        self._reading = reading
        self._writing = writing

    async def of(self, scope: Scope) -> list[Rated]:
        """All ratings that stand in a scope, by verdict."""
        async with self._reading() as session:
            rows = await session.execute(
                select(VoteRow, VerdictRow.crop, VerdictRow.text, PostRow.key, _agreed())
                .join(VerdictRow, VerdictRow.id == VoteRow.verdict_id)
                .join(PostRow, PostRow.id == VerdictRow.post_id)
                .where(PostRow.scope == scope, VoteRow.action == str(Action.RATE))
                .order_by(VoteRow.verdict_id, VoteRow.id)
            )
            found = rows.all()
        rated = []
        for _, group in groupby(found, key=lambda row: row[0].verdict_id):
            votes = list(group)
            _, crop, text, post, agrees = votes[0]
            for vote in standing_votes(vote_of(row) for row, *_ in votes):
                assert vote.score is not None  # noqa: S101 - a rating has one
                rated.append(
                    Rated(
                        verdict_id=vote.verdict_id,
                        user=vote.voter,
                        score=vote.score,
                        crop=crop,
                        text=text,
                        agreed=bool(agrees),
                        key=post,
                        created=vote.created,
                    )
                )
        return rated

    async def seen(
        self, scope: Scope, most: int, places: Collection[str] | None = None
    ) -> list[Seen]:
        """The newest that can be rated in a scope, newest first.

        Of what was collected, only if whoever posted it agrees: nobody there showed it to others.

        Args:
            places: only what was posted there, as in `bot.domain.Post`; None is anywhere.
        """
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
                .where(VerdictRow.id.not_in(no_faces), ~collected() | poster_agrees())
                .where(literal(True) if places is None else PostRow.place.in_(places))
                .order_by(VerdictRow.id.desc())
                .limit(most)
            )
            return [
                Seen(verdict_id, author, face_hash, whole, spoiler, bool(agreed))
                for verdict_id, author, face_hash, whole, spoiler, agreed in rows
            ]

    async def forget(self, scope: Scope, user: UserId) -> None:
        """Remove a user's ratings in a scope, and what was kept for their sake alone.

        Marks that stay under answers up to now are not to be counted again: see `forgotten`.
        """
        of_scope = select(VerdictRow.id).join(PostRow).where(PostRow.scope == scope)
        async with self._writing() as session:
            await session.execute(
                delete(VoteRow).where(
                    VoteRow.voter == user,
                    VoteRow.action == str(Action.RATE),
                    VoteRow.verdict_id.in_(of_scope),
                )
            )
            moment = datetime.now(UTC).replace(tzinfo=None)
            await session.merge(RatingResetRow(scope=scope, user=user, created=moment))
            await drop_groundless_embeddings(session)

    async def forgotten(self, verdict_id: int) -> frozenset[UserId]:
        """Whose ratings were forgotten since a verdict was answered."""
        async with self._reading() as session:
            users = await session.scalars(
                select(RatingResetRow.user)
                .join(PostRow, PostRow.scope == RatingResetRow.scope)
                .join(VerdictRow, VerdictRow.post_id == PostRow.id)
                .where(VerdictRow.id == verdict_id, VerdictRow.created <= RatingResetRow.created)
            )
            return frozenset(users)


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
        row.place,
    )
