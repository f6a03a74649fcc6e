"""Writes down what became of a message, and what follows from it: credits given back, facts about the person, the next
road, a channel that stops or goes again."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.channels.twilio import inbound as twilio_inbound
from bot.channels.wechat import errors as wechat_errors
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.outbox import address_facts, circuit_breaker
from bot.outbox.attempt import Attempt
from bot.outbox.fallback import Terms, next_road
from bot.outbox.receipts import apply_receipts, facts_of, keep_receipt
from bot.store import credits, people
from bot.store.db.cipher import Cipher
from bot.store.db.prepared import Prepared, word
from bot.store.db.update import new_columns, new_values
from bot.store.tables import addresses, outbound
from bot.values import windows
from bot.values.message import SendResult
from bot.values.windows import Spent, Window

MOST_ATTEMPTS = 12
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)
_WINDOW_PAUSE = timedelta(hours=1)  # between looks of a story whether its window is open
_PROBE_PAUSE = timedelta(minutes=1)  # so that another message tries a stopped channel next
_ASK_AFTER = {"sms": timedelta(minutes=2), "template": timedelta(seconds=30)}  # what is in doubt
_STATUS_AFTER = timedelta(hours=1)
_MILLION = Decimal(1_000_000)
_UNFINISHED = outbound.c.state.in_(word(state) for state in ("sending", "unknown", "queued"))
_SENT = Prepared(
    sa.update(outbound)
    .where(outbound.c.id == sa.bindparam("this"), outbound.c.attempts == sa.bindparam("tries"), _UNFINISHED)
    .values(
        state=word("sent"),
        sent_at=sa.bindparam("now"),
        provider_id=sa.bindparam("new_provider_id"),
        parts=sa.bindparam("new_parts"),
        cost=sa.bindparam("new_cost"),
        error_code=sa.null(),
        reason=sa.null(),
        lease_until=sa.null(),
        due_at=sa.bindparam("new_due_at"),
    )
    .returning(outbound.c.id)
)


@dataclass(frozen=True, slots=True)
class SendOutcome:
    """What became of a message: its state, or `held` (not ours to send just now). `until`: when it is due again.
    `stopped`, `resumed`: its channel, by this message."""

    state: str
    until: datetime | None = None
    stopped: bool = False
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Books:
    """What every entry needs. `jitter`: from 0 to 1, so that those who were refused together do not come together."""

    cipher: Cipher
    terms: Terms
    jitter: Callable[[], float] = random.random

    def sent(self, connection: Connection, parcel: Attempt, posted: SendResult, now: datetime) -> SendOutcome:
        row = {
            "this": parcel.id,
            "tries": parcel.attempts,
            "now": now,
            "new_provider_id": posted.provider_id,
            "new_parts": posted.parts,
            "new_cost": _cost(self.terms, parcel, posted.parts),
            "new_due_at": now + _STATUS_AFTER if parcel.via == "sms" else None,
        }
        if _SENT.first(connection, row) is None:
            return SendOutcome("held")
        if posted.provider_id and posted.status:
            keep_receipt(
                connection, self.cipher, self.terms, twilio_inbound.Status(posted.provider_id, posted.status), now
            )
        elif posted.provider_id:
            apply_receipts(connection, self.cipher, self.terms, posted.provider_id, now)
        return SendOutcome("sent", resumed=parcel.probing and circuit_breaker.resume(connection, parcel.channel))

    def failed(
        self, connection: Connection, parcel: Attempt, error: DeliveryError, now: datetime, tried: bool = True
    ) -> SendOutcome:
        """`tried`: the provider was asked, so it counts as an attempt."""
        if isinstance(error, Unknown):
            return self.left_in_doubt(connection, parcel, error, now)
        if isinstance(error, Misconfigured) and parcel.suspect:
            error = Unreachable(error.code, error.reason)
        outcome, row = self._refused(parcel, error, now)
        blameless = isinstance(error, Misconfigured) and not parcel.probing
        attempts = parcel.attempts if tried and not blameless else parcel.attempts - 1
        row |= {"state": outcome.state, "error_code": error.code, "reason": circuit_breaker.written(error)}
        if not _write(connection, parcel, row | {"attempts": attempts, "lease_until": None}):
            return SendOutcome("held")
        self._give_back(connection, parcel, error, now)
        if facts := facts_of(error.code, now):
            people.change(connection, parcel.address_id, **facts)
        if outcome.state == "failed":
            next_road(connection, self.cipher, self.terms, parcel.id, now)
        stopped = isinstance(error, Misconfigured) and circuit_breaker.stop(connection, parcel.channel, error, now)
        return SendOutcome(outcome.state, outcome.until, stopped)

    def left_in_doubt(
        self, connection: Connection, parcel: Attempt, error: Unknown | None = None, now: datetime | None = None
    ) -> SendOutcome:
        """It may have gone out. `now`: for the moment when the provider can be asked; without it nobody asks."""
        after = _ASK_AFTER.get(parcel.via)
        row = {
            "state": "unknown",
            "error_code": error.code if error else "in_doubt",
            "reason": circuit_breaker.written(error) if error else None,
            "lease_until": None,
            "due_at": now + after if now and after else None,
        }
        return SendOutcome("unknown" if _write(connection, parcel, row) else "held")

    def cancelled(self, connection: Connection, parcel: Attempt, reason: str) -> SendOutcome:
        row = {"state": "cancelled", "reason": reason, "lease_until": None, "tried_at": parcel.tried_at}
        return SendOutcome("cancelled" if _write(connection, parcel, row) else "held")

    def readdressed(self, connection: Connection, parcel: Attempt, address_id: int, now: datetime) -> SendOutcome:
        """Nobody was asked to carry it yet: it waits for its turn at another address of the same person."""
        row = {
            "state": "queued",
            "address_id": address_id,
            "attempts": parcel.attempts - 1,
            "tried_at": parcel.tried_at,
        }
        return SendOutcome(
            "queued" if _write(connection, parcel, row | {"lease_until": None, "due_at": now}) else "held"
        )

    def subscription(self, parcel: Attempt) -> str | None:
        """The id of the template whose credit this message costs."""
        return self.terms.subscriptions.get(str(parcel.form.get("name", "")))

    def _refused(self, parcel: Attempt, error: DeliveryError, now: datetime) -> tuple[SendOutcome, dict[str, Any]]:
        """Nothing was sent this time: again later, or never by this road."""
        row: dict[str, Any] = {"tried_at": parcel.tried_at}
        until: datetime | None = None
        if isinstance(error, Misconfigured) and not parcel.probing:
            return SendOutcome("queued"), row
        if isinstance(error, Misconfigured | TryLater) and parcel.attempts < MOST_ATTEMPTS:
            least = timedelta(seconds=error.pause) if isinstance(error, TryLater) else _PROBE_PAUSE
            until = now + max(self._pause(parcel.attempts), least)
        elif parcel.kind == "story" and error.code in address_facts.NO_WINDOW and parcel.expires_at:
            until = now + _WINDOW_PAUSE
        if until is not None:
            return SendOutcome("queued", until), row | {"due_at": until}
        in_doubt = parcel.tried_at is not None  # an earlier try may have arrived: then no other road
        return SendOutcome("unknown" if in_doubt else "failed"), row | {"due_at": None}

    def _pause(self, attempts: int) -> timedelta:
        """Doubling, so that a long outage is not hammered, and spread over the upper half."""
        pause: timedelta = min(_FIRST_PAUSE * 2 ** min(attempts - 1, 10), _LONGEST_PAUSE)
        return pause / 2 + pause / 2 * self.jitter()

    def _give_back(self, connection: Connection, parcel: Attempt, error: DeliveryError, now: datetime) -> None:
        """What was not sent costs nothing, unless there was no credit in truth."""
        if parcel.spent is not None:
            window = _settled(_window(connection, parcel.address_id), parcel.spent, error.code, now)
            people.change(connection, parcel.address_id, **people.window_columns(window))
        template_id = self.subscription(parcel) if parcel.via == "subscription" else None
        if template_id and error.code in address_facts.NO_CREDIT:
            credits.clear(connection, parcel.address_id, template_id)
        elif template_id:
            credits.add(connection, parcel.address_id, template_id)


def _write(connection: Connection, parcel: Attempt, row: dict[str, Any]) -> bool:
    """Whether it is still this try's to write: the row of a process that comes back late may be further by now."""
    new = new_values(row)
    return _ours(tuple(new)).changed(connection, {"this": parcel.id, "tries": parcel.attempts, **new}) == 1


@lru_cache(32)
def _ours(new: tuple[str, ...]) -> Prepared:
    this = outbound.c.id == sa.bindparam("this"), outbound.c.attempts == sa.bindparam("tries"), _UNFINISHED
    return Prepared(sa.update(outbound).where(*this).values(new_columns(outbound, new)))


def _window(connection: Connection, address_id: int) -> Window:
    held = sa.select(addresses).where(addresses.c.id == address_id).with_for_update(key_share=True)
    return people.window_of(connection.execute(held).one())


def _settled(window: Window, spent: Spent, code: str, now: datetime) -> Window:
    if code in wechat_errors.WINDOW_CLOSED:
        return windows.found_closed(window, spent, now)
    if code in wechat_errors.QUOTA_USED:
        return windows.found_empty(window, spent, now)
    return windows.give_back(window, spent)


def _cost(terms: Terms, parcel: Attempt, parts: int) -> int | None:
    """Millionths; None where the price of this number is not known."""
    if parcel.via != "sms":
        return 0
    known = [prefix for prefix in terms.prices if parcel.address.startswith(prefix)]
    return int(terms.prices[max(known, key=len)] * parts * _MILLION) if known else None
