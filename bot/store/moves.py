"""Moves a candidate: to a stage, a cohort, a store. Imports may not undo what is moved here."""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ConfigError
from bot.record.vocabulary import WITHDRAWN
from bot.store import events, people, transfers
from bot.store.tables import candidates, cohorts, stage_times, stores

_PLACES = {"cohort": cohorts, "store": stores}


def to_stage(connection: Connection, candidate_id: int, stage: str, by: str, now: datetime) -> None:
    """From now on the candidate is in this stage; `by`: hr, api, candidate."""
    was = connection.execute(
        sa.select(candidates.c.code, candidates.c.stage).where(candidates.c.id == candidate_id)
    ).one()
    people.change_candidate(connection, candidate_id, now, stage=stage, stage_at=now, stage_by=by)
    this = stage_times.c.candidate_id == candidate_id, stage_times.c.stage == stage
    connection.execute(sa.delete(stage_times).where(*this))
    connection.execute(sa.insert(stage_times).values(candidate_id=candidate_id, stage=stage, at=now))
    if was.stage != stage:
        events.keep(connection, events.STAGE, candidate_id, events.stage_body(was.code, was.stage, stage, by, now), now)


def to_place(
    connection: Connection, candidate_id: int, what: str, code: str, by: str, closed: Collection[str], now: datetime
) -> None:
    """`what`: cohort or store; `code`: its code, or - for none. `closed`: the stages of who waits no more. Who was told
    a date that a move to another cohort makes untrue hears so. Raises ConfigError where the place does not exist, or is
    a training that is over."""
    table = _PLACES[what]
    found = None if code == "-" else connection.execute(sa.select(table.c.id).where(table.c.code == code)).scalar()
    if found is None and code != "-":
        raise ConfigError(f"no {what} has the code {code}")
    if what == "cohort" and found and transfers.is_too_late(connection, candidate_id, code, closed, now):
        raise ConfigError(f"{code} is over: who still waits cannot come to it any more")
    was = connection.execute(sa.select(candidates.c.cohort_id).where(candidates.c.id == candidate_id)).scalar()
    people.change_candidate(connection, candidate_id, now, **{f"{what}_id": found, f"{what}_by": by})
    if what == "cohort":
        transfers.follow(connection, [(candidate_id, was, found)], closed, now)


def withdrew_at(connection: Connection, candidate_id: int) -> datetime | None:
    """When the candidate left by themselves, if that is where they stand."""
    mine = candidates.c.id == candidate_id, candidates.c.stage == WITHDRAWN, candidates.c.stage_by == "candidate"
    return connection.execute(sa.select(candidates.c.stage_at).where(*mine)).scalar()


def come_back(connection: Connection, candidate_id: int, now: datetime) -> str | None:
    """Takes a withdrawal back: the stage before it, since when it was entered; None if there was none."""
    was = sa.select(stage_times.c.stage, stage_times.c.at).where(
        stage_times.c.candidate_id == candidate_id, stage_times.c.stage != WITHDRAWN
    )
    before = connection.execute(was.order_by(stage_times.c.at.desc(), stage_times.c.stage).limit(1)).first()
    if before is None:
        return None
    code = connection.execute(sa.select(candidates.c.code).where(candidates.c.id == candidate_id)).scalar_one()
    gone = stage_times.c.candidate_id == candidate_id, stage_times.c.stage == WITHDRAWN
    connection.execute(sa.delete(stage_times).where(*gone))
    columns = {"stage": before.stage, "stage_at": before.at, "stage_by": "candidate"}
    people.change_candidate(connection, candidate_id, now, **columns)
    body = events.stage_body(code, WITHDRAWN, before.stage, "candidate", now)
    events.keep(connection, events.STAGE, candidate_id, body, now)
    return str(before.stage)
