"""The webhooks: verify and read, hand to the conversation, answer in time."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa
import structlog
from aiohttp import web

from bot.channels.twilio import inbound as twilio_inbound
from bot.channels.wechat import inbound as wechat_inbound
from bot.channels.wecom import inbound as wecom_inbound
from bot.conversation import Runtime, Ticket, TurnOutcome, receive
from bot.errors import Rejected
from bot.outbox import Outbox, keep_receipt
from bot.outbox.fallback import Terms
from bot.platform.log import broke
from bot.staff_chat import inbound as staff_inbound
from bot.store.db.database import Database
from bot.values.message import Answer, Compose, Incoming
from bot.web import metrics
from bot.web.spool import Spool

BIGGEST = 64 * 1024  # bytes of a call
WECHAT_WAITS = 4.5  # seconds of the 5 that WeChat gives
TWILIO_WAITS = 13.0  # of 15
_log = structlog.get_logger()


class WebhookCall(Protocol):
    """A verified call of either channel."""

    @property
    def incoming(self) -> Incoming: ...

    def answer(self, texts: "list[str]") -> Answer: ...


@dataclass
class Webhooks:
    """What the handlers share."""

    house: Runtime
    database: Database
    outbox: Outbox
    spool: Spool
    clock: Callable[[], datetime]
    outgoing: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(4, thread_name_prefix="outgoing"))

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/wechat", self._guarded(self.wechat_verify), allow_head=False),
            web.post("/wechat", self._guarded(self.wechat_message)),
            web.get("/sms", self._guarded(self.sms_message), allow_head=False),
            web.post("/sms", self._guarded(self.sms_message)),
            web.post(twilio_inbound.STATUS_PATH, self._guarded(self.sms_status)),
            web.get("/wecom", self._guarded(self.wecom_verify), allow_head=False),
            web.post("/wecom", self._guarded(self.wecom_message)),
        ]

    async def wechat_verify(self, request: web.Request) -> web.Response:
        settings = self.house.settings.wechat
        _require(settings.on)
        return web.Response(text=wechat_inbound.verify_url(request.query, settings))

    async def wechat_message(self, request: web.Request) -> web.Response:
        settings = self.house.settings.wechat
        _require(settings.on)
        call = wechat_inbound.read(request.query, await _body(request), settings)
        return await self._handle(call.incoming, call.answer, WECHAT_WAITS)

    async def sms_message(self, request: web.Request) -> web.Response:
        settings = self.house.settings
        _require(settings.sms.on)
        call = twilio_inbound.read(await _sms_request(request), settings.sms, settings.public_url)
        return await self._handle(call.incoming, call.answer, TWILIO_WAITS)

    async def sms_status(self, request: web.Request) -> web.Response:
        settings = self.house.settings
        _require(settings.sms.on)
        status = twilio_inbound.read_status(await _sms_request(request), settings.sms, settings.public_url)
        now, cipher, terms = self.clock(), self.house.cipher, Terms.of(settings)
        keep = self.database.submit(lambda connection: keep_receipt(connection, cipher, terms, status, now))
        await asyncio.wrap_future(keep)
        return web.Response(status=204)

    async def wecom_verify(self, request: web.Request) -> web.Response:
        settings = self.house.settings.wecom
        _require(settings.on and settings.hears)
        return web.Response(text=wecom_inbound.verify_url(request.query, settings))

    async def wecom_message(self, request: web.Request) -> web.Response:
        """What staff write. Who gets no answer in time tries again; an order is carried out once all the same."""
        settings = self.house.settings.wecom
        _require(settings.on and settings.hears)
        message = wecom_inbound.read(request.query, await _body(request), settings)
        work = self.database.submit(
            lambda connection: staff_inbound.receive(connection, self.house, message, self.clock())
        )
        outcome = await asyncio.wrap_future(work)
        (metrics.REPEATS.labels("wecom") if outcome.repeat else metrics.INBOUND.labels("wecom", message.kind)).inc()
        if outcome.to_send:
            self.send_soon(outcome.to_send)
        return web.Response()

    async def _handle(self, incoming: Incoming, compose: Compose, waits: float) -> web.Response:
        """Answers in this very call, or says "received" once the message is safe, and answers afterwards."""
        started = time.perf_counter()
        ticket = Ticket(arrived=self.clock())
        work = self._begin(incoming, compose, ticket)
        done = asyncio.wrap_future(work)
        await asyncio.wait((done,), timeout=waits)
        # Not if its answer is just being committed.
        if not done.done() and ticket.claim("late"):
            path = await self._keep_for_later(incoming, ticket.arrived or self.clock())
            work.add_done_callback(lambda future: _unspool(path, future))
            done.add_done_callback(_looked_at)
            return _response(compose([], None))
        try:
            outcome = await done
        except sa.exc.OperationalError as error:
            _log.warning("database_away", **broke(error))
            # What a commit that nobody confirmed may have answered was before this moment, and reached nobody.
            await self._keep_for_later(incoming, self.clock())
            return _response(compose([], None))
        metrics.SECONDS.labels(incoming.channel).observe(time.perf_counter() - started)
        return _response(outcome.answer)

    def _begin(self, incoming: Incoming, compose: Compose, ticket: Ticket) -> Future[TurnOutcome]:
        work = self.database.submit(
            lambda connection: receive(connection, self.house, incoming, compose, ticket, self.clock)
        )
        work.add_done_callback(lambda future: self._after(incoming, future))
        return work

    async def _keep_for_later(self, incoming: Incoming, arrived: datetime) -> Path:
        """The message is on disk then, so that "received" is no lie."""
        metrics.LATE.labels(incoming.channel).inc()
        return await asyncio.to_thread(self.spool.keep, incoming, arrived)

    def _after(self, incoming: Incoming, work: Future[TurnOutcome]) -> None:
        """What a person waits for goes out at once; the outbox's own tick catches what this misses."""
        if work.cancelled() or work.exception():
            return
        outcome = work.result()
        counter = metrics.REPEATS.labels(incoming.channel)
        (counter if outcome.repeat else metrics.INBOUND.labels(incoming.channel, incoming.kind)).inc()
        if outcome.to_send:
            self.send_soon(outcome.to_send)

    def send_soon(self, ids: tuple[int, ...]) -> None:
        try:
            self.outgoing.submit(self._deliver, ids)
        except RuntimeError:
            return  # shutting down: the tick sends it

    def _deliver(self, ids: tuple[int, ...]) -> None:
        try:
            self.outbox.deliver(ids)
        except Exception as error:
            _log.error("deliver_broke", **broke(error))

    def finish_spooled(self) -> int:
        """Handles what was kept on disk; gives how many. A message that is in already is dropped. While the database is
        away all of it waits."""
        count = 0
        for path, incoming, arrived in self.spool.waiting():
            work = self._begin(incoming, _compose_for(self.house, incoming), Ticket(late=True, arrived=arrived))
            try:
                work.result()
            except sa.exc.OperationalError:
                break
            except Exception as error:
                _log.error("spooled_message_broke", **broke(error))
                continue
            path.unlink(missing_ok=True)
            count += 1
        return count

    def close(self) -> None:
        self.outgoing.shutdown(wait=True, cancel_futures=True)

    def _guarded(
        self, handler: Callable[[web.Request], Awaitable[web.Response]]
    ) -> Callable[[web.Request], Awaitable[web.Response]]:
        """The last catch: a refused call gets its 4xx, a broken one a 500 and a line in the log with its place."""

        async def guarded(request: web.Request) -> web.Response:
            try:
                return await handler(request)
            except Rejected as refused:
                metrics.REJECTED.labels(request.path).inc()
                _log.info("rejected", path=request.path, reason=refused.reason, status=refused.status)
                return web.Response(status=refused.status)
            except (web.HTTPException, asyncio.CancelledError):
                raise
            except Exception as error:
                metrics.FAILED.labels(request.path).inc()
                _log.error("webhook_broke", path=request.path, **broke(error))
                return web.Response(status=500)

        return guarded


