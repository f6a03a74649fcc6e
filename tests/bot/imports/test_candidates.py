"""Candidates come in sealed and found again, change, and keep their times."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.store.tables import candidates, stage_times
from bot.values import invites
from tests.bot.imports.conftest import Office, sheet

PASSED = datetime(2026, 11, 19, 16, 0, tzinfo=UTC)  # 2026-11-20 in Shanghai


@pytest.fixture(autouse=True)
def _others(office: Office) -> None:
    """One staff member, two stores and two cohorts to refer to."""
    office.hand_in("staff", "code,name,role\nHR1,林晓,recruiter\n")
    office.hand_in("stores", "code,name\nS1,一店\nS2,二店\n")
    office.hand_in("cohorts", "code,name\nK1,一期\nK2,二期\n")


def hand_in(office: Office, **cells: str) -> dict[str, int]:
    row = {"code": "C1", **cells}
    return office.hand_in("candidates", sheet(list(row), list(row.values()))).counts


def error(office: Office) -> str:
    return office.errors()[0]["error"]


def test_a_candidate_comes_in_whole_sealed_and_indexed(office: Office) -> None:
    hand_in(
        office,
        **{
            "name": "王芳",
            "phone": "138 1234 5678",
            "email": "w@example.com",
            "locale": "zh",
            "timezone": "Asia/Tokyo",
        },
        **{"stage": "background_check", "stage_at": "2026-11-20", "cohort": "K1", "store": "S1", "owner": "HR1"},
        **{
            "home_address": "长宁路1号",
            "home_lat": "31.22",
            "home_lng": "121.42",
            "source": "内推",
            "invite": "wf7k-2m 9q",
        },
        **{"position": "店员", "offer": "5500", "offer_until": "2026-12-24", "interview_passed_at": "2026-11-18 15:00"},
    )
    kept = office.kept("candidates", "C1")
    expected = {
        **{
            "name": "王芳",
            "phone": "+8613812345678",
            "email": "w@example.com",
            "locale": "zh",
            "timezone": "Asia/Tokyo",
        },
        **{"stage": "background_check", "stage_at": PASSED, "stage_by": "import"},
        **{"cohort_id": office.kept("cohorts", "K1")["id"], "cohort_by": "import"},
        **{"store_id": office.kept("stores", "S1")["id"], "store_by": "import"},
        **{"home_address": "长宁路1号", "home_lat": "31.22", "home_lng": "121.42"},
        **{"owner": "HR1", "source": "内推", "invite": "wf7k-2m 9q", "position": "店员", "offer": "5500"},
        **{
            "offer_until": datetime(2026, 12, 24, 15, 59, tzinfo=UTC),
            "created_at": office.now,
            "updated_at": office.now,
        },
        **{"phone_index": office.cipher.index("+8613812345678", "phone")},
        **{"invite_index": office.cipher.index("WF7K2M9Q", "candidates.invite")},
        **{"confirmed_at": None, "pushes_stopped_at": None},
    }
    assert {name: kept[name] for name in expected} == expected
    assert office.times("C1") == {
        "interview_passed": datetime(2026, 11, 18, 7, 0, tzinfo=UTC),
        "background_check": PASSED,
    }


def test_personal_data_lies_sealed_in_the_table(office: Office) -> None:
    hand_in(office, name="Personal", phone="13812345678", email="personal@example.com", home_address="Personal Road")
    row = office.database.read(lambda connection: connection.execute(sa.select(candidates)).one())
    assert not any("ersonal" in str(value) or "13812345678" in str(value) for value in row)


def test_a_new_candidate_begins_the_road_now_with_an_invite_of_their_own(office: Office) -> None:
    office.hand_in("candidates", "code,name,phone\nC1,王,13812345678\nC2,李,13812345679\n")
    first, second = office.kept("candidates", "C1"), office.kept("candidates", "C2")
    assert (first["stage"], first["stage_at"], first["stage_by"]) == ("interview_passed", office.now, "import")
    assert office.times("C1") == {"interview_passed": office.now}
    assert first["invite"] != second["invite"]
    assert len(first["invite"]) == 8
    assert not set("01IOLU") & set(first["invite"])
    assert first["invite_index"] == office.cipher.index(invites.normal(first["invite"]), "candidates.invite")


def test_the_same_file_twice_changes_nothing(office: Office) -> None:
    text = sheet(
        ["code", "name", "phone", "email", "locale", "stage", "stage_at", "cohort", "store", "home_lat", "home_lng", "invite", "joined_at"],
        ["C1", "王", "13812345678", "w@x.example", "zh", "", "", "K1", "S1", "31.220", "121.42", "", ""],
        ["C2", "李", "", "", "en", "joined", "2026-11-20", "", "", "", "", "ABCD-2345", "2026-11-20"],
        ["C3", "张", "+12025550123", "", "", "background_check", "2026-11-20 10:00", "", "", "", "", "", "-"],
    )  # fmt: skip
    assert office.hand_in("candidates", text).counts["created"] == 3
    before = office.all("candidates"), [office.times(code) for code in ("C1", "C2", "C3")]
    report = office.hand_in("candidates", text, now=office.now + timedelta(days=1))
    assert report.counts == {"created": 0, "updated": 0, "unchanged": 3, "bad": 0}
    assert (office.all("candidates"), [office.times(code) for code in ("C1", "C2", "C3")]) == before


def test_absent_columns_and_empty_cells_change_nothing_and_a_hyphen_clears(office: Office) -> None:
    hand_in(office, name="王", phone="13812345678", email="w@x.example", cohort="K1", source="内推", invite="ABCD2345")
    before = office.kept("candidates", "C1")
    assert hand_in(office, name="", phone="", email="", cohort="", source="", invite="")["unchanged"] == 1
    assert hand_in(office, stage="interview_passed")["unchanged"] == 1
    assert office.kept("candidates", "C1") == before
    assert hand_in(office, phone="-", email="-", cohort="-", source="-")["updated"] == 1
    cleared = dict.fromkeys(("phone", "phone_index", "email", "cohort_id", "source"))
    assert office.kept("candidates", "C1") == before | cleared


def test_what_changed_is_sealed_anew_and_dated(office: Office) -> None:
    hand_in(office, name="王", phone="13812345678")
    later = office.now + timedelta(hours=1)
    office.hand_in("candidates", "code,name,phone\nC1,王芳,13812345679\n", now=later)
    kept = office.kept("candidates", "C1")
    assert (kept["name"], kept["phone"], kept["updated_at"]) == ("王芳", "+8613812345679", later)
    assert kept["phone_index"] == office.cipher.index("+8613812345679", "phone")
    assert kept["created_at"] == office.now


def test_an_invite_may_change_and_its_spelling_does_not_matter(office: Office) -> None:
    hand_in(office, name="王", invite="ABCD-2345")
    assert hand_in(office, invite="ａｂｃｄ２３４５")["unchanged"] == 1
    assert hand_in(office, invite="WXYZ6789")["updated"] == 1
    assert office.kept("candidates", "C1")["invite_index"] == office.cipher.index("WXYZ6789", "candidates.invite")


def test_a_stage_moves_with_its_time_and_keeps_the_earlier_ones(office: Office) -> None:
    hand_in(office, name="王", invite="ABCD2345", stage_at="2026-11-18")
    hand_in(office, stage="background_check", stage_at="2026-11-20")
    hand_in(office, stage="training_notice")
    kept = office.kept("candidates", "C1")
    assert (kept["stage"], kept["stage_at"]) == ("training_notice", office.now)
    assert office.times("C1") == {
        "interview_passed": PASSED - timedelta(days=2),
        "background_check": PASSED,
        "training_notice": office.now,
    }


def test_times_of_nodes_may_be_corrected_and_cleared(office: Office) -> None:
    hand_in(
        office,
        name="王",
        invite="ABCD2345",
        stage="training_notice",
        interview_passed_at="2026-11-18",
        background_check_at="2026-11-20",
    )
    hand_in(office, interview_passed_at="2026-11-17", background_check_at="-", training_notice_at="2026-11-21")
    assert office.times("C1") == {
        "interview_passed": PASSED - timedelta(days=3),
        "training_notice": PASSED + timedelta(days=1),
    }
    assert office.kept("candidates", "C1")["stage_at"] == PASSED + timedelta(days=1)


def test_a_stage_in_the_future_warns_and_comes_in(office: Office) -> None:
    report = office.hand_in("candidates", "code,name,invite,stage_at\nC1,王,ABCD2345,2027-01-01\n")
    assert report.counts["created"] == 1
    assert report.warned == 1
    assert report.warnings == ["file.csv:2: C1: stage_at: 2026-12-31 16:00 UTC is in the future: imported as it is"]


def test_a_foreign_company_writes_numbers_of_its_own_country(office: Office) -> None:
    company = office.settings.company.model_copy(update={"country": "US", "timezone": "America/New_York"})
    office.settings = office.settings.model_copy(update={"company": company})
    hand_in(office, name="Grace", phone="(202) 555-0143", stage_at="2026-11-20 09:00")
    kept = office.kept("candidates", "C1")
    assert (kept["phone"], kept["stage_at"].hour) == ("+12025550143", 14)


BAD: list[tuple[dict[str, str], str]] = [
    ({"name": ""}, "name: is missing: new candidates need it"),
    ({"phone": ""}, "phone or invite: is missing: new candidates need it"),
    ({"phone": "-"}, "phone or invite: is missing: new candidates need it"),
    ({"phone": "12"}, "phone: is no phone number: write it like 13123456789 or +8613123456789"),
    ({"invite": "-"}, "invite: cannot be cleared"),
    ({"stage": "-"}, "stage: cannot be cleared"),
    ({"locale": "fr"}, "locale: 'fr' is no language: use zh, zh-Hant or en"),
    ({"cohort": "K9"}, "cohort: there is no cohort with the code 'K9': import the cohorts first"),
    ({"store": "S9"}, "store: there is no store with the code 'S9': import the stores first"),
    ({"owner": "HR9"}, "owner: there is no staff with the code 'HR9': import the staff first"),
    ({"home_lat": "31"}, "home_lat, home_lng: go together: give both or none"),
    (
        {"stage": "background_check", "stage_at": "2026-11-20", "background_check_at": "2026-11-21"},
        "background_check_at: is another moment than stage_at, and background_check is the present stage: "
        "keep one of them",
    ),
    ({"interview_passed_at": "-"}, "interview_passed_at: cannot be cleared: interview_passed is the present stage"),
    (
        {"stage_at": "2026-11-20", "joined_at": "2026-11-21"},
        "joined_at: is later than the present stage, interview_passed (2026-11-19 16:00 UTC)",
    ),
    (
        {"phone": "1", "email": "x", "stage": "x", "store": "S9"},
        "phone: is no phone number: write it like 13123456789 or +8613123456789; "
        "stage: 'x' is no stage: use interview_passed, background_check, training_notice, onboarding_prep, joined, "
        "withdrawn, rejected or no_show; email: is no e-mail address: write one like name@example.com; "
        "store: there is no store with the code 'S9': import the stores first",
    ),
]


def test_bad_candidates_stay_out_with_every_reason_at_once(office: Office) -> None:
    rows = [{"code": f"C{n}", "name": "王", "phone": f"138123400{n:02d}", **cells} for n, (cells, _) in enumerate(BAD)]
    header = list(dict.fromkeys(name for row in rows for name in row))
    report = office.hand_in("candidates", sheet(header, *([row.get(name, "") for name in header] for row in rows)))
    assert [row["error"] for row in office.errors()] == [why for _, why in BAD]
    assert report.counts == {"created": 0, "updated": 0, "unchanged": 0, "bad": len(BAD)}
    assert office.all("candidates") == []


def test_a_bad_row_changes_nothing_of_a_known_candidate(office: Office) -> None:
    hand_in(office, name="王", phone="13812345678", stage="background_check")
    before = office.kept("candidates", "C1")
    assert hand_in(office, name="李", phone="13812345679", stage="joined", store="S9")["bad"] == 1
    assert office.kept("candidates", "C1") == before


def test_no_row_is_stored_without_its_times(office: Office) -> None:
    office.hand_in("candidates", "code,name,invite,stage\nC1,王,ABCD2345,\nC2,李,BCDE2345,x\nC3,张,CDEF2345,joined\n")
    count = sa.select(sa.func.count()).select_from(stage_times)
    assert office.database.read(lambda connection: connection.execute(count).scalar()) == 2


class TestOnePhoneForTwo:
    """The same number under two open codes waits for HR."""

    REASON = "phone: same phone as {}: same person, or family?"

    def test_within_a_file_the_second_stays_out(self, office: Office) -> None:
        report = office.hand_in("candidates", "code,name,phone\nC1,王,13812345678\nC2,李,+86 13812345678\n")
        assert report.counts == {"created": 1, "updated": 0, "unchanged": 0, "bad": 1}
        assert error(office).startswith(self.REASON.format("C1"))

    def test_across_batches_and_in_a_dry_run_too(self, office: Office) -> None:
        crowd = [f"X{number},名,1390000{number:04d}" for number in range(250)]
        text = "\n".join(["code,name,phone", "C1,王,13812345678", *crowd, "C2,李,13812345678"])
        for dry_run in (True, False):
            report = office.hand_in("candidates", text, dry_run=dry_run)
            assert (report.created, report.bad) == (251, 1)
            assert error(office).startswith(self.REASON.format("C1"))

    def test_a_number_in_the_record_counts_for_new_and_for_changed_numbers(self, office: Office) -> None:
        office.hand_in("candidates", "code,name,phone\nC1,王,13812345678\nC3,张,13812345679\n")
        office.hand_in("candidates", "code,name,phone\nC2,李,13812345678\nC3,张,13812345678\n")
        assert [row["error"].startswith(self.REASON.format("C1")) for row in office.errors()] == [True, True]

    def test_who_has_it_already_may_change_otherwise(self, office: Office) -> None:
        office.hand_in("candidates", "code,name,phone\nC1,王,13812345678\nC2,李,13812345679\n")
        office.happen("C2", phone_index=office.kept("candidates", "C1")["phone_index"])
        assert hand_in(office, phone="13812345678", source="内推")["updated"] == 1

    def test_closed_candidates_do_not_count(self, office: Office) -> None:
        ends = ("joined", "withdrawn", "rejected", "no_show")
        for first, second in [*((end, "") for end in ends), *(("", end) for end in ends)]:
            text = f"code,name,phone,stage\nC1,王,13812345678,{first}\nC2,李,13812345678,{second}\n"
            assert office.hand_in("candidates", text, dry_run=True).created == 2

    def test_who_opens_again_meets_who_took_the_number_meanwhile(self, office: Office) -> None:
        office.hand_in("candidates", "code,name,phone,stage\nC1,王,13812345678,rejected\nC2,李,13812345678,\n")
        assert hand_in(office, stage="interview_passed")["bad"] == 1
        assert error(office).startswith(self.REASON.format("C2"))

    def test_a_number_given_up_earlier_in_the_file_is_free(self, office: Office) -> None:
        office.hand_in("candidates", "code,name,phone\nC1,王,13812345678\n")
        text = "code,name,phone\nC1,王,13812345679\nC2,李,13812345678\n"
        for dry_run in (True, False):
            assert office.hand_in("candidates", text, dry_run=dry_run).counts["bad"] == 0

    def test_a_number_that_a_bad_row_names_is_not_taken(self, office: Office) -> None:
        report = office.hand_in("candidates", "code,name,phone,store\nC1,王,13812345678,S9\nC2,李,13812345678,\n")
        assert report.counts == {"created": 1, "updated": 0, "unchanged": 0, "bad": 1}


def test_an_invite_of_somebody_else_stays_out(office: Office) -> None:
    office.hand_in("candidates", "code,name,invite\nC1,王,ABCD2345\n")
    office.hand_in("candidates", "code,name,invite\nC2,李,abcd 2345\nC3,张,EFGH2345\nC4,赵,efgh2345\n")
    reason = "invite: is the code of {} already: give another one, or none and one is made"
    assert [(row["code"], row["error"]) for row in office.errors()] == [
        ("C2", reason.format("C1")),
        ("C4", reason.format("C3")),
    ]


def test_a_made_invite_that_is_taken_is_drawn_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    hand_in(office, name="王", invite="ABCDEFGH")
    draws = iter(["ABCDEFGH", "WXYZWXYZ"])
    monkeypatch.setattr(invites, "new", lambda: next(draws))
    office.hand_in("candidates", "code,name,phone\nC2,李,13812345678\n")
    assert office.kept("candidates", "C2")["invite"] == "WXYZWXYZ"
