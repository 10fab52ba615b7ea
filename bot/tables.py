"""The tables of the database; `bot/migrations` makes them, `bot.store` reads and writes them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

_IDS_ARE_NEVER_REUSED = {"sqlite_autoincrement": True}
"""Else SQLite gives the id of a deleted row to the next one: an old button would then vote on a
stranger's face, and a forgotten person's labels would be somebody else's."""


class Base(DeclarativeBase):
    """The tables."""


class PostRow(Base):
    """One request to judge; its key is answered once."""

    __tablename__ = "posts"
    __table_args__ = _IDS_ARE_NEVER_REUSED
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    scope: Mapped[str] = mapped_column(index=True)
    author: Mapped[str] = mapped_column(index=True)
    place: Mapped[str] = mapped_column(default="", server_default="")
    locale: Mapped[str]
    words: Mapped[str | None]
    answered: Mapped[bool] = mapped_column(default=False)
    created: Mapped[datetime]


class VerdictRow(Base):
    """What the heads said of one face, or of the whole picture."""

    __tablename__ = "verdicts"
    __table_args__ = _IDS_ARE_NEVER_REUSED
    id: Mapped[int] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    picture_hash: Mapped[str]
    face_hash: Mapped[str]
    kind: Mapped[str]
    box: Mapped[list[float]] = mapped_column(JSON)
    detection_score: Mapped[float]
    guesses: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    crop: Mapped[str | None] = mapped_column(ForeignKey("crops.hash"), index=True)
    spoiler: Mapped[bool] = mapped_column(default=False)
    revealed: Mapped[bool] = mapped_column(default=False)
    whole: Mapped[bool] = mapped_column(default=False, server_default="0")
    text: Mapped[str | None]
    created: Mapped[datetime] = mapped_column(index=True)


class CropRow(Base):
    """Where the face is in the crop file of that name."""

    __tablename__ = "crops"
    hash: Mapped[str] = mapped_column(primary_key=True)
    box: Mapped[list[float]] = mapped_column(JSON)
    landmarks: Mapped[list[list[float]]] = mapped_column(JSON)
    kind: Mapped[str]


