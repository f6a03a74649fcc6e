"""HR's rhythm is read with every fault named, by line, with what would be right."""

from datetime import time, timedelta
from pathlib import Path

import pytest

from bot.content import Content
from bot.content.touchpoints import read_touchpoints
from bot.rhythm import Every, Expects, RhythmMoment
from tests.bot.rhythm.situations import FLOWS, STAGES, STORIES

WHOLE = """
tasks:
  id_copy: {due: start - 7d}
wait: 30d
entries:
  note:
    kind: notice
    at: [interview_passed + 90m, due id_copy - 2d at 9:05]
    begins: notes.one
    if: {confirmed: no}
    only: [bound, open id_copy]
    expects: seen within 24h else case unread
    expires: start
    hours: 7-22
    priority: 9
    template: task
    for: {stage: [interview_passed], store: S1, city: 上海, source: campus, share: 90%}
  tips:
    kind: story
    at: wait 1/3
    every: 7d
    begins: [tips.one, tips.two]
  story:
    kind: story
    at: released
    every: friday at 17:30
    begins: stories
    skip: holidays
    expects: nothing
"""


def read(folder: Path, text: str) -> tuple[object, list[str]]:
    path = folder / "flows" / "touchpoints.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.strip(), encoding="utf-8")
    rhythm, document = read_touchpoints(path, FLOWS, STAGES, STORIES)
    return rhythm, [str(fault) for fault in sorted(document.faults)]


def test_every_word_of_the_language_is_read(tmp_path: Path) -> None:
    rhythm, faults = read(tmp_path, WHOLE)
    assert faults == []
    note, tips, story = rhythm.entries.values()  # type: ignore[attr-defined]
    assert note.moments == (
        RhythmMoment("interview_passed", timedelta(minutes=90)),
        RhythmMoment("due id_copy", -timedelta(days=2), time(9, 5)),
    )
    assert note.expects == Expects("seen", timedelta(hours=24), "unread")
    assert (note.expires, note.hours, note.priority, note.template) == (RhythmMoment("start"), (7, 22), 9, "task")
    assert note.audience.has("C1", "note", "interview_passed", "S1", "上海", "campus") in (True, False)
    assert (note.audience.share, note.only, dict(note.when)) == (90, ("bound", "open id_copy"), {"confirmed": {"no"}})
    assert (tips.every, tips.begins) == (Every(days=7), ("tips.one", "tips.two"))
    assert (story.every, story.skip_holidays) == (Every(weekday=4, at=time(17, 30)), True)
    assert rhythm.stories == tuple(f"stories.{name}" for name in STORIES)  # type: ignore[attr-defined]


ENTRY = "entries:\n  note:\n    kind: notice\n    at: released\n    begins: notes.one\n    "


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (ENTRY + "at2: x", ":6: 'at2' is not known here"),
        (ENTRY.replace("notice", "advert"), ":3: kind: 'advert' should be notice"),
        (ENTRY.replace("released", "birthday + 1d"), ":4: 'birthday + 1d' is no moment"),
        (ENTRY.replace("released", "start + 1w"), ":4: 'start + 1w' is no moment"),
        (ENTRY.replace("released", "wait 3/2"), ":4: 'wait 3/2' is no moment"),
        (ENTRY.replace("released", "due id_copy"), ":4: 'due id_copy' is no moment"),
        (ENTRY.replace("released", "released at 25:00"), ":4: '25:00' is no time of day"),
        (ENTRY.replace("notes.one", "notes.nine"), ":5: 'notes.nine' is no step of a flow"),
        (ENTRY.replace("    begins: notes.one\n", ""), "begins nothing"),
        (ENTRY.replace("notes.one", "[notes.one, notes.two]"), "has several steps to begin"),
        (ENTRY.replace("notes.one", "stories"), "tells stories"),
        (ENTRY + "every: fortnight", ":6: 'fortnight' is no rhythm"),
        (ENTRY + "if: {weather: good}", ":6: if: 'weather' is no fact"),
        (ENTRY + "if: {confirmed: maybe}", ":6: if: confirmed is never 'maybe'"),
        (ENTRY + "only: rich", ":6: only: 'rich' is not known"),
        (ENTRY + "expects: love", ":6: 'love': write it like seen within 24h"),
        (ENTRY + "expires: soon", ":6: 'soon' is no moment"),
        (ENTRY + "hours: 9 to 5", ":6: '9 to 5' is no span of hours"),
        (ENTRY + "priority: high", ":6: 'high' is no number"),
        (ENTRY + "template: advert", ":6: template: 'advert' is not known"),
        (ENTRY.replace("notice", "story") + "template: update", ":6: a story never goes as a template"),
        (ENTRY + "also: fax", ":6: also: 'fax' is not known"),
        (ENTRY + "skip: sundays", ":6: skip: 'sundays' is not known"),
        (ENTRY + "for: {share: most}", ":6: share: 'most' should be a share like 90%"),
        (ENTRY + "for: {stage: dreaming}", ":6: for: no stage is called 'dreaming'"),
        ("wait: long", ":1: 'long' is no span of time"),
        ("tasks: {id_copy: {due: never}}", ":1: 'never' is no moment"),
        ("entry: {}", ":1: 'entry' is not known here"),
        (ENTRY + "begins: notes.two", ":6: 'begins' stands twice here"),
    ],
)
def test_a_fault_says_where_what_and_what_would_be_right(tmp_path: Path, text: str, fault: str) -> None:
    _, faults = read(tmp_path, text)
    assert any(fault in found for found in faults), faults


def test_the_shipped_rhythm_keeps_to_its_own_rules(content: Content) -> None:
    entries = content.rhythm.entries
    assert {
        "welcome",
        "tips",
        "friday_story",
        "unread",
        "unread_again",
        "checkin_third",
        "checkin_two_thirds",
    } <= entries.keys()
    assert {"week_before", "three_days_before", "day_before", "morning_of", "store_says_hello"} <= entries.keys()
    for entry in entries.values():
        assert (entry.kind == "story") == (not entry.template), entry.name
    assert set(content.rhythm.tasks) == {"id_copy", "health_certificate"}
    assert len(content.rhythm.stories) >= 4


def test_a_folder_without_a_rhythm_says_nothing_by_itself(tmp_path: Path) -> None:
    rhythm, document = read_touchpoints(tmp_path / "touchpoints.yaml", FLOWS, STAGES, STORIES)
    assert (rhythm.entries, document.faults) == ({}, [])


def test_another_text_is_another_version(tmp_path: Path) -> None:
    one, _ = read(tmp_path, ENTRY)
    again, _ = read(tmp_path, ENTRY)
    other, _ = read(tmp_path, ENTRY + "priority: 5")
    assert one.version == again.version != other.version  # type: ignore[attr-defined]
