"""Moves a candidate: to a stage, a cohort, a store. Imports may not undo what is moved here."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.errors import ConfigError
from bot.store import events, people
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


def to_place(connection: Connection, candidate_id: int, what: str, code: str, by: str, now: datetime) -> None:
    """`what`: cohort or store; `code`: its code, or - for none. Raises ConfigError where it does not exist."""
    table = _PLACES[what]
    found = None if code == "-" else connection.execute(sa.select(table.c.id).where(table.c.code == code)).scalar()
    if found is None and code != "-":
        raise ConfigError(f"no {what} has the code {code}")
    people.change_candidate(connection, candidate_id, now, **{f"{what}_id": found, f"{what}_by": by})
