"""What the conversation keeps: waiting questions, why an answer was given, confirmations, details of cases, and when to
look at a promise."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only new columns and indexes: the version before can go on meanwhile."""
    op.add_column("addresses", sa.Column("wait_until", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_addresses_wait_until",
        "addresses",
        ["wait_until"],
        unique=False,
        sqlite_where=sa.text("wait_until IS NOT NULL"),
        postgresql_where=sa.text("wait_until IS NOT NULL"),
    )
    op.add_column("inbound", sa.Column("why", sa.LargeBinary(), nullable=True))
    op.add_column("candidates", sa.Column("confirmed_start", sa.DateTime(timezone=True), nullable=True))
    op.add_column("case_reasons", sa.Column("detail", sa.LargeBinary(), nullable=True))
    op.add_column("promises", sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("promises", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_promises_look_at", "promises", ["state", "look_at"], unique=False)
    op.execute("UPDATE promises SET look_at = made_at WHERE state = 'open'")
