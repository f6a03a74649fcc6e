"""Thirty days of 200 candidates through the real code and the platforms' stand-ins: what was said, to whom, when, by which
road, is a golden file, and keeps every promise of the rhythm.

After a change that is meant: `python -m tests.test_thirty_days` writes the file anew; read its difference.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bot.content import Content
from bot.settings import Settings
from bot.store.db.database import Database
from bot.store.tables import candidates, stage_times
from bot.understanding import Understanding
from tests.conftest import clock_of_this_test

ROOT = Path(__file__).parent.parent
GOLDEN = Path(__file__).parent / "golden" / "thirty_days.txt"
DAYS, PEOPLE, START = 30, 200, "2026-11-23"
HOME = "Asia/Shanghai"
SAID = ("sent", "delivered", "seen")
HR = ("training_notice", "training_moved", "training_cancelled", "training_slipped")
Line = Mapping[str, Any]


def play(folder: Path, understanding: Path | None = None) -> list[Line]:
    """The ledger, as `keepwarm simulate --json` prints it. `understanding`: a trained model, to save half a minute."""
    if understanding:
        (folder / "var").mkdir(parents=True)
        shutil.copytree(understanding, folder / "var" / "understanding")
    command = ["simulate", "--days", str(DAYS), "--candidates", str(PEOPLE), "--start", START, "--json"]
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith(("KEEPWARM_", "WECHAT_", "TWILIO_"))
    }
    done = subprocess.run(
        [sys.executable, "-m", "bot", *command, "--folder", str(folder)],
        cwd=ROOT,
        env=clean | clock_of_this_test() | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines: list[Line] = json.loads(done.stdout)
    return lines


def local(line: Line) -> datetime:
    return datetime.fromisoformat(line["at"]).astimezone(ZoneInfo(line["timezone"] or HOME))


def written(lines: Sequence[Line]) -> str:
    """One line a message or touch, as a person reads it."""

    def told(line: Line) -> str:
        what = " ".join(filter(None, (line["entry"], line["occasion"]))) or line["said"]
        why = f" (put off: {line['why']})" if line["why"] else ""
        state = ": ".join(filter(None, (line["state"], line["reason"])))
        return f"{local(line):%m-%d %a %H:%M} {line['candidate']} {line['kind']} {line['road'] or '-'} {what}: {state}{why}"

    return "".join(f"{told(line)}\n" for line in lines)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("thirty") / "days"


@pytest.fixture(scope="module")
def lines(folder: Path, settings: Settings, understanding: Understanding) -> list[Line]:
    return play(folder, settings.var / "understanding")


@pytest.fixture
def store(folder: Path, lines: list[Line]) -> Iterator[Database]:
    database = Database(f"sqlite:///{folder / 'keepwarm.db'}")
    yield database
    database.close()


def test_the_ledger_is_the_one_that_was_agreed(lines: list[Line]) -> None:
    found = written(lines).splitlines()
    agreed = GOLDEN.read_text(encoding="utf-8").splitlines()
    gone, new = Counter(agreed) - Counter(found), Counter(found) - Counter(agreed)
    assert (list(gone)[:20], list(new)[:20]) == ([], [])


def test_much_was_said_to_many(lines: list[Line]) -> None:
    """So that the other checks check something."""
    assert len({line["candidate"] for line in lines if line["state"] in SAID}) > 120
    assert len({line["entry"] for line in lines if line["state"] in SAID}) >= 18
    assert {"service", "template", "sms"} <= {line["road"] for line in lines if line["state"] in SAID}
    assert sum(line["kind"] == "story" and line["state"] in SAID for line in lines) > 50


def test_every_notice_arrives_exactly_once_and_every_story_at_most_once(lines: list[Line]) -> None:
    touches: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        if line["entry"]:
            touches[line["candidate"], line["entry"], line["occasion"]].append(line)
    for key, tries in touches.items():
        arrived = [line for line in tries if line["state"] in SAID]
        assert len(arrived) <= 1, key
        went = [line for line in tries if line["road"]]
        if went and tries[0]["kind"] == "notice" and not arrived:
            assert {line["state"] for line in tries} <= {"failed", "cancelled", "unknown"}, key


def test_a_notice_that_did_not_arrive_is_a_case_or_says_why(lines: list[Line], store: Database) -> None:
    cases = store.read(lambda c: set(c.execute(sa.text(_CASES)).scalars()))
    tried = defaultdict(list)
    for line in lines:
        if line["kind"] == "notice" and line["entry"]:
            tried[line["candidate"], line["entry"], line["occasion"]].append(line)
    for (who, entry, _), tries in tried.items():
        states = {line["state"] for line in tries}
        if states & {*SAID, "planned", "queued", "cancelled", "done"}:
            continue
        assert who in cases or all(line["reason"] for line in tries), (who, entry)


_CASES = (
    "SELECT candidates.code FROM cases JOIN candidates ON candidates.id = cases.candidate_id "
    "JOIN case_reasons ON case_reasons.case_id = cases.id WHERE case_reasons.reason = 'unreachable'"
)


def test_nothing_is_said_at_night(lines: list[Line], content: Content) -> None:
    for line in lines:
        entry = content.rhythm.entries.get(line["entry"])
        first, last = (entry.hours if entry else None) or (9, 21)
        if line["state"] in SAID and line["kind"] in ("notice", "story"):
            at = local(line)
            assert first <= at.hour < last or (at.hour, at.minute) == (last, 0), line


def test_stories_keep_to_the_caps_and_to_the_chat(lines: list[Line]) -> None:
    said = [line for line in lines if line["kind"] == "story" and line["state"] in SAID]
    assert {line["road"] for line in said} == {"service"}, "never a template, an SMS or an e-mail"
    days = Counter((line["candidate"], local(line).date()) for line in said)
    assert max(days.values()) == 1
    by_person = defaultdict(list)
    for line in said:
        by_person[line["candidate"]].append(local(line))
    for who, moments in by_person.items():
        for at in moments:
            week = [other for other in moments if at - timedelta(days=7) < other <= at]
            assert len(week) <= 3, who


def test_no_story_is_told_twice_to_one_person_or_on_the_first_day(lines: list[Line], store: Database) -> None:
    told = Counter(
        (line["candidate"], line["said"]) for line in lines if line["entry"] == "friday_story" and line["state"] in SAID
    )
    assert told
    assert max(told.values()) == 1
    starts = dict(store.read(lambda c: [tuple(row) for row in c.execute(sa.text(_STARTS))]))
    for line in lines:
        if line["entry"] == "friday_story" and line["state"] in SAID and starts.get(line["candidate"]):
            first = datetime.fromisoformat(f"{starts[line['candidate']]}+00:00").astimezone(ZoneInfo(HOME)).date()
            assert local(line).date() < first, line


_STARTS = "SELECT candidates.code, cohorts.starts_at FROM candidates JOIN cohorts ON cohorts.id = candidates.cohort_id"


def test_no_service_message_leaves_a_closed_window(lines: list[Line]) -> None:
    """The stand-in of WeChat refuses with 45015 or 45047 what comes too late or too often. It may do so only where we knew
    nothing of the person's window; a template follows then."""
    refused = [line for line in lines if line["reason"].startswith(("45015", "45047")) and line["kind"] == "story"]
    assert refused == []


