"""Rates: no account and no person gets more than its limit, in one process or many, with Redis or without."""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from bot.outbox.rate_limits import RateLimits, Rates, rates
from bot.platform import clock as shared
from bot.platform import embedded_redis
from bot.settings import Settings

LIMITS = {
    "wechat": RateLimits("wx1", 20, 20),
    "sms": RateLimits("+12025550100", 1, 10),
    "email": RateLimits("a@b.c", 2),
    "dingtalk": RateLimits("robot", 4, a_minute=18),
}


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator["redis.Redis"]:
    var = tmp_path_factory.mktemp("var")
    process = embedded_redis.start(var)
    yield embedded_redis.connect("", var)
    embedded_redis.stop(process)


@pytest.fixture(params=["redis", "alone"])
def made(request: pytest.FixtureRequest) -> Callable[[], Rates]:
    """Makes the rates of one more process (or of the only one)."""
    if request.param == "redis":
        shared = request.getfixturevalue("server")
        shared.flushall()
        return lambda: Rates(shared, LIMITS)
    alone = Rates(None, LIMITS, Clock())
    return lambda: alone


def test_who_waits_gets_tokens_one_interval_apart(made: Callable[[], Rates]) -> None:
    one, other = made(), made()
    waits = [process.take("sms", number, 60).wait for number, process in enumerate([one, other] * 5)]
    assert waits == pytest.approx(range(10), abs=0.5)
    assert waits[9] > 8.5


def test_whoever_cannot_wait_takes_nothing_and_is_told_when_to_come(made: Callable[[], Rates]) -> None:
    process = made()
    assert process.take("sms", 1, 0).taken
    for _ in range(3):
        token = process.take("sms", 2, 0.2)
        assert (token.taken, token.of) == (False, "account")
        assert 0.2 < token.wait <= 1
    assert process.take("sms", 2, 2).taken, "the refused ones took no tokens"


def test_a_person_has_a_limit_of_their_own_and_costs_others_nothing(made: Callable[[], Rates]) -> None:
    process = made()
    results = [process.take("wechat", 1, 10) for _ in range(11)]
    assert [token.taken for token in results] == [True] * 10 + [True]
    assert results[10].of == "person"
    refused = process.take("wechat", 1, 0.2)
    assert (refused.taken, refused.of) == (False, "person")
    assert process.take("wechat", 2, 10).wait < 7


def test_no_minute_has_more_of_one_person_than_its_limit(made: Callable[[], Rates]) -> None:
    process = made()
    at = [token.wait for token in (process.take("sms", 7, 600) for _ in range(30))]
    for start in at:
        assert len([each for each in at if start <= each < start + 60 - 0.5]) <= 10


def test_no_minute_has_more_of_one_robot_than_its_limit_whoever_is_written_to(made: Callable[[], Rates]) -> None:
    one, other = made(), made()
    tokens = [process.take("dingtalk", person, 600) for person, process in enumerate([one, other] * 20)]
    at = [token.wait for token in tokens]
    for start in at:
        assert len([each for each in at if start <= each < start + 60 - 0.5]) <= 18
        assert len([each for each in at if start <= each < start + 0.9]) <= 4
    assert {token.of for token in tokens[12:]} == {"account"}
    refused = one.take("dingtalk", 99, 1)
    assert (refused.taken, refused.of) == (False, "account")


def test_a_channel_without_limits_has_always_a_token(made: Callable[[], Rates]) -> None:
    assert made().take("fax", 1, 0).taken


def test_tokens_grow_again_with_time() -> None:
    clock = Clock()
    process = Rates(None, LIMITS, clock)
    assert process.take("sms", 1, 0).taken
    assert not process.take("sms", 2, 0).taken
    clock.now += 1
    assert process.take("sms", 3, 0).taken


def test_a_minute_that_is_skipped_has_passed_for_the_buckets_too(made: Callable[[], Rates], shared_clock: Path) -> None:
    process = made()
    while process.take("wechat", 1, 0).taken:
        shared.move(1)  # for the account; the person's minute is what is used up
    shared.move(60)
    assert process.take("wechat", 1, 0).taken


def test_a_wiped_redis_begins_anew(server: "redis.Redis") -> None:
    process = Rates(server, LIMITS)
    process.take("sms", 1, 0)
    assert not process.take("sms", 2, 0).taken
    server.flushall()
    assert process.take("sms", 2, 0).taken
    server.script_flush()
    assert not process.take("sms", 3, 0).taken, "the script is given again where Redis has forgotten it"


def test_without_redis_each_process_keeps_the_same_rate_and_asks_again_later(tmp_path: Path) -> None:
    clock = Clock()
    away = embedded_redis.connect("", tmp_path)
    process = Rates(away, LIMITS, clock)
    assert process.take("sms", 1, 0).taken
    assert not process.take("sms", 2, 0).taken
    server = embedded_redis.start(tmp_path)
    try:
        assert not process.take("sms", 3, 0).taken, "nobody asks a Redis that was away just now"
        clock.now += 6
        assert process.take("sms", 3, 0).taken
        assert away.keys("keepwarm:rate:sms:*")
    finally:
        embedded_redis.stop(server)


def test_nobody_waits_for_a_redis_that_hangs(tmp_path: Path) -> None:
    clock, server = Clock(), embedded_redis.start(tmp_path)
    assert server
    process = Rates(embedded_redis.connect("", tmp_path), LIMITS, clock)
    assert process.take("sms", 1, 0).taken
    os.kill(server.pid, signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(1) as one:
            assert one.submit(process.take, "wechat", 1, 0).result(30).taken, "by this process's own buckets"
        assert embedded_redis.start(tmp_path) is None, "no second one beside it"
    finally:
        os.kill(server.pid, signal.SIGCONT)
        embedded_redis.stop(server)


def test_buckets_in_redis_are_gone_when_they_are_full(server: "redis.Redis") -> None:
    server.flushall()
    Rates(server, LIMITS).take("wechat", 1, 0)
    assert all(0 < server.pttl(key) < 10_000 for key in server.keys("keepwarm:rate:*"))


def test_the_settings_say_the_limits(settings: Settings) -> None:
    slow = settings.model_copy(update={"sms": settings.sms.model_copy(update={"a_second": 3})})
    process = rates(slow, None)
    assert process.batch("sms", 100) == 3
    assert process.batch("wechat", 100) == 20
    assert process.batch("fax", 100) == 100
    assert process.batch("dingtalk", 100) == 4


def test_what_is_shared_about_a_robot_does_not_tell_its_address(settings: Settings, server: "redis.Redis") -> None:
    server.flushall()
    robot = settings.dingtalk.model_copy(update={"url": "https://oapi.dingtalk.com/robot/send?access_token=hush"})
    rates(settings.model_copy(update={"dingtalk": robot}), server).take("dingtalk", 1, 0)
    assert len(server.keys("keepwarm:rate:dingtalk:*")) == 2
    assert not any(b"hush" in key for key in server.keys("*"))
