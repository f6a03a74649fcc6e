"""A row that comes by itself is read as in a file; a stage that a row moves is an event, whoever sent the row."""

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.imports import single_row
from bot.imports.apply import settle
from bot.imports.candidates import CandidateSheet
from bot.imports.cohorts import CohortSheet
from bot.imports.file_type import Bad, Clash, Decision
from bot.imports.run import frame
from bot.store.tables import events
from tests.bot.imports.conftest import Office


def put(office: Office, code: str, **fields: Any) -> Decision:
    kind = CandidateSheet(office.cipher, frame(office.settings, office.now, "api"))
    return settle(office.database, kind, [single_row.read(kind, code, fields)])[0]


def told(office: Office) -> list[tuple[str, str, str, str]]:
    bodies = office.database.read(lambda c: list(c.scalars(sa.select(events.c.body).order_by(events.c.id))))
    return [(body["candidate"], body["from"], body["stage"], body["by"]) for body in bodies]


def test_a_row_by_itself_does_what_the_same_row_of_a_file_does(office: Office) -> None:
    fields = {"name": "王", "phone": "13812345678", "stage": "background_check", "home_lat": 31.2, "home_lng": 121.4}
    put(office, "A", **fields)
    columns = ",".join(fields)
    office.hand_in("candidates", f"code,{columns}\nB,王,13812345679,background_check,31.2,121.4\n")
    first, second = (office.kept("candidates", code) for code in "AB")
    apart = {"id", "code", "phone", "phone_index", "invite", "invite_index", "stage_by"}
    assert {k: v for k, v in first.items() if k not in apart} == {k: v for k, v in second.items() if k not in apart}
    assert (first["stage_by"], second["stage_by"]) == ("api", "import")


def test_who_is_moved_is_told_and_who_is_new_is_not(office: Office) -> None:
    put(office, "A", name="王", phone="13812345678")
    put(office, "A", stage="background_check")
    put(office, "A", stage="background_check")
    office.hand_in("candidates", "code,stage,stage_at\nA,training_notice,2026-11-24\n")
    assert told(office) == [
        ("A", "interview_passed", "background_check", "api"),
        ("A", "background_check", "training_notice", "import"),
    ]


def test_a_file_leaves_what_the_api_said_unless_it_is_newer(office: Office) -> None:
    put(office, "A", name="王", phone="13812345678")
    put(office, "A", stage="training_notice")
    assert office.hand_in("candidates", "code,stage\nA,background_check\n").bad == 1


def test_what_the_record_has_against_it_is_a_clash_and_what_is_wrong_is_none(office: Office) -> None:
    put(office, "A", name="王", phone="13812345678")
    taken, wrong = put(office, "B", name="李", phone="13812345678"), put(office, "B", name="李", phone="1")
    assert isinstance(taken, Bad)
    assert isinstance(wrong, Bad)
    assert [isinstance(reason, Clash) for reason in taken.reasons] == [True]
    assert not any(isinstance(reason, Clash) for reason in wrong.reasons)
    discreet = taken.reasons[0].discreet  # type: ignore[attr-defined]
    assert " A:" in taken.reasons[0]
    assert " A:" not in discreet


@pytest.mark.parametrize(
    ("reason", "field"), [("phone: is no number", "phone"), ("lat, lng: go together", "lat, lng"), ("broken", "")]
)
def test_a_reason_names_its_columns(reason: str, field: str) -> None:
    assert single_row.field_of(reason)[0] == field


def test_items_stay_apart_or_are_refused(desk: Office) -> None:
    assert single_row.split_items({"outline": ["a", "b|c"], "bring": ["d"], "name": "e|f"}) == ["outline"]


@given(items=st.lists(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=9), min_size=1, max_size=5))
def test_a_list_is_read_as_it_is(items: list[str]) -> None:
    from bot.settings import Company, Settings
    from tests.conftest import NOW

    kind = CohortSheet(None, frame(Settings(company=Company(name="x")), NOW))  # type: ignore[arg-type]
    assert single_row.read(kind, "K", {"outline": items}).values["outline"] == items
