"""What goes out by itself: every fault of a provider leaves the right state, nothing is sent twice, and nothing is lost
while an API or Redis is away."""

import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import redis
import requests
import sqlalchemy as sa

from bot.platform import clock, embedded_redis
from bot.store.tables import stopped_channels
from fakes.launch import Fake
from tests.system import letters
from tests.system.servers import Deployment, Program, Server, number, run, wait_for

FAULTS: dict[str, tuple[str, dict[str, Any], str, int]] = {
    "busy": ("wechat", {"kind": "errcode", "errcode": -1}, "unknown", 0),
    "token refused once": ("wechat", {"kind": "errcode", "errcode": 40001}, "sent", 1),
    "outside the window": ("wechat", {"kind": "errcode", "errcode": 45015}, "failed", 0),
    "window used up": ("wechat", {"kind": "errcode", "errcode": 45047}, "failed", 0),
    "daily quota": ("wechat", {"kind": "errcode", "errcode": 45009, "times": "forever"}, "queued", 0),
    "unfollowed": ("wechat", {"kind": "errcode", "errcode": 43004}, "failed", 0),
    "wechat 5xx": ("wechat", {"kind": "5xx"}, "unknown", 0),
    "wechat broke off": ("wechat", {"kind": "reset_before_commit"}, "unknown", 0),
    "wechat broke off after it had sent": ("wechat", {"kind": "reset_after_commit"}, "unknown", 1),
    "too many requests": ("sms", {"kind": "429", "times": "forever"}, "queued", 0),
    "blocked by STOP": ("sms", {"kind": "errcode", "errcode": 21610}, "failed", 0),
    "no mobile number": ("sms", {"kind": "errcode", "errcode": 21614}, "failed", 0),
    "twilio 5xx": ("sms", {"kind": "5xx"}, "unknown", 0),
    "twilio 500 with a code": ("sms", {"kind": "errcode", "errcode": 20500, "status": 500}, "unknown", 0),
    "twilio broke off": ("sms", {"kind": "reset_before_commit"}, "unknown", 0),
    "twilio broke off after it had sent": ("sms", {"kind": "reset_after_commit"}, "unknown", 1),
    "nothing": ("sms", {}, "delivered", 1),
}
PATHS = {"wechat": "custom/send", "sms": "Messages.json"}


def test_every_fault_leaves_the_right_state_and_nothing_is_sent_twice(
    server: Server, deployment: Deployment, wechat: Fake, twilio: Fake
) -> None:
    twilio.callback(f"{server.url}/sms")
    fakes = {"wechat": wechat, "sms": twilio}
    who = {}
    for name, (channel, fault, _, _) in FAULTS.items():
        who[name] = f"o-{number():06}" if channel == "wechat" else f"+86138002{number():05}"
        if channel == "wechat":
            wechat.post("/_fake/person", openid=who[name], following=True, window="message")
        if fault:
            fakes[channel].fault(PATHS[channel], to=who[name], **fault)
        deployment.queue(channel, who[name], f"hello, {name}")
    run(deployment, "job", "deliver")
    assert wechat.calls()["/cgi-bin/stable_token"] == 2, "the first token, and one refresh"
    run(deployment, "job", "deliver")
    twilio.idle()
    for name, (channel, _, state, sends) in FAULTS.items():
        (row,) = deployment.outbound(channel, who[name])
        assert row.state == state, name
        assert row.lease_until is None, name
        assert row.attempts == 1 or (row.attempts > 1 and state == "queued"), name  # its pause may be over by then
        assert bool(row.error_code) == (state not in ("sent", "delivered")), name
        assert len(fakes[channel].sends(to=who[name])) == sends, name
    assert deployment.person("sms", who["blocked by STOP"]).stopped_at


