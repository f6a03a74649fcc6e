"""kill -9 of the server at every point of handling a message: after a restart and WeChat's own retry nothing is lost,
nothing doubled."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fakes.launch import Fake
from tests.system.killable import POINTS
from tests.system.servers import Balancer, Deployment, Server, run, said, wait_for

KILLABLE = str(Path(__file__).with_name("killable.py"))
ELSEWHERE = {  # see test_late_answers, test_alerts
    *("after it is spooled", "after a service message is sent"),
    *("as alerts are written", "after alerts are written", "after WeCom has taken it"),
    "as an order of staff is carried out",
}
SENDING = {
    "after a message is reserved": ("sent", 1),
    "just before a message is sent": ("unknown", 0),
    "after an SMS is sent": ("unknown", 1),
    "after what became of it is kept": ("sent", 1),
}
HANDLING = [point for point in POINTS if point not in ELSEWHERE and point not in SENDING]
WHERE = "上海培训中心"  # of every right answer to the question asked here


class Victims:
    """Servers that die at their point. The next one starts up while the test before it still runs."""

    def __init__(self, deployment: Deployment, points: list[str]) -> None:
        self._deployment, self._points = deployment, points
        self._started: dict[str, Server] = {}

    def at(self, point: str) -> Server:
        following = self._points.index(point) + 1
        for each in (point, *self._points[following : following + 1]):
            self._start(each)
        return self._started[point].ready()

    def stop(self) -> None:
        for server in self._started.values():
            if not server.dead:
                server.kill()

    def _start(self, point: str) -> None:
        if point not in self._started:
            self._started[point] = Server(self._deployment, KILLABLE, KILL_AT=point)


@pytest.fixture(scope="module")
def victims(deployment: Deployment) -> Iterator[Victims]:
    made = Victims(deployment, [*HANDLING, *SENDING])
    yield made
    made.stop()


@pytest.fixture(scope="module")
def balancer() -> Iterator[Balancer]:
    made = Balancer()
    yield made
    made.close()


@pytest.fixture
def calls(balancer: Balancer, wechat: Fake, twilio: Fake) -> Balancer:
    """The platforms call the balancer; WeChat waits longer than it would, for slow machines."""
    wechat.callback(f"{balancer.url}/wechat")
    wechat.post("/_fake/mode", cut=30)
    twilio.callback(f"{balancer.url}/sms")
    return balancer


class Pushing(threading.Thread):
    """One push by the fake with its retries, while the test does something else."""

    def __init__(self, fake: Fake, **order: Any) -> None:
        super().__init__(daemon=True)
        self._fake, self._order = fake, order
        self.result: dict[str, Any] = {}
        self.start()

    def run(self) -> None:
        self.result = self._fake.push(**self._order)

    def done(self) -> dict[str, Any]:
        self.join(60)
        assert not self.is_alive()
        return self.result


@pytest.mark.parametrize("point", HANDLING)
def test_a_message_whose_server_is_killed_is_answered_once(
    point: str, victims: Victims, calls: Balancer, deployment: Deployment, wechat: Fake, candidate: str
) -> None:
    victim = victims.at(point)
    calls.target = victim.port
    pushing = Pushing(wechat, openid=candidate, kind="text", content="培训在哪里")
    wait_for(lambda: victim.dead)
    again = Server(deployment)
    try:
        calls.target = again.ready().port
        result = pushing.done()
        assert result["good"]
        assert (len(result["deliveries"]) == 1) == (point == "after the answer is written")
        answers = said(wechat, candidate)
        assert len(answers) == 1
        assert WHERE in answers[0]
        assert [row.turn for row in deployment.inbound("wechat", candidate)] == [0]
        assert deployment.person("wechat", candidate).turn == 1
        assert [(row.road, row.state) for row in deployment.outbound("wechat", candidate)] == [("reply", "sent")]
    finally:
        again.kill()


@pytest.mark.parametrize("point", SENDING)
def test_a_code_whose_sender_is_killed_is_never_sent_twice(
    point: str, victims: Victims, calls: Balancer, deployment: Deployment, wechat: Fake, twilio: Fake, openid: str
) -> None:
    state, sends = SENDING[point]
    phone = f"+861380000000{[*SENDING].index(point) + 1}"
    victim = victims.at(point)
    calls.target = victim.port
    pushing = Pushing(wechat, openid=openid, kind="text", content=phone.removeprefix("+86"))
    wait_for(lambda: victim.dead)
    again = Server(deployment)
    try:
        calls.target = again.ready().port
        assert pushing.done()["good"]
        assert len(said(wechat, openid)) == 1
        deployment.leases_end()
        run(deployment, "job", "deliver")
        twilio.idle()
        assert deployment.states("sms", phone) == [state if state == "unknown" else "delivered"]
        assert len(twilio.sends(to=phone)) == len(said(twilio, phone)) == sends
    finally:
        again.kill()
