"""All processes share one access token, and one of them fetches it."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis

from bot.channels.wechat.sender import WechatApi
from bot.channels.wechat.tokens import SharedTokens
from bot.errors import DeliveryError, Misconfigured, TryLater
from bot.platform import embedded_redis
from bot.settings import Wechat
from bot.values.message import ChannelMessage
from fakes.launch import Fake
from tests.bot.channels.conftest import OPENID

ROOT = Path(__file__).parents[3]
FETCH = "/cgi-bin/stable_token"
KEY = "keepwarm:wechat_token:wx0123456789abcdef"
# A process of its own that sends one text as soon as its stdin ends.
SENDING = """
import sys
from pathlib import Path
from bot.platform import embedded_redis
from bot.channels.wechat.sender import WechatApi
from bot.channels.wechat.tokens import SharedTokens
from bot.values.message import ChannelMessage
from bot.settings import Wechat
settings = Wechat.model_validate_json(sys.argv[1])
tokens = SharedTokens(embedded_redis.connect("", Path(sys.argv[2])), settings.app_id)
print("ready", flush=True)
sys.stdin.read()
WechatApi(settings, tokens).send(ChannelMessage(1, sys.argv[3], "hi", "service"))
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator["redis.Redis"]:
    started = embedded_redis.start(tmp_path)
    yield embedded_redis.connect("", tmp_path)
    embedded_redis.stop(started)


def letter() -> ChannelMessage:
    return ChannelMessage(1, OPENID, "你好", "service")


def api(settings: Wechat, server: "redis.Redis | None") -> WechatApi:
    """As in a process of its own: nothing shared but Redis."""
    return WechatApi(settings, SharedTokens(server, settings.app_id))


def at_once(*works: Callable[[], object]) -> list[object]:
    """All begin together; a DeliveryError is a result."""
    begin = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        begin.wait()
        try:
            return work()
        except DeliveryError as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def fetches(wechat: Fake) -> int:
    return wechat.calls().get(FETCH, 0)


def test_of_many_processes_one_fetches(
    wechat: Fake, wechat_settings: Wechat, server: "redis.Redis", tmp_path: Path
) -> None:
    wechat.fault(FETCH, "hang", seconds=0.5)
    command = [sys.executable, "-c", SENDING, wechat_settings.model_dump_json(), str(tmp_path), OPENID]
    processes = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.close()
    assert [process.wait(30) for process in processes] == [0] * 4
    for process in processes:
        assert process.stdout
        process.stdout.close()
    assert (fetches(wechat), len(wechat.sends())) == (1, 4)


def test_of_many_senders_one_fetches_when_the_token_was_replaced(
    wechat: Fake, wechat_settings: Wechat, server: "redis.Redis"
) -> None:
    senders = [api(wechat_settings, server) for _ in range(5)]
    senders[0]._tokens.token(senders[0]._fetch)
    wechat.post("/_fake/tokens", revoke=True)
    at_once(*(lambda each=each: each.send(letter()) for each in senders))
    assert (fetches(wechat), len(wechat.sends())) == (2, 5)


def test_a_token_put_there_meanwhile_is_not_dropped(wechat_settings: Wechat, server: "redis.Redis") -> None:
    tokens = SharedTokens(server, wechat_settings.app_id)
    server.set(KEY, "new")
    tokens.drop("old")
    assert server.get(KEY) == b"new"
    tokens.drop("new")
    assert server.get(KEY) is None


def test_a_wiped_redis_costs_one_call(wechat: Fake, wechat_settings: Wechat, server: "redis.Redis") -> None:
    sender = api(wechat_settings, server)
    sender.send(letter())
    server.flushall()
    sender.send(letter())
    assert (fetches(wechat), len(wechat.sends())) == (2, 2)


def test_the_token_is_given_up_before_it_ends(wechat: Fake, wechat_settings: Wechat, server: "redis.Redis") -> None:
    api(wechat_settings, server).send(letter())
    assert 6800 < server.ttl(KEY) <= 6900


