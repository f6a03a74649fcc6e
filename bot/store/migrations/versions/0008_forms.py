"""Which forms of HR were sent, so that each acts once."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only a new table: the version before can go on meanwhile."""
    op.create_table(
        "forms",
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_forms")),
    )
    op.create_index("ix_forms_at", "forms", ["at"])
