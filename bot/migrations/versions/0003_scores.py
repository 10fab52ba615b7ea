"""Scores: whole pictures, ratings, how posts were received, likes, and who may be scored."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("posts", sa.Column("place", sa.String(), nullable=False, server_default=""))
    op.add_column("verdicts", sa.Column("whole", sa.Boolean(), nullable=False, server_default="0"))
    op.add_column("votes", sa.Column("score", sa.Integer(), nullable=True))
    op.add_column("places", sa.Column("like_from", sa.Float(), nullable=True))
    op.create_table(
        "confirmations",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "user"),
    )
    op.create_table(
        "receptions",
        sa.Column("verdict_id", sa.Integer(), nullable=False),
        sa.Column("reactions", sa.Integer(), nullable=False),
        sa.Column("audience", sa.Integer(), nullable=False),
        sa.Column("counted", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["verdict_id"], ["verdicts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("verdict_id"),
    )


def downgrade() -> None:
    """Undo."""
    op.drop_table("receptions")
    op.drop_table("confirmations")
    op.drop_column("places", "like_from")
    op.drop_column("votes", "score")
    op.drop_column("verdicts", "whole")
    op.drop_column("posts", "place")
