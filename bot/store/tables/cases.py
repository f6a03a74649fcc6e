"""What HR works on, and how it hears of it."""

import sqlalchemy as sa

from bot.store.tables.columns import Id, Moment, Sealed, metadata, partial_index, row_id

# What HR works on; one open case a person. `state`: new, claimed, waiting (for the candidate), snoozed, resolved.
# `urgency`: 0 danger, 1 at once, 2 today, 3 this week. `assigned`: whose it is to take, `claimed_by`: who has taken it
# (codes of staff). `unanswered_since`: since when the candidate waits for a word of a person. The clock: at `next_at`
# the `clock` strikes (assign, work: find which one runs; claim, first, next, resolve, wake, hand_back, rest: no one's
# duty); `warned_at`: it has warned already; `rung`: how far up it has climbed, 0 at who it is assigned to.
# `reopened_at`: since when it is free again. `version` grows with each change: pages see it.
cases = sa.Table(
    "cases",
    metadata,
    row_id(),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE")),
    sa.Column("address_id", sa.ForeignKey("addresses.id", ondelete="CASCADE")),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("urgency", sa.Integer, nullable=False, server_default="2"),
    sa.Column("opened_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
    sa.Column("asked", sa.Integer, nullable=False, server_default="1"),
    sa.Column("assigned", sa.Text),
    sa.Column("claimed_by", sa.Text),
    sa.Column("claimed_at", Moment),
    sa.Column("unanswered_since", Moment),
    sa.Column("answered_at", Moment),
    sa.Column("staff_wrote_at", Moment),
    sa.Column("clock", sa.Text),
    sa.Column("next_at", Moment),
    sa.Column("warned_at", Moment),
    sa.Column("rung", sa.Integer, nullable=False, server_default="0"),
    sa.Column("missed", sa.Integer, nullable=False, server_default="0"),
    sa.Column("resolved_at", Moment),
    sa.Column("outcome", sa.Text),
    sa.Column("reopened_at", Moment),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Index(
        "uq_cases_open_candidate",
        "candidate_id",
        unique=True,
        sqlite_where=sa.text("state != 'resolved'"),
        postgresql_where=sa.text("state != 'resolved'"),
    ),
    sa.Index("ix_cases_state", "state", "opened_at"),
    sa.Index("ix_cases_opened_at", "opened_at"),
    sa.Index("ix_cases_candidate_id", "candidate_id", "opened_at"),
    sa.Index("ix_cases_updated_at", "updated_at"),
    partial_index("ix_cases_next_at", "next_at", where="next_at IS NOT NULL"),
    partial_index("ix_cases_open", "urgency", "opened_at", where="state != 'resolved'"),
)

# Every signal that joined a case, in order.
case_reasons = sa.Table(
    "case_reasons",
    metadata,
    row_id(),
    sa.Column("case_id", sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("inbound_id", sa.ForeignKey("inbound.id", ondelete="SET NULL")),
    sa.Column("detail", Sealed),
    sa.Column("at", Moment, nullable=False),
)

# What happened to a case, in order. `what`: assigned, claimed, handed_over, handed_back, replied, noted, called,
# snoozed, woken, waiting, warned, missed, resolved, reopened. `detail`: codes only; words are in the sealed `note`.
case_events = sa.Table(
    "case_events",
    metadata,
    row_id(),
    sa.Column("case_id", sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("detail", sa.JSON),
    sa.Column("note", Sealed),
)

# What the bot would have answered while somebody of HR had the case. `state`: open, used, said (by the bot, after HR's
# silence), dropped. `look_at`: when the bot says it by itself; empty: never, it is no fact of the record.
suggestions = sa.Table(
    "suggestions",
    metadata,
    row_id(),
    sa.Column("case_id", sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("inbound_id", sa.ForeignKey("inbound.id", ondelete="SET NULL")),
    sa.Column("address_id", sa.ForeignKey("addresses.id", ondelete="CASCADE"), nullable=False),
    sa.Column("text", Sealed, nullable=False),
    sa.Column("said", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("look_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
    partial_index("ix_suggestions_look_at", "look_at", where="state = 'open' AND look_at IS NOT NULL"),
)

# That somebody of HR has to hear of something. `why`: new, reopened, wrote, woken, handed_over, handed_back,
# warned_<clock>, missed_<clock>, not_reached, stopped, digest. `state`: due (to be said at `due_at`), out (its message
# `outbound_id` is on its way; looked at again at `due_at`), told, given_up. `tried`: the roads that did not carry it.
# `occasion`: of what must be said once: a day, an alert that reached nobody, a channel that stopped. `unreached_at`:
# since when nobody at all can be reached with it.
alerts = sa.Table(
    "alerts",
    metadata,
    row_id(),
    sa.Column("case_id", sa.ForeignKey("cases.id", ondelete="CASCADE"), index=True),
    sa.Column("staff", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("rung", sa.Integer, nullable=False, server_default="0"),
    sa.Column("urgency", sa.Integer, nullable=False, server_default="2"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("outbound_id", Id, index=True),
    sa.Column("tried", sa.JSON, nullable=False),
    sa.Column("occasion", sa.Text),
    sa.Column("unreached_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
    partial_index("ix_alerts_due", "due_at", where="state = 'due'"),
    partial_index("ix_alerts_out", "outbound_id", where="state = 'out'"),
    partial_index("uq_alerts_occasion", "staff", "why", "occasion", where="occasion IS NOT NULL", unique=True),
)
