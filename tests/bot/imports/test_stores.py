"""Stores come in, change, and are left alone."""

from datetime import date

from tests.bot.imports.conftest import Office

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


BAD = {
    "-,店,,,,,,": "code: cannot be cleared",
    "S1,-,,,,,,": "name: cannot be cleared",
    "S2,,,,,,,": "name: is missing: new stores need it",
    "S3,店,-5,,,,,": "openings: should be a whole number, 0 or more",
    "S4,店,,99,121,,,": "lat: should be a number of degrees from -90 to 90, like 31.2304",
    "S5,店,,31,,,,": "lat, lng: go together: give both or none",
    "S6,店,,,,123,,": "phone: is no phone number: write it like 13123456789 or +8613123456789",
    "S7,店,,,,,2026-02-01,2026-01-01": "closes_on: lies before opens_on",
    "S8,,x,,,,,": "openings: should be a whole number, 0 or more; name: is missing: new stores need it",
}


def test_bad_stores_stay_out_with_every_reason_at_once(desk: Office) -> None:
    desk.hand_in("stores", "\n".join(["code,name,openings,lat,lng,phone,opens_on,closes_on", *BAD]))
    assert [row["error"] for row in desk.errors()] == list(BAD.values())
    assert desk.all("stores") == []
