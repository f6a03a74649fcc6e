"""Two server processes and one candidate: every message is kept once, answered once, and has a turn of its own."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.system import letters
from tests.system.letters import Letter
from tests.system.servers import Deployment, Server

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


def kept(deployment: Deployment, channel: str, who: str) -> None:
    """All are there once, in gapless turns, each with one answer."""
    came = deployment.inbound(channel, who)
    assert [row.turn for row in came] == list(range(MESSAGES))
    assert deployment.person(channel, who).turn == MESSAGES
    answers = deployment.outbound(channel, who)
    assert sorted(row.inbound_id for row in answers) == sorted(row.id for row in came)
    assert {(row.road, row.state) for row in answers} == {("reply", "sent")}
    assert len({deployment.text(row) for row in came}) == MESSAGES


@pytest.mark.parametrize("known", [True, False], ids=["known before", "never seen before"])
def test_fifty_messages_at_two_processes_are_each_answered_once(
    known: bool, server: Server, second: Server, deployment: Deployment, openid: str
) -> None:
    if known:
        deployment.bind("wechat", openid, "PUB")
    messages = [letters.wechat(openid, f"培训在哪里{'！' * n}") for n in range(MESSAGES)]
    answers = post_all([((server, second)[n % 2], message) for n, message in enumerate(messages)])
    assert {answer.status_code for answer in answers} == {200}
    assert all("<Content>" in answer.text for answer in answers)
    if known:
        assert all(WHERE in answer.text for answer in answers)
    kept(deployment, "wechat", openid)


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
    messages = [letters.sms(stranger, f"where is the training{'!' * n}") for n in range(MESSAGES)]
    answers = post_all([(process, message) for message in messages for process in (server, second)])
    for first, repeated in zip(answers[::2], answers[1::2], strict=True):
        assert first.status_code == repeated.status_code == 200
        assert "<Message>" in first.text
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
