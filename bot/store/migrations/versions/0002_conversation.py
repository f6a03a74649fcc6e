"""What the conversation keeps: waiting questions, why an answer was given, what was confirmed, details of cases."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Only new columns: the version before can go on reading meanwhile."""
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
