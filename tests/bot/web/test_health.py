"""What /metrics says of what waits: by state and road, how old it is, and which channel stands still."""

import asyncio
from datetime import datetime, timedelta

import sqlalchemy as sa
from aiohttp.test_utils import make_mocked_request

from bot.conversation import Runtime
from bot.platform import clock
from bot.rhythm import Planned
from bot.settings import Stages
from bot.store import people, plans, touches
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.messages import Draft, enqueue
from bot.store.tables import outbound, promises, stopped_channels
from bot.web.health import Health
from tests import cast


def metrics(database: Database) -> dict[str, float]:
    response = asyncio.run(Health(database, Stages()).metrics(make_mocked_request("GET", "/metrics")))
    body: bytes = response.body  # type: ignore[assignment]
    lines = [line.rpartition(" ") for line in body.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_what_waits_is_counted_by_state_and_road(database: Database, cipher: Cipher) -> None:
    now = clock.now()

    def put(connection: sa.Connection) -> None:
        for channel, who, states in (
            ("sms", "+12025550123", ("queued", "unknown", "sent")),
            ("wechat", "o", ("failed",)),
        ):
            person = people.get_or_create(connection, cipher, channel, who, now)
            for state in states:
                spoken = [Draft("x", "x", pushed=True)]
                (number,) = enqueue(connection, cipher, person.id, None, None, spoken, now - timedelta(minutes=5))
                connection.execute(sa.update(outbound).where(outbound.c.id == number).values(state=state))

    database.write(put)
    found = metrics(database)
    assert found['keepwarm_outbound{state="queued",via="sms"}'] == 1
    assert found['keepwarm_outbound{state="unknown",via="sms"}'] == 1
    assert found['keepwarm_outbound{state="failed",via="service"}'] == 1
    assert found['keepwarm_outbound{state="queued",via="template"}'] == 0
    assert 300 <= found["keepwarm_outbound_oldest_seconds"] < 600
    database.write(lambda c: c.execute(sa.delete(outbound)))
    found = metrics(database)
    assert found['keepwarm_outbound{state="unknown",via="sms"}'] == 0
    assert found["keepwarm_outbound_oldest_seconds"] == 0


def test_a_channel_that_stands_still_shows(database: Database) -> None:
    now = clock.now()
    stopped = {"channel": "sms", "code": "20003", "since": now, "look_at": now}
    database.write(lambda c: c.execute(sa.insert(stopped_channels).values(stopped)))
    found = metrics(database)
    assert found['keepwarm_channel_stopped{channel="sms"}'] == 1
    assert found['keepwarm_channel_stopped{channel="wechat"}'] == 0


def test_what_is_due_held_and_overdue_is_counted(database: Database, house: Runtime, now: datetime) -> None:
    number = database.read(lambda c: people.by_code(c, "PUB"))
    assert number
    for entry, ago in (("late", timedelta(hours=2)), ("soon", timedelta(minutes=-30)), ("far", timedelta(days=-9))):
        at = clock.now() - ago
        one = Planned(number, entry, "", "notice", "promise.overdue", at)
        database.write(lambda c, one=one: touches.plan(c, [one], "hr", now))
    due = {"candidate_id": number, "about": "date", "state": "open", "made_at": now, "look_at": now}
    database.write(lambda c: c.execute(sa.insert(promises).values(due | {"due_at": now, "overdue_at": now})))
    database.write(lambda c: c.execute(sa.insert(promises).values(due | {"about": "place"})))
    found = metrics(database)
    assert found['keepwarm_touches{state="due"}'] == 1
    assert found['keepwarm_touches{state="next_hour"}'] == 1
    assert 7_200 <= found["keepwarm_touch_lag_seconds"] < 7_500
    assert (found["keepwarm_promises_open"], found["keepwarm_promises_overdue"]) == (2, 1)
    held = found["keepwarm_held_candidates"]
    assert held == sum(line.split(",")[5] not in Stages().closed for line in cast.CANDIDATES.splitlines()[1:])
    database.write(lambda c: plans.release(c, [number], now))
    assert metrics(database)["keepwarm_held_candidates"] == held - 1