def test_nothing_is_said_after_leaving_or_opting_out(lines: list[Line], store: Database) -> None:
    left = _ended(store)
    assert left, "somebody leaves in thirty days"
    for line in lines:
        at = datetime.fromisoformat(line["at"])
        if line["state"] in SAID and line["kind"] in ("notice", "story") and line["candidate"] in left:
            assert at <= left[line["candidate"]] + timedelta(minutes=1), (line, left[line["candidate"]])


def _ended(store: Database) -> dict[str, datetime]:
    """When each who withdrew, did not come, joined or opted out did so."""
    ends = ("withdrawn", "rejected", "no_show", "joined")
    closed = (
        sa.select(candidates.c.code, stage_times.c.at)
        .join(stage_times, stage_times.c.candidate_id == candidates.c.id)
        .where(stage_times.c.stage.in_(ends), candidates.c.stage.in_(ends))
    )
    stopped = sa.select(candidates.c.code, candidates.c.pushes_stopped_at).where(
        candidates.c.pushes_stopped_at.is_not(None)
    )
    found: dict[str, datetime] = {}
    for wanted in (closed, stopped):
        for code, at in store.read(lambda c, wanted=wanted: list(c.execute(wanted))):  # type: ignore[misc]
            found[code] = min(at, found.get(code, at))
    return found


def test_every_message_has_its_road_and_its_price(lines: list[Line]) -> None:
    said = [line for line in lines if line["state"] in SAID and line["entry"]]
    assert all(line["road"] for line in said)
    assert all((line["cost"] > 0) == (line["road"] == "sms") for line in said)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        GOLDEN.parent.mkdir(exist_ok=True)
        GOLDEN.write_text(written(play(Path(place) / "days")), encoding="utf-8")
