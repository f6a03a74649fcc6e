"""Staff refer to each other, in any order, and never to nobody."""

import pytest

from tests.bot.imports.conftest import Office

HEADER = "code,name,role,email,phone,wecom,dingtalk,feishu,manager,scope,deputy,away_until"


def test_staff_come_in_whole_and_sealed(office: Office) -> None:
    office.hand_in("staff", f"{HEADER}\nA,林晓,Recruiter,a@x.example,13900000001,lin,d1,f1,,上海,,2026-12-01\n")
    kept = office.kept("staff", "A")
    assert [kept[name] for name in ("name", "role", "email", "phone", "wecom", "dingtalk", "feishu", "scope")] == [
        *("林晓", "recruiter", "a@x.example", "+8613900000001", "lin", "d1", "f1", "上海"),
    ]
    assert kept["away_until"].isoformat() == "2026-11-30T16:00:00+00:00"


def test_a_manager_may_stand_later_in_the_file_even_hundreds_of_rows_later(office: Office) -> None:
    rows = "".join(f"R{number},名,recruiter,M,R{number + 1}\n" for number in range(450))
    report = office.hand_in("staff", f"code,name,role,manager,deputy\n{rows}R450,名,recruiter,M,\nM,名,manager,,R0\n")
    assert report.counts == {"created": 452, "updated": 0, "unchanged": 0, "bad": 0}


def test_a_manager_may_be_in_the_record_already(office: Office) -> None:
    office.hand_in("staff", "code,name,role\nM,名,manager\n")
    assert office.hand_in("staff", "code,name,role,manager\nR,名,recruiter,M\n").created == 1


def test_who_refers_to_nobody_stays_out_and_so_does_who_refers_to_them(office: Office) -> None:
    text = "code,name,role,manager\nA,名,recruiter,B\nB,名,manager,C\nC,名,manager,nobody\nD,名,admin,\n"
    report = office.hand_in("staff", text)
    assert report.counts == {"created": 1, "updated": 0, "unchanged": 0, "bad": 3}
    assert [row["error"] for row in office.errors()] == [
        f"manager: there is no staff with the code '{code}', here or in a good row of this file"
        for code in ("B", "C", "nobody")
    ]


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_bad_row_is_nobodys_manager(office: Office, dry_run: bool) -> None:
    report = office.hand_in("staff", "code,name,role,manager\nA,名,recruiter,B\nB,名,king,\n", dry_run=dry_run)
    assert report.bad == 2


BAD = {
    "A,名,boss,,": "role: 'boss' is no role: use recruiter, manager, trainer, store or admin",
    "B,名,,,": "role: is missing: new staff need it",
    "C,名,-,,": "role: cannot be cleared",
    "D,名,manager,D,": "manager: nobody is their own manager",
    "E,名,manager,,E": "deputy: nobody is their own deputy",
    ",名,manager,,": "code: is missing",
}


def test_bad_staff_stay_out_with_the_reason(desk: Office) -> None:
    desk.hand_in("staff", "\n".join(["code,name,role,manager,deputy", *BAD]))
    assert [row["error"] for row in desk.errors()] == list(BAD.values())
    assert desk.all("staff") == []


def test_nobody_ends_the_last_admin(office: Office) -> None:
    office.hand_in("staff", "code,name,role\nCHIEF,吴磊,admin\nBOSS,何静,manager\n")
    for text in ("CHIEF,吴磊,recruiter", "BOSS,何静,admin\nCHIEF,吴磊,recruiter"):
        assert office.hand_in("staff", f"code,name,role\n{text}\n").bad == 1
        assert office.errors()[0]["error"] == "role: nobody would be admin any more; make somebody else admin first"
        assert office.kept("staff", "CHIEF")["role"] == "admin"
    assert office.hand_in("staff", "code,name,role\nCHIEF,吴磊,recruiter\n").bad == 0, "the other is one by now"
