"""When the database is too slow, the sender too late, or Redis gone: everything still goes out, and once."""

import os
import re
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis

from bot import embedded_redis
from fakes.launch import Fake
from tests.system import letters
from tests.system.servers import Balancer, Deployment, Program, Server, number, run, said, serving, wait_for

ASK, WHERE = "培训在哪里", "上海培训中心"
KILLABLE = str(Path(__file__).with_name("killable.py"))


@pytest.fixture
def balancer(wechat: Fake) -> Iterator[Balancer]:
    """WeChat calls it, and waits longer than it would, for slow machines."""
    made = Balancer()
    wechat.callback(f"{made.url}/wechat")
    yield made
    made.close()


@pytest.fixture
def follower(wechat: Fake, candidate: str) -> str:
    """王芳, to whom service messages may be sent."""
    wechat.post("/_fake/person", openid=candidate, following=True, window="message")
    return candidate


def spooled(deployment: Deployment) -> list[Path]:
    return list((deployment.folder / "var" / "spool").iterdir())


def answered_late(deployment: Deployment, wechat: Fake, openid: str) -> None:
    """One service message, and no other answer."""
    wait_for(lambda: deployment.states("wechat", openid) == ["sent"])
    wait_for(lambda: not spooled(deployment))
    (answer,) = said(wechat, openid)
    assert WHERE in answer
    assert [send["to"] for send in wechat.sends(to=openid)] == [openid]
    assert [row.turn for row in deployment.inbound("wechat", openid)] == [0]


# The database is held by somebody else.


def test_what_the_database_cannot_take_yet_is_acknowledged_and_answered_once_later(
    server: Server, deployment: Deployment, wechat: Fake, follower: str
) -> None:
    """WeChat sends the message twice meanwhile, and once more afterwards: no second answer."""
    wechat.callback(f"{server.url}/wechat")
    order = {"openid": follower, "kind": "text", "content": ASK, "msg_id": 7 * 10**16 + number()}
    with deployment.locked():
        result = wechat.push(order, repeat=2, concurrent=True)
        assert [(each["body"], each["error"]) for each in result["deliveries"]] == [("success", None)] * 2
        assert len(spooled(deployment)) == 1
    answered_late(deployment, wechat, follower)
    again = wechat.push(order)
    assert [each["body"] for each in again["deliveries"]] == ["success"]
    answered_late(deployment, wechat, follower)


def test_what_was_acknowledged_is_answered_although_the_server_was_killed(
    deployment: Deployment, wechat: Fake, follower: str
) -> None:
    server = Server(deployment).ready()
    wechat.callback(f"{server.url}/wechat")
    with deployment.locked():
        result = wechat.push(openid=follower, kind="text", content=ASK)
        assert [each["body"] for each in result["deliveries"]] == ["success"]
        server.kill()
    assert len(spooled(deployment)) == 1
    assert deployment.inbound("wechat", follower) == []
    with serving(deployment):
        answered_late(deployment, wechat, follower)


@contextmanager
def killed_when_spooled(
    deployment: Deployment, wechat: Fake, balancer: Balancer, openid: str
) -> Iterator[threading.Thread]:
    """Inside: the message is on the disk of a dead server, WeChat has no answer and comes again and again."""
    victim = Server(deployment, KILLABLE, KILL_AT="after it is spooled").ready()
    balancer.target = victim.port
    wechat.post("/_fake/mode", cut=30)
    push = threading.Thread(target=lambda: wechat.push(openid=openid, kind="text", content=ASK), daemon=True)
    with deployment.locked():
        push.start()
        wait_for(lambda: victim.dead)
    assert len(spooled(deployment)) == 1
    yield push
    push.join(60)
    assert not push.is_alive()


def test_a_retry_to_the_restarted_server_gets_no_second_answer(
    deployment: Deployment, wechat: Fake, balancer: Balancer, follower: str
) -> None:
    with killed_when_spooled(deployment, wechat, balancer, follower) as push, serving(deployment) as again:
        wait_for(lambda: not spooled(deployment))
        balancer.target = again.port
        push.join(60)
        answered_late(deployment, wechat, follower)


def test_a_retry_to_another_server_is_the_only_answer(
    deployment: Deployment, wechat: Fake, balancer: Balancer, follower: str, server: Server
) -> None:
    """The message still lies on the first one's disk, and is not answered again when that one comes back."""
    with killed_when_spooled(deployment, wechat, balancer, follower) as push:
        balancer.target = server.port
        push.join(60)
        assert [WHERE in text for text in said(wechat, follower)] == [True]
        with serving(deployment):
            wait_for(lambda: not spooled(deployment))
        run(deployment, "job", "deliver")
        assert len(said(wechat, follower)) == 1
        assert deployment.states("wechat", follower) == ["sent"]


