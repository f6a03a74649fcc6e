"""The rhythm: planned touches with what they expect, WeChat's windows and credits, the roads of a
message with their cost, tasks, check-ins, short links, stopped channels.

Nobody who waits already hears the rhythm until HR releases them: `released_at` stays empty.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Only new tables, columns and indexes: the version before can go on meanwhile."""
    _candidates()
    _addresses()
    _touches()
    _outbound()
    op.add_column("promises", sa.Column("overdue_at", MOMENT, nullable=True))
    _tasks_and_checkins()
    _links()
    op.create_table(
        "stopped_channels",
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("look_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_stopped_channels")),
    )


def _add(table: str, *columns: sa.Column[Any]) -> None:
    for column in columns:
        op.add_column(table, column)


def _partial(name: str, table: str, columns: list[str], where: str, unique: bool = False) -> None:
    only = sa.text(where)
    op.create_index(name, table, columns, unique=unique, sqlite_where=only, postgresql_where=only)


def _candidates() -> None:
    _add(
        "candidates",
        sa.Column("released_at", MOMENT, nullable=True),
        sa.Column("notices_only_at", MOMENT, nullable=True),
        sa.Column("plan_at", MOMENT, nullable=True),
        sa.Column("planned_with", sa.Text(), nullable=True),
    )
    _partial("ix_candidates_plan_at", "candidates", ["plan_at"], "plan_at IS NOT NULL")
    _partial("ix_candidates_held", "candidates", ["stage"], "released_at IS NULL")


def _addresses() -> None:
    _add(
        "addresses",
        sa.Column("window_left", sa.Integer(), nullable=True),
        sa.Column("window_until", MOMENT, nullable=True),
        sa.Column("brief_left", sa.Integer(), nullable=True),
        sa.Column("brief_until", MOMENT, nullable=True),
        sa.Column("brief_by", sa.Text(), nullable=True),
        sa.Column("unreachable_at", MOMENT, nullable=True),
        sa.Column("unreachable_code", sa.Text(), nullable=True),
    )
    op.create_table(
        "credits",
        sa.Column("address_id", ID, nullable=False),
        sa.Column("template_id", sa.Text(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["address_id"], ["addresses.id"], name=op.f("fk_credits_address_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("address_id", "template_id", name=op.f("pk_credits")),
    )


def _touches() -> None:
    _add(
        "touches",
        sa.Column("by", sa.Text(), server_default="hr", nullable=False),
        sa.Column("template", sa.Text(), nullable=True),
        sa.Column("urgent", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("meant_at", MOMENT, nullable=True),
        sa.Column("deferred", sa.Text(), nullable=True),
        sa.Column("expects", sa.Text(), nullable=True),
        sa.Column("within", sa.Integer(), nullable=True),
        sa.Column("unmet", sa.Text(), nullable=True),
        sa.Column("look_at", MOMENT, nullable=True),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("unmet_at", MOMENT, nullable=True),
    )
    op.drop_index("ix_touches_due", "touches")
    _partial("ix_touches_planned", "touches", ["due_at"], "state = 'planned'")
    _partial("ix_touches_most_urgent", "touches", ["priority", "due_at"], "state = 'planned'")
    _partial("ix_touches_look_at", "touches", ["look_at"], "look_at IS NOT NULL")


def _outbound() -> None:
    _add(
        "outbound",
        sa.Column("via", sa.Text(), nullable=True),
        sa.Column("others", sa.LargeBinary(), nullable=True),
        sa.Column("touch_id", ID, nullable=True),
        sa.Column("after_id", ID, nullable=True),
        sa.Column("rank", sa.Integer(), server_default="0", nullable=False),
        sa.Column("parts", sa.Integer(), nullable=True),
        sa.Column("cost", sa.BigInteger(), nullable=True),
        sa.Column("tried_at", MOMENT, nullable=True),
    )
    op.create_index("ix_outbound_touch_id", "outbound", ["touch_id"])
    _partial("ix_outbound_to_send", "outbound", ["via", "rank", "due_at"], "state = 'queued'")
    _partial("ix_outbound_expiring", "outbound", ["expires_at"], "state = 'queued' AND expires_at IS NOT NULL")
    asked = "via IN ('sms', 'template') AND state IN ('unknown', 'sent') AND due_at IS NOT NULL"
    _partial("ix_outbound_to_ask", "outbound", ["due_at"], asked)
    _partial("ix_outbound_stuck", "outbound", ["state", "created_at", "via"], "state IN ('unknown', 'failed')")
    _partial("uq_outbound_after_id", "outbound", ["after_id"], "after_id IS NOT NULL", unique=True)


def _tasks_and_checkins() -> None:
    op.create_table(
        "tasks",
        sa.Column("candidate_id", ID, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("done_by", sa.Text(), nullable=True),
        _of_candidate("tasks"),
        sa.PrimaryKeyConstraint("candidate_id", "code", name=op.f("pk_tasks")),
    )
    op.create_table(
        "checkins",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("candidate_id", ID, nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _of_candidate("checkins"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_checkins")),
    )
    op.create_index("ix_checkins_candidate_id", "checkins", ["candidate_id"])


def _of_candidate(table: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_candidate_id")
    return sa.ForeignKeyConstraint(["candidate_id"], ["candidates.id"], name=name, ondelete="CASCADE")


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("candidate_id", ID, nullable=False),
        sa.Column("touch_id", ID, nullable=True),
        sa.Column("page_version", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=True),
        _of_candidate("links"),
        sa.ForeignKeyConstraint(["touch_id"], ["touches.id"], name=op.f("fk_links_touch_id"), ondelete="SET NULL"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
    )
    op.create_index("ix_links_candidate_id", "links", ["candidate_id"])
    op.create_index("ix_links_touch_id", "links", ["touch_id"])
