"""One message on which a sender breaks, or whose fate cannot be written, breaks no batch and is in doubt."""

from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.errors import Unreachable
from bot.outbox import Outbox
from bot.store.db.database import Database
from bot.values.message import ChannelMessage, SendResult
from tests.bot.outbox.conftest import Clock, Sender, rows

Queue = Callable[..., list[int]]


def queued(queue: Queue) -> None:
    for n in range(5):
        queue(f"{n}", who=f"+1202555014{n}")


def fates(database: Database) -> list[tuple[str, str | None]]:
    return [(row.state, row.error_code) for row in rows(database)]


@pytest.mark.parametrize("error", [ValueError("x"), AttributeError("x"), RecursionError("x"), KeyError("x")])
def test_a_sender_that_breaks_leaves_one_message_in_doubt(
    outbox: Outbox, queue: Queue, sender: Sender, database: Database, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    real = sender.send

    def send(letter: ChannelMessage) -> SendResult:
        if letter.text == "2":
            raise error
        return real(letter)

    monkeypatch.setattr(sender, "send", send)
    queued(queue)
    with capture_logs() as lines:
        assert outbox.deliver() == 5
    assert fates(database) == [("unknown", "broke") if n == 2 else ("sent", None) for n in range(5)]
    assert [line["event"] for line in lines if line["log_level"] == "error"] == ["sender_broke"]


def test_an_id_that_another_message_has_leaves_one_in_doubt(
    outbox: Outbox, queue: Queue, sender: Sender, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "send", lambda letter: SendResult("SM1"))
    queued(queue)
    assert outbox.deliver() == 5
    assert sorted(fates(database), key=str) == [("sent", None), *[("unknown", "unwritable")] * 4]


@pytest.mark.parametrize("reason", ["\ud800", "\x00", "x" * 100_000])
def test_a_reason_that_nobody_can_write_is_written_as_far_as_it_can_be(
    outbox: Outbox, queue: Queue, sender: Sender, database: Database, reason: str
) -> None:
    sender.fails = Unreachable("21612", reason)
    queue("1")
    outbox.deliver()
    assert fates(database) == [("failed", "21612")]


def test_a_question_on_which_a_sender_breaks_holds_up_no_other(
    outbox: Outbox, queue: Queue, sender: Sender, clock: Clock, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(letter: ChannelMessage) -> SendResult:
        raise ValueError

    def find(letter: ChannelMessage, *_: Any) -> SendResult | None:
        if letter.text == "0":
            raise RecursionError
        return SendResult(f"SM{letter.text}")

    monkeypatch.setattr(sender, "send", send)
    monkeypatch.setattr(sender, "find", find)
    queued(queue)
    outbox.deliver()
    clock.now = max(row.due_at for row in rows(database))
    outbox.reconcile()
    assert [row.state for row in rows(database)] == ["unknown", "sent", "sent", "sent", "sent"]
