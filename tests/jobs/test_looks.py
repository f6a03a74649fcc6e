"""A job that does two things does the one although the other breaks."""

from types import ModuleType

import pytest
import sqlalchemy as sa

from bot.store.tables import meta
from jobs import alerts, cases, touches
from jobs.context import JobContext


@pytest.mark.parametrize(
    ("job", "first", "then"),
    [
        (touches, "send_due", "check_expectations"),
        (cases, "escalate_due", "answer_from_record"),
        (alerts, "follow_up.follow_up", "send_due"),
    ],
    ids=["touches", "cases", "alerts"],
)
def test_what_was_done_stays_although_what_comes_next_breaks(
    desk: JobContext, monkeypatch: pytest.MonkeyPatch, job: ModuleType, first: str, then: str
) -> None:
    done: list[int] = []

    def do(connection: sa.Connection, *_: object) -> tuple[int, list[int]]:
        """Once; the second look finds nothing."""
        if not done:
            connection.execute(sa.insert(meta).values(key="done", value=b""))
        done.append(1)
        return len(done) % 2, []

    def fail(*_: object) -> tuple[int, list[int]]:
        raise LookupError("a bad row")

    monkeypatch.setattr(f"{job.__name__}.{first}", do)
    monkeypatch.setattr(f"{job.__name__}.{then}", fail)
    with pytest.raises(LookupError):
        job.run(desk)
    assert desk.database.read(lambda c: c.execute(sa.select(meta.c.key).where(meta.c.key == "done")).first())
