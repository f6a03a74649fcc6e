"""What is to be said by itself, what was promised, and the signs of who may leave."""

import sqlalchemy as sa

from bot.store.tables.columns import Moment, metadata, partial_index, row_id

# A reason to worry (or to be glad) that came true for a candidate at a moment; each once. `evidence`: what the words
# of messages/*/risk.yaml need: counts, days, codes.
signals = sa.Table(
    "signals",
    metadata,
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("at", Moment, primary_key=True),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),
    sa.Column("fired_at", Moment, nullable=False),
    sa.Index("ix_signals_name_at", "name", "at"),
)

# How a candidate's risk went; a row a change of level. `signals`: the names of what weighed most, the heaviest first.
risk_changes = sa.Table(
    "risk_changes",
    metadata,
    row_id(),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), nullable=False),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("signals", sa.JSON, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_risk_changes_candidate_id_at", "candidate_id", "at"),
)

# "I tell you as soon as …": kept by the clock when the record has it. `look_at`: when to look next; `due_at`: by when
# the record should have it. `state`: open, kept, dropped.
promises = sa.Table(
    "promises",
    metadata,
    row_id(),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), nullable=False),
    sa.Column("about", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("made_at", Moment, nullable=False),
    sa.Column("due_at", Moment),
    sa.Column("look_at", Moment),
    sa.Column("overdue_at", Moment),
    sa.Column("ended_at", Moment),
    sa.Index("ix_promises_due", "state", "due_at"),
    sa.Index("ix_promises_look_at", "state", "look_at"),
    sa.Index(
        "uq_promises_open",
        "candidate_id",
        "about",
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    ),
)

# What keepwarm says by itself: a notice, or an entry of the rhythm, planned for one candidate. `by`: rhythm, hr or
# promise (one that is overdue).
# `occasion` tells repeats of an entry apart (a version of the notice, a week); `begins`: the step that says it, or
# `case REASON`. `meant_at`: when the plan wants it; `due_at`: when it is looked at next, later if it was deferred
# (`deferred` says why). `state`: planned, sent, expired, cancelled, suppressed (with the `reason`). After it is sent:
# what it `expects` (answer, seen), until when (`look_at`), what to do then (`unmet`), and what became of it.
touches = sa.Table(
    "touches",
    metadata,
    row_id(),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), nullable=False),
    sa.Column("entry", sa.Text, nullable=False),
    sa.Column("occasion", sa.Text, nullable=False, server_default=""),
    sa.Column("by", sa.Text, nullable=False, server_default="hr"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("begins", sa.Text, nullable=False),
    sa.Column("template", sa.Text),
    sa.Column("priority", sa.Integer, nullable=False, server_default="0"),
    sa.Column("urgent", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("meant_at", Moment),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("deferred", sa.Text),
    sa.Column("expires_at", Moment),
    sa.Column("outbound_id", sa.ForeignKey("outbound.id", ondelete="SET NULL")),
    sa.Column("expects", sa.Text),
    sa.Column("within", sa.Integer),  # seconds
    sa.Column("unmet", sa.Text),
    sa.Column("look_at", Moment),
    sa.Column("seen_at", Moment),
    sa.Column("answered_at", Moment),
    sa.Column("unmet_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("ended_at", Moment),
    sa.UniqueConstraint("candidate_id", "entry", "occasion"),
    partial_index("ix_touches_planned", "due_at", where="state = 'planned'"),
    partial_index("ix_touches_most_urgent", "priority", "due_at", "id", where="state = 'planned'"),
    sa.Index(
        "ix_touches_look_at",
        "look_at",
        sqlite_where=sa.text("look_at IS NOT NULL"),
        postgresql_where=sa.text("look_at IS NOT NULL"),
    ),
)

# What a candidate has to get done before day one, as the rhythm names it. `done_by`: candidate, hr.
tasks = sa.Table(
    "tasks",
    metadata,
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("due_at", Moment),
    sa.Column("done_at", Moment),
    sa.Column("done_by", sa.Text),
)

# How a candidate feels about coming, 1 to 5, as they said when asked.
checkins = sa.Table(
    "checkins",
    metadata,
    row_id(),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("at", Moment, nullable=False),
)
