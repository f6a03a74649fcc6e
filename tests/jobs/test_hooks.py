"""Events reach the hooks: signed, in order, again and again until they are taken; and nothing is posted where it should
not go. The other side is a real socket that answers as it is told to.
"""

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import sqlalchemy as sa
import urllib3

from bot.platform import clock
from bot.settings import Settings
from bot.store import agenda, events, hooks
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import audit, hook_calls
from bot.store.tables import hooks as table
from bot.store.views import counts
from bot.webhooks_out import delivery
from bot.webhooks_out.addresses import Forbidden, look_up, require_usable
from jobs import hooks as job
from jobs.context import JobContext
from tests.conftest import NOW


class Receiver:
    """`answers`: the status of each call to come, the last one for all that follow; 0: says nothing."""

    def __init__(self) -> None:
        self.answers: list[int] = [200]
        self.calls: list[tuple[dict[str, str], bytes]] = []
        self._quiet = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.calls.append((dict(self.headers), body))
                status = receiver.answers.pop(0) if len(receiver.answers) > 1 else receiver.answers[0]
                if status == 0:
                    receiver._quiet.wait(10)
                    return
                self.send_response(status)
                if 300 <= status < 400:
                    self.send_header("Location", f"{receiver.url}/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def seen(self) -> list[str]:
        """The events that came, by what they say, repeats too."""
        return [json.loads(body)["data"]["n"] for _, body in self.calls]

    def stop(self) -> None:
        self._quiet.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.stop()


@pytest.fixture
def desk(settings: Settings, database: Database, cipher: Cipher, shared_clock: Any) -> JobContext:
    """By a clock that stands, and may post to this machine."""
    clock.stand(NOW)
    api = settings.api.model_copy(update={"private_hooks": True})
    return JobContext(settings.model_copy(update={"api": api}), database, cipher, None, None)  # type: ignore[arg-type]


def hook(desk: JobContext, url: str, *kinds: str) -> str:
    """Makes one, and gives its secret."""
    return desk.database.write(lambda c: hooks.put(c, desk.cipher, url, kinds, clock.now()))[1]


def happens(desk: JobContext, *names: str, kind: str = events.STAGE) -> None:
    for name in names:
        desk.database.write(lambda c, n=name: events.keep(c, kind, None, {"n": n}, clock.now()))  # type: ignore[misc]


def states(desk: JobContext) -> list[tuple[str, str | None, int]]:
    wanted = sa.select(hook_calls).order_by(hook_calls.c.hook_id, hook_calls.c.event_id)
    return desk.database.read(lambda c: [(row.state, row.status, row.attempts) for row in c.execute(wanted)])


def lines(desk: JobContext) -> list[hooks.HookLine]:
    return desk.database.read(hooks.listed)


def test_events_arrive_in_order_signed_and_once(desk: JobContext, receiver: Receiver) -> None:
    happens(desk, "before")
    secret = hook(desk, receiver.url)
    happens(desk, "1", "2", "3")
    assert job.run(desk) == 3
    assert job.run(desk) == 0
    assert receiver.seen == ["1", "2", "3"]
    headers, body = receiver.calls[0]
    at, signed = (part.partition("=")[2] for part in headers["Keepwarm-Signature"].split(","))
    assert int(at) == int(NOW.timestamp())
    assert signed == hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    event = json.loads(body)
    assert headers["Keepwarm-Event-Id"] == str(event["id"])
    assert (event["kind"], event["at"], headers["Keepwarm-Event-Kind"]) == (
        "stage.changed",
        NOW.isoformat(),
        "stage.changed",
    )


def test_a_hook_hears_only_the_kinds_it_wants(desk: JobContext, receiver: Receiver) -> None:
    hook(desk, receiver.url, "case.opened")
    happens(desk, "stage")
    happens(desk, "case", kind="case.opened")
    job.run(desk)
    assert receiver.seen == ["case"]


@pytest.mark.parametrize(
    ("status", "why"), [(500, "500"), (503, "503"), (302, "redirect 302"), (429, "429"), (408, "408"), (0, "timeout")]
)
def test_what_does_not_get_through_waits_and_all_behind_it(
    desk: JobContext, receiver: Receiver, status: int, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "TIMEOUT", urllib3.Timeout(connect=1, read=0.3))
    hook(desk, receiver.url)
    happens(desk, "1", "2")
    receiver.answers = [status, 200]
    assert job.run(desk) == 1
    assert states(desk) == [("due", why, 1), ("due", "waiting", 0)]
    happens(desk, "3")
    assert job.run(desk) == 0
    clock.move(10)
    assert job.run(desk) == 3
    assert receiver.seen == ["1", "1", "2", "3"]
    assert [state for state, _, _ in states(desk)] == ["done"] * 3


def test_a_redirect_is_not_followed(desk: JobContext, receiver: Receiver) -> None:
    hook(desk, receiver.url)
    happens(desk, "1")
    receiver.answers = [302, 200]
    job.run(desk)
    assert len(receiver.calls) == 1


def test_an_event_that_the_other_side_refuses_waits_alone(desk: JobContext, receiver: Receiver) -> None:
    hook(desk, receiver.url)
    happens(desk, "1", "2")
    receiver.answers = [422, 200]
    assert job.run(desk) == 2
    assert states(desk) == [("due", "refused 422", 1), ("done", None, 1)]
    clock.move(10)
    job.run(desk)
    assert receiver.seen == ["1", "2", "1"]


def test_one_hook_that_fails_does_not_stop_another(desk: JobContext, receiver: Receiver) -> None:
    hook(desk, f"http://127.0.0.1:{free_port()}")
    hook(desk, receiver.url)
    happens(desk, "1")
    job.run(desk)
    assert receiver.seen == ["1"]
    assert [status for _, status, _ in states(desk)] == ["unreachable", None]


def test_after_three_days_a_hook_stops_and_that_is_seen(desk: JobContext, receiver: Receiver) -> None:
    hook(desk, receiver.url)
    happens(desk, "1", "2")
    receiver.answers = [500]
    begun = clock.now()
    while lines(desk)[0].stopped_at is None:
        due = desk.database.read(agenda.next_due)
        assert due is not None
        clock.stand(max(due, clock.now()))
        job.run(desk)
        assert clock.now() - begun < timedelta(days=4)
    assert clock.now() - begun >= timedelta(days=3)
    assert {state for state, _, _ in states(desk)} == {"given_up"}
    assert desk.database.read(agenda.next_due) is None
    stopped = desk.database.read(lambda c: c.execute(sa.select(audit).where(audit.c.action == "hooks.stopped")).one())
    assert stopped.detail == {"why": "500", "given_up": 2}
    assert desk.database.read(lambda c: counts.count(c, (), NOW, NOW)).hooks_stopped == 1
    tries = len(receiver.calls)
    happens(desk, "3")
    job.run(desk)
    assert len(receiver.calls) == tries


def test_a_hook_that_is_put_again_starts_with_what_happens_then(desk: JobContext, receiver: Receiver) -> None:
    hook(desk, receiver.url)
    desk.database.write(lambda c: c.execute(sa.update(table).values(stopped_at=NOW)))
    happens(desk, "missed")
    assert hook(desk, receiver.url) == ""
    happens(desk, "1")
    job.run(desk)
    assert receiver.seen == ["1"]


def test_an_event_that_is_refused_for_three_days_is_given_up_alone(desk: JobContext, receiver: Receiver) -> None:
    hook(desk, receiver.url)
    happens(desk, "1", "2")
    receiver.answers = [422, 200, 422]
    job.run(desk)
    for _ in range(40):
        due = desk.database.read(agenda.next_due)
        if due is None:
            break
        clock.stand(max(due, clock.now()))
        job.run(desk)
    assert [state for state, _, _ in states(desk)] == ["given_up", "done"]
    assert lines(desk)[0].stopped_at is None


def test_who_dies_while_posting_loses_nothing(desk: JobContext, receiver: Receiver) -> None:
    hook(desk, receiver.url)
    happens(desk, "1", "2")
    desk.database.write(lambda c: hooks.fan_out(c, clock.now(), 10))
    taken = desk.database.write(lambda c: hooks.take(c, desk.cipher, clock.now(), 1))
    assert [one.event["data"]["n"] for one in taken] == ["1"]
    assert job.run(desk) == 0
    clock.move(hooks.LEASE.total_seconds())
    assert job.run(desk) == 2
    assert receiver.seen == ["1", "2"]


def test_what_is_to_be_told_is_on_the_agenda(desk: JobContext, receiver: Receiver) -> None:
    happens(desk, "nobody hears")
    assert desk.database.read(agenda.next_due) is None
    hook(desk, receiver.url)
    assert desk.database.read(agenda.next_due) is None
    happens(desk, "1")
    assert desk.database.read(agenda.next_due) == NOW
    job.run(desk)
    assert desk.database.read(agenda.next_due) is None


def test_the_pauses_double_and_add_up_to_three_days() -> None:
    pauses = []
    while (pause := hooks.pause_after(len(pauses) + 1)) is not None:
        pauses.append(pause)
    assert [pause.total_seconds() for pause in pauses[:3]] == [10, 20, 40]
    assert max(pauses) == timedelta(hours=6)
    assert timedelta(days=3) <= sum(pauses, timedelta()) <= timedelta(days=3, hours=6)


OWN = [
    "https://127.0.0.1/x",
    "https://localhost/x",
    "https://[::1]/x",
    "https://10.1.2.3",
    "https://192.168.1.1",
    "https://169.254.169.254/latest/meta-data",
    "https://100.64.0.1",
    "https://[fd00::1]",
    "https://[::ffff:127.0.0.1]",
    "https://0.0.0.0",
]
NONE = [
    "",
    "x",
    "ftp://example.com",
    "http://example.com",
    "https://",
    "https://a:b@example.com",
    "https://example.com:x",
    "https://exa mple.com",
    "https://example.com/\n",
    "https://example.com:0",
    "javascript:alert(1)",
    "https://é.example",
]


@pytest.mark.parametrize("url", OWN + NONE)
def test_what_is_no_public_address_is_refused(url: str) -> None:
    with pytest.raises(Forbidden):
        require_usable(url, private=False)


@pytest.mark.parametrize("url", OWN)
def test_a_name_that_leads_into_our_own_network_is_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    inside = [
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("93.184.216.34", 443)),
        (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("10.0.0.1", 443)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_more: inside)
    with pytest.raises(Forbidden):
        look_up("https://hr.example.com/x", private=False)
    with pytest.raises(Forbidden):
        require_usable(url, private=False)


def test_nothing_is_posted_into_our_own_network(desk: JobContext, receiver: Receiver) -> None:
    hook(desk, receiver.url)
    api = desk.settings.api.model_copy(update={"private_hooks": False})
    closed = JobContext(desk.settings.model_copy(update={"api": api}), desk.database, desk.cipher, None, None)  # type: ignore[arg-type]
    happens(desk, "1")
    job.run(closed)
    assert receiver.calls == []
    assert states(desk)[0][:2] == ("due", "forbidden")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
