"""The kill test's own judge: it must not be blind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.platform import clock
from bot.settings import Settings
from bot.store import cases, people
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.messages import Draft, enqueue
from bot.store.tables import outbound, touches
from tests.system.chaos import company
from tests.system.chaos.company import Person, Wish
from tests.system.chaos.verdict import Verdict, judge, told_of

TEXTER, CHATTER = Person(1, "sms"), Person(2, "chat")
BY_SMS, BY_CHAT = Wish(TEXTER, 1), Wish(CHATTER, 2)
SENT = {"time": 0.0, "answered": True}
TAKEN_SMS = {"via": "outbound-api", "to": TEXTER.phone, "content": "Kim 00001: news 1 of the training."} | SENT
TAKEN_CHAT = {"via": "custom", "to": CHATTER.openid, "content": "Kim 00002: news 2 of the training."} | SENT
TAKEN_TEMPLATE = {"via": "template", "to": CHATTER.openid, "content": "", "request": {"template_id": "TPL2"}} | SENT
Judge = Callable[..., Verdict]


@pytest.fixture
def record(settings: Settings, database: Database, cipher: Cipher, tmp_path: Path) -> Callable[..., None]:
    """Both wishes planned and said, each with a message in this state."""
    now = clock.now()
    ids = company.enter(tmp_path, settings, database, cipher, [TEXTER, CHATTER], now)

    def kept(connection: sa.Connection, state: str, reason: str) -> None:
        for wish in (BY_SMS, BY_CHAT):
            who = ids[wish.person.name]
            company.plan(connection, [wish], ids, now)
            touch = connection.execute(sa.select(touches.c.id).where(touches.c.candidate_id == who)).scalar_one()
            address = people.get_or_create(connection, cipher, "sms", wish.person.phone, now)
            said = [Draft("news", "news", "notice", pushed=True, touch_id=touch)]
            enqueue(connection, cipher, address.id, who, None, said, now)
        connection.execute(sa.update(outbound).values(state=state))
        connection.execute(sa.update(touches).values(state="suppressed" if reason else "sent", reason=reason or None))

    return lambda state="sent", reason="": database.write(lambda connection: kept(connection, state, reason))


@pytest.fixture
def judged(database: Database) -> Judge:
    def judge_it(*sends: dict[str, Any]) -> Verdict:
        wanted = [BY_SMS, BY_CHAT]

        def ids(connection: sa.Connection) -> dict[str, int]:
            found = {wish.person: people.by_code(connection, f"K{wish.person.number}") for wish in wanted}
            return {person.name: number for person, number in found.items() if number}

        return database.read(lambda connection: judge(connection, wanted, ids(connection), sends))

    return judge_it


def test_once_each_is_good(record: Callable[..., None], judged: Judge) -> None:
    record()
    assert judged(TAKEN_SMS, TAKEN_CHAT).good
    assert judged(TAKEN_SMS, TAKEN_TEMPLATE).good


def test_what_nobody_took_is_lost_whatever_the_record_says(record: Callable[..., None], judged: Judge) -> None:
    for state in ("sent", "delivered", "queued", "sending", "failed", "expired", "cancelled"):
        record(state)
        verdict = judged(TAKEN_SMS)
        assert [line.partition(" (")[0] for line in verdict.lost] == ["Kim 00002, 2"], state


def test_what_was_never_said_is_lost(record: Callable[..., None], judged: Judge, database: Database) -> None:
    record()
    for table in (outbound, touches):
        database.write(lambda connection, table=table: connection.execute(sa.delete(table)))  # type: ignore[misc]
    assert len(judged().lost) == 2


def test_twice_is_doubled_also_by_two_roads(record: Callable[..., None], judged: Judge) -> None:
    record()
    assert len(judged(TAKEN_SMS, TAKEN_SMS, TAKEN_CHAT).doubled) == 1
    assert len(judged(TAKEN_SMS, TAKEN_CHAT, TAKEN_TEMPLATE).doubled) == 1


def test_what_nobody_wished_is_doubled(record: Callable[..., None], judged: Judge) -> None:
    record()
    assert judged(TAKEN_SMS, TAKEN_CHAT, TAKEN_CHAT | {"content": "hello"}).doubled
    assert judged(TAKEN_SMS, TAKEN_CHAT, TAKEN_CHAT | {"content": "Kim 00002: news 3 of the training."}).doubled


def test_unknown_and_a_reason_explain(record: Callable[..., None], judged: Judge) -> None:
    record("unknown")
    verdict = judged(TAKEN_SMS)
    assert (verdict.good, verdict.unknown, dict(verdict.explained)) == (True, 2, {"unknown": 1})
    assert verdict.open == {"taken and answered": 1, "never came": 1}
    record("cancelled", "wants no messages")
    assert judged(TAKEN_SMS).explained == {"suppressed: wants no messages": 1}


def test_a_failure_is_explained_by_a_case_alone(record: Callable[..., None], judged: Judge, database: Database) -> None:
    record("failed")
    assert judged(TAKEN_SMS).lost
    who = database.read(lambda connection: people.by_code(connection, f"K{CHATTER.number}"))
    assert who
    database.write(lambda connection: cases.open_case(connection, who, None, "unreachable", clock.now()))
    assert judged(TAKEN_SMS).good


def test_hr_has_heard_of_a_case_only_by_its_own_number() -> None:
    sends = [{"content": "[urgent] Case 12 at 10:02\nWrote: danger"}, {"content": "2 cases\n#3 (W.) …\n#45 (L.) …"}]
    assert told_of(sends) == {12, 3, 45}
    assert told_of([{"content": "and 5 more"}]) == set()
