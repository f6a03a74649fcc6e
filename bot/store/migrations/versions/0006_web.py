"""What the pages of HR keep: publications that a second person agrees to, spreadsheets on their way in."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Only new tables and indexes: the version before can go on meanwhile."""
    op.create_index("ix_cases_updated_at", "cases", ["updated_at"])
    # With the id: a hundred thousand touches of one moment (a story on a Friday) are else sorted for each batch.
    op.drop_index("ix_touches_most_urgent", "touches")
    planned = sa.text("state = 'planned'")
    op.create_index(
        "ix_touches_most_urgent",
        "touches",
        ["priority", "due_at", "id"],
        sqlite_where=planned,
        postgresql_where=planned,
    )
    op.create_table(
        "publications",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("cohort_id", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["cohort_id"], ["cohorts.id"], name=op.f("fk_publications_cohort_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publications")),
    )
    op.create_index("ix_publications_cohort_id", "publications", ["cohort_id"])
    op.create_table(
        "uploads",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("map", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("report", sa.LargeBinary(), nullable=True),
        sa.Column("errors", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_uploads")),
    )
    op.create_index("ix_uploads_created_at", "uploads", ["created_at"])
