"""What keepwarm says by itself: planned touches."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "touches",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("candidate_id", ID, nullable=False),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("begins", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outbound_id", ID, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_touches_candidate_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["outbound_id"], ["outbound.id"], name=op.f("fk_touches_outbound_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_touches")),
        sa.UniqueConstraint("candidate_id", "entry", "occasion", name=op.f("uq_touches_candidate_id_entry_occasion")),
    )
    op.create_index("ix_touches_due", "touches", ["state", "due_at"], unique=False)
