"""People of HR, their sessions, and what they did."""

import sqlalchemy as sa

from bot.store.tables.columns import Index, Moment, Sealed, metadata, row_id

# `scope`: cities, codes of stores and of cohorts, as HR writes them. `password`: Argon2's own text; empty: cannot sign
# in. `signed_out_at`: sessions begun before it are over. `alerts`: the roads by which they want alerts, the first one
# first.
staff = sa.Table(
    "staff",
    metadata,
    row_id(),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("name", Sealed, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("email", Sealed),
    sa.Column("phone", Sealed),
    sa.Column("wecom", Sealed),
    sa.Column("dingtalk", Sealed),
    sa.Column("feishu", Sealed),
    sa.Column("manager", sa.Text),
    sa.Column("scope", sa.Text),
    sa.Column("deputy", sa.Text),
    sa.Column("away_until", Moment),
    sa.Column("locale", sa.Text),
    sa.Column("password", sa.Text),
    sa.Column("signed_out_at", Moment),
    sa.Column("alerts", sa.JSON),
    sa.Column("updated_at", Moment, nullable=False),
)

# Who is signed in to the inbox. `token_index`: the blind index of the cookie. `device`: as the browser calls itself.
sessions = sa.Table(
    "sessions",
    metadata,
    row_id(),
    sa.Column("staff", sa.Text, nullable=False, index=True),
    sa.Column("token_index", Index, nullable=False, unique=True),
    sa.Column("device", sa.Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("seen_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)

# Forms of the inbox that were sent: each acts once. `said`: a blind index of what stood in it.
forms = sa.Table(
    "forms",
    metadata,
    sa.Column("nonce", sa.Text, primary_key=True),
    sa.Column("said", Index, nullable=False),
    sa.Column("at", Moment, nullable=False, index=True),
)

# Sign-ins that failed, by the blind index of the name that was tried and of where it came from.
sign_in_failures = sa.Table(
    "sign_in_failures",
    metadata,
    row_id(),
    sa.Column("key", Index, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_sign_in_failures_key_at", "key", "at"),
)

# Append-only by trigger; codes and counts, never personal data.
audit = sa.Table(
    "audit",
    metadata,
    row_id(),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", sa.Text),
    sa.Column("detail", sa.JSON),
)
