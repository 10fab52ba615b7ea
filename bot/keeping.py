"""The rules of consent: what may be kept of a face, and by whose word.

What nobody agreed to expires (`bot.store.Store.expire`) and has no embedding.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, delete, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.domain import Answer
from bot.tables import (
    CollectedRow,
    ConsentRow,
    EmbeddingRow,
    LabelRow,
    PostRow,
    VerdictRow,
)


def may_be_kept() -> ColumnElement[bool]:
    """Of a verdict: its crop may stay and have embeddings, for somebody agreed to that.

    It is somebody's example; or its poster agrees to be learned from, and then people may be asked
    about it, unless they said that it is no face.
    """
    no_faces = select(LabelRow.verdict_id).where(
        LabelRow.id.in_(standing_labels()), LabelRow.answer == str(Answer.NOT_A_FACE)
    )
    agreed = (
        select(VerdictRow.id).join(PostRow).where(poster_agrees(), VerdictRow.id.not_in(no_faces))
    )
    return VerdictRow.id.in_(examples().union(agreed))


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


def collected() -> ColumnElement[bool]:
    """Of a post: nobody handed it to the bot (see `bot.collected_store`)."""
    return exists().where(CollectedRow.post_id == PostRow.id)


def standing_labels() -> Select[Any]:
    """Ids of the labels that stand."""
    return select(func.max(LabelRow.id)).group_by(LabelRow.verdict_id, LabelRow.head)


def examples() -> Select[Any]:
    """Ids of the verdicts that are somebody's example: their posters agreed to each."""
    standing = LabelRow.id.in_(standing_labels())
    return select(LabelRow.verdict_id).where(standing, LabelRow.answer == str(Answer.IS))
