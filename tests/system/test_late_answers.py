"""When the database is too slow for WeChat's five seconds, the answer follows once, whoever dies meanwhile; and a code
sent to a phone arrives there."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from fakes.launch import Fake
from tests import postgres
from tests.system.servers import Balancer, Deployment, Server, number, run, said, serving, wait_for

ASK, WHERE = "培训在哪里", "上海培训中心"
GRACE = "+12025550143"
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
    """And WeChat, which did not hear that, gets nothing more when it comes again."""
    server = Server(deployment).ready()
    wechat.callback(f"{server.url}/wechat")
    order = {"openid": follower, "kind": "text", "content": ASK, "msg_id": 7 * 10**16 + number()}
    with deployment.locked():
        result = wechat.push(order)
        assert [each["body"] for each in result["deliveries"]] == ["success"]
        server.kill()
    assert len(spooled(deployment)) == 1
    assert deployment.inbound("wechat", follower) == []
    with serving(deployment) as again:
        answered_late(deployment, wechat, follower)
        wechat.callback(f"{again.url}/wechat")
        assert [each["body"] for each in wechat.push(order)["deliveries"]] == ["success"]
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


# The database is away.


@pytest.mark.parametrize("deployment", ["postgres"], indirect=True)
def test_what_comes_while_the_database_is_away_is_answered_once_when_it_is_back(
    server: Server, deployment: Deployment, wechat: Fake, twilio: Fake, follower: str
) -> None:
    """Both hear "received": Twilio would not bring it a second time. And who is on call can see how it stands."""
    wechat.callback(f"{server.url}/wechat")
    twilio.callback(f"{server.url}/sms")
    with postgres.refusing(deployment.database.url):
        result = wechat.push(openid=follower, kind="text", content=ASK)
        assert [each["body"] for each in result["deliveries"]] == ["success"]
        result = twilio.push({"from": GRACE, "body": "where is the training?"})
        assert (result["reply"], result["errors"]) == ([], [])
        assert len(spooled(deployment)) == 2
        assert requests.get(f"{server.url}/readyz", timeout=5).status_code == 503
        metrics = requests.get(f"{server.url}/metrics", timeout=5).text.splitlines()
        assert {"keepwarm_spooled 2.0", "keepwarm_database_up 0.0"} <= set(metrics)
    answered_late(deployment, wechat, follower)
    wait_for(lambda: deployment.states("sms", GRACE) == ["delivered"])
    (text,) = said(twilio, GRACE)
    assert "Broadway" in text
    assert "I'm the bot" in text  # in the same SMS, which is paid once
    assert [row.turn for row in deployment.inbound("sms", GRACE)] == [0]
    assert "keepwarm_database_up 1.0" in requests.get(f"{server.url}/metrics", timeout=5).text


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
