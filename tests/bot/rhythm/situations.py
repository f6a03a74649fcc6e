"""Candidates and rhythms for the tests of planning: everything lies around Monday 2026-11-23, 10:00 in Shanghai."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.content.touchpoints import read_touchpoints
from bot.engine.flow import Branch, Flow
from bot.rhythm import Planned, Rhythm, Situation, plan

SHANGHAI = ZoneInfo("Asia/Shanghai")
STAGES = ("interview_passed", "background_check", "joined")
FLOWS = {name: Flow(name, {step: (Branch(),) for step in ("one", "two", "three")}) for name in ("tips", "notes")}
STORIES = ("lin", "wu", "chen", "zhao")


def local(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    """`2026-11-23 10:00` by the clock of the zone."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


NOW = local("2026-11-23 10:00").astimezone(UTC)


def rhythm(folder: Path, text: str) -> Rhythm:
    """Read as HR's file is; a fault fails the test."""
    path = folder / "touchpoints.yaml"
    path.write_text(text, encoding="utf-8")
    read, document = read_touchpoints(path, FLOWS, STAGES, STORIES)
    assert document.faults == []
    return read


def waiting(**changed: Any) -> Situation:
    """Somebody who passed just now, was released and bound at once."""
    plain: dict[str, Any] = {
        "candidate_id": 1,
        "code": "C1",
        "stage": "interview_passed",
        "open": True,
        "here": SHANGHAI,
        "entered": {"interview_passed": NOW},
        "released_at": NOW,
        "bound_at": NOW,
        "there": SHANGHAI,
    }
    return Situation(**plain | changed)


def touches(read: Rhythm, who: Situation, now: datetime = NOW, until: datetime | None = None) -> list[Planned]:
    return list(plan(read, who, now, "CN", until).touches)


def moments(planned: list[Planned], zone: ZoneInfo = SHANGHAI) -> list[str]:
    return [f"{each.at.astimezone(zone):%m-%d %H:%M}" for each in planned]
