"""What goes first: what somebody waits for, then notices, then stories; each person's in order, and nobody's burst
before everybody else."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from bot.outbox import Outbox
from bot.outbox.claim import BATCH
from bot.outbox.rate_limits import RateLimits, Rates
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.values.message import ChannelMessage, SendResult
from tests.bot.outbox.conftest import TERMS, Clock, Sender, rows, states

Queue = Callable[..., list[int]]


def with_rates(
    database: Database, cipher: Cipher, clock: Clock, sender: Sender, **limits: RateLimits
) -> tuple[Outbox, list[float]]:
    """An outbox with these limits, in which nobody sleeps; and how long they would have slept."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)

    shared = Rates(None, limits, lambda: clock.now.timestamp())
    made = Outbox(database, cipher, {"sms": sender, "wechat": sender}, clock, TERMS, shared, lambda: 0.0, sleep)
    return made, slept


def test_the_most_urgent_goes_first(outbox: Outbox, queue: Queue, clock: Clock, wechat: Sender) -> None:
    open_ = {"window_left": 5, "window_until": clock.now + timedelta(hours=1)}
    queue("story", channel="wechat", who="o-1", kind="story", columns=open_)
    queue("notice", channel="wechat", who="o-1", kind="notice")
    queue("answer", channel="wechat", who="o-1")
    outbox.deliver()
    assert wechat.sent == ["answer", "notice", "story"]


def test_a_burst_of_one_person_leaves_room_for_the_others(outbox: Outbox, queue: Queue, sender: Sender) -> None:
    burst = [f"{n}" for n in range(BATCH + 50)]
    queue(*burst)
    queue("hello", who="+8613800000002")
    outbox.deliver()
    assert "hello" in sender.sent
    assert [text for text in sender.sent if text != "hello"] == burst[:10]
    while outbox.deliver():
        pass
    assert [text for text in sender.sent if text != "hello"] == burst


