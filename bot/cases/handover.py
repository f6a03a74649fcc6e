"""While a person of HR has the candidate: what the candidate writes is theirs to answer. The bot suggests; and what the
record knows it says itself where nobody says anything for a while, so that nobody meets silence at night."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.cases import actions
from bot.risk.monitor import Deployment
from bot.store import cases
from bot.store.cases import Case
from bot.store.db.cipher import Cipher
from bot.store.db.prepared import Prepared, word
from bot.store.messages import Draft, enqueue
from bot.store.tables import alerts, suggestions

_AT_ONCE = 20
_DUE = Prepared(
    sa.select(suggestions)
    .where(suggestions.c.state == word("open"), suggestions.c.look_at <= sa.bindparam("now"))
    .order_by(suggestions.c.look_at)
    .limit(sa.bindparam("limit", type_=sa.Integer))
    .with_for_update(skip_locked=True)
)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the bot would have said, and under which keys. `facts`: it is what the record knows."""

    text: str
    said: str
    facts: bool


def on_candidate_message(
    connection: Connection,
    house: Deployment,
    case_id: int,
    address_id: int,
    inbound_id: int,
    suggestion: Suggestion | None,
    now: datetime,
) -> None:
    """The candidate wrote to who has the case: they hear of it, and see what the bot would have said."""
    case = cases.load(connection, case_id, hold=True)
    if case is None or case.claimed_by is None:
        return
    since = {"unanswered_since": case.unanswered_since or now, "state": "claimed"}
    cases.change(connection, case_id, now, **since, clock=actions.CLOCK, next_at=now)
    if not _has_heard(connection, case):
        actions.alert(connection, case_id, case.claimed_by, "wrote", now, case.urgency)
    if suggestion:
        look_at = now + house.settings.hr.facts_after if suggestion.facts else None
        row = {"case_id": case_id, "inbound_id": inbound_id, "address_id": address_id, "said": suggestion.said}
        sealed = house.cipher.seal(suggestion.text, "suggestions.text")
        new = {"text": sealed, "state": "open", "look_at": look_at, "created_at": now}
        connection.execute(sa.insert(suggestions).values(row | new))


def _has_heard(connection: Connection, case: Case) -> bool:
    """Whether whoever has the case was told already that the candidate wrote, since they wrote themselves."""
    since = max(filter(None, (case.staff_wrote_at, case.claimed_at, case.opened_at)))
    told = alerts.c.case_id == case.id, alerts.c.why == "wrote", alerts.c.created_at >= since
    return connection.execute(sa.select(alerts.c.id).where(*told)).first() is not None


def unsnooze(connection: Connection, case_id: int, now: datetime) -> None:
    """The candidate wrote while the case was put off."""
    case = cases.load(connection, case_id, hold=True)
    if case is None or case.state != "snoozed":
        return
    cases.change(connection, case_id, now, state="claimed", claimed_at=now, clock=actions.CLOCK, next_at=now)
    cases.log_event(connection, case_id, "candidate", "woken", now)
    if case.claimed_by:
        actions.alert(connection, case_id, case.claimed_by, "wrote", now, case.urgency)


def answer_from_record(connection: Connection, house: Deployment, now: datetime) -> tuple[int, list[int]]:
    """What HR has left unanswered and the record knows; gives how many, and the rows that the outbox should send."""
    due = _DUE.rows(connection, {"now": now, "limit": _AT_ONCE})
    to_send: list[int] = []
    for row in due:
        to_send += _say(connection, house.cipher, row, now)
    return len(due), to_send


def _say(connection: Connection, cipher: Cipher, row: "sa.Row[tuple[object, ...]]", now: datetime) -> Sequence[int]:
    case = cases.load(connection, row.case_id)
    this = sa.update(suggestions).where(suggestions.c.id == row.id)
    connection.execute(this.values(state="said", look_at=None))
    spoken = Draft(cipher.open(row.text, "suggestions.text"), row.said or "", pushed=True)
    candidate_id = case.candidate_id if case else None
    cases.log_event(connection, row.case_id, "bot", "said", now)
    return enqueue(connection, cipher, row.address_id, candidate_id, row.inbound_id, [spoken], now)
