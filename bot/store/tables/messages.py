"""What came in, what we say, and what providers reported of it."""

import sqlalchemy as sa

from bot.store.tables.columns import Id, Index, Moment, Sealed, metadata, partial_index, row_id

# `key` is the blind index of the provider's message id (an event's id has the openid in it); `answer` holds the bytes
# of the HTTP answer: a repeated delivery gets them again.
inbound = sa.Table(
    "inbound",
    metadata,
    row_id(),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("key", Index, nullable=False),
    sa.Column("address_id", sa.ForeignKey("addresses.id", ondelete="CASCADE"), nullable=False),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE")),
    sa.Column("turn", sa.Integer, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("text", Sealed),
    sa.Column("detail", Sealed),
    sa.Column("intent", sa.Text),
    sa.Column("p", sa.Float),
    sa.Column("why", Sealed),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("answer", Sealed),
    sa.Column("answer_type", sa.Text),
    sa.UniqueConstraint("channel", "key"),
    sa.Index("ix_inbound_address_id_turn", "address_id", "turn"),
    sa.Index("ix_inbound_candidate_id_received_at", "candidate_id", "received_at"),
)

# What we say; a row is one try by one road. `road`: reply (in the webhook's own answer) or push. `via`: by what it
# goes: service, template, subscription, sms, email, or to HR bot.values.message.STAFF_ROADS. `touch_id`: the touch that
# it says (no reference: touches refer here). `state`: see bot.outbox. `rank`: 0 somebody waits for it, 1 notice,
# 2 story. `others`: how the same is said by other roads, sealed JSON. `after_id`: the row whose road did not carry it.
# `cost`: in millionths of the company's currency. `tried_at`: since when it may be at the provider. `due_at`: when to
# look at it next: while it is queued to send it, later to ask the provider what became of it.
outbound = sa.Table(
    "outbound",
    metadata,
    row_id(),
    sa.Column("address_id", sa.ForeignKey("addresses.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), index=True),
    sa.Column("inbound_id", sa.ForeignKey("inbound.id", ondelete="SET NULL"), index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("said", sa.Text),
    sa.Column("text", Sealed, nullable=False),
    sa.Column("road", sa.Text, nullable=False),
    sa.Column("via", sa.Text),
    sa.Column("others", Sealed),
    sa.Column("touch_id", Id, index=True),
    sa.Column("after_id", Id),
    sa.Column("rank", sa.Integer, nullable=False, server_default="0"),
    sa.Column("parts", sa.Integer),
    sa.Column("cost", sa.BigInteger),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("due_at", Moment),
    sa.Column("expires_at", Moment),
    sa.Column("lease_until", Moment),
    sa.Column("tried_at", Moment),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("provider_id", sa.Text, unique=True),
    sa.Column("error_code", sa.Text),
    sa.Column("reason", sa.Text),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("sent_at", Moment),
    sa.Column("delivered_at", Moment),
    sa.Index("ix_outbound_waiting", "state", "due_at", sqlite_where=sa.text("state IN ('queued', 'sending')")),
    partial_index("ix_outbound_to_send", "via", "rank", "due_at", where="state = 'queued'"),
    partial_index("ix_outbound_expiring", "expires_at", where="state = 'queued' AND expires_at IS NOT NULL"),
    partial_index(
        "ix_outbound_to_ask",
        "due_at",
        where="via IN ('sms', 'template') AND state IN ('unknown', 'sent') AND due_at IS NOT NULL",
    ),
    partial_index("ix_outbound_stuck", "state", "created_at", "via", where="state IN ('unknown', 'failed')"),
    partial_index("uq_outbound_after_id", "after_id", where="after_id IS NOT NULL", unique=True),
)

# Status callbacks, one row a (message, status): they come in any order, repeated, and before the send's own answer.
receipts = sa.Table(
    "receipts",
    metadata,
    sa.Column("provider_id", sa.Text, primary_key=True),
    sa.Column("status", sa.Text, primary_key=True),
    sa.Column("error_code", sa.Text),
    sa.Column("at", Moment, nullable=False),
)

# A channel that is stopped because our account there is wrong. `look_at`: when one message may try again.
stopped_channels = sa.Table(
    "stopped_channels",
    metadata,
    sa.Column("channel", sa.Text, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("since", Moment, nullable=False),
    sa.Column("look_at", Moment, nullable=False),
)
