"""Two server processes and one candidate: every message is kept once, answered once, and has a turn of its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
import requests
import sqlalchemy as sa

from bot.channels.twilio.inbound import Status
from bot.outbox import keep_receipt
from bot.outbox.attempt import opened
from bot.outbox.fallback import Terms
from bot.outbox.results import Books
from bot.platform import clock
from bot.store.tables import outbound
from bot.values.message import SendResult
from tests.system import letters
from tests.system.letters import Letter
from tests.system.servers import Deployment, Server, number, wait_for

MESSAGES = 50
WHERE = "上海培训中心"


@pytest.fixture(scope="module")
def second(deployment: Deployment) -> Iterator[Server]:
    server = Server(deployment)
    yield server.ready()
    server.stop()


def post_all(calls: list[tuple[Server, Letter]]) -> list[requests.Response]:
    """All at once, each on a connection of its own; gives the answers in the same order."""

    def post(call: tuple[Server, Letter]) -> requests.Response:
        server, letter = call
        return requests.post(server.url + letter.path, data=letter.body, headers=letter.headers, timeout=30)

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(post, calls))


def kept(deployment: Deployment, channel: str, who: str, count: int = MESSAGES) -> None:
    """All are there once, in gapless turns, each with one answer."""
    came = deployment.inbound(channel, who)
    assert [row.turn for row in came] == list(range(count))
    assert deployment.person(channel, who).turn == count
    answers = deployment.outbound(channel, who)
    assert sorted(row.inbound_id for row in answers) == sorted(row.id for row in came)
    assert {(row.road, row.state) for row in answers} == {("reply", "sent")}
    assert len({deployment.text(row) for row in came}) == count


@pytest.mark.parametrize("known", [True, False], ids=["known before", "never seen before"])
def test_fifty_messages_at_two_processes_are_each_answered_once(
    known: bool, server: Server, second: Server, deployment: Deployment, openid: str
) -> None:
    """Strangers write five each: whoever nobody knows and writes faster may be a machine, and is left unanswered."""
    if known:
        deployment.bind("wechat", openid, "PUB")
    people = [openid] if known else [f"{openid}{n}" for n in range(MESSAGES // 5)]
    messages = [letters.wechat(people[n % len(people)], f"培训在哪里{'！' * n}") for n in range(MESSAGES)]
    turns = [(server, second)[n // len(people) % 2] for n in range(MESSAGES)]
    answers = post_all(list(zip(turns, messages, strict=True)))
    assert {answer.status_code for answer in answers} == {200}
    assert all("<Content>" in answer.text for answer in answers)
    if known:
        assert all(WHERE in answer.text for answer in answers)
    for who in people:
        kept(deployment, "wechat", who, MESSAGES // len(people))


def test_fifty_messages_delivered_to_both_processes_at_once_are_answered_with_the_same_bytes(
    server: Server, second: Server, deployment: Deployment, candidate: str
) -> None:
    messages = [letters.wechat(candidate, f"培训在哪里{'！' * n}") for n in range(MESSAGES)]
    answers = post_all([(process, message) for message in messages for process in (server, second)])
    for first, repeated in zip(answers[::2], answers[1::2], strict=True):
        assert first.status_code == repeated.status_code == 200
        assert WHERE in first.text
        assert first.content == repeated.content
    kept(deployment, "wechat", candidate)


def test_fifty_sms_delivered_to_both_processes_at_once_are_answered_with_the_same_bytes(
    server: Server, second: Server, deployment: Deployment, stranger: str
) -> None:
    deployment.bind("sms", stranger, "PUB")
    messages = [letters.sms(stranger, f"where is the training{'!' * n}") for n in range(MESSAGES)]
    answers = post_all([(process, message) for message in messages for process in (server, second)])
    for first, repeated in zip(answers[::2], answers[1::2], strict=True):
        assert first.status_code == repeated.status_code == 200
        assert "<Message " in first.text
        assert first.content == repeated.content
    kept(deployment, "sms", stranger)


def test_two_people_who_show_one_invite_to_two_processes_at_once_bind_it_once(
    server: Server, second: Server, deployment: Deployment
) -> None:
    for turn in range(10):
        crowd = [f"o-crowd-{turn}-{n}" for n in range(4)]
        shown = [letters.wechat(openid, "SUNLEI666") for openid in crowd]
        answers = post_all([((server, second)[n % 2], message) for n, message in enumerate(shown)])
        assert {answer.status_code for answer in answers} == {200}
        bound = [openid for openid in crowd if deployment.person("wechat", openid).candidate_id]
        assert len(bound) == (1 if turn == 0 else 0), "the first binding wins"


# Status callbacks that two processes keep at the same time: on SQLite, which has one writer, nothing ever is.


def _sent(deployment: Deployment) -> tuple[int, str]:
    """A message that Twilio has taken: its row and its SID."""
    row, sid = deployment.queue("sms", f"+86138001{number():05}", "hello"), f"SM{number():032x}"
    known = sa.update(outbound).where(outbound.c.id == row).values(provider_id=sid, state="sent")
    deployment.database.write(lambda connection: connection.execute(known))
    return row, sid


def _state(deployment: Deployment, row: int) -> str:
    return str(deployment.rows(sa.select(outbound.c.state).where(outbound.c.id == row))[0][0])


def _waiting(deployment: Deployment) -> int:
    """How many transactions wait for a lock (PostgreSQL)."""
    asked = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with deployment.database.engine.connect() as connection:
        return int(connection.exec_driver_sql(asked).scalar_one())


@pytest.mark.parametrize("deployment", ["postgres"], indirect=True)
def test_a_status_kept_while_a_higher_one_is_being_kept_does_not_overwrite_it(
    server: Server, second: Server, deployment: Deployment
) -> None:
    row, sid = _sent(deployment)
    calls = [
        letters.form([("MessageSid", sid), ("MessageStatus", status)], "/sms/status")
        for status in ("delivered", "sent")
    ]
    with ThreadPoolExecutor(2) as threads:
        with deployment.database.engine.begin() as holder:
            holder.execute(sa.select(outbound.c.id).where(outbound.c.id == row).with_for_update())
            answers = []
            for count, (process, call) in enumerate(zip((server, second), calls, strict=True), 1):
                answers.append(threads.submit(post_all, [(process, call)]))
                wait_for(lambda count=count: _waiting(deployment) >= count)
        assert [answer.result()[0].status_code for answer in answers] == [204, 204]
    assert _state(deployment, row) == "delivered"


@pytest.mark.parametrize("deployment", ["postgres"], indirect=True)
@pytest.mark.parametrize("first", ["callback", "send"])
def test_a_callback_kept_while_the_send_itself_is_being_kept_is_not_overlooked(
    first: str, deployment: Deployment
) -> None:
    """Each transaction is left open until the other waits for it or is done."""
    row, sid = _sent(deployment)
    forgotten = sa.update(outbound).where(outbound.c.id == row).values(provider_id=None, state="sending")
    deployment.database.write(lambda connection: connection.execute(forgotten))
    now = clock.now()
    books = Books(deployment.cipher, Terms())
    (parcel,) = deployment.database.write(lambda c: opened(c, deployment.cipher, [row], now))
    parcel = replace(parcel, attempts=0)

    def callback(connection: sa.Connection) -> None:
        keep_receipt(connection, deployment.cipher, Terms(), Status(sid, "delivered"), now)

    def send(connection: sa.Connection) -> None:
        books.sent(connection, parcel, SendResult(sid), now)

    one, other = (callback, send) if first == "callback" else (send, callback)
    with ThreadPoolExecutor(1) as threads:
        with deployment.database.engine.begin() as connection:
            one(connection)
            later = threads.submit(deployment.database.write, other)
            wait_for(lambda: later.done() or _waiting(deployment))
        later.result(30)
    assert _state(deployment, row) == "delivered"
