"""Posts events to the hooks of the company's own systems."""

import time
from datetime import datetime
from functools import partial

from sqlalchemy.engine import Connection

from bot.store import hooks
from bot.store.hooks import Posting
from bot.webhooks_out import delivery
from jobs.context import JobContext

_AT_ONCE = 200  # events in a transaction
_BATCH = 5  # posts of one hook that are taken together
_FOR = 45.0  # seconds after which no batch is begun: the last may be slow, and a job has two minutes


def run(desk: JobContext) -> int:
    """Gives how many posts were tried."""
    until, tried = time.monotonic() + _FOR, 0
    while time.monotonic() < until:
        looked, batch = desk.database.write(partial(_next, desk=desk))
        if not looked and not batch:
            break
        tried += _post(desk, batch)
    return tried


def _next(connection: Connection, desk: JobContext) -> tuple[int, list[Posting]]:
    """How many new events were handed to the hooks, and what is to be posted first."""
    looked = hooks.fan_out(connection, desk.clock(), _AT_ONCE)
    return looked, hooks.take(connection, desk.cipher, desk.clock(), _BATCH)


def _post(desk: JobContext, batch: list[Posting]) -> int:
    """One after the other, each settled at once; gives how many were tried: if nothing gets through, no more are."""
    for count, one in enumerate(batch, 1):
        private = desk.settings.api.private_hooks
        outcome = delivery.post(one.url, one.secret, one.event, private, desk.clock())
        rest = batch[count:]
        desk.database.write(partial(_settle, one=one, rest=rest, outcome=outcome, now=desk.clock()))
        if outcome != delivery.DONE and not delivery.is_refusal(outcome):
            return count
    return len(batch)


def _settle(connection: Connection, one: Posting, rest: list[Posting], outcome: str, now: datetime) -> None:
    if outcome == delivery.DONE:
        hooks.done(connection, one)
    elif delivery.is_refusal(outcome):
        hooks.refused(connection, one, outcome, now)
    else:
        hooks.unreached(connection, one, rest, outcome, now)
