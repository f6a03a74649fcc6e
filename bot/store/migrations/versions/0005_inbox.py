"""Risk with its signals, cases that people work on, alerts, sign-in, what staff taught, the API and what it tells."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Only new tables, columns and indexes: the version before can go on meanwhile. Everybody's risk is reckoned with
    the next ticks."""
    _columns()
    _risk()
    _desk()
    _sign()
    _api()
    op.execute("UPDATE candidates SET risk_due_at = updated_at")


def _columns() -> None:
    op.add_column("addresses", sa.Column("staff", sa.Text(), nullable=True))
    op.create_index(
        "ix_addresses_staff",
        "addresses",
        ["staff"],
        sqlite_where=sa.text("staff IS NOT NULL"),
        postgresql_where=sa.text("staff IS NOT NULL"),
    )
    op.add_column("candidates", sa.Column("risk", sa.Text(), server_default="low", nullable=False))
    op.add_column("candidates", sa.Column("risk_points", sa.Integer(), server_default="0", nullable=False))
    op.add_column("candidates", sa.Column("risk_at", MOMENT, nullable=True))
    op.add_column("candidates", sa.Column("risk_due_at", MOMENT, nullable=True))
    op.add_column("candidates", sa.Column("case_due_at", MOMENT, nullable=True))
    op.create_index(
        "ix_candidates_case_due_at",
        "candidates",
        ["case_due_at"],
        sqlite_where=sa.text("case_due_at IS NOT NULL"),
        postgresql_where=sa.text("case_due_at IS NOT NULL"),
    )
    op.create_index(
        "ix_candidates_at_risk",
        "candidates",
        ["risk_points"],
        sqlite_where=sa.text("risk != 'low'"),
        postgresql_where=sa.text("risk != 'low'"),
    )
    op.create_index("ix_candidates_owner", "candidates", ["owner"])
    op.create_index(
        "ix_candidates_risk_due_at",
        "candidates",
        ["risk_due_at"],
        sqlite_where=sa.text("risk_due_at IS NOT NULL"),
        postgresql_where=sa.text("risk_due_at IS NOT NULL"),
    )
    op.create_index("ix_cases_opened_at", "cases", ["opened_at"])
    op.add_column("cases", sa.Column("urgency", sa.Integer(), server_default="2", nullable=False))
    op.add_column("cases", sa.Column("assigned", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("claimed_by", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("claimed_at", MOMENT, nullable=True))
    op.add_column("cases", sa.Column("unanswered_since", MOMENT, nullable=True))
    op.add_column("cases", sa.Column("answered_at", MOMENT, nullable=True))
    op.add_column("cases", sa.Column("staff_wrote_at", MOMENT, nullable=True))
    op.add_column("cases", sa.Column("clock", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("next_at", MOMENT, nullable=True))
    op.add_column("cases", sa.Column("warned_at", MOMENT, nullable=True))
    op.add_column("cases", sa.Column("rung", sa.Integer(), server_default="0", nullable=False))
    op.add_column("cases", sa.Column("missed", sa.Integer(), server_default="0", nullable=False))
    op.add_column("cases", sa.Column("resolved_at", MOMENT, nullable=True))
    op.add_column("cases", sa.Column("outcome", sa.Text(), nullable=True))
    op.add_column("cases", sa.Column("reopened_at", MOMENT, nullable=True))
    op.add_column("cases", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.create_index("ix_cases_candidate_id", "cases", ["candidate_id", "opened_at"])
    op.create_index(
        "ix_cases_next_at",
        "cases",
        ["next_at"],
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )
    op.create_index(
        "ix_cases_open",
        "cases",
        ["urgency", "opened_at"],
        sqlite_where=sa.text("state != 'resolved'"),
        postgresql_where=sa.text("state != 'resolved'"),
    )
    op.add_column("staff", sa.Column("locale", sa.Text(), nullable=True))
    op.add_column("staff", sa.Column("password", sa.Text(), nullable=True))
    op.add_column("staff", sa.Column("signed_out_at", MOMENT, nullable=True))
    op.add_column("staff", sa.Column("alerts", sa.JSON(), nullable=True))


def _risk() -> None:
    op.create_table(
        "contacts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("candidate_id", ID, nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_contacts_candidate_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    op.create_index("ix_contacts_candidate_id_at", "contacts", ["candidate_id", "at"])
    op.create_table(
        "risk_changes",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("candidate_id", ID, nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("signals", sa.JSON(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_risk_changes_candidate_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_risk_changes")),
    )
    op.create_index("ix_risk_changes_candidate_id_at", "risk_changes", ["candidate_id", "at"])
    op.create_table(
        "signals",
        sa.Column("candidate_id", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("fired_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_signals_candidate_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("candidate_id", "name", "at", name=op.f("pk_signals")),
    )
    op.create_index("ix_signals_name_at", "signals", ["name", "at"])


def _desk() -> None:
    op.create_table(
        "taught",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("ask_index", sa.LargeBinary(), nullable=False),
        sa.Column("ask", sa.LargeBinary(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_taught")),
        sa.UniqueConstraint("ask_index", name=op.f("uq_taught_ask_index")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("case_id", ID, nullable=True),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("rung", sa.Integer(), server_default="0", nullable=False),
        sa.Column("urgency", sa.Integer(), server_default="2", nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("outbound_id", ID, nullable=True),
        sa.Column("tried", sa.JSON(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=True),
        sa.Column("unreached_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_alerts_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
    )
    op.create_index(op.f("ix_alerts_case_id"), "alerts", ["case_id"])
    op.create_index(
        "ix_alerts_due",
        "alerts",
        ["due_at"],
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index(
        "ix_alerts_out",
        "alerts",
        ["outbound_id"],
        sqlite_where=sa.text("state = 'out'"),
        postgresql_where=sa.text("state = 'out'"),
    )
    op.create_index(op.f("ix_alerts_outbound_id"), "alerts", ["outbound_id"])
    op.create_index(
        "uq_alerts_occasion",
        "alerts",
        ["staff", "why", "occasion"],
        unique=True,
        sqlite_where=sa.text("occasion IS NOT NULL"),
        postgresql_where=sa.text("occasion IS NOT NULL"),
    )
    op.create_table(
        "case_events",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_events_case_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_events")),
    )
    op.create_index(op.f("ix_case_events_case_id"), "case_events", ["case_id"])
    op.create_table(
        "suggestions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("case_id", ID, nullable=False),
        sa.Column("inbound_id", ID, nullable=True),
        sa.Column("address_id", ID, nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("said", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("look_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["address_id"], ["addresses.id"], name=op.f("fk_suggestions_address_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_suggestions_case_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["inbound_id"], ["inbound.id"], name=op.f("fk_suggestions_inbound_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_suggestions")),
    )
    op.create_index(op.f("ix_suggestions_case_id"), "suggestions", ["case_id"])
    op.create_index(
        "ix_suggestions_look_at",
        "suggestions",
        ["look_at"],
        sqlite_where=sa.text("state = 'open' AND look_at IS NOT NULL"),
        postgresql_where=sa.text("state = 'open' AND look_at IS NOT NULL"),
    )


def _sign() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("staff", sa.Text(), nullable=False),
        sa.Column("token_index", sa.LargeBinary(), nullable=False),
        sa.Column("device", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_index", name=op.f("uq_sessions_token_index")),
    )
    op.create_index(op.f("ix_sessions_staff"), "sessions", ["staff"])
    op.create_table(
        "sign_in_failures",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_failures")),
    )
    op.create_index("ix_sign_in_failures_key_at", "sign_in_failures", ["key", "at"])


def _api() -> None:
    op.create_table(
        "api_tokens",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("token_index", sa.LargeBinary(), nullable=False),
        sa.Column("rights", sa.JSON(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("name", name=op.f("uq_api_tokens_name")),
        sa.UniqueConstraint("token_index", name=op.f("uq_api_tokens_token_index")),
    )
    op.create_table(
        "hooks",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("told", ID, server_default="0", nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("stopped_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hooks")),
        sa.UniqueConstraint("url", name=op.f("uq_hooks_url")),
    )
    op.create_table(
        "events",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("candidate_id", ID, nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["candidate_id"], ["candidates.id"], name=op.f("fk_events_candidate_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_candidate_id"), "events", ["candidate_id"])
    op.create_table(
        "hook_calls",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("hook_id", ID, nullable=False),
        sa.Column("event_id", ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=op.f("fk_hook_calls_event_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["hook_id"], ["hooks.id"], name=op.f("fk_hook_calls_hook_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_calls")),
        sa.UniqueConstraint("hook_id", "event_id", name=op.f("uq_hook_calls_hook_id_event_id")),
    )
    op.create_index(
        "ix_hook_calls_due",
        "hook_calls",
        ["due_at"],
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
