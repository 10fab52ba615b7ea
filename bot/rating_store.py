"""What is remembered of ratings: votes, of which the latest that was not taken back stands."""

from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import or_, select

from bot.cluster_store import Sessions
from bot.domain import Action, Vote
from bot.keeping import examples, poster_agrees
from bot.tables import PostRow, VerdictRow, VoteRow
from bot.voting import standing_votes
from models.types import Scope, UserId


@dataclass(frozen=True, slots=True)
class Rated:
    """A rating that stands.

    Attributes:
        score: 1 to 5.
        crop: content hash of the crop that was rated; None once it has expired.
        agreed: the poster lets it be learned from.
    """

    verdict_id: int
    user: UserId
    score: int
    crop: str | None
    agreed: bool


class RatingStore:
    """Reads the ratings among the votes; `bot.store.Store.vote` adds them."""

    def __init__(self, reading: Sessions) -> None:
        self._reading = reading

    async def of(self, scope: Scope) -> list[Rated]:
        """All ratings that stand in a scope, by verdict."""
        agreed = or_(poster_agrees(), VerdictRow.id.in_(examples())).label("agreed")
        async with self._reading() as session:
            rows = await session.execute(
                select(VoteRow, VerdictRow.crop, agreed)
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
                rated.append(Rated(vote.verdict_id, vote.voter, vote.score, crop, bool(agrees)))
        return rated


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
