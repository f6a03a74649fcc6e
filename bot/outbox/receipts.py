"""What providers tell afterwards of a message: in any order, repeated, and before the send's own answer."""

from datetime import datetime
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from bot.channels.twilio import inbound as twilio_inbound
from bot.channels.twilio.errors import KNOWN, kind_of
from bot.errors import Misconfigured
from bot.outbox import address_facts, circuit_breaker
from bot.outbox.fallback import Terms, next_road
from bot.store import messages, people
from bot.store.db.cipher import Cipher
from bot.store.db.insert import insert_unless_there
from bot.store.db.prepared import Prepared, word
from bot.store.db.update import new_columns, new_values
from bot.store.tables import outbound, receipts

_BECOMES = {"sent": "sent", "delivered": "delivered", "read": "delivered", "undelivered": "failed", "failed": "failed"}
_OVER = ("delivered", "failed")
_KEPT = Prepared(sa.select(receipts).where(receipts.c.provider_id == sa.bindparam("provider_id")))
_log = structlog.get_logger()


def keep_receipt(
    connection: Connection, cipher: Cipher, terms: Terms, status: twilio_inbound.Status, now: datetime
) -> None:
    """Kept once, and applied to its message if that is known already; what answered in the call itself is known by its
    place in the answer."""
    if status.part:
        part = status.part
        messages.identify_part(connection, cipher, part.to, part.answers, part.place, status.provider_id)
    row = {"provider_id": status.provider_id, "status": status.status, "error_code": status.error_code, "at": now}
    insert_unless_there(connection, receipts, row)
    apply_receipts(connection, cipher, terms, status.provider_id, now)


def apply_receipts(connection: Connection, cipher: Cipher, terms: Terms, provider_id: str, now: datetime) -> None:
    """The highest status counts, in whatever order they came; a final one is never left again. What failed for good
    goes on by the next road, once."""
    if connection.dialect.name == "postgresql":  # of two that are kept at once the second must see the first
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(provider_id, 0))))
    rows = _KEPT.rows(connection, {"provider_id": provider_id})
    known = [row for row in rows if row.status in _BECOMES]
    if not known:
        return
    best = max(known, key=_weight)
    state = _BECOMES[best.status]
    code = next((str(row.error_code) for row in rows if row.error_code), "")
    changed: dict[str, Any] = {"state": state, "error_code": (code or None) if state == "failed" else None}
    if state in _OVER:
        changed["due_at"] = None
    if state == "delivered":
        changed["delivered_at"] = now
    new = new_values(changed)
    row = _moved(tuple(new)).first(connection, {"its": provider_id, **new})
    if row is None or state != "failed":
        return
    if facts := facts_of(code, now):
        people.change(connection, row.address_id, **facts)
    if row.via == "sms" and code in KNOWN and kind_of(code) is Misconfigured:
        _stop(connection, code, now)
    next_road(connection, cipher, terms, row.id, now)


@lru_cache(16)
def _moved(new: tuple[str, ...]) -> Prepared:
    open_ = outbound.c.provider_id == sa.bindparam("its"), outbound.c.state.not_in(map(word, _OVER))
    moved = sa.update(outbound).where(*open_).values(new_columns(outbound, new))
    return Prepared(moved.returning(outbound.c.id, outbound.c.address_id, outbound.c.via))


def facts_of(code: str, now: datetime) -> dict[str, Any]:
    """What a refusal says about an address for as long as nothing comes from there, as columns."""
    if code in address_facts.STOPPED:
        return {"stopped_at": now}
    if code in address_facts.UNFOLLOWED:
        return {"unfollowed_at": now}
    return {"unreachable_at": now, "unreachable_code": code} if code in address_facts.DEAD else {}


def _stop(connection: Connection, code: str, now: datetime) -> None:
    """Twilio takes messages that carriers then refuse for what our account is: no more are burnt."""
    if circuit_breaker.stop(connection, "sms", Misconfigured(code, KNOWN[code][1]), now):
        _log.error("channel_stopped", channel="sms", code=code)


def _weight(row: Any) -> tuple[int, bool]:
    """Of two that contradict each other the better one: a notice that arrived is not said again."""
    return twilio_inbound.RANKS[row.status], _BECOMES[row.status] == "delivered"