class EmbeddingRow(Base):
    """A crop under one embedder."""

    __tablename__ = "embeddings"
    crop: Mapped[str] = mapped_column(
        ForeignKey("crops.hash", ondelete="CASCADE"), primary_key=True
    )
    fingerprint: Mapped[str] = mapped_column(primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class MessageRow(Base):
    """Which message on a platform shows which verdict."""

    __tablename__ = "messages"
    ref: Mapped[str] = mapped_column(primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
    verdict_id: Mapped[int | None] = mapped_column(
        ForeignKey("verdicts.id", ondelete="CASCADE"), index=True
    )
    created: Mapped[datetime] = mapped_column(index=True)


class VoteRow(Base):
    """What somebody said of a guess; never changed."""

    __tablename__ = "votes"
    __table_args__ = _IDS_ARE_NEVER_REUSED
    id: Mapped[int] = mapped_column(primary_key=True)
    verdict_id: Mapped[int] = mapped_column(
        ForeignKey("verdicts.id", ondelete="CASCADE"), index=True
    )
    head: Mapped[str]
    voter: Mapped[str] = mapped_column(index=True)
    trusted: Mapped[bool]
    action: Mapped[str]
    name: Mapped[str | None]
    score: Mapped[int | None]
    withdraw: Mapped[bool]
    place: Mapped[str] = mapped_column(default="", server_default="")
    created: Mapped[datetime]


class PersonRow(Base):
    """Somebody with a name in a scope and head."""

    __tablename__ = "people"
    __table_args__ = _IDS_ARE_NEVER_REUSED
    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str]
    head: Mapped[str]
    name: Mapped[str]
    reading: Mapped[str | None]
    created: Mapped[datetime]


class AliasRow(Base):
    """Every name a person has or had, folded; a name leads to one person."""

    __tablename__ = "aliases"
    __table_args__ = (UniqueConstraint("scope", "head", "folded"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str]
    head: Mapped[str]
    folded: Mapped[str]
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)


class LabelRow(Base):
    """The label log: the last row of a verdict and head stands; `answer` NULL withdraws."""

    __tablename__ = "labels"
    __table_args__ = (
        Index("labels_of_verdict", "verdict_id", "head"),
        {"sqlite_autoincrement": True},
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    verdict_id: Mapped[int] = mapped_column(ForeignKey("verdicts.id", ondelete="CASCADE"))
    head: Mapped[str]
    answer: Mapped[str | None]
    people: Mapped[list[int]] = mapped_column(JSON)
    created: Mapped[datetime]


class ConsentRow(Base):
    """A user's standing word on what they post in a scope; the last row counts."""

    __tablename__ = "consents"
    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str]
    user: Mapped[str] = mapped_column(index=True)
    allowed: Mapped[bool]
    created: Mapped[datetime]


class ReceptionRow(Base):
    """How a picture was received: people who reacted, of those who could see it."""

    __tablename__ = "receptions"
    verdict_id: Mapped[int] = mapped_column(
        ForeignKey("verdicts.id", ondelete="CASCADE"), primary_key=True
    )
    reactions: Mapped[int]
    audience: Mapped[int]
    counted: Mapped[datetime]


class ClusterRow(Base):
    """Faces of somebody whom nobody has named, as far as clustering can tell.

    `told` is when a digest showed it.
    """

    __tablename__ = "clusters"
    __table_args__ = _IDS_ARE_NEVER_REUSED
    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(index=True)
    head: Mapped[str]
    ignored: Mapped[bool] = mapped_column(default=False)
    told: Mapped[datetime | None]
    created: Mapped[datetime]


class ClusterFaceRow(Base):
    """A face that may be clustered: its poster agreed, and nobody named it.

    `cluster_id` is NULL while it is like no others; `pinned` faces stay where a hand put them.
    """

    __tablename__ = "cluster_faces"
    verdict_id: Mapped[int] = mapped_column(
        ForeignKey("verdicts.id", ondelete="CASCADE"), primary_key=True
    )
    head: Mapped[str]
    cluster_id: Mapped[int | None] = mapped_column(
        ForeignKey("clusters.id", ondelete="SET NULL"), index=True
    )
    pinned: Mapped[bool] = mapped_column(default=False)


class ClusterSplitRow(Base):
    """A face was taken out of a cluster by hand and must not come back."""

    __tablename__ = "cluster_splits"
    verdict_id: Mapped[int] = mapped_column(
        ForeignKey("cluster_faces.verdict_id", ondelete="CASCADE"), primary_key=True
    )
    cluster_id: Mapped[int] = mapped_column(
        ForeignKey("clusters.id", ondelete="CASCADE"), primary_key=True
    )


class ClusterMessageRow(Base):
    """Which message on a platform shows which face in a grid, so that it can be deleted."""

    __tablename__ = "cluster_messages"
    ref: Mapped[str] = mapped_column(primary_key=True)
    verdict_id: Mapped[int] = mapped_column(
        ForeignKey("verdicts.id", ondelete="CASCADE"), primary_key=True
    )


class PlaceRow(Base):
    """What a place (a channel) chose: the heads that answer in it, in order, and what is a like.

    No heads and no number mean that it left this to the settings.
    """

    __tablename__ = "places"
    place: Mapped[str] = mapped_column(primary_key=True)
    heads: Mapped[list[str]] = mapped_column(JSON)
    like_from: Mapped[float | None]


class ConfirmationRow(Base):
    """A user said that what they have scored shows themselves, or who agreed, and an adult."""

    __tablename__ = "confirmations"
    scope: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(primary_key=True)
    created: Mapped[datetime]


class MemberRow(Base):
    """Somebody who has come in to the pages of a scope, and what they may do there.

    `role` is by the word of where they come from; `chosen`, by an admin's, counts more. `places`
    are those whose pictures they may be shown; NULL is all of the scope.
    """

    __tablename__ = "members"
    scope: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[int]
    chosen: Mapped[int | None]
    name: Mapped[str] = mapped_column(default="", server_default="")
    places: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    created: Mapped[datetime]
    seen: Mapped[datetime]


class AuditRow(Base):
    """Who did what to others' data; `of` says to what, without anybody's name."""

    __tablename__ = "audit"
    __table_args__ = _IDS_ARE_NEVER_REUSED
    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(index=True)
    user: Mapped[str] = mapped_column(index=True)
    deed: Mapped[str]
    of: Mapped[str] = mapped_column(default="", server_default="")
    created: Mapped[datetime]


class HoldRow(Base):
    """Votes that look like a brigade's, against one name; `released` is a moderator's word.

    NULL while nobody has looked.
    """

    __tablename__ = "holds"
    __table_args__ = _IDS_ARE_NEVER_REUSED
    id: Mapped[int] = mapped_column(primary_key=True)
    scope: Mapped[str] = mapped_column(index=True)
    head: Mapped[str]
    target: Mapped[str]
    released: Mapped[bool | None]
    created: Mapped[datetime]


class HeldVoteRow(Base):
    """A vote that belongs to a hold."""

    __tablename__ = "held_votes"
    vote_id: Mapped[int] = mapped_column(
        ForeignKey("votes.id", ondelete="CASCADE"), primary_key=True
    )
    hold_id: Mapped[int] = mapped_column(ForeignKey("holds.id", ondelete="CASCADE"), index=True)


class CursorRow(Base):
    """How far something that is read in pieces has been read; what it says is its reader's."""

    __tablename__ = "cursors"
    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]


