"""The sample company is the same every time, and comes in without a fault."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import phonenumbers
import pytest

from bot.values import invites
from fakes import company
from tests import days
from tests.bot.imports.conftest import Office


@pytest.fixture
def files(tmp_path: Path, now: datetime) -> Path:
    company.write(tmp_path / "company", now)
    return tmp_path / "company"


def test_it_comes_in_whole_and_twice_changes_nothing(desk: Office, files: Path) -> None:
    expected = {"stores": 500, "staff": 10, "cohorts": 6, "candidates": 200}
    assert tuple(expected) == company.FILES
    for what, count in expected.items():
        report = desk.hand_in_file(what, files / f"{what}.csv")
        assert (report.counts, report.warned, report.notes) == (
            {"created": count, "updated": 0, "unchanged": 0, "bad": 0},
            0,
            [],
        )
    for what, count in expected.items():
        assert desk.hand_in_file(what, files / f"{what}.csv").unchanged == count


def test_its_candidates_are_in_all_stages_and_its_cohorts_stand_in_every_way(desk: Office, files: Path) -> None:
    for what in company.FILES:
        desk.hand_in_file(what, files / f"{what}.csv")
    stages = Counter(row["stage"] for row in desk.all("candidates"))
    assert set(stages) == set(desk.settings.stages.all)
    day = desk.now.astimezone(desk.settings.company.zone).date()
    starts = {row["code"]: row["starts_at"] for row in desk.all("cohorts")}
    in_days = {
        code: (at.astimezone(desk.settings.company.zone).date() - day).days if at else None
        for code, at in starts.items()
    }
    assert in_days == {"K1": -20, "K2": -1, "K3": 1, "K4": 5, "K5": 14, "K6": None}
    states = [row["date_state"] for row in desk.all("cohorts")]
    assert states == ["published", "published", "published", "published", "planned", "unknown"]
    assert [bool(row["date_by"]) for row in desk.all("cohorts")] == [False, False, False, False, True, True]


@pytest.mark.parametrize("hour", [0, 5, 9, 16, 23])
def test_no_stage_lies_in_the_future_nor_before_the_one_before_it(desk: Office, hour: int) -> None:
    now = datetime(2026, 11, 23, hour, 0, tzinfo=UTC)
    company.write(desk.folder, now)
    for what in company.FILES:
        assert desk.hand_in_file(what, desk.folder / f"{what}.csv", now=now).bad == 0
    for code in ("C001", "C006", "C008", "C101", "C150", "C200", "C286"):
        ordered = sorted(desk.times(code).items(), key=lambda entry: entry[1])
        road = [stage for stage in desk.settings.stages.all if stage in dict(ordered)]
        assert [stage for stage, _ in ordered] == road
        assert ordered[-1][1] <= now


def test_two_writings_are_the_same_but_for_their_dates(files: Path, tmp_path: Path, now: datetime) -> None:
    company.write(tmp_path / "again", now)
    company.write(tmp_path / "later", now + timedelta(days=3))
    for name in (*(f"{what}.csv" for what in company.FILES), "people.json"):
        assert (tmp_path / "again" / name).read_bytes() == (files / name).read_bytes()
    assert company.people(tmp_path / "later") == company.people(files)


def test_its_people_tell_every_story_and_can_be_reached(files: Path) -> None:
    people = company.people(files)
    assert len(people) >= 10
    assert all(
        {"code", "name", "story", "stage", "locale", "phone", "invite", "openid"} <= set(person) for person in people
    )
    assert all(person["story"]["zh"] and person["story"]["en"] for person in people)
    openids = [person[key] for person in people for key in ("openid", "new_openid") if person.get(key)]
    assert len(set(openids)) == len(openids)
    for person in people:
        assert person["openid"] or person["phone"]
        if person["phone"]:
            assert phonenumbers.is_valid_number(phonenumbers.parse(person["phone"]))
    strangers = [person for person in people if not person["code"]]
    assert [person["invite"] for person in strangers] == [""]


def test_its_people_are_in_the_record_as_told(desk: Office, files: Path) -> None:
    for what in company.FILES:
        desk.hand_in_file(what, files / f"{what}.csv")
    kept = {row["code"]: row for row in desk.all("candidates")}
    for person in company.people(files):
        if person["code"]:
            row = kept[person["code"]]
            told = (person["name"], person["stage"], person["locale"], person["phone"] or None, person["invite"])
            assert (row["name"], row["stage"], row["locale"], row["phone"], row["invite"]) == told
            assert set(person["invite"]) <= set(invites.ALPHABET)


def test_the_store_of_one_is_far_from_home_and_another_opens_near_it(desk: Office, files: Path) -> None:
    for what in company.FILES:
        desk.hand_in_file(what, files / f"{what}.csv")
    stores = {row["code"]: row for row in desk.all("stores")}
    (person,) = [row for row in desk.all("candidates") if row["code"] == "C002"]
    home = float(person["home_lat"]), float(person["home_lng"])
    distance = {code: abs(stores[code]["lat"] - home[0]) + abs(stores[code]["lng"] - home[1]) for code in stores}
    assert stores["SH901"]["id"] == person["store_id"]
    assert distance["SH901"] > 1 > 0.05 > distance["SH902"]
    assert stores["SH902"]["opens_on"] > desk.now.date()
    assert stores["SH902"]["openings"] > 0


@pytest.mark.parametrize("now", days.MOMENTS, ids=lambda day: f"{day:%Y-%m-%d %H:%M %Z}")
def test_it_comes_in_whole_on_any_day(desk: Office, now: datetime) -> None:
    company.write(desk.folder, now)
    for what in company.FILES:
        report = desk.hand_in_file(what, desk.folder / f"{what}.csv", now=now)
        assert (report.bad, report.warned, report.notes) == (0, 0, []), what
