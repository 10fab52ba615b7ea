"""A community teaches: where votes were cast, members, audit, held votes, readings of names."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("votes", sa.Column("place", sa.String(), nullable=False, server_default=""))
    op.add_column("people", sa.Column("reading", sa.String(), nullable=True))
    op.create_table(
        "members",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("role", sa.Integer(), nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("places", sa.JSON(), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.Column("seen", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "user"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("user", sa.String(), nullable=False),
        sa.Column("deed", sa.String(), nullable=False),
        sa.Column("of", sa.String(), server_default="", nullable=False),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_scope", "audit", ["scope"])
    op.create_index("ix_audit_user", "audit", ["user"])
    op.create_table(
        "holds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("head", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("released", sa.Boolean(), nullable=True),
        sa.Column("created", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_holds_scope", "holds", ["scope"])
    op.create_table(
        "held_votes",
        sa.Column("vote_id", sa.Integer(), nullable=False),
        sa.Column("hold_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["vote_id"], ["votes.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["hold_id"], ["holds.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("vote_id"),
    )
    op.create_index("ix_held_votes_hold_id", "held_votes", ["hold_id"])


def downgrade() -> None:
    """Undo."""
    op.drop_table("held_votes")
    op.drop_table("holds")
    op.drop_table("audit")
    op.drop_table("members")
    op.drop_column("people", "reading")
    op.drop_column("votes", "place")
