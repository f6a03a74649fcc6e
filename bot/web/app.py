"""Puts the door together and serves until told to stop."""

import asyncio

import structlog
from aiohttp import web

from bot.conversation import Runtime
from bot.outbox import open_outbox
from bot.platform import clock, embedded_redis
from bot.platform.log import broke
from bot.store.db.database import Database
from bot.web import metrics, simulator_proxy
from bot.web.api import Dispatch
from bot.web.candidate_page import CandidatePage
from bot.web.explanations import Whys
from bot.web.health import Health
from bot.web.hr.request import Backend
from bot.web.hr.routes import Inbox
from bot.web.roll_page import RollPage
from bot.web.spool import Spool
from bot.web.webhooks import BIGGEST, Webhooks

_SAFE = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
    "form-action 'self'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_SPOOL_EVERY = 5  # seconds between looks at what waits on disk
_log = structlog.get_logger()


def build(house: Runtime, database: Database) -> web.Application:
    """The whole application; its parts close with it."""
    connection = embedded_redis.connect(house.settings.redis_url, house.settings.var)
    outbox = open_outbox(house.settings, database, house.cipher, connection, clock.now)
    spool = Spool(house.settings.var / "spool", house.cipher)
    metrics.SPOOLED.set_function(spool.count)
    webhooks = Webhooks(house, database, outbox, spool, clock.now)
    inbox = Inbox(Backend(house, database, webhooks.send_soon))
    app = web.Application(client_max_size=BIGGEST)
    app.on_response_prepare.append(_keep_safe)
    app.add_routes(
        [
            *webhooks.routes(),
            *Health(database, house.settings.stages).routes(),
            *CandidatePage(house, database).routes(),
            *RollPage(house, database).routes(),
            *Whys(house, database).routes(),
            *Dispatch(house, database, connection).routes(),
            *inbox.routes(),
            *simulator_proxy.routes(),
        ]
    )

    async def spooled(_app: web.Application) -> "asyncio.AsyncIterator[None]":  # type: ignore[name-defined]
        task = asyncio.create_task(_finish_spooled(webhooks))
        yield
        task.cancel()
        await asyncio.to_thread(webhooks.close)

    app.cleanup_ctx.append(spooled)
    inbox.live_in(app)
    return app


def serve(house: Runtime, database: Database, host: str, port: int) -> None:
    """Blocks until SIGINT or SIGTERM; calls that are being answered are finished first."""

    def ready(_text: str) -> None:
        _log.info("serving", port=port)

    web.run_app(build(house, database), host=host, port=port, access_log=None, print=ready, shutdown_timeout=10)


async def _finish_spooled(webhooks: Webhooks) -> None:
    while True:
        try:
            await asyncio.to_thread(webhooks.finish_spooled)
        except Exception as error:
            _log.error("spool_broke", **broke(error))
        await asyncio.sleep(_SPOOL_EVERY)


async def _keep_safe(_request: web.Request, response: web.StreamResponse) -> None:
    """Every answer, refusals and streams too. Which software answers is nobody's business."""
    response.headers["Server"] = "keepwarm"
    for name, value in _SAFE.items():
        response.headers.setdefault(name, value)