def test_a_wrong_token_stops_the_channel_alone_and_nothing_of_it_is_lost(
    deployment: Deployment, wechat: Fake, twilio: Fake
) -> None:
    waiting, openid = [f"+86138005{number():05}" for _ in range(3)], f"o-{number():06}"
    wechat.post("/_fake/person", openid=openid, following=True, window="message")
    twilio.fault("Messages.json", kind="errcode", errcode=20003, to=waiting[0])
    deployment.queue("sms", waiting[0], "hello")
    assert run(deployment, "job", "deliver").count("channel_stopped") == 1
    for phone in waiting[1:]:
        deployment.queue("sms", phone, "hello")
    deployment.queue("wechat", openid, "hello")
    run(deployment, "job", "deliver")
    assert deployment.states("wechat", openid) == ["sent"]
    found = [row for phone in waiting for row in deployment.outbound("sms", phone)]
    assert [(row.state, row.attempts) for row in found] == [("queued", 0)] * 3
    past = sa.update(stopped_channels).values(look_at=clock.now() - timedelta(seconds=1))
    deployment.database.write(lambda connection: connection.execute(past))
    assert "channel_resumes" in run(deployment, "job", "deliver")
    for phone in waiting:
        assert len(twilio.sends(to=phone)) == 1


def test_an_api_that_is_away_costs_nothing_but_time(deployment: Deployment, twilio: Fake, stranger: str) -> None:
    deployment.queue("sms", stranger, "hello")
    run(deployment, "job", "deliver", TWILIO_API_URL="http://127.0.0.1:9")
    (row,) = deployment.outbound("sms", stranger)
    assert (row.state, row.error_code) == ("queued", "no_connection")
    wait_for(lambda: run(deployment, "job", "deliver") and twilio.sends(to=stranger))
    assert len(twilio.sends(to=stranger)) == 1


# The clock.


@pytest.fixture
def programs(deployment: Deployment) -> Iterator[tuple[Program, Program]]:
    """`keepwarm work` and `keepwarm schedule`, with the embedded Redis."""
    started = Program(deployment, "-m", "bot", "work"), Program(deployment, "-m", "bot", "schedule")
    yield started
    for program in started:
        program.stop()


def test_a_redis_that_cannot_start_is_tried_until_it_can(
    deployment: Deployment, programs: tuple[Program, Program]
) -> None:
    def answers() -> bool:
        try:
            return bool(redis_of(deployment).ping())
        except redis.RedisError:
            return False

    wait_for(lambda: "scheduling" in programs[1].log and answers())
    folder = deployment.folder / "var" / "redis"
    folder.rename(folder.with_name("away"))
    folder.touch()  # a file where its folder should be
    os.kill(redis_of(deployment).info("server")["process_id"], signal.SIGKILL)
    wait_for(lambda: "redis_does_not_start" in programs[1].log)
    assert not programs[1].dead
    folder.unlink()
    wait_for(answers)


def redis_of(deployment: Deployment) -> "redis.Redis":
    return embedded_redis.connect("", deployment.folder / "var")


def test_what_waited_goes_out_by_the_clock_also_after_redis_was_killed_and_wiped(
    deployment: Deployment, wechat: Fake, twilio: Fake, programs: tuple[Program, Program]
) -> None:
    def queued() -> list[tuple[str, str]]:
        waiting = [("sms", f"+86138003{number():05}") for _ in range(3)]
        waiting += [("wechat", f"o-{number():06}") for _ in range(3)]
        for channel, who in waiting:
            if channel == "wechat":
                wechat.post("/_fake/person", openid=who, following=True, window="message")
            deployment.queue(channel, who, "hello")
        return waiting

    def all_sent(waiting: list[tuple[str, str]]) -> bool:
        return all(deployment.states(*one) in (["sent"], ["delivered"]) for one in waiting)

    before = queued()
    wait_for(lambda: all_sent(before), 60)
    folder = deployment.folder / "var" / "redis"
    folder.rename(folder.with_name("wiped"))  # at once, before somebody starts it anew
    os.kill(redis_of(deployment).info("server")["process_id"], signal.SIGKILL)
    after = queued()
    wait_for(lambda: all_sent(after), 60)
    for channel, who in (*before, *after):
        assert len({"wechat": wechat, "sms": twilio}[channel].sends(to=who)) == 1


def test_candidates_are_answered_while_redis_is_away(server: Server, candidate: str) -> None:
    """And `serve` itself starts none."""
    letter = letters.wechat(candidate, "培训在哪里")
    assert "上海培训中心" in requests.post(server.url + letter.path, data=letter.body, timeout=10).text
