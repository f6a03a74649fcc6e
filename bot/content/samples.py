"""Values to try a text with: the longest that are usual, so that its length can be judged before anybody gets it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

_START = datetime(2026, 12, 23, 9, 30, tzinfo=UTC)
_MOMENTS = {
    "start": _START,
    "end": _START + timedelta(days=4, hours=8),
    "date_by": _START - timedelta(days=7),
    "stage_since": _START - timedelta(days=20),
    "offer_until": _START + timedelta(days=10),
    "task_due": _START - timedelta(days=3),
}
_NUMBERS = {
    "days": 5,
    "days_left": 12,
    "answer_hours": 24,
    "code_minutes": 10,
    "waited_days": 21,
    "seats": 30,
    "openings": 3,
}
_DISTANCE = 12.5
_ONE_WAY = False  # where an answer is asked for a text is longer


def samples(words: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """A value for each name. `words`: those that are language, from messages/<locale>/shared.yaml."""
    history = [(step, _START - timedelta(days=20)) for step in words.get("history", ())]
    tasks = [(task, _START) for task in words.get("tasks", ())]
    known = {
        **words,
        **_MOMENTS,
        **_NUMBERS,
        "distance_km": _DISTANCE,
        "one_way": _ONE_WAY,
        "history": history,
        "tasks": tasks,
    }
    return {name: known.get(name, words.get("saved", "")) for name in names}
