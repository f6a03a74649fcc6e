"""Sends batches: many people at once, each one's messages one after the other, no faster than providers allow."""

import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import redis
import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from bot.channels import lease
from bot.channels.registry import Sender, senders
from bot.errors import DeliveryError, TryLater, Unknown, Unreachable
from bot.outbox import expiry
from bot.outbox import reconcile as outbox_reconcile
from bot.outbox.attempt import Attempt
from bot.outbox.claim import LEASE, Left, put_off, release, take
from bot.outbox.fallback import Terms
from bot.outbox.precheck import begin, is_sending
from bot.outbox.rate_limits import Rates, Token, rates
from bot.outbox.reconcile import Asks, Doubt
from bot.outbox.results import Books, SendOutcome
from bot.platform.log import broke
from bot.settings import Settings
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.values.message import SendResult

AT_ONCE = 24  # messages on their way from one process
_PATIENCE = 0.2  # seconds that a message waits for its token in a thread, rather than in its row
_PATIENCE_OF_THE_AWAITED = 2.0  # where somebody waits for the message
_WHILE_AWAY = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # seconds between tries to write down what became of a message
_UPTIME = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
_SOON = 1.0  # seconds; until then nobody looks again
_LONGEST_HOLD = LEASE.total_seconds() / 2  # the rest is for clocks that differ
_log = structlog.get_logger()


