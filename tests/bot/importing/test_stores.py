"""Stores come in, change, and are left alone."""

from datetime import date

import pytest

from tests.bot.importing.conftest import Office, sheet

HEADER = "code,name,city,address,lat,lng,openings,manager,phone,opens_on,closes_on"


def test_a_store_comes_in_whole(office: Office) -> None:
    report = office.hand_in(
        "stores", f"{HEADER}\nS1,人民广场店,上海,南京西路1号,31.23,121.47,3,周店长,021-58760901,2026-12-01,2027-12-01\n"
    )
    assert report.counts == {"created": 1, "updated": 0, "unchanged": 0, "bad": 0}
    kept = office.kept("stores", "S1")
    assert kept | {"id": 0} == {
        "id": 0,
        "code": "S1",
        "name": "人民广场店",
        "city": "上海",
        "address": "南京西路1号",
        "lat": 31.23,
        "lng": 121.47,
        "openings": 3,
        "manager": "周店长",
        "phone": "+862158760901",
        "opens_on": date(2026, 12, 1),
        "closes_on": date(2027, 12, 1),
        "updated_at": office.now,
    }


def test_empty_cells_and_absent_columns_change_nothing_and_a_hyphen_clears(office: Office) -> None:
    office.hand_in("stores", f"{HEADER}\nS1,店,上海,路,31.23,121.47,3,周,021-58760901,,\n")
    before = office.kept("stores", "S1")
    assert office.hand_in("stores", "code,name,city\nS1,店,\n").unchanged == 1
    assert office.kept("stores", "S1") == before
    assert office.hand_in("stores", "code,lat,lng,manager,openings\nS1,-,-,-,0\n").updated == 1
    changed = {"lat": None, "lng": None, "manager": None, "openings": 0}
    assert office.kept("stores", "S1") == before | changed


@pytest.mark.parametrize(
    ("column", "cell", "why"),
    [
        ("code", "-", "code: cannot be cleared"),
        ("name", "-", "name: cannot be cleared"),
        ("name", "", "name: is missing"),
        ("openings", "-5", "openings: should be a whole number"),
        ("lat", "99", "lat: should be a number of degrees"),
        ("lng", "", "lat, lng: go together"),
        ("phone", "123", "phone: is no phone number"),
        ("closes_on", "2020-01-01", "closes_on: lies before opens_on"),
    ],
)
def test_a_bad_store_stays_out_with_the_reason(office: Office, column: str, cell: str, why: str) -> None:
    good = {
        "code": "S1",
        "name": "店",
        "lat": "31",
        "lng": "121",
        "openings": "1",
        "phone": "",
        "opens_on": "2026-01-01",
        "closes_on": "",
    }
    row = good | {column: cell}
    report = office.hand_in("stores", sheet(list(row), list(row.values())))
    assert report.counts == {"created": 0, "updated": 0, "unchanged": 0, "bad": 1}
    assert office.errors()[0]["error"].startswith(why)
    assert office.all("stores") == []
