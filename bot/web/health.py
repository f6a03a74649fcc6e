"""Probes and metrics: alive, ready, and how much waits."""

import asyncio
from datetime import UTC, datetime

import prometheus_client
import sqlalchemy as sa
from aiohttp import web
from sqlalchemy.engine import Connection

from bot.platform import clock
from bot.settings import Stages
from bot.store.db import schema
from bot.store.db.database import Database
from bot.store.tables import outbound
from bot.store.views import counts
from bot.values.message import CHANNEL_OF
from bot.web import metrics

_MOST_SKEW = 5  # seconds between this machine's clock and the database's
_OPEN_STATES = (("queued", "sending"), ("unknown", "failed"))  # as they share an index


class Health:
    """Looks at the database; needs nothing else, so that serving goes on while Redis is away."""

    def __init__(self, database: Database, stages: Stages) -> None:
        self._database, self._stages = database, stages

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/healthz", self.alive), web.get("/readyz", self.ready), web.get("/metrics", self.metrics)]

    async def alive(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def ready(self, _request: web.Request) -> web.Response:
        """503 with the reason, if a call that came now could not be served rightly."""
        problem = await asyncio.to_thread(self._problem)
        return web.json_response({"status": problem or "ready"}, status=503 if problem else 200)

    async def metrics(self, _request: web.Request) -> web.Response:
        """Without the database what this process itself has counted, and that the database is away."""
        await asyncio.to_thread(self._measure)
        body = prometheus_client.generate_latest(metrics.registry)
        return web.Response(body=body, headers={"Content-Type": prometheus_client.CONTENT_TYPE_LATEST})

    def _measure(self) -> None:
        try:
            self._database.read(lambda c: _count(c, self._stages, clock.now()))
        except sa.exc.OperationalError:
            metrics.DATABASE.set(0)
        else:
            metrics.DATABASE.set(1)

    def _problem(self) -> str:
        try:
            if why := self._database.read(schema.problem):
                return why
            skew = abs((clock.real() - self._database.read(_database_clock)).total_seconds())
        except sa.exc.SQLAlchemyError as error:
            return f"the database does not answer: {type(error).__name__}"
        return f"this machine's clock is {skew:.0f} s off the database's" if skew > _MOST_SKEW else ""


def _database_clock(connection: Connection) -> datetime:
    if connection.dialect.name == "sqlite":
        text = connection.exec_driver_sql("SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')").scalar_one()
        return datetime.fromisoformat(text).replace(tzinfo=UTC)
    moment: datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return moment


def _count(connection: Connection, stages: Stages, now: datetime) -> None:
    found = counts.count(connection, stages.open, now, now)
    metrics.CASES.set(found.cases)
    metrics.PROMISES.set(found.promises_open)
    metrics.OVERDUE.set(found.promises_overdue)
    metrics.TOUCHES.labels("due").set(found.touches_due)
    metrics.TOUCHES.labels("next_hour").set(found.touches_soon)
    metrics.LAG.set(found.touch_lag)
    metrics.HELD.set(found.held)
    metrics.OLDEST.set(found.oldest)
    for channel in CHANNEL_OF.values():
        metrics.STOPPED.labels(channel).set(channel in found.stopped)
    _count_outbound(connection)


def _count_outbound(connection: Connection) -> None:
    metrics.OUTBOUND.clear()
    for states in _OPEN_STATES:
        for state in states:
            for via in CHANNEL_OF:
                metrics.OUTBOUND.labels(state, via).set(0)
        these = sa.text("state IN ('{}', '{}')".format(*states))  # as an index has it: SQLite compares the words
        number = sa.func.count().label("number")
        counted = sa.select(outbound.c.state, outbound.c.via, number).where(these).group_by("state", "via")
        for row in connection.execute(counted):
            metrics.OUTBOUND.labels(row.state, row.via or "").set(row.number)
