"""What WeChat tells of what we sent and may send: a template's fate, consents to be notified.

To add one: write one function, list it in NEWS under the event's name.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlalchemy.engine import Connection

from bot.channels.twilio.inbound import Status
from bot.outbox import keep_receipt
from bot.outbox.fallback import Terms
from bot.runtime import Runtime
from bot.store import credits
from bot.store.people import Person
from bot.values.message import Incoming

Tell = Callable[[Connection, Runtime, Person, Incoming, datetime], None]
_LONGEST = 64  # characters of a reason that is kept as a code


def _template_done(connection: Connection, house: Runtime, person: Person, incoming: Incoming, now: datetime) -> None:
    said = str(incoming.detail.get("status", ""))
    status = Status(incoming.scene, "delivered") if said == "success" else Status(incoming.scene, "failed", said)
    _keep(connection, house, status, now)


def _subscribed(connection: Connection, house: Runtime, person: Person, incoming: Incoming, now: datetime) -> None:
    """One message of a template each time that they accept it, none from when they refuse it."""
    for template_id, said in incoming.detail.get("templates", {}).items():
        if said == "accept":
            credits.add(connection, person.id, template_id)
        else:
            credits.clear(connection, person.id, template_id)


def _subscription_sent(
    connection: Connection, house: Runtime, person: Person, incoming: Incoming, now: datetime
) -> None:
    for result in incoming.detail.get("results", []):
        code = str(result.get("code", ""))
        if code not in ("", "0"):
            _keep(connection, house, Status(str(result.get("msgid", "")), "failed", code), now)


def _keep(connection: Connection, house: Runtime, status: Status, now: datetime) -> None:
    if status.provider_id:
        short = Status(status.provider_id, status.status, (status.error_code or "")[:_LONGEST] or None)
        keep_receipt(connection, house.cipher, Terms.of(house.settings), short, now)


NEWS: Mapping[str, Tell] = {
    "template_done": _template_done,
    "subscribed": _subscribed,
    "subscription_sent": _subscription_sent,
}
