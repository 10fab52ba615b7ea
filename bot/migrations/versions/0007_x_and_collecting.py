"""X: mentions, who said stop, what was spent; where collected pictures come from; cursors."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "cursors",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "x_mentions",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("payload", sa.String(), nullable=True),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("after", sa.Integer(), nullable=True),
        sa.Column("tried", sa.Integer(), nullable=False),
        sa.Column("due", sa.DateTime(), nullable=False),
        sa.Column("reply", sa.Integer(), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_x_mentions_author", "x_mentions", ["author"])
    op.create_index("ix_x_mentions_state", "x_mentions", ["state"])
    op.create_table(
        "x_stopped",
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user"),
    )
    op.create_table(
        "x_deletions",
        sa.Column("post", sa.Integer(), nullable=False),
        sa.Column("due", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("post"),
    )
    op.create_table(
        "x_spending",
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("dollars", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("month", "kind"),
    )
    op.create_table(
        "collected",
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("licence", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("author_name", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=True),
        sa.Column("likes", sa.Integer(), nullable=True),
        sa.Column("audience", sa.Integer(), nullable=True),
        sa.Column("faces", sa.Integer(), nullable=False),
        sa.Column("suggestion", sa.String(), nullable=True),
        sa.Column("posted", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["post_id"], ["posts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("post_id"),
    )
    op.create_index("ix_collected_source", "collected", ["source"])
    op.create_index("ix_collected_sha256", "collected", ["sha256"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("collected")
    op.drop_table("x_spending")
    op.drop_table("x_deletions")
    op.drop_table("x_stopped")
    op.drop_table("x_mentions")
    op.drop_table("cursors")