def test_while_redis_is_away_each_process_keeps_its_own(wechat: Fake, wechat_settings: Wechat, tmp_path: Path) -> None:
    sender = api(wechat_settings, embedded_redis.connect("", tmp_path / "nowhere"))
    for _ in range(3):
        sender.send(letter())
    assert (fetches(wechat), len(wechat.sends())) == (1, 3)
    wechat.post("/_fake/tokens", revoke=True)
    sender.send(letter())
    assert (fetches(wechat), len(wechat.sends())) == (2, 4)


def test_who_died_while_fetching_holds_nobody_up_for_long(
    wechat: Fake, wechat_settings: Wechat, server: "redis.Redis"
) -> None:
    server.set(f"{KEY}:refreshing", "a dead process", px=60_000)
    WechatApi(wechat_settings, SharedTokens(server, wechat_settings.app_id, patience=0.1)).send(letter())
    assert (fetches(wechat), len(wechat.sends())) == (1, 1)
    assert server.get(f"{KEY}:refreshing") == b"a dead process"  # only its holder opens a lock
    assert server.get(KEY) is not None


def test_the_lock_is_open_again_after_a_fetch_that_failed(
    wechat: Fake, wechat_settings: Wechat, server: "redis.Redis"
) -> None:
    wechat.fault(FETCH, "errcode", errcode=45009)
    sender = api(wechat_settings, server)
    with pytest.raises(TryLater):
        sender.send(letter())
    assert server.get(f"{KEY}:refreshing") is None
    sender.send(letter())
    assert len(wechat.sends()) == 1


def test_threads_that_waited_for_a_fetch_fail_with_it(wechat: Fake, wechat_settings: Wechat) -> None:
    wechat.fault(FETCH, "hang", seconds=0.5)
    wechat.fault(FETCH, "errcode", errcode=40164, times="forever")
    sender = api(wechat_settings.model_copy(update={"app_secret": "wrong"}), None)
    errors = at_once(*(lambda: sender.send(letter()) for _ in range(8)))
    assert {(type(error), getattr(error, "code", "")) for error in errors} == {(Misconfigured, "40125")}
    assert fetches(wechat) == 1


@pytest.mark.parametrize(
    ("fault", "kind", "code"),
    [
        ({"kind": "errcode", "errcode": 40164}, Misconfigured, "40164"),
        ({"kind": "errcode", "errcode": 40125}, Misconfigured, "40125"),
        ({"kind": "errcode", "errcode": 89503}, Misconfigured, "89503"),
        ({"kind": "errcode", "errcode": 50007}, Misconfigured, "50007"),
        ({"kind": "errcode", "errcode": -1}, TryLater, "-1"),
        ({"kind": "errcode", "errcode": 45009}, TryLater, "45009"),
        ({"kind": "http", "status": 502}, TryLater, "no_token"),
        ({"kind": "reset"}, TryLater, "no_token"),
    ],
)
def test_without_a_token_nothing_is_sent(
    wechat: Fake, wechat_settings: Wechat, fault: dict[str, object], kind: type[DeliveryError], code: str
) -> None:
    wechat.post("/_fake/faults", {"path": FETCH} | fault)
    with pytest.raises(DeliveryError) as failed:
        api(wechat_settings, None).send(letter())
    assert (type(failed.value), failed.value.code) == (kind, code)
    assert wechat.sends() == []
    assert wechat_settings.app_secret not in str(failed.value)


def test_a_token_that_is_refused_for_ever_is_replaced_once(
    wechat: Fake, wechat_settings: Wechat, server: "redis.Redis"
) -> None:
    wechat.fault("custom/send", "errcode", errcode=40001, times="forever")
    with pytest.raises(Misconfigured):
        api(wechat_settings, server).send(letter())
    assert (fetches(wechat), wechat.calls()["/cgi-bin/message/custom/send"]) == (2, 2)
