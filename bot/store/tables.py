"""The tables. Columns of type `Sealed` hold personal data and are opened by `bot.store.db.cipher` alone."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(sa.TypeDecorator[datetime]):
    """An aware moment, kept in UTC; a naive one is a bug and refused. On SQLite a text, which Python's own parser reads
    in a fifth of the time that SQLAlchemy's takes: a message reads and writes dozens."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: sa.Dialect) -> datetime | None:
        return value and _in_utc(value)

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> datetime | None:
        return value and _in_utc(value)

    def bind_processor(self, dialect: sa.Dialect) -> Callable[[datetime | None], Any] | None:
        return _as_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: sa.Dialect, coltype: Any) -> Callable[[Any], datetime | None] | None:
        return _from_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    return value.astimezone(UTC)


def _as_text(value: datetime | None) -> str | None:
    """Without the zone, as SQLAlchemy writes it."""
    return None if value is None else _in_utc(value).isoformat(" ", "microseconds").removesuffix("+00:00")


def _from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


Sealed = sa.LargeBinary
Index = sa.LargeBinary
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", Id, primary_key=True, autoincrement=True)


def _partly(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    """An index of only those rows."""
    return sa.Index(name, *columns, unique=unique, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


meta = sa.Table(
    "meta",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.LargeBinary, nullable=False),
)

stores = sa.Table(
    "stores",
    metadata,
    _id(),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("city", sa.Text),
    sa.Column("address", sa.Text),
    sa.Column("lat", sa.Float),
    sa.Column("lng", sa.Float),
    sa.Column("openings", sa.Integer),
    sa.Column("manager", Sealed),
    sa.Column("phone", Sealed),
    sa.Column("opens_on", sa.Date),
    sa.Column("closes_on", sa.Date),
    sa.Column("updated_at", Moment, nullable=False),
)

cohorts = sa.Table(
    "cohorts",
    metadata,
    _id(),
    sa.Column("code", sa.Text, nullable=False, unique=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("starts_at", Moment),
    sa.Column("ends_at", Moment),
    sa.Column("place", sa.Text),
    sa.Column("address", sa.Text),
    sa.Column("lat", sa.Float),
    sa.Column("lng", sa.Float),
    sa.Column("seats", sa.Integer),
    sa.Column("outline", sa.JSON, nullable=False),
    sa.Column("bring", sa.JSON, nullable=False),
    sa.Column("date_state", sa.Text, nullable=False),
    sa.Column("date_by", Moment),
    sa.Column("timezone", sa.Text),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.Column("updated_at", Moment, nullable=False),
)

# `scope`: cities, codes of stores and of cohorts, as HR writes them. `password`: Argon2's own text; empty: cannot sign
# in. `signed_out_at`: sessions begun before it are over. `alerts`: the roads by which they want alerts, the first one
# first.
staff = sa.Table(
    "staff",
    metadata,
    _id(),
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
    _id(),
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
    _id(),
    sa.Column("key", Index, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_sign_in_failures_key_at", "key", "at"),
)

# `released_at`: from when on the rhythm is theirs (empty: HR has not let it begin). `plan_at`: when to plan their
# touches anew, `planned_with`: by which rhythm they were planned last. `risk`: low, medium or high since `risk_at`, of
# `risk_points`; `risk_due_at`: when to reckon it next; `case_due_at`: from when on HR should have a case of it.
candidates = sa.Table(
    "candidates",
    metadata,
    _id(),
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
    _partly("ix_candidates_held", "stage", where="released_at IS NULL"),
    _partly("ix_candidates_risk_due_at", "risk_due_at", where="risk_due_at IS NOT NULL"),
    _partly("ix_candidates_case_due_at", "case_due_at", where="case_due_at IS NOT NULL"),
    _partly("ix_candidates_at_risk", "risk_points", where="risk != 'low'"),
    sa.Index("ix_candidates_owner", "owner"),
)

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
    _id(),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), nullable=False),
    sa.Column("level", sa.Text, nullable=False),
    sa.Column("points", sa.Integer, nullable=False),
    sa.Column("signals", sa.JSON, nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_risk_changes_candidate_id_at", "candidate_id", "at"),
)

# A person of HR spoke with the candidate. `how`: call, visit, chat; `outcome`: reached, no_answer.
contacts = sa.Table(
    "contacts",
    metadata,
    _id(),
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
    _id(),
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
    _partly("ix_addresses_staff", "staff", where="staff IS NOT NULL"),
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
    _id(),
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
    _id(),
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
    _id(),
    sa.Column("address_id", sa.ForeignKey("addresses.id", ondelete="CASCADE"), nullable=False),
    sa.Column("at", Moment, nullable=False),
    sa.Index("ix_wrong_codes_address_id_at", "address_id", "at"),
)

# `key` is the blind index of the provider's message id (an event's id has the openid in it); `answer` holds the bytes
# of the HTTP answer: a repeated delivery gets them again.
inbound = sa.Table(
    "inbound",
    metadata,
    _id(),
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
    _id(),
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
    _partly("ix_outbound_to_send", "via", "rank", "due_at", where="state = 'queued'"),
    _partly("ix_outbound_expiring", "expires_at", where="state = 'queued' AND expires_at IS NOT NULL"),
    _partly(
        "ix_outbound_to_ask",
        "due_at",
        where="via IN ('sms', 'template') AND state IN ('unknown', 'sent') AND due_at IS NOT NULL",
    ),
    _partly("ix_outbound_stuck", "state", "created_at", "via", where="state IN ('unknown', 'failed')"),
    _partly("uq_outbound_after_id", "after_id", where="after_id IS NOT NULL", unique=True),
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

# "I tell you as soon as …": kept by the clock when the record has it. `look_at`: when to look next; `due_at`: by when
# the record should have it. `state`: open, kept, dropped.
promises = sa.Table(
    "promises",
    metadata,
    _id(),
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
    _id(),
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
    _partly("ix_touches_planned", "due_at", where="state = 'planned'"),
    _partly("ix_touches_most_urgent", "priority", "due_at", "id", where="state = 'planned'"),
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
    _id(),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("score", sa.Integer, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

# The short links in messages: `/c/` and a number with its signature. `seen_at`: when the person first did something
# there.
links = sa.Table(
    "links",
    metadata,
    _id(),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("touch_id", sa.ForeignKey("touches.id", ondelete="SET NULL"), index=True),
    sa.Column("page_version", sa.Integer, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("seen_at", Moment),
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

# What HR works on; one open case a person. `state`: new, claimed, waiting (for the candidate), snoozed, resolved.
# `urgency`: 0 danger, 1 at once, 2 today, 3 this week. `assigned`: whose it is to take, `claimed_by`: who has taken it
# (codes of staff). `unanswered_since`: since when the candidate waits for a word of a person. The clock: at `next_at`
# the `clock` strikes (assign, work: find which one runs; claim, first, next, resolve, wake, hand_back, rest: no one's
# duty); `warned_at`: it has warned already; `rung`: how far up it has climbed, 0 at who it is assigned to.
# `reopened_at`: since when it is free again. `version` grows with each change: pages see it.
cases = sa.Table(
    "cases",
    metadata,
    _id(),
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
    _partly("ix_cases_next_at", "next_at", where="next_at IS NOT NULL"),
    _partly("ix_cases_open", "urgency", "opened_at", where="state != 'resolved'"),
)

# Every signal that joined a case, in order.
case_reasons = sa.Table(
    "case_reasons",
    metadata,
    _id(),
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
    _id(),
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
    _id(),
    sa.Column("case_id", sa.ForeignKey("cases.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("inbound_id", sa.ForeignKey("inbound.id", ondelete="SET NULL")),
    sa.Column("address_id", sa.ForeignKey("addresses.id", ondelete="CASCADE"), nullable=False),
    sa.Column("text", Sealed, nullable=False),
    sa.Column("said", sa.Text),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("look_at", Moment),
    sa.Column("created_at", Moment, nullable=False),
    _partly("ix_suggestions_look_at", "look_at", where="state = 'open' AND look_at IS NOT NULL"),
)

# That somebody of HR has to hear of something. `why`: new, reopened, wrote, woken, handed_over, handed_back,
# warned_<clock>, missed_<clock>, not_reached, stopped, digest. `state`: due (to be said at `due_at`), out (its message
# `outbound_id` is on its way; looked at again at `due_at`), told, given_up. `tried`: the roads that did not carry it.
# `occasion`: of what must be said once: a day, an alert that reached nobody, a channel that stopped. `unreached_at`:
# since when nobody at all can be reached with it.
alerts = sa.Table(
    "alerts",
    metadata,
    _id(),
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
    _partly("ix_alerts_due", "due_at", where="state = 'due'"),
    _partly("ix_alerts_out", "outbound_id", where="state = 'out'"),
    _partly("uq_alerts_occasion", "staff", "why", "occasion", where="occasion IS NOT NULL", unique=True),
)

# A training notice to so many that a second person has to agree. `version`: of the cohort as the first one saw it.
# `state`: asked, done, dropped.
publications = sa.Table(
    "publications",
    metadata,
    _id(),
    sa.Column("cohort_id", sa.ForeignKey("cohorts.id", ondelete="CASCADE"), nullable=False, index=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("people", sa.Integer, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    sa.Column("asked_at", Moment, nullable=False),
    sa.Column("ended_by", sa.Text),
    sa.Column("ended_at", Moment),
)

# A spreadsheet that somebody of HR brought, for a day. `map`: their headers by ours, as YAML. `state`: checking,
# checked, importing, imported, refused. `report`: counts and what is wrong; `errors`: the bad rows.
uploads = sa.Table(
    "uploads",
    metadata,
    _id(),
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
    _id(),
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
    _id(),
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
    _id(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("candidate_id", sa.ForeignKey("candidates.id", ondelete="CASCADE"), index=True),
    sa.Column("body", sa.JSON, nullable=False),
    sa.Column("at", Moment, nullable=False),
)

# Where events are posted to. `told`: the last event that was handed to it.
hooks = sa.Table(
    "hooks",
    metadata,
    _id(),
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
    _id(),
    sa.Column("hook_id", sa.ForeignKey("hooks.id", ondelete="CASCADE"), nullable=False),
    sa.Column("event_id", sa.ForeignKey("events.id", ondelete="CASCADE"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("due_at", Moment, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    sa.Column("status", sa.Text),
    sa.UniqueConstraint("hook_id", "event_id"),
    _partly("ix_hook_calls_due", "due_at", where="state = 'due'"),
)

# Append-only by trigger; codes and counts, never personal data.
audit = sa.Table(
    "audit",
    metadata,
    _id(),
    sa.Column("at", Moment, nullable=False, index=True),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("target", sa.Text),
    sa.Column("detail", sa.JSON),
)
