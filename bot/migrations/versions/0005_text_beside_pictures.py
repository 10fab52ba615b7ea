"""What is written beside a picture, where the operator lets it count."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("verdicts", sa.Column("text", sa.String(), nullable=True))


def downgrade() -> None:
    """Undo."""
    op.drop_column("verdicts", "text")
