"""Candidates, and the stage they are in."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.imports.candidates import CandidateSheet as Kind
from bot.store import moves, people
from bot.store.db.cipher import Cipher
from bot.store.tables import addresses, candidates, cohorts, stores
from bot.store.visibility import seen_by
from bot.web.api.models import Candidate, CandidateLine, CandidateQuery, Candidates, Written
from bot.web.api.paging import page
from bot.web.api.problems import not_found, unfit
from bot.web.api.types import ApiAnswer, ApiCall
from bot.web.api.upsert import put as put_row

_SEALED = ("name", "phone", "email", "home_address", "invite")
_WANTED = (
    sa.select(candidates, cohorts.c.code.label("cohort"), stores.c.code.label("store"))
    .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
    .outerjoin(stores, candidates.c.store_id == stores.c.id)
)


def index(call: ApiCall) -> ApiAnswer:
    wanted = _only(_WANTED.where(seen_by(call.sight)), call.query)
    rows, further = call.database.read(lambda c: page(c, wanted, candidates.c.code, call.query.after, call.query.limit))
    return ApiAnswer(Candidates(items=[_line(row, call.house.cipher) for row in rows], next=further))


def show(call: ApiCall) -> ApiAnswer:
    found = call.database.read(lambda connection: _shown(connection, call))
    return ApiAnswer(found, target=found.code)


def put(call: ApiCall) -> ApiAnswer:
    return put_row(call, Kind, seen_by(call.sight))


def stage(call: ApiCall) -> ApiAnswer:
    """Being there already changes nothing."""
    wanted, known = call.body.stage, call.house.settings.stages.all
    if wanted not in known:
        raise unfit([("stage", f"is no stage: use {', '.join(known[:-1])} or {known[-1]}")])

    def moved(connection: Connection) -> bool:
        this = sa.select(candidates.c.id, candidates.c.stage).where(candidates.c.code == call.code, seen_by(call.sight))
        row = connection.execute(this.with_for_update()).first()
        if row is None:
            raise not_found(f"candidate {call.code!r}")
        if row.stage != wanted:
            moves.to_stage(connection, row.id, wanted, "api", call.now)
        call.note(connection, call.code, {"stage": wanted})
        return bool(row.stage != wanted)

    changed = call.database.write(moved)
    return ApiAnswer(Written(code=call.code, outcome="updated" if changed else "unchanged"), target=call.code)


def _only(wanted: sa.Select[Any], query: CandidateQuery) -> sa.Select[Any]:
    named = (
        (candidates.c.stage, query.stage),
        (cohorts.c.code, query.cohort),
        (stores.c.code, query.store),
        (candidates.c.owner, query.owner),
        (candidates.c.risk, query.risk),
    )
    return wanted.where(*(column == value for column, value in named if value is not None))


def _line(row: Any, cipher: Cipher) -> CandidateLine:
    plain = {name: getattr(row, name) for name in CandidateLine.model_fields}
    return CandidateLine.model_validate(plain | {"name": cipher.open(row.name, "candidates.name")})


def _shown(connection: Connection, call: ApiCall) -> Candidate:
    row = connection.execute(_WANTED.where(candidates.c.code == call.code, seen_by(call.sight))).first()
    if row is None:
        raise not_found(f"candidate {call.code!r}")
    more = {"stages": dict(people.history(connection, row.id)), "bound": _bound(connection, row.id)}
    opened = {name: call.house.cipher.open_maybe(getattr(row, name), f"candidates.{name}") for name in _SEALED}
    plain = {name: getattr(row, name) for name in Candidate.model_fields.keys() - more.keys() - opened.keys()}
    return Candidate.model_validate(plain | more | opened)


def _bound(connection: Connection, candidate_id: int) -> list[str]:
    theirs = addresses.c.candidate_id == candidate_id, addresses.c.wrong_number_at.is_(None)
    return sorted(set(connection.scalars(sa.select(addresses.c.channel).where(*theirs))))