def test_what_cannot_go_holds_up_only_what_the_same_person_gets_after_it(
    outbox: Outbox, queue: Queue, clock: Clock, sender: Sender, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from bot.errors import TryLater

    queue("1", "2", "3")
    queue("other", who="+8613800000002")
    send = sender.send

    def refuse_first(letter: ChannelMessage) -> SendResult:
        if letter.text == "1":
            raise TryLater("20429")
        return send(letter)

    with monkeypatch.context() as patched:
        patched.setattr(sender, "send", refuse_first)
        outbox.deliver()
    assert sender.sent == ["other"]
    assert outbox.deliver() == 0
    assert [row.attempts for row in rows(database)] == [1, 0, 0, 1]
    clock.now += timedelta(seconds=5)
    outbox.deliver()
    assert sender.sent == ["other", "1", "2", "3"]


def test_while_one_process_sends_to_a_person_another_leaves_that_person_alone(
    outbox: Outbox, queue: Queue, database: Database, sender: Sender, clock: Clock
) -> None:
    first, second = queue("1", "2")
    (earlier,) = database.write(lambda c: outbox._reserve(c, [first]))
    clock.now += timedelta(microseconds=1)
    outbox.deliver([second])
    assert sender.sent == []
    begun = database.write(lambda c: outbox._begin(c, earlier))
    outbox.deliver([second])
    assert sender.sent == []
    outbox._send(begun)  # type: ignore[arg-type]
    outbox.deliver([second])
    assert sender.sent == ["1", "2"]


def test_a_row_without_a_token_waits_and_is_no_attempt(
    database: Database, cipher: Cipher, queue: Queue, clock: Clock, sender: Sender
) -> None:
    limited, slept = with_rates(database, cipher, clock, sender, sms=RateLimits("n", 1))
    for n in range(4):
        queue(f"{n}", who=f"+861380000000{n}", kind="notice", candidate="")
    assert limited.deliver() == 2, "no more are taken than go in a second"
    assert (sender.sent, slept) == (["0"], [])
    waiting = rows(database)[1]
    assert (waiting.state, waiting.attempts, waiting.lease_until, waiting.error_code) == ("queued", 0, None, None)
    assert limited.deliver() == 0, "nobody looks at a dry channel"
    assert limited.dry_for() == pytest.approx(1, abs=0.1)
    for _ in range(3):
        clock.now += timedelta(seconds=1)
        limited.deliver()
    assert sender.sent == ["0", "1", "2", "3"]


def test_what_somebody_waits_for_waits_for_its_token_in_the_thread(
    database: Database, cipher: Cipher, queue: Queue, clock: Clock, sender: Sender
) -> None:
    limited, slept = with_rates(database, cipher, clock, sender, sms=RateLimits("n", 1))
    first, second = queue("1", who="+8613800000001"), queue("2", who="+8613800000002")
    limited.deliver(first)
    limited.deliver(second)
    assert sender.sent == ["1", "2"]
    assert slept == pytest.approx([1], abs=0.1)


def test_a_person_s_limit_puts_off_that_person_alone_and_keeps_the_order(
    database: Database, cipher: Cipher, queue: Queue, clock: Clock, sender: Sender
) -> None:
    limited, _ = with_rates(database, cipher, clock, sender, sms=RateLimits("n", 100, 4))
    queue("1", "2", "3", "4", "5", kind="notice")
    queue("other", who="+8613800000002", kind="notice")
    limited.deliver()
    assert sorted(sender.sent) == ["1", "2", "other"]
    assert limited.deliver() == 0
    for _ in range(4):
        clock.now += timedelta(seconds=30)
        limited.deliver()
    assert [text for text in sender.sent if text != "other"] == ["1", "2", "3", "4", "5"]
    assert [row.attempts for row in rows(database)] == [1] * 6


def test_who_finds_a_closed_window_costs_no_token(
    database: Database, cipher: Cipher, queue: Queue, clock: Clock, sender: Sender
) -> None:
    limited, slept = with_rates(database, cipher, clock, sender, wechat=RateLimits("wx", 1))
    closed = {"window_left": 0, "window_until": clock.now}
    for n in range(5):
        queue("x", channel="wechat", who=f"o-{n}", columns=closed)
    while limited.deliver():
        pass
    assert (states(database), slept) == (["failed"] * 5, [])


def test_back_off_doubles_with_jitter_over_the_upper_half(
    database: Database, cipher: Cipher, queue: Queue, clock: Clock, sender: Sender
) -> None:
    from bot.errors import TryLater

    sender.fails = TryLater("20429")
    dice = [0.0, 1.0, 0.5]
    made = Outbox(database, cipher, {"sms": sender}, clock, TERMS, jitter=lambda: dice.pop(0))
    queue("1")
    pauses = []
    for _ in range(3):
        made.deliver()
        due_at: datetime = rows(database)[0].due_at
        pauses.append((due_at - clock.now).total_seconds())
        clock.now = due_at
    assert pauses == [2.5, 10, 15]


def test_a_provider_that_wants_quiet_gets_it(
    database: Database, cipher: Cipher, queue: Queue, clock: Clock, sender: Sender
) -> None:
    from bot.errors import TryLater

    sender.fails = TryLater("130101", pause=600)
    queue("1", channel="dingtalk")
    Outbox(database, cipher, {"dingtalk": sender}, clock, TERMS).deliver()
    [row] = rows(database)
    assert (row.via, row.state, (row.due_at - clock.now).total_seconds()) == ("dingtalk", "queued", 600)


def test_many_people_are_sent_to_at_once(database: Database, cipher: Cipher, queue: Queue, clock: Clock) -> None:
    """Each send waits until eight are on their way."""
    import threading

    together = threading.Barrier(8, timeout=20)

    class Slow(Sender):
        def send(self, letter: ChannelMessage) -> SendResult:
            together.wait()
            return SendResult(f"SM{letter.id}")

    for n in range(16):
        queue("x", who=f"+86138000000{n:02}")
    Outbox(database, cipher, {"sms": Slow()}, clock, TERMS).deliver()
    assert states(database) == ["sent"] * 16
