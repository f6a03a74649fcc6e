"""Cases: how they stand, and what a person of HR does with one from the company's own system."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.cases import actions
from bot.cases.actions import Refused
from bot.staff.permissions import may
from bot.store.tables import candidates, case_events, case_reasons, cases
from bot.store.visibility import case_seen_by, sees_case, sight_of
from bot.web.api.models import Case, CaseLine, Cases, Reason, Step
from bot.web.api.paging import page
from bot.web.api.problems import Problem, not_found, unfit
from bot.web.api.types import ApiAnswer, ApiCall

_SHOWN = 200  # reasons and steps of one case at most, the newest
_WANTED = sa.select(cases, candidates.c.code.label("candidate")).outerjoin(
    candidates, cases.c.candidate_id == candidates.c.id
)


def index(call: ApiCall) -> ApiAnswer:
    query = call.query
    named = ((cases.c.state, query.state), (candidates.c.code, query.candidate))
    wanted = _WANTED.where(case_seen_by(call.sight), *(column == value for column, value in named if value))
    rows, further = call.database.read(lambda c: page(c, wanted, cases.c.id, query.after, query.limit))
    return ApiAnswer(Cases(items=[CaseLine.model_validate(_plain(row)) for row in rows], next=further))


def show(call: ApiCall) -> ApiAnswer:
    return ApiAnswer(call.database.read(lambda connection: _shown(connection, call)), target=str(call.number))


def resolve(call: ApiCall) -> ApiAnswer:
    house, body = call.house, call.body

    def resolved(connection: Connection) -> None:
        how = body.staff, body.outcome, body.note, call.now, body.keep_stage
        actions.resolve(connection, house.settings, house.cipher, call.number, *how)

    return _work(call, resolved)


def note(call: ApiCall) -> ApiAnswer:
    body = call.body
    return _work(call, lambda c: actions.write_note(c, call.house.cipher, call.number, body.staff, body.text, call.now))


def assign(call: ApiCall) -> ApiAnswer:
    body = call.body

    def assigned(connection: Connection) -> None:
        _require_worker(connection, call, "to", body.to)
        actions.assign(connection, call.house.cipher, call.number, body.staff, body.to, body.note, call.now)

    return _work(call, assigned)


def _work(call: ApiCall, do: Callable[[Connection], None]) -> ApiAnswer:
    """Does it in the name of a person of HR who may, and gives the case as it is then."""

    def done(connection: Connection) -> None:
        seen = cases.c.id == call.number, case_seen_by(call.sight)
        if connection.execute(sa.select(cases.c.id).where(*seen)).first() is None:
            raise not_found(f"case {call.number}")
        _require_worker(connection, call, "staff", call.body.staff)
        try:
            do(connection)
        except Refused as refused:
            raise _refusal(call, refused) from None
        call.note(connection, str(call.number), {"staff": call.body.staff})

    call.database.write(done)
    return ApiAnswer(None, 204, str(call.number))


def _require_worker(connection: Connection, call: ApiCall, field: str, code: str) -> None:
    """Raises Problem unless this is somebody of HR who works on cases and sees this one."""
    theirs = sight_of(connection, code, call.now)
    if theirs is None or not may(theirs.role, "work"):
        raise unfit([(field, "is nobody of HR who works on cases: give the code of one who does")])
    if field == "staff" and not sees_case(connection, theirs, call.number):
        raise unfit([(field, "may not see this case: give the code of one who does")])


def _refusal(call: ApiCall, refused: Refused) -> Problem:
    if refused.why == "gone":
        return not_found(f"case {call.number}")
    said = {"resolved": "the case is resolved", "held": f"{refused.by} works on the case"}
    return Problem(409, said.get(refused.why, f"not now: {refused.why}"))


def _shown(connection: Connection, call: ApiCall) -> Case:
    number = call.number
    row = connection.execute(_WANTED.where(cases.c.id == number, case_seen_by(call.sight))).first()
    if row is None:
        raise not_found(f"case {number}")
    reasons = sa.select(case_reasons.c.reason, case_reasons.c.at).where(case_reasons.c.case_id == number)
    steps = sa.select(case_events.c.at, case_events.c.actor, case_events.c.what, case_events.c.detail).where(
        case_events.c.case_id == number
    )
    return Case.model_validate(
        _plain(row)
        | {
            "reasons": [Reason(**found) for found in _newest(connection, reasons, case_reasons.c.id)],
            "steps": [_step(found) for found in _newest(connection, steps, case_events.c.id)],
        }
    )


def _step(found: dict[str, Any]) -> Step:
    """Details of a shape that is not ours are left out."""
    return Step(**found | {"detail": found["detail"] if isinstance(found["detail"], dict) else None})


def _plain(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in CaseLine.model_fields}


def _newest(connection: Connection, wanted: sa.Select[Any], key: sa.Column[int]) -> list[dict[str, Any]]:
    rows = connection.execute(wanted.order_by(key.desc()).limit(_SHOWN)).mappings().all()
    return [dict(row) for row in reversed(rows)]