class MentionRow(Base):
    """A post on X that mentions the bot; see `bot.x_store`.

    `payload` is the post as it was read, until it is dealt with; `tried` counts attempts, `due` is
    when the next one is. `text` is what is answered, and `after` the newest reply that was known
    when that went out first; `reply` is the post that answers.
    """

    __tablename__ = "x_mentions"
    __table_args__ = _IDS_ARE_NEVER_REUSED
    number: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(unique=True)
    author: Mapped[str] = mapped_column(index=True)
    state: Mapped[str] = mapped_column(index=True)
    payload: Mapped[str | None]
    text: Mapped[str | None]
    after: Mapped[int | None]
    tried: Mapped[int] = mapped_column(default=0)
    due: Mapped[datetime]
    reply: Mapped[int | None]
    created: Mapped[datetime]


class StoppedRow(Base):
    """A user of X who told the bot to stop, for good."""

    __tablename__ = "x_stopped"
    user: Mapped[str] = mapped_column(primary_key=True)
    created: Mapped[datetime]


class DeletionRow(Base):
    """A post of the bot on X that is still to be deleted: what it answered was forgotten."""

    __tablename__ = "x_deletions"
    post: Mapped[int] = mapped_column(primary_key=True)
    due: Mapped[datetime]


class SpendingRow(Base):
    """What was spent on X in a month (YYYY-MM, UTC) for one kind of thing."""

    __tablename__ = "x_spending"
    month: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(default=0)
    dollars: Mapped[float] = mapped_column(default=0.0)


class CollectedRow(Base):
    """Where a picture that was collected comes from, and what was known of it there.

    `sha256` is of the file as it was fetched; `faces` is how many are in it. `suggestion` is whom
    a picture with one face may show, because an account is known to post pictures of its owner: a
    hint for people who label, never a label.
    """

    __tablename__ = "collected"
    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    source: Mapped[str] = mapped_column(index=True)
    url: Mapped[str | None]
    licence: Mapped[str]
    sha256: Mapped[str] = mapped_column(index=True)
    author_name: Mapped[str]
    text: Mapped[str | None]
    likes: Mapped[int | None]
    audience: Mapped[int | None]
    faces: Mapped[int]
    suggestion: Mapped[str | None]
    posted: Mapped[datetime | None]


class RatingResetRow(Base):
    """A user had their ratings forgotten: marks that stayed under older answers do not count."""

    __tablename__ = "rating_resets"
    scope: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(primary_key=True)
    created: Mapped[datetime]


class TasteDigestRow(Base):
    """Who is sent the best of what was posted, and when; see `bot.digest_store.Subscription`."""

    __tablename__ = "taste_digests"
    scope: Mapped[str] = mapped_column(primary_key=True)
    user: Mapped[str] = mapped_column(primary_key=True)
    outlet: Mapped[str] = mapped_column(primary_key=True)
    places: Mapped[list[str]] = mapped_column(JSON)
    minute: Mapped[int]
    zone: Mapped[str]
    weekday: Mapped[int | None]
    locale: Mapped[str]
    since: Mapped[datetime]
    tried: Mapped[datetime]
    failures: Mapped[int] = mapped_column(default=0)


class DigestedRow(Base):
    """A digest has shown a verdict to a user, or in an outlet, by the message `ref`."""

    __tablename__ = "digested"
    verdict_id: Mapped[int] = mapped_column(
        ForeignKey("verdicts.id", ondelete="CASCADE"), primary_key=True
    )
    reader: Mapped[str] = mapped_column(primary_key=True)
    ref: Mapped[str]


class DigestRow(Base):
    """When the last digest of a scope was shown."""

    __tablename__ = "digests"
    scope: Mapped[str] = mapped_column(primary_key=True)
    shown: Mapped[datetime]