def _unspool(path: Path, work: Future[TurnOutcome]) -> None:
    if work.exception() is None:
        path.unlink(missing_ok=True)


def _looked_at(future: asyncio.Future[TurnOutcome]) -> None:
    """So that asyncio does not log the text of a failure, which may quote a message: the spool has kept that one."""
    if not future.cancelled():
        future.exception()


def _compose_for(house: Runtime, incoming: Incoming) -> Compose:
    if incoming.channel == "wechat":
        return wechat_inbound.WechatCall(incoming, house.settings.wechat).answer
    return twilio_inbound.TwilioCall(incoming, house.settings.public_url).answer


def _require(on: bool) -> None:
    if not on:
        raise Rejected("this channel has no account", 404)


async def _body(request: web.Request) -> bytes:
    if (request.content_length or 0) > BIGGEST:
        raise Rejected("too big", 413)
    try:
        return await request.read()
    except web.RequestPayloadError:
        raise Rejected("the body is not what its headers say", 400) from None


async def _sms_request(request: web.Request) -> twilio_inbound.Request:
    return twilio_inbound.Request(request.method, request.raw_path, await _body(request), request.headers)


def _response(answer: Answer) -> web.Response:
    return web.Response(body=answer.body, content_type=answer.content_type, charset="utf-8")
