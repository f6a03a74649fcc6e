"""What was hoped for after something was said: whether it came in time, and what happens where it did not."""

from datetime import datetime

from sqlalchemy.engine import Connection

from bot.runtime import Runtime
from bot.store import cases, people, touches
from bot.store.touches import Touch

_AT_ONCE = 50  # touches in a transaction


def check_expectations(connection: Connection, house: Runtime, now: datetime) -> tuple[int, list[int]]:
    """Takes what has waited long enough; gives how many. Nothing is sent by this."""
    due = touches.to_judge(connection, now, _AT_ONCE)
    for touch in due:
        _judge(connection, house, touch, now)
    return len(due), []


def _judge(connection: Connection, house: Runtime, touch: Touch, now: datetime) -> None:
    met_at = _met_at(connection, house, touch)
    touches.save_result(connection, touch, met_at, now)
    waits = people.stage_of(connection, touch.candidate_id) not in house.settings.stages.closed
    if met_at is None and touch.unmet and waits and touches.is_the_latest(connection, touch):
        cases.open_case(connection, touch.candidate_id, None, touch.unmet, now)


def _met_at(connection: Connection, house: Runtime, touch: Touch) -> datetime | None:
    """Any word is a sign that what was said before it was seen; a confirmation must be of the training as it is now."""
    assert touch.ended_at
    if touch.expects == "confirm":
        return people.confirmed_at(connection, touch.candidate_id)
    seen = touches.seen_at(connection, touch) if touch.expects == "seen" else None
    return seen or touches.heard_after(connection, touch.candidate_id, touch.ended_at)