class Outbox:
    """Takes batches and sends them; safe in any number of threads and processes."""

    def __init__(
        self,
        database: Database,
        cipher: Cipher,
        senders: Mapping[str, Sender],
        clock: Callable[[], datetime],
        terms: Terms | None = None,
        rates: Rates | None = None,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._database, self._senders, self._clock = database, senders, clock
        self._books = Books(cipher, terms or Terms(), jitter)
        self._rates, self._jitter, self._sleep = rates or Rates(None, {}), jitter, sleep
        self._dry: dict[str, datetime] = {}
        self._threads: ThreadPoolExecutor | None = None
        self._starting = threading.Lock()

    def deliver(self, ids: Sequence[int] | None = None) -> int:
        """Sends what is due now (or of it only `ids`, which somebody waits for); gives how many were taken."""
        parcels = self._database.write(partial(self._reserve, ids=ids))
        left = self._go_together(_lanes(parcels))
        if left:
            self._database.write(partial(release, left=left))
        return len(parcels)

    def settle(self) -> None:
        """What nobody finished is unknown, and what came too late is expired."""
        self._database.write(lambda connection: expiry.settle(connection, self._books, self._clock()))

    def reconcile(self) -> int:
        """Asks for what may have gone out; gives how many messages were looked at."""
        now = self._clock()
        count, doubts = self._database.write(lambda connection: outbox_reconcile.take(connection, self._books, now))
        for each in doubts:
            self._ask(each)
        return count

    def dry_for(self) -> float | None:
        """Seconds until a channel that has no token now has one; None where none is waited for."""
        now = self._clock()
        return min(((until - now).total_seconds() for until in self._dry.values() if until > now), default=None)

    def _reserve(self, connection: Connection, ids: Sequence[int] | None = None) -> list[Attempt]:
        now = self._clock()
        dry = [channel for channel, until in list(self._dry.items()) if until > now and ids is None]
        return take(connection, self._books.cipher, now, self._rates.batch, dry, ids)

    def _go_together(self, lanes: Sequence[Sequence[Attempt]]) -> list[Left]:
        """What was not begun."""
        if len(lanes) == 1:
            return self._go(lanes[0])
        with self._starting:
            self._threads = self._threads or ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sending")
        going = [self._threads.submit(self._go, lane) for lane in lanes]
        wait(going)
        return [left for each in going for left in each.result()]

    def _go(self, lane: Sequence[Attempt]) -> list[Left]:
        """One person's messages in their order; what cannot go now holds up those behind it, and nobody else's."""
        for place, parcel in enumerate(lane):
            token = self._token(parcel)
            if not token.taken:
                return self._left(lane[place:], token)
            begun = self._database.write(partial(self._begin, parcel=parcel, since=_uptime()))
            outcome = begun if isinstance(begun, SendOutcome) else self._send(begun)
            if outcome.state == "held":
                return [Left(each) for each in lane[place:]]
            if outcome.until is not None:
                return [Left(each, outcome.until) for each in lane[place + 1 :]]
        return []

    def _token(self, parcel: Attempt) -> Token:
        """Waits for one, if it comes soon. Who finds a closed window needs none."""
        if parcel.shut:
            return Token(True)
        dry_for = (self._dry.get(parcel.channel, self._clock()) - self._clock()).total_seconds()
        if dry_for > 0 and parcel.rank > 0:
            return Token(False, dry_for, "account")
        patience = _PATIENCE_OF_THE_AWAITED if parcel.rank == 0 else _PATIENCE
        token = self._rates.take(parcel.channel, parcel.address_id, patience)
        if token.taken and token.wait:
            self._sleep(token.wait)
        return token

    def _left(self, parcels: Sequence[Attempt], token: Token) -> list[Left]:
        """The account's limit leaves all in its place; a person's own puts off all that waits for that person."""
        first, now = parcels[0], self._clock()
        if token.of == "account":
            self._dry[first.channel] = now + timedelta(seconds=token.wait)
            return [Left(each) for each in parcels]
        until = now + timedelta(seconds=token.wait * (1 + self._jitter() / 10))
        self._database.write(lambda connection: put_off(connection, first.address_id, until))
        return [Left(each, until) for each in parcels]

    def _begin(self, connection: Connection, parcel: Attempt, since: float | None = None) -> Attempt | SendOutcome:
        """`since`: by the machine's uptime, from when on the message is held."""
        held = replace(parcel, since=_uptime() if since is None else since)
        return begin(connection, self._books, held, self._clock())

    def _send(self, parcel: Attempt) -> SendOutcome:
        try:
            posted = self._hand_over(parcel)
        except DeliveryError as error:
            _log.warning("not_sent", outbound=parcel.id, via=parcel.via, kind=type(error).__name__, code=error.code)
            outcome = self._write_down(parcel, partial(self._failed, parcel=parcel, error=error))
            if outcome.stopped:
                _log.error("channel_stopped", channel=parcel.channel, code=error.code)
        else:
            sent = partial(self._books.sent, parcel=parcel, posted=posted, now=self._clock())
            outcome = self._write_down(parcel, sent)
            if outcome.resumed:
                _log.info("channel_resumes", channel=parcel.channel)
        return outcome

    def _hand_over(self, parcel: Attempt) -> SendResult:
        """Whatever else a sender breaks on, the message may have gone, and no other waits for it."""
        sender = self._senders.get(parcel.channel)
        if sender is None:
            raise Unreachable("off", f"the channel {parcel.channel} has no account")
        try:
            with lease.held(partial(self._require_ours, parcel)):
                return sender.send(parcel.letter)
        except DeliveryError:
            raise
        except Exception as error:
            _log.error("sender_broke", outbound=parcel.id, via=parcel.via, **broke(error))
            raise Unknown("broke", type(error).__name__) from None

    def _require_ours(self, parcel: Attempt) -> None:
        """Raises TryLater for a message that others may have settled by now: by the clock, by how long this machine
        has run since, whatever the clock says, and by the row, which whoever has taken it over has changed."""
        passed = _uptime() - parcel.since
        late = passed > _LONGEST_HOLD or (parcel.lease is not None and parcel.lease <= self._clock())
        if late or (passed > _SOON and not self._database.read(partial(is_sending, parcel=parcel))):
            raise TryLater("lease_over", "too late: it may be another's by now")

    def _write_down(self, parcel: Attempt, work: Callable[[Connection], SendOutcome]) -> SendOutcome:
        """What cannot be written, as an id that another message has, leaves this one in doubt."""
        try:
            return self._persist(work)
        except sa.exc.OperationalError:
            raise
        except Exception as error:
            _log.error("not_written", outbound=parcel.id, via=parcel.via, **broke(error))
            doubtful = Unknown("unwritable", type(error).__name__)
            return self._persist(lambda c: self._books.left_in_doubt(c, parcel, doubtful, self._clock()))

    def _persist(self, work: Callable[[Connection], SendOutcome]) -> SendOutcome:
        """Nobody else knows what became of it: a database that is away is waited for, within the lease. Safe to do
        twice: only what is not finished yet changes."""
        for pause in _WHILE_AWAY:
            try:
                return self._database.write(work)
            except sa.exc.OperationalError as error:
                _log.warning("database_away", **broke(error))
                self._sleep(pause)
        return self._database.write(work)

    def _failed(self, connection: Connection, parcel: Attempt, error: DeliveryError) -> SendOutcome:
        return self._books.failed(connection, parcel, error, self._clock())

    def _ask(self, one: Doubt) -> None:
        sender: object = self._senders.get(one.parcel.channel)
        if not isinstance(sender, Asks):
            return
        try:
            posted = sender.find(one.parcel.letter, one.since, one.known)
        except DeliveryError as error:
            _log.warning("not_asked", outbound=one.parcel.id, kind=type(error).__name__, code=error.code)
            return
        except Exception as error:
            _log.error("sender_broke", outbound=one.parcel.id, via=one.parcel.via, **broke(error))
            return
        now = self._clock()
        if posted is None:
            self._database.write(lambda connection: outbox_reconcile.not_found(connection, self._books, one, now))
        else:
            self._database.write(lambda connection: outbox_reconcile.found(connection, self._books, one, posted, now))


def open_outbox(
    settings: Settings,
    database: Database,
    cipher: Cipher,
    connection: "redis.Redis | None",
    clock: Callable[[], datetime],
) -> Outbox:
    """With the channels, prices and rates of this deployment."""
    terms = Terms.of(settings)
    return Outbox(database, cipher, senders(settings, connection), clock, terms, rates(settings, connection))


def _uptime() -> float:
    """Seconds that the machine has run, its sleep included; nobody sets this clock."""
    return time.clock_gettime(_UPTIME)


def _lanes(parcels: Sequence[Attempt]) -> list[list[Attempt]]:
    """By person, in the order of each one's first."""
    lanes: dict[int, list[Attempt]] = {}
    for parcel in parcels:
        lanes.setdefault(parcel.address_id, []).append(parcel)
    return list(lanes.values())
