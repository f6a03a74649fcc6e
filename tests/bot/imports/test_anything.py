"""Whatever a file holds, an import never breaks down and never stores half a row."""

import contextlib
from functools import partial

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.errors import KeepwarmError
from bot.imports.run import KINDS
from bot.store import tables
from tests.bot.imports.conftest import Office, sheet

HEADERS = {
    "stores": "code,name,city,lat,lng,openings,phone,opens_on",
    "cohorts": "code,name,starts_at,ends_at,outline,date_state,date_by,timezone",
    "staff": "code,name,role,email,phone,manager,deputy,away_until",
    "candidates": "code,name,phone,stage,stage_at,cohort,store,owner,invite,interview_passed_at",
}
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
TIDY = (
    "",
    "-",
    "A",
    "B",
    "13812345678",
    "2026-11-04",
    "2026-11-04 09:00",
    "joined",
    "31",
    "店",
    "recruiter",
    "planned",
)
CELLS = st.one_of(st.sampled_from(TIDY), st.text(max_size=12))


@FEW
@given(
    what=st.sampled_from(sorted(KINDS)), data=st.one_of(st.binary(max_size=300), st.text(max_size=300).map(str.encode))
)
def test_any_bytes_are_imported_or_refused_in_words(desk: Office, what: str, data: bytes) -> None:
    for head in (b"", HEADERS[what].encode() + b"\n"):
        with contextlib.suppress(KeepwarmError):
            report = desk.hand_in(what, head + data)
            assert report.bad == 0 or report.errors_file


@FEW
@given(what=st.sampled_from(sorted(KINDS)), rows=st.lists(st.lists(CELLS, max_size=10), max_size=8))
def test_any_cells_are_imported_or_put_aside_each_row_once(desk: Office, what: str, rows: list[list[str]]) -> None:
    wanted = [row for row in rows if any(cell.strip() for cell in row)]
    report = desk.hand_in(what, sheet(HEADERS[what].split(","), *rows))
    assert report.rows == len(wanted)
    again = desk.hand_in(what, sheet(HEADERS[what].split(","), *rows))
    assert (again.created, again.updated, again.bad) == (0, 0, report.bad)


GOOD = {
    "name": ("王芳", "Grace", "@1+1"),
    "stage": ("", "joined", "background_check"),
    "stage_at": ("", "2026-11-20"),
    "home_lat": ("31.22",),
    "home_lng": ("121.42",),
    "interview_passed_at": ("", "2026-11-01"),
}
BAD = {
    "name": ("", "=1+1"),
    "stage": ("x", "-"),
    "stage_at": ("soon",),
    "home_lat": ("95",),
    "home_lng": ("",),
    "interview_passed_at": ("-1",),
}


@FEW
@given(st.lists(st.tuples(*(st.tuples(st.booleans(), st.integers(0, 5)) for _ in GOOD)), min_size=1, max_size=6))
def test_a_row_is_stored_whole_or_not_at_all(desk: Office, drawn: list[tuple[tuple[bool, int], ...]]) -> None:
    _empty(desk)
    rows = {f"C{number}": _cells(choices) for number, choices in enumerate(drawn)}
    good = {f"C{number}" for number, choices in enumerate(drawn) if not any(is_bad for is_bad, _ in choices)}
    header = ("code", "invite", *GOOD)
    desk.hand_in("candidates", sheet(header, *((code, f"INVITE23{code}", *row.values()) for code, row in rows.items())))
    kept = {row["code"]: row for row in desk.all("candidates")}
    assert set(kept) == good
    for code, row in kept.items():
        assert (row["name"], row["home_lat"], row["home_lng"]) == (rows[code]["name"], "31.22", "121.42")
        assert row["stage"] == (rows[code]["stage"] or "interview_passed")
        assert desk.times(code)[row["stage"]] == row["stage_at"]


def _cells(choices: tuple[tuple[bool, int], ...]) -> dict[str, str]:
    row = {}
    for (is_bad, choice), column in zip(choices, GOOD, strict=True):
        cells = BAD[column] if is_bad else GOOD[column]
        row[column] = cells[choice % len(cells)]
    if row["stage"] in ("", "interview_passed") and row["stage_at"] and row["interview_passed_at"]:
        row["interview_passed_at"] = row["stage_at"] if row["interview_passed_at"] != "-1" else "-1"
    return row


def _empty(desk: Office) -> None:
    for statement in (sa.delete(tables.stage_times), sa.delete(tables.candidates)):
        desk.database.write(partial(_execute, statement))


def _execute(statement: sa.Delete, connection: sa.Connection) -> None:
    connection.execute(statement)
