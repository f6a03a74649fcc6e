"""What was decided here an import never takes back."""

from datetime import timedelta
from typing import Any

import pytest

from tests.bot.imports.conftest import Office, sheet

HEADER = ("code", "stage", "stage_at", "cohort", "store", "source")


@pytest.fixture(autouse=True)
def _everybody(office: Office) -> None:
    """C0 … C9 in training_notice since yesterday, in cohort K1 and store S1."""
    office.hand_in("stores", "code,name\nS1,一店\nS2,二店\n")
    office.hand_in("cohorts", "code,name\nK1,一期\nK2,二期\n")
    rows = "".join(f"C{n},王,INVITE23{n},training_notice,2026-11-22 10:00,K1,S1\n" for n in range(10))
    office.hand_in("candidates", f"code,name,invite,stage,stage_at,cohort,store\n{rows}")


def hand_in(office: Office, *rows: dict[str, str]) -> list[str]:
    """The first part of each row's error; "" for a row that was applied."""
    cells = [[row.get(name, "") for name in HEADER] for row in rows]
    report = office.hand_in("candidates", sheet(HEADER, *cells))
    errors = {row["code"]: row["error"] for row in office.errors()} if report.bad else {}
    return [errors.get(row["code"], "").split(": ")[0] for row in rows]


def kept(office: Office, code: str, *names: str) -> list[Any]:
    row = office.kept("candidates", code)
    return [row[name] for name in names]


def test_a_stage_set_here_yields_only_to_a_later_one(office: Office) -> None:
    for number in range(5):
        office.happen(f"C{number}", stage="onboarding_prep", stage_at=office.now, stage_by="hr")
    found = hand_in(
        office,
        {"code": "C0", "stage": "training_notice"},
        {"code": "C1", "stage": "training_notice", "stage_at": "2026-11-23 10:00"},
        {"code": "C2", "stage": "joined", "stage_at": "2026-11-23 10:01"},
        {"code": "C3", "stage": "onboarding_prep", "stage_at": "2026-11-20", "source": "内推"},
        {"code": "C4", "source": "内推"},
        {"code": "C5", "stage": "background_check", "stage_at": "2026-11-20"},
    )
    assert found == ["stage", "stage", "", "", "", ""]
    assert kept(office, "C0", "stage", "stage_by") == ["onboarding_prep", "hr"]
    assert kept(office, "C2", "stage", "stage_by") == ["joined", "import"]
    assert kept(office, "C3", "stage_at", "stage_by", "source") == [office.now, "hr", "内推"]
    assert kept(office, "C5", "stage") == ["background_check"], "an import may correct what an import said"


def test_the_reason_says_what_was_set_and_how_a_newer_stage_would_win(office: Office) -> None:
    office.happen("C0", stage="onboarding_prep", stage_at=office.now, stage_by="hr")
    hand_in(office, {"code": "C0", "stage": "training_notice", "source": "内推"})
    assert office.errors()[0]["error"] == (
        "stage: onboarding_prep since 2026-11-23 02:00 UTC was set here: "
        "an older stage does not undo it (a newer one has a later stage_at)"
    )
    assert kept(office, "C0", "source") == [None], "each row all or nothing"


def test_a_withdrawal_made_here_stays_whatever_the_file_says(office: Office) -> None:
    office.happen("C0", stage="withdrawn", stage_at=office.now, stage_by="candidate")
    office.happen("C1", stage="withdrawn", stage_at=office.now, stage_by="candidate")
    office.happen("C2", stage="withdrawn", stage_at=office.now)
    found = hand_in(
        office,
        {"code": "C0", "stage": "joined", "stage_at": "2026-11-23 23:00"},
        {"code": "C1", "stage": "withdrawn", "source": "内推"},
        {"code": "C2", "stage": "joined", "stage_at": "2026-11-23 23:00"},
    )
    assert found == ["stage", "", ""]
    assert kept(office, "C0", "stage") == ["withdrawn"]


def test_a_confirmed_candidate_is_not_moved_to_another_cohort_nor_back_on_the_road(office: Office) -> None:
    for number in range(4):
        office.happen(f"C{number}", confirmed_at=office.now)
    found = hand_in(
        office,
        {"code": "C0", "cohort": "K2"},
        {"code": "C1", "stage": "background_check", "stage_at": "2026-11-23 12:00"},
        {"code": "C2", "cohort": "K1", "stage": "joined", "stage_at": "2026-11-23 12:00"},
        {"code": "C3", "stage": "no_show", "store": "S2"},
    )
    assert found == ["cohort", "stage", "", ""]


@pytest.mark.parametrize(("parent", "other"), [("cohort", "K2"), ("store", "S2")])
def test_a_move_made_here_stays(office: Office, parent: str, other: str) -> None:
    here = office.kept(f"{parent}s", other)["id"]
    for number in range(3):
        office.happen(f"C{number}", **{f"{parent}_id": here, f"{parent}_by": "hr"})
    first = other.replace("2", "1")
    found = hand_in(
        office, {"code": "C0", parent: first}, {"code": "C1", parent: "-"}, {"code": "C2", parent: other}, {"code": "C3", parent: other}
    )  # fmt: skip
    assert found == [parent, parent, "", ""]
    assert kept(office, "C0", f"{parent}_id", f"{parent}_by") == [here, "hr"]
    assert kept(office, "C2", f"{parent}_by") == ["hr"], "a file that says the same does not make it its own"
    assert kept(office, "C3", f"{parent}_id", f"{parent}_by") == [here, "import"]


def test_an_opt_out_outlives_every_import(office: Office) -> None:
    office.happen("C0", pushes_stopped_at=office.now)
    assert hand_in(office, {"code": "C0", "stage": "joined", "stage_at": "2026-11-24", "cohort": "-"}) == [""]
    assert kept(office, "C0", "stage", "pushes_stopped_at") == ["joined", office.now]


def test_what_happens_between_looking_and_writing_counts(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """A candidate withdraws after the import looked and before it wrote."""
    write = office.database.write
    withdrawn = {"stage": "withdrawn", "stage_by": "candidate", "stage_at": office.now + timedelta(minutes=1)}

    def late(work: Any) -> Any:
        monkeypatch.setattr(office.database, "write", write)
        office.happen("C0", **withdrawn)
        return write(work)

    monkeypatch.setattr(office.database, "write", late)
    assert hand_in(office, {"code": "C0", "stage": "joined"}, {"code": "C1", "stage": "joined"}) == ["stage", ""]
    assert kept(office, "C0", "stage") == ["withdrawn"]
