"""An import reaches as far as whoever brings it does on the pages, whatever the file and its map say."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.imports.run import Report
from bot.store import visibility
from bot.store.publications import ALONE
from bot.store.tables import candidates
from bot.store.visibility import Visibility
from tests.bot.imports.conftest import Office, sheet

STAFF = sheet(
    ("code", "name", "role", "manager", "scope"),
    ("BOSS", "管理员", "admin", "", ""),
    ("M1", "经理一", "manager", "", ""),
    ("R1", "招聘一", "recruiter", "M1", ""),
    ("M2", "经理二", "manager", "", "北京;KX"),
    ("R2", "招聘二", "recruiter", "M2", ""),
    ("TR", "讲师", "trainer", "", "北京"),
    ("ST", "店长", "store", "", "SB"),
)
STORES = sheet(("code", "name", "city"), ("SB", "北京店", "北京"), ("SS", "上海店", "上海"))
COHORTS = sheet(
    ("code", "name", "starts_at", "place"),
    ("KA", "只有甲", "2026-12-14 09:00", "一楼"),
    ("KAB", "甲和乙", "2026-12-14 09:00", "一楼"),
    ("KB", "只有乙", "2026-12-14 09:00", "一楼"),
    ("KE", "没有人", "2026-12-14 09:00", "一楼"),
    ("KX", "许多人", "2026-12-14 09:00", "一楼"),
)
CANDIDATES = sheet(
    ("code", "name", "phone", "owner", "cohort", "store", "invite"),
    ("A", "甲", "13812340001", "R1", "KA", "", "INVITEA1"),
    ("AA", "甲甲", "13812340002", "R1", "KAB", "SS", "INVITEA2"),
    ("B", "乙", "13812340003", "R2", "KB", "", "INVITEB1"),
    ("BB", "乙乙", "13812340004", "R2", "KAB", "SS", "INVITEB2"),
    ("N", "丙", "13812340005", "", "", "", "INVITEN1"),
    ("P", "丁", "13812340006", "R1", "", "SB", "INVITEP1"),
)


@pytest.fixture
def company(office: Office) -> Office:
    for what, text in (("staff", STAFF), ("stores", STORES), ("cohorts", COHORTS), ("candidates", CANDIDATES)):
        assert office.hand_in(what, text).bad == 0
    return office


def sight_of(office: Office, code: str) -> Visibility:
    found = office.database.read(lambda connection: visibility.sight_of(connection, code, office.now))
    assert found
    return found


def bring(office: Office, who: str, what: str, text: str, map_: str = "", **options: Any) -> Report:
    path = office.folder / "map.yaml"
    path.write_text(map_ or "none: code\n", encoding="utf-8")
    return office.hand_in(what, text, sight=sight_of(office, who), map=path if map_ else None, **options)


def outcome(report: Report) -> str:
    assert report.rows == 1
    return "beyond" if report.beyond else next(name for name, count in report.counts.items() if count)


MINE = {  # who may change whom; M2 has a scope, so that nobody's are not theirs
    "BOSS": "A AA B BB N P",
    "M1": "A AA N P",
    "R1": "A AA P",
    "M2": "B BB P",
    "R2": "B BB",
    "TR": "P",
    "ST": "P",
}


@pytest.mark.parametrize("mapped", [False, True], ids=["by code", "by a map of codes"])
@pytest.mark.parametrize("dry", [False, True], ids=["for good", "dry"])
@pytest.mark.parametrize("who", sorted(MINE))
def test_only_who_sees_somebody_changes_them(company: Office, who: str, dry: bool, mapped: bool) -> None:
    for code in ["A", "AA", "B", "BB", "N", "P"]:
        before = company.kept("candidates", code)
        given = f"X{code}" if mapped else code
        map_ = f"code:\n  values:\n    X{code}: {code}\n" if mapped else ""
        report = bring(company, who, "candidates", f"code,position\n{given},店员{who}\n", map_, dry_run=dry)
        assert outcome(report) == ("updated" if code in MINE[who].split() else "beyond"), code
        if report.beyond or dry:
            assert company.kept("candidates", code) == before


def test_a_hidden_row_is_refused_whatever_else_is_in_it_and_tells_nothing(company: Office) -> None:
    """Not that it is as it was, not what was decided about them, not whose they are."""
    company.happen("B", stage="withdrawn", stage_by="hr", stage_at=company.now)
    rows = ("B,乙,13812340003", "B,别人,13900000000", "B,,", "B,乙,13812340001")
    for cells in rows:
        report = bring(company, "M1", "candidates", f"code,name,phone\n{cells}\n")
        (fault,) = report.faults
        assert report.beyond == 1
        assert not any(word in fault for word in ("R2", "M2", "乙", "withdr", "INVITE"))
    assert len({fault for cells in rows for fault in [report.faults[0]]}) == 1


def test_whose_an_invite_or_a_phone_is_is_not_said(company: Office) -> None:
    text = "code,name,phone,invite\nNEW,新人,13812340003,\nNEW2,新人,,INVITEB1\n"
    report = bring(company, "M1", "candidates", text)
    assert report.bad == 2
    assert "somebody else has it" in report.faults[0]
    assert "is somebody's code already" in report.faults[1]
    assert not any(code in row["error"] for row in company.errors() for code in ("B ", "B:", "BB"))
    told = bring(company, "BOSS", "candidates", text).faults
    assert "same phone as B" in told[0], "who sees everybody is told"


@pytest.mark.parametrize(
    ("who", "row", "wanted"),
    [
        ("M1", "NEW,新人,13911110001,,,", "created"),
        ("M1", "NEW,新人,13911110001,R1,,", "created"),
        ("M1", "NEW,新人,13911110001,R2,,", "beyond"),
        ("M2", "NEW,新人,13911110001,,,", "beyond"),
        ("M2", "NEW,新人,13911110001,,,SB", "created"),
        ("M2", "NEW,新人,13911110001,,KX,", "created"),
        ("M1", "A,,,R2,,", "beyond"),
        ("M1", "N,,,R1,,", "updated"),
    ],
)
def test_who_comes_in_is_theirs_to_see_afterwards(company: Office, who: str, row: str, wanted: str) -> None:
    assert outcome(bring(company, who, "candidates", f"code,name,phone,owner,cohort,store\n{row}\n")) == wanted


@pytest.mark.parametrize(
    ("who", "code", "wanted"),
    [
        ("BOSS", "KAB", "updated"),
        ("M1", "KA", "updated"),
        ("M1", "KE", "updated"),
        ("M1", "KAB", "beyond"),
        ("M1", "KB", "beyond"),
        ("M2", "KB", "updated"),
        ("M2", "KA", "beyond"),
        ("M2", "KAB", "beyond"),
        ("M2", "KE", "beyond"),
        ("M2", "NEW", "created"),
    ],
)
@pytest.mark.parametrize("change", ["place:Evil Hall", "starts_at:2026-12-15 09:00", "date_state:published", "bring:-"])
def test_only_who_sees_all_of_a_cohort_changes_it(
    company: Office, who: str, code: str, wanted: str, change: str
) -> None:
    column, _, value = change.partition(":")
    more = ("starts_at", "2026-12-14 09:00") if column != "starts_at" else ("place", "一楼")
    company.hand_in("cohorts", sheet(("code", "name", "bring"), ("KAB", "甲和乙", "笔"), ("KA", "甲", "笔"), ("KB", "乙", "笔"), ("KE", "空", "笔")))  # fmt: skip
    report = bring(company, who, "cohorts", sheet(("code", "name", column, more[0]), (code, "名", value, more[1])))
    assert outcome(report) == wanted


def test_many_are_told_by_two_people_not_by_a_file(company: Office) -> None:
    many = [("code", "name", "phone", "cohort"), *((f"X{n}", "人", f"139{n:08}", "KX") for n in range(ALONE + 1))]
    company.hand_in("candidates", sheet(*many))
    text = "code,date_state\nKX,published\n"
    report = bring(company, "BOSS", "cohorts", text)
    assert "publish it on its page" in report.faults[0]
    assert company.kept("cohorts", "KX")["date_state"] == "planned"
    assert company.hand_in("cohorts", text).updated == 1, "the command line is the operator's"


@pytest.mark.parametrize(
    ("who", "row", "wanted"),
    [
        ("BOSS", "SS,上海店,上海,新址", "updated"),
        ("M1", "SS,上海店,上海,新址", "beyond"),
        ("M1", "SB,北京店,北京,新址", "updated"),
        ("M2", "SB,北京店,北京,新址", "updated"),
        ("M2", "SB,北京店,上海,新址", "beyond"),
        ("M2", "SS,上海店,北京,新址", "beyond"),
        ("M2", "S9,新店,北京,新址", "created"),
        ("M2", "S9,新店,上海,新址", "beyond"),
        ("M1", "S9,新店,上海,新址", "created"),
        ("R1", "SB,北京店,北京,新址", "updated"),
        ("ST", "SS,上海店,上海,新址", "beyond"),
    ],
)
def test_only_who_sees_all_of_a_store_changes_it(company: Office, who: str, row: str, wanted: str) -> None:
    assert outcome(bring(company, who, "stores", f"code,name,city,address\n{row}\n")) == wanted


@pytest.mark.parametrize("who", sorted(MINE))
def test_accounts_are_for_admins_to_make(company: Office, who: str) -> None:
    report = bring(company, who, "staff", "code,name,role\nEVIL,我,admin\n")
    assert outcome(report) == ("created" if who == "BOSS" else "beyond")


@pytest.mark.parametrize("who", sorted(MINE))
def test_a_row_is_seen_by_whom_the_query_finds_it_for(company: Office, who: str) -> None:
    """One rule in two forms: of rows that are stored, and of rows that are not yet."""

    def both(connection: Connection, sees: Visibility) -> tuple[set[str], set[str]]:
        scope = visibility.scope_of(connection, sees)
        rows = connection.execute(sa.select(candidates)).all()
        found = set(connection.scalars(sa.select(candidates.c.code).where(visibility.seen_by(sees))))
        told = {row.code for row in rows if visibility.sees_row(sees, scope, row.owner, row.store_id, row.cohort_id)}
        return found, told

    own = sight_of(company, who)
    for sees in (own, replace(own, unowned=not own.unowned), replace(own, scope=frozenset({"KAB", "上海"}))):
        found, told = company.database.read(lambda connection, sees=sees: both(connection, sees))
        assert found == told