# Codes.


def test_the_code_of_a_binding_arrives_on_the_phone_and_binds(
    server: Server, deployment: Deployment, wechat: Fake, twilio: Fake, openid: str
) -> None:
    wechat.callback(f"{server.url}/wechat")
    twilio.callback(f"{server.url}/sms")
    assert "验证码" in wechat.push(openid=openid, kind="text", content="13800000002")["reply"]["content"]
    (sms,) = wait_for(lambda: said(twilio, "+8613800000002"))
    found = re.search(r"\d{6}", sms)
    assert found
    code = found[0]
    assert "李" in wechat.push(openid=openid, kind="text", content=code)["reply"]["content"]
    assert "李强" in wechat.push(openid=openid, kind="text", content="是我")["reply"]["content"]
    assert deployment.person("wechat", openid).candidate_id
    wait_for(lambda: deployment.states("sms", "+8613800000002") == ["delivered"])


# What went wrong on the way out.

FAULTS: dict[str, tuple[str, dict[str, Any], str, int]] = {
    "busy": ("wechat", {"kind": "errcode", "errcode": -1}, "unknown", 0),
    "token refused once": ("wechat", {"kind": "errcode", "errcode": 40001}, "sent", 1),
    "outside the window": ("wechat", {"kind": "errcode", "errcode": 45015}, "failed", 0),
    "window used up": ("wechat", {"kind": "errcode", "errcode": 45047}, "failed", 0),
    "daily quota": ("wechat", {"kind": "errcode", "errcode": 45009}, "queued", 0),
    "unfollowed": ("wechat", {"kind": "errcode", "errcode": 43004}, "failed", 0),
    "no permission": ("wechat", {"kind": "errcode", "errcode": 48001}, "queued", 0),
    "wechat 5xx": ("wechat", {"kind": "5xx"}, "unknown", 0),
    "wechat broke off": ("wechat", {"kind": "reset_before_commit"}, "unknown", 0),
    "wechat broke off after it had sent": ("wechat", {"kind": "reset_after_commit"}, "unknown", 1),
    "too many requests": ("sms", {"kind": "429"}, "queued", 0),
    "blocked by STOP": ("sms", {"kind": "errcode", "errcode": 21610}, "failed", 0),
    "no mobile number": ("sms", {"kind": "errcode", "errcode": 21614}, "failed", 0),
    "wrong auth token": ("sms", {"kind": "errcode", "errcode": 20003}, "queued", 0),
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
        assert (row.attempts, row.lease_until) == (1, None), name
        assert bool(row.error_code) == (state not in ("sent", "delivered")), name
        assert len(fakes[channel].sends(to=who[name])) == sends, name
    assert deployment.person("sms", who["blocked by STOP"]).stopped_at


def test_an_api_that_is_away_costs_nothing_but_time(deployment: Deployment, twilio: Fake, stranger: str) -> None:
    deployment.queue("sms", stranger, "hello")
    run(deployment, "job", "deliver", TWILIO_API_URL="http://127.0.0.1:9")
    (row,) = deployment.outbound("sms", stranger)
    assert (row.state, row.error_code) == ("queued", "no_connection")
    wait_for(lambda: run(deployment, "job", "deliver") and twilio.sends(to=stranger))
    assert len(twilio.sends(to=stranger)) == 1


# The clock.


@pytest.fixture
def clock(deployment: Deployment) -> Iterator[tuple[Program, Program]]:
    """`keepwarm work` and `keepwarm schedule`, with the embedded Redis."""
    programs = Program(deployment, "-m", "bot", "work"), Program(deployment, "-m", "bot", "schedule")
    yield programs
    for program in programs:
        program.stop()


def redis_of(deployment: Deployment) -> "redis.Redis":
    return embedded_redis.connect("", deployment.folder / "var")


def test_what_waited_goes_out_by_the_clock_also_after_redis_was_killed_and_wiped(
    deployment: Deployment, wechat: Fake, twilio: Fake, clock: tuple[Program, Program]
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
    os.kill(redis_of(deployment).info("server")["process_id"], signal.SIGKILL)
    after = queued()
    shutil.rmtree(deployment.folder / "var" / "redis")
    wait_for(lambda: all_sent(after), 60)
    for channel, who in (*before, *after):
        assert len({"wechat": wechat, "sms": twilio}[channel].sends(to=who)) == 1


def test_candidates_are_answered_while_redis_is_away(server: Server, candidate: str) -> None:
    """And `serve` itself starts none."""
    import requests

    letter = letters.wechat(candidate, ASK)
    assert WHERE in requests.post(server.url + letter.path, data=letter.body, timeout=10).text
