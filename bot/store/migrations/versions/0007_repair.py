"""What 0001 to 0006 did not do at first: they were changed after they had run on some databases.

Those say that they are at 0006 and lack columns and indexes, or have indexes of another shape. What is right already
stays as it is. From here on no migration is changed any more: tests/bot/store/test_migrations.py holds their hashes.
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
_PLANNED, _QUEUED = "state = 'planned'", "state = 'queued'"
_ASKED = "via IN ('sms', 'template') AND state IN ('unknown', 'sent') AND due_at IS NOT NULL"
# Index, table, columns, where; those whose name begins with uq are unique.
_INDEXES = (
    ("ix_promises_look_at", "promises", ["state", "look_at"], ""),
    ("ix_outbound_to_send", "outbound", ["via", "rank", "due_at"], _QUEUED),
    ("ix_outbound_expiring", "outbound", ["expires_at"], f"{_QUEUED} AND expires_at IS NOT NULL"),
    ("ix_outbound_to_ask", "outbound", ["due_at"], _ASKED),
    ("ix_outbound_stuck", "outbound", ["state", "created_at", "via"], "state IN ('unknown', 'failed')"),
    ("uq_outbound_after_id", "outbound", ["after_id"], "after_id IS NOT NULL"),
    ("ix_candidates_held", "candidates", ["stage"], "released_at IS NULL"),
    ("ix_touches_planned", "touches", ["due_at"], _PLANNED),
    ("ix_touches_most_urgent", "touches", ["priority", "due_at", "id"], _PLANNED),
    ("ix_candidates_case_due_at", "candidates", ["case_due_at"], "case_due_at IS NOT NULL"),
    ("ix_cases_opened_at", "cases", ["opened_at"], ""),
    ("uq_alerts_occasion", "alerts", ["staff", "why", "occasion"], "occasion IS NOT NULL"),
)


def upgrade() -> None:
    """Only columns and indexes: the version before can go on meanwhile."""
    _add("candidates", sa.Column("page_version", sa.Integer(), server_default="1", nullable=False))
    if _add("promises", sa.Column("look_at", MOMENT, nullable=True)):
        op.execute("UPDATE promises SET look_at = made_at WHERE state = 'open'")
    _add("promises", sa.Column("ended_at", MOMENT, nullable=True))
    _add("outbound", sa.Column("tried_at", MOMENT, nullable=True))
    _add("candidates", sa.Column("case_due_at", MOMENT, nullable=True))
    _add("alerts", sa.Column("occasion", sa.Text(), nullable=True))
    _add("alerts", sa.Column("unreached_at", MOMENT, nullable=True))
    op.execute("DROP INDEX IF EXISTS ix_touches_due")
    for index in _INDEXES:
        _shape(*index)


def _add(table: str, column: sa.Column[Any]) -> bool:
    """Whether it was missing."""
    if column.name in {found["name"] for found in sa.inspect(op.get_bind()).get_columns(table)}:
        return False
    op.add_column(table, column)
    return True


def _shape(name: str, table: str, columns: list[str], where: str) -> None:
    """Whatever else the index was made of, it is this now."""
    found = {index["name"]: index["column_names"] for index in sa.inspect(op.get_bind()).get_indexes(table)}
    if found.get(name) == columns:
        return
    if name in found:
        op.drop_index(name, table)
    if name == "uq_outbound_after_id":
        _once()
    only: dict[str, Any] = {f"{kind}_where": sa.text(where) for kind in ("sqlite", "postgresql") if where}
    op.create_index(name, table, columns, unique=name.startswith("uq"), **only)


def _once() -> None:
    """One message comes after another; of several, as they could be before, the first."""
    firsts = "SELECT min(id) FROM outbound WHERE after_id IS NOT NULL GROUP BY after_id"
    op.execute(f"UPDATE outbound SET after_id = NULL WHERE after_id IS NOT NULL AND id NOT IN ({firsts})")  # noqa: S608
