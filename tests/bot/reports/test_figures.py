"""The figures of the reports, from the cast: each counts what it says, of whom the asker may see and of nobody else."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.reports import answers, cohort_status, cost, lost, risk
from bot.reports.all import REPORTS, make
from bot.reports.model import EVERYBODY
from bot.store import moves
from tests.bot.reports.conftest import CANTON, DAY, MONDAY, Office
from tests.conftest import NOW


def test_a_cohort_stands_as_its_people_do(office: Office) -> None:
    office.bound("PUB")
    office.bound("HK", "sms", wrong_number_at=NOW)
    office.bound("NOPHONE", unfollowed_at=NOW)
    rows = office.rows(cohort_status.table)
    assert {name: rows["PUB"][name] for name in ("people", "waiting", "bound", "lost", "joined")} == {
        "people": 7,
        "waiting": 6,
        "bound": 1,
        "lost": 1,
        "joined": 0,
    }
    assert (rows["OVER"]["lost"], rows["OVER"]["joined"]) == (1, 1)
    assert (rows[EVERYBODY]["people"], rows[EVERYBODY]["lost"], rows[EVERYBODY]["joined"]) == (26, 2, 1)
    assert rows["none"]["people"] == 3


def test_the_sum_comes_first_and_the_newest_cohort_next(office: Office) -> None:
    table = office.table(cohort_status.table)
    assert [row[0] for row in table.rows[:2]] == [EVERYBODY, "PLAN"]
    assert table.total


def test_who_was_lost_is_reckoned_of_those_whose_wait_is_over(office: Office) -> None:
    rows = office.rows(cohort_status.table)
    assert rows[EVERYBODY]["lost_share"] == Decimal(200) / 3
    assert rows["PUB"]["lost_share"] == 100
    assert rows["UNK"]["lost_share"] is None
    assert "earlier_lost" not in rows["PUB"]


def test_the_figure_of_before_stands_beside_it(office: Office) -> None:
    reports = office.settings.reports.model_copy(update={"earlier_lost": Decimal(28)})
    office.settings = office.settings.model_copy(update={"reports": reports})
    assert office.rows(cohort_status.table)[EVERYBODY]["earlier_lost"] == 28


def test_a_notice_counts_as_unseen_until_it_is_seen_or_answered(office: Office) -> None:
    office.notice("PUB", "PUB:1")
    office.notice("HK", "PUB:1", seen_at=NOW)
    office.notice("LINGANG", "PUB:1", answered_at=NOW)
    office.notice("CANTON", "PUB:0")
    office.notice("WITHDRAWN", "PUB:1")
    assert office.rows(cohort_status.table)["PUB"]["unseen"] == 1


def test_silence_is_seven_days_without_any_sign(office: Office) -> None:
    later = NOW + 8 * DAY
    assert office.rows(cohort_status.table, now=NOW + 6 * DAY)["PUB"]["silent"] == 0
    office.wrote("PUB", NOW + 2 * DAY)
    office.wrote("HK", NOW)
    office.called("LINGANG", NOW + 3 * DAY)
    office.called("CANTON", NOW + 3 * DAY, "no_answer")
    assert office.rows(cohort_status.table, now=later)["PUB"]["silent"] == 6 - 2


def test_only_those_whose_wait_began_then(office: Office) -> None:
    began = date(2026, 11, 10)  # all of the cast passed on this day
    assert office.rows(cohort_status.table, since=began, until=began)[EVERYBODY]["people"] == 26
    assert office.rows(cohort_status.table, since=began + DAY)[EVERYBODY]["people"] == 0
    assert office.rows(cohort_status.table, until=began - DAY)[EVERYBODY]["people"] == 0


def test_only_one_cohort(office: Office) -> None:
    assert office.rows(cohort_status.table, cohort="PUB").keys() == {EVERYBODY, "PUB"}


def test_weeks_in_which_nobody_was_lost_are_there_too(office: Office) -> None:
    table = office.table(lost.by_week)
    assert [row[0] for row in table.rows] == [MONDAY - timedelta(weeks=count) for count in range(11, -1, -1)]
    assert {row[0]: row[1] for row in table.rows if row[1]} == {date(2026, 11, 9): 2}


def test_weeks_are_the_companys(office: Office) -> None:
    number = office.does(lambda c: office.id_of(c, "PUB"))
    before_midnight = NOW.replace(day=22, hour=15, minute=59)  # Sunday 23:59 in Shanghai
    office.does(lambda c: moves.to_stage(c, number, "withdrawn", "hr", before_midnight))
    rows = dict(office.table(lost.by_week).rows)
    assert (rows[date(2026, 11, 16)], rows[MONDAY]) == (1, 0)
    office.does(lambda c: moves.to_stage(c, number, "withdrawn", "hr", before_midnight + timedelta(minutes=1)))
    assert dict(office.table(lost.by_week).rows)[MONDAY] == 1


def test_weeks_of_the_time_asked_about(office: Office) -> None:
    table = office.table(lost.by_week, since=date(2026, 11, 11), until=date(2026, 11, 18))
    assert [tuple(row) for row in table.rows] == [(date(2026, 11, 9), 2), (date(2026, 11, 16), 0)]


def test_lost_by_store(office: Office) -> None:
    assert [tuple(row) for row in office.table(lost.by_store).rows] == [("S1", 2, 1)]


def test_lost_by_the_last_reason_that_says_why(office: Office) -> None:
    office.case("WITHDRAWN", "store_far", "other_offer", "withdrawing")
    office.case("NOSHOW", "family", "no_show")
    assert [tuple(row) for row in office.table(lost.by_reason).rows] == [("other_offer", 1), ("personal", 1)]


def test_a_reason_that_nobody_knows_is_none(office: Office) -> None:
    assert [tuple(row) for row in office.table(lost.by_reason).rows] == [("none", 2)]


def test_cost_by_road(office: Office) -> None:
    office.said("PUB", "sms", 350_000, 2)
    office.said("PUB", "sms", 0, 1, "failed")
    office.said("CANTON", "service")
    office.said("HK", "sms", 100_000, 1, at=NOW - 40 * DAY)
    rows = office.rows(cost.table)
    assert rows["sms"] == {"messages": 2, "failed": 1, "parts": 4, "cost": 450_000}
    assert rows[EVERYBODY] == {"messages": 3, "failed": 1, "parts": 5, "cost": 450_000}
    assert office.rows(cost.table, since=date(2026, 11, 1))["sms"]["cost"] == 350_000


def test_answer_times_are_the_median_and_what_nine_of_ten_did_not_exceed(office: Office) -> None:
    times = [5, 10, 20, 30, 40, 50, 60, 70, 80, 600]  # minutes
    codes = ["PUB", "PLANBY", "PLAN", "UNKBY", "UNK", "NONE", "TOM", "TODAY", "DURING", "OVER"]
    for code, minutes in zip(codes, times, strict=True):
        office.case(code, "human", answered=timedelta(minutes=minutes), claimed_by="HR1", missed=int(minutes == 600))
    office.case("HK", "human", assigned="HR2")
    rows = office.rows(answers.table)
    assert rows["HR1"] == {"cases": 10, "open": 10, "answered": 10, "median": 2400, "p90": 4800, "missed": 1}
    assert rows["HR2"] == {"cases": 1, "open": 1, "answered": 0, "median": None, "p90": None, "missed": 0}
    assert (rows[EVERYBODY]["cases"], rows[EVERYBODY]["median"]) == (11, 2400)


def test_who_may_leave_and_why(office: Office) -> None:
    office.risk("PUB", "medium", 35, "silent")
    office.risk("CANTON", "high", 70, "store_far", "unseen")
    office.risk("WITHDRAWN", "high", 90, "silent")
    table = office.table(risk.table)
    assert [(row[0], row[4], row[7]) for row in table.rows] == [
        ("CANTON", "high", ("store_far", "unseen")),
        ("PUB", "medium", ("silent",)),
    ]


def test_what_came_before_leaving(office: Office) -> None:
    office.signal("WITHDRAWN", "silent")
    office.signal("WITHDRAWN", "silent", at=NOW + DAY)
    office.signal("NOSHOW", "silent")
    office.signal("NOSHOW", "unseen")
    office.signal("JOINED", "unseen")
    office.signal("JOINED", "confirmed", points=-20)
    office.signal("PUB", "silent")
    assert [tuple(row) for row in office.table(risk.before_leaving).rows] == [
        ("silent", 2, 100, 0, 0),
        ("unseen", 1, 50, 1, 100),
    ]


@pytest.mark.parametrize("name", REPORTS)
def test_nobody_sees_figures_of_whom_they_may_not_see(office: Office, name: str) -> None:
    for code in ("PUB", "WITHDRAWN", "NOSHOW", "JOINED"):
        office.signal(code, "silent")
        office.case(code, "other_offer", answered=DAY, claimed_by="HR1")
    office.said("PUB", "sms", 350_000)
    office.risk("PUB", "high", 80, "silent")
    tables = office.database.read(lambda c: make(name, c, office.asked(CANTON)))
    numbers = [cell for table in tables for row in table.rows for cell in row if isinstance(cell, int) and cell]
    assert numbers == ([1, 1] * 2 if name == "summary" else [])  # CANTON, who waits: in a cohort and in all


@pytest.mark.parametrize("name", REPORTS)
def test_a_company_without_anybody_has_reports_too(office: Office, name: str) -> None:
    from bot.store.visibility import Visibility

    tables: Any = office.database.read(lambda c: make(name, c, office.asked(Visibility("X", "store"))))
    assert all(len(row) == len(table.columns) for table in tables for row in table.rows)
