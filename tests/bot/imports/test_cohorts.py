"""Cohorts: times of their own zone, dates that are unknown, planned or published, and versions."""

from datetime import UTC, datetime
from typing import Any

from tests.bot.imports.conftest import Office, sheet

HEADER = (
    "code",
    "name",
    "starts_at",
    "ends_at",
    "place",
    "outline",
    "bring",
    "date_state",
    "date_by",
    "timezone",
    "seats",
)


def hand_in(office: Office, **cells: str) -> Any:
    row = {"code": "K1", "name": "一期", **cells}
    return office.hand_in("cohorts", sheet(list(row), list(row.values())))


def errors(office: Office) -> str:
    return office.errors()[0]["error"]


def test_a_cohort_comes_in_with_lists_and_times_in_the_companys_zone(office: Office) -> None:
    lists = {"outline": "公司介绍 | 食品安全", "bring": "身份证|健康证"}
    hand_in(office, starts_at="2026-12-01 09:00", ends_at="2026-12-05 17:30", date_by="2026-11-27", seats="40", **lists)
    kept = office.kept("cohorts", "K1")
    assert kept["starts_at"] == datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
    assert kept["ends_at"] == datetime(2026, 12, 5, 9, 30, tzinfo=UTC)
    assert kept["date_by"] == datetime(2026, 11, 26, 16, 0, tzinfo=UTC)
    assert (kept["outline"], kept["bring"], kept["seats"]) == (["公司介绍", "食品安全"], ["身份证", "健康证"], 40)
    assert (kept["date_state"], kept["version"]) == ("planned", 1)


def test_a_cohort_with_its_own_zone_has_its_times_there(office: Office) -> None:
    hand_in(office, starts_at="2026-12-01 09:00", timezone="America/New_York")
    assert office.kept("cohorts", "K1")["starts_at"] == datetime(2026, 12, 1, 14, 0, tzinfo=UTC)
    hand_in(office, starts_at="2026-12-02 09:00")
    assert office.kept("cohorts", "K1")["starts_at"] == datetime(2026, 12, 2, 14, 0, tzinfo=UTC)
    hand_in(office, starts_at="2026-12-02 09:00", timezone="-")
    assert office.kept("cohorts", "K1")["starts_at"] == datetime(2026, 12, 2, 1, 0, tzinfo=UTC)


def test_a_time_with_an_offset_means_what_it_says(desk: Office) -> None:
    hand_in(desk, starts_at="2026-12-01T09:00:00+00:00", timezone="America/New_York")
    assert desk.kept("cohorts", "K1")["starts_at"] == datetime(2026, 12, 1, 9, 0, tzinfo=UTC)


def test_lists_are_empty_where_nothing_was_given_and_once_cleared(office: Office) -> None:
    hand_in(office, outline="a|b")
    assert office.kept("cohorts", "K1")["bring"] == []
    hand_in(office, outline="-")
    assert office.kept("cohorts", "K1")["outline"] == []


def test_a_cohort_without_a_date_is_unknown_and_planned_once_it_has_one(office: Office) -> None:
    hand_in(office)
    assert office.kept("cohorts", "K1")["date_state"] == "unknown"
    hand_in(office, starts_at="2026-12-01 09:00")
    assert office.kept("cohorts", "K1")["date_state"] == "planned"
    hand_in(office, starts_at="-")
    assert office.kept("cohorts", "K1")["date_state"] == "unknown"


def test_a_published_date_may_come_in_and_stays_published(office: Office) -> None:
    hand_in(office, starts_at="2026-12-01 09:00", date_state="published")
    hand_in(office, starts_at="2026-12-02 09:00")
    assert office.kept("cohorts", "K1")["date_state"] == "published"
    hand_in(office, date_state="planned")
    assert "an import does not make it planned again" in errors(office)
    assert office.kept("cohorts", "K1")["date_state"] == "published"


def test_what_people_were_told_has_a_new_version_when_it_changes(office: Office) -> None:
    first = {"starts_at": "2026-12-01 09:00", "place": "A", "address": "路1号"}
    told = [{"starts_at": "2026-12-02 09:00"}, {"ends_at": "2026-12-06 17:00"}, {"place": "B"}, {"address": "路2号"}]
    for version, cells in enumerate([first, *told, {"date_state": "published"}], 1):
        hand_in(office, **cells)
        assert office.kept("cohorts", "K1")["version"] == version
        hand_in(office, **cells, name="二期", seats=str(version), outline="x", bring=f"y{version}")
        assert office.kept("cohorts", "K1")["version"] == version


BAD: list[tuple[dict[str, str], str]] = [
    ({"starts_at": "2026-12-01"}, "starts_at: needs the time of day too: write it like 2026-11-04 09:00"),
    ({"starts_at": "2026-12-02 09:00", "ends_at": "2026-12-01 09:00"}, "ends_at: lies before starts_at"),
    ({"ends_at": "2026-12-01 09:00"}, "ends_at: needs starts_at"),
    ({"date_state": "planned"}, "starts_at: is missing: a planned date needs it"),
    ({"date_state": "published"}, "starts_at: is missing: a published date needs it"),
    ({"date_state": "maybe"}, "date_state: 'maybe' is no state of a date: use unknown, planned or published"),
    ({"date_state": "-"}, "date_state: cannot be cleared"),
    ({"seats": "-1"}, "seats: should be a whole number, 0 or more"),
    ({"timezone": "Mars"}, "timezone: 'Mars' is no time zone: use a name like Asia/Shanghai"),
    ({"date_by": "soon"}, "date_by: is no date: write it like 2026-11-04 or 2026-11-04 09:00"),
]


def test_bad_cohorts_stay_out_with_the_reason(desk: Office) -> None:
    rows = [{"code": f"K{number}", "name": "期", **cells} for number, (cells, _) in enumerate(BAD)]
    desk.hand_in("cohorts", sheet(HEADER, *([row.get(name, "") for name in HEADER] for row in rows)))
    assert [row["error"] for row in desk.errors()] == [why for _, why in BAD]
    assert desk.all("cohorts") == []


def test_an_end_is_held_against_the_start_that_the_record_has(office: Office) -> None:
    hand_in(office, starts_at="2026-12-02 09:00")
    hand_in(office, ends_at="2026-12-01 09:00")
    assert errors(office) == "ends_at: lies before starts_at"


def test_a_start_that_cannot_be_read_is_one_fault_and_not_three(desk: Office) -> None:
    hand_in(desk, starts_at="x", ends_at="2026-12-01 09:00", date_state="published")
    assert errors(desk) == "starts_at: is no date: write it like 2026-11-04 or 2026-11-04 09:00"
