"""What the installation itself keeps: files, lessons, access and events for other systems."""

import sqlalchemy as sa

from bot.store.tables.columns import Id, Index, Moment, Sealed, metadata, partial_index, row_id

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)

# A spreadsheet that somebody of HR brought, for a day. `map`: their headers by ours, as YAML. `state`: checking,
# checked, importing, imported, refused. `report`: counts and what is wrong; `errors`: the bad rows.
uploads = sa.Table(
    "uploads",
    metadata,
    row_id(),
    sa.Column("staff", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("body", Sealed, nullable=False),
    sa.Column("map", Sealed),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("report", Sealed),
    sa.Column("errors", Sealed),
    sa.Column("created_at", Moment, nullable=False, index=True),
    sa.Column("changed_at", Moment, nullable=False),
)

# What staff taught: this sentence means that. `ask_index`: the blind index of the sentence as understanding reads it.
taught = sa.Table(
    "taught",
    metadata,
    row_id(),
    sa.Column("ask_index", Index, nullable=False, unique=True),
    sa.Column("ask", Sealed, nullable=False),
    sa.Column("locale", sa.Text, nullable=False),
    sa.Column("intent", sa.Text, nullable=False),
    sa.Column("staff", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

# Who may use the API. `rights`: read, write.
api_tokens = sa.Table(
    "api_tokens",
    metadata,
    row_id(),
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("token_index", Index, nullable=False, unique=True),
    sa.Column("rights", sa.JSON, nullable=False),
    sa.Column("scope", sa.Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
    sa.Column("revoked_at", Moment),
)

# What happened, for the company's own systems, in order. `kind`: risk.changed, case.opened, case.changed,
# stage.changed. `body`: codes only, never personal data.
events = sa.Table(
    "events",
    metadata,
    row_id(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), index=True),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

# Where events are posted to. `told`: the last event that was handed to it.
hooks = sa.Table(
    "hooks",
    metadata,
    row_id(),
    sa.Column("url", sa.Text, nullable=False, unique=True),
    sa.Column("secret", Sealed, nullable=False),
    sa.Column("kinds", sa.JSON, nullable=False),
    sa.Column("told", Id, nullable=False, server_default="0"),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("stopped_at", Moment),
)

# One event on its way to one hook. `state`: due, done, given_up.
hook_calls = sa.Table(
    "hook_calls",
    metadata,
    row_id(),
    sa.Column("hook_id", sa.ForeignKey("hooks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("event_id", sa.ForeignKey("events.id", ondelete="CASCADE"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("status", sa.Text),
    sa.UniqueConstraint("hook_id", "event_id"),
    partial_index("ix_hook_calls_due", "due_at", where="state = 'due'"),
)
