"""The rules of consent: what may be kept of a face, and by whose word.

What nobody agreed to expires (`bot.store.Store.expire`) and has no embedding.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import Action, Answer
from bot.tables import (
    ClusterFaceRow,
    ConsentRow,
    EmbeddingRow,
    LabelRow,
    PostRow,
    VerdictRow,
    VoteRow,
)


def may_be_kept() -> ColumnElement[bool]:
    """Of a verdict: its crop may stay and have embeddings, for somebody agreed to that.

    It is somebody's example; or its poster agrees to be learned from, and it is in the pool, is a
    whole picture (whose reception is learned from), or people said who it is not, or rated it.
    """
    standing = LabelRow.id.in_(standing_labels())
    negatives = (
        select(LabelRow.verdict_id)
        .join(VerdictRow, VerdictRow.id == LabelRow.verdict_id)
        .join(PostRow, PostRow.id == VerdictRow.post_id)
        .where(standing, LabelRow.answer == str(Answer.IS_NOT), poster_agrees())
    )
    rated = (
        select(VoteRow.verdict_id)
        .join(VerdictRow, VerdictRow.id == VoteRow.verdict_id)
        .join(PostRow, PostRow.id == VerdictRow.post_id)
        .where(VoteRow.action == str(Action.RATE), poster_agrees())
    )
    wholes = (
        select(VerdictRow.id)
        .join(PostRow, PostRow.id == VerdictRow.post_id)
        .where(VerdictRow.whole, poster_agrees())
    )
    pooled = select(ClusterFaceRow.verdict_id)
    return VerdictRow.id.in_(examples().union(negatives, rated, wholes, pooled))


def grounded_crops() -> Select[Any]:
    """The crops that may have embeddings."""
    return select(VerdictRow.crop).where(VerdictRow.crop.is_not(None), may_be_kept())


async def drop_groundless_embeddings(session: AsyncSession) -> None:
    """Delete the vectors that nobody agrees to any more."""
    await session.execute(delete(EmbeddingRow).where(EmbeddingRow.crop.not_in(grounded_crops())))


def poster_agrees() -> ColumnElement[bool]:
    """Of a post: its author's standing word in its scope is yes."""
    newest = select(func.max(ConsentRow.id)).group_by(ConsentRow.scope, ConsentRow.user)
    return exists().where(
        ConsentRow.id.in_(newest),
        ConsentRow.scope == PostRow.scope,
        ConsentRow.user == PostRow.author,
        ConsentRow.allowed,
    )


def standing_labels() -> Select[Any]:
    """Ids of the labels that stand."""
    return select(func.max(LabelRow.id)).group_by(LabelRow.verdict_id, LabelRow.head)


def examples() -> Select[Any]:
    """Ids of the verdicts that are somebody's example: their posters agreed to each."""
    standing = LabelRow.id.in_(standing_labels())
    return select(LabelRow.verdict_id).where(standing, LabelRow.answer == str(Answer.IS))
