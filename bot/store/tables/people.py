"""Candidates, their addresses, and how an address became theirs."""

import sqlalchemy as sa

from bot.store.tables.columns import Index, Moment, Sealed, metadata, partial_index, row_id

# `released_at`: from when on the rhythm is theirs (empty: HR has not let it begin). `plan_at`: when to plan their
# touches anew, `planned_with`: by which rhythm they were planned last. `risk`: low, medium or high since `risk_at`, of
# `risk_points`; `risk_due_at`: when to reckon it next; `case_due_at`: from when on HR should have a case of it.
candidates = sa.Table(
    "candidates",
    metadata,
    row_id(),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("name", Sealed, nullable=False),
    sa.Column("phone", Sealed),
    sa.Column("phone_index", Index, index=True),
    sa.Column("email", Sealed),
    sa.Column("locale", sa.Text),
    sa.Column("timezone", sa.Text),
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("stage_at", Moment, nullable=False),
    sa.Column("stage_by", sa.Text, nullable=False),
    sa.Column("cohort_id", sa.ForeignKey("cohorts.id"), index=True),
    sa.Column("cohort_by", sa.Text),
    sa.Column("store_id", sa.ForeignKey("stores.id"), index=True),
    sa.Column("store_by", sa.Text),
    sa.Column("home_address", Sealed),
    sa.Column("home_lat", Sealed),
    sa.Column("home_lng", Sealed),
    sa.Column("owner", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("invite", Sealed, nullable=False),
    sa.Column("invite_index", Index, nullable=False, unique=True),
    sa.Column("position", sa.Text),
    sa.Column("offer", sa.Text),
    sa.Column("offer_until", Moment),
    sa.Column("confirmed_at", Moment),
    sa.Column("confirmed_start", Moment),
    sa.Column("pushes_stopped_at", Moment),
    sa.Column("page_version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("released_at", Moment),
    sa.Column("notices_only_at", Moment),
    sa.Column("plan_at", Moment),
    sa.Column("planned_with", sa.Text),
    sa.Column("risk", sa.Text, nullable=False, server_default="low"),
    sa.Column("risk_points", sa.Integer, nullable=False, server_default="0"),
    sa.Column("risk_at", Moment),
    sa.Column("risk_due_at", Moment),
    sa.Column("case_due_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Index(
        "ix_candidates_plan_at",
        "plan_at",
        sqlite_where=sa.text("plan_at IS NOT NULL"),
        postgresql_where=sa.text("plan_at IS NOT NULL"),
    ),
    partial_index("ix_candidates_held", "stage", where="released_at IS NULL"),
    partial_index("ix_candidates_risk_due_at", "risk_due_at", where="risk_due_at IS NOT NULL"),
    partial_index("ix_candidates_case_due_at", "case_due_at", where="case_due_at IS NOT NULL"),
    partial_index("ix_candidates_at_risk", "risk_points", where="risk != 'low'"),
    sa.Index("ix_candidates_owner", "owner"),
)

# A person of HR spoke with the candidate. `how`: call, visit, chat; `outcome`: reached, no_answer.
contacts = sa.Table(
    "contacts",
    metadata,
    row_id(),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), nullable=False),
    sa.Column("staff", sa.Text, nullable=False),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("note", Sealed),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_contacts_candidate_id_at", "candidate_id", "at"),
)

# When a candidate entered each stage; the newest row is the candidate's own `stage`.
stage_times = sa.Table(
    "stage_times",
    metadata,
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("stage", sa.Text, primary_key=True),
    sa.Column("at", Moment, nullable=False),
)

# A person on a channel: a WeChat openid, a phone number, a mailbox. `talk` is where that person stands in the flows,
# `wait_until` when its open question has waited long enough for an answer. WeChat's windows: `window_*` by a message
# (48 h), `brief_*` by a scan, a menu entry or following (1 min): credits left, until when, and what opened it; all
# empty where nothing is known yet. `unreachable_*`: the provider said for good that nothing arrives there. `staff`:
# whose of HR it is; such an address is nobody's of the candidates.
addresses = sa.Table(
    "addresses",
    metadata,
    row_id(),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("address", Sealed, nullable=False),
    sa.Column("address_index", Index, nullable=False),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="SET NULL"), index=True),
    sa.Column("talk", Sealed),
    sa.Column("turn", sa.Integer, nullable=False, server_default="0"),
    sa.Column("last_inbound_at", Moment),
    sa.Column("followed_at", Moment),
    sa.Column("unfollowed_at", Moment),
    sa.Column("stopped_at", Moment),
    sa.Column("wrong_number_at", Moment),
    sa.Column("wait_until", Moment),
    sa.Column("window_left", sa.Integer),
    sa.Column("window_until", Moment),
    sa.Column("brief_left", sa.Integer),
    sa.Column("brief_until", Moment),
    sa.Column("brief_by", sa.Text),
    sa.Column("unreachable_at", Moment),
    sa.Column("unreachable_code", sa.Text),
    sa.Column("staff", sa.Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("channel", "address_index"),
    partial_index("ix_addresses_staff", "staff", where="staff IS NOT NULL"),
    sa.Index(
        "ix_addresses_wait_until",
        "wait_until",
        sqlite_where=sa.text("wait_until IS NOT NULL"),
        postgresql_where=sa.text("wait_until IS NOT NULL"),
    ),
)

# Subscription notices that a person has accepted and we have not used yet, by template.
credits = sa.Table(
    "credits",
    metadata,
    sa.Column("address_id", sa.ForeignKey("addresses.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("template_id", sa.Text, primary_key=True),
    sa.Column("left", sa.Integer, nullable=False),
)

# Who was bound to what, how, and which privacy notice they were shown; never updated.
bindings = sa.Table(
    "bindings",
    metadata,
    row_id(),
    sa.Column("address_id", sa.ForeignKey("addresses.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("how", sa.Text, nullable=False),
    sa.Column("notice_version", sa.Text, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

# Codes sent to a phone. `candidate_id` is empty where nobody has that number: such a row answers like any other.
codes = sa.Table(
    "codes",
    metadata,
    row_id(),
    sa.Column("address_id", sa.ForeignKey("addresses.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("phone_index", Index, nullable=False, index=True),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE")),
    sa.Column("code_index", Index, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("proved_at", Moment),
)

# Wrong invite codes, for the limit of tries an hour.
wrong_codes = sa.Table(
    "wrong_codes",
    metadata,
    row_id(),
    sa.Column("address_id", sa.ForeignKey("addresses.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_wrong_codes_address_id_at", "address_id", "at"),
)

# The short links in messages: `/c/` and a number with its signature. `seen_at`: when the person first did something
# there.
links = sa.Table(
    "links",
    metadata,
    row_id(),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("touch_id", sa.ForeignKey("touches.id", ondelete="SET NULL"), index=True),
    sa.Column("page_version", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("seen_at", Moment),
)
