"""PUT by code: one row of an import, by the import's own rules."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.imports import single_row
from bot.imports.apply import settle
from bot.imports.file_type import Bad, Clash, Decision, Kind
from bot.imports.run import frame
from bot.store import plans
from bot.web.api.models import Written
from bot.web.api.problems import Problem, not_found, unfit
from bot.web.api.types import ApiAnswer, ApiCall


def put(call: ApiCall, made: type[Kind], seen: sa.ColumnElement[bool]) -> ApiAnswer:
    """`seen`: the condition under which a row of the kind's table is in the token's scope. It has to be so before and
    after: 404 for a row outside, 403 for what would leave the scope."""
    kind = made(call.house.cipher, frame(call.house.settings, call.now, "api"))
    what = f"{kind.name[:-1]} {call.code!r}"
    fields = call.body.model_dump(exclude_unset=True)
    if bad := single_row.split_items(fields):
        raise unfit((name, "no item may have a | in it") for name in bad)
    row = single_row.read(kind, call.code, fields)
    call.database.read(lambda connection: _require(connection, kind, row.code, seen, not_found(what)))

    def checked(connection: Connection, decisions: Sequence[Decision]) -> None:
        if isinstance(decisions[0], Bad):
            return
        outside = Problem(403, f"the {what} would not be in the token's scope: name a city, store or cohort of it")
        _require(connection, kind, row.code, seen, outside)
        if decisions[0].outcome == "created":
            _release(call, connection, kind, row.code)
        call.note(connection, row.code, {"outcome": decisions[0].outcome})

    decision = settle(call.database, kind, [row], checked)[0]
    if isinstance(decision, Bad):
        raise _refusal(call, decision)
    written = Written(code=row.code, outcome=decision.outcome, warnings=list(kind.remarks(row)))
    return ApiAnswer(written, 201 if decision.held is None else 200, row.code)


def _require(connection: Connection, kind: Kind, code: str, seen: sa.ColumnElement[bool], otherwise: Problem) -> None:
    """Raises it where the row exists and is not seen."""
    hidden = sa.select(kind.table.c.id).where(kind.table.c.code == code, sa.not_(sa.func.coalesce(seen, sa.false())))
    if connection.execute(hidden).first():
        raise otherwise


def _release(call: ApiCall, connection: Connection, kind: Kind, code: str) -> None:
    """Who is new is held, unless config.yaml says otherwise: as after an import."""
    if kind.name == "candidates" and not call.house.settings.pushes.hold_imports:
        this = sa.select(kind.table.c.id).where(kind.table.c.code == code)
        plans.release(connection, [connection.execute(this).scalar_one()], call.now)


def _refusal(call: ApiCall, bad: Bad) -> Problem:
    """409 where only the record speaks against it, else 422. A token with a scope hears nothing of others."""
    whole = call.sight.everybody
    said = [reason.discreet if isinstance(reason, Clash) and not whole else reason for reason in bad.reasons]
    errors = [single_row.field_of(reason) for reason in said]
    if all(isinstance(reason, Clash) for reason in bad.reasons):
        return Problem(409, "what the record has speaks against it: see errors", errors)
    return unfit(errors)
