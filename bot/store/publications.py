"""Training notices that wait for a second person: asked by one, agreed to by another."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.cohorts import CohortRow
from bot.store.tables import publications

ALONE = 50  # so many candidates may be told by one person's word
GOOD_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class PublicationRequest:
    """Somebody wants to publish."""

    id: int
    people: int
    asked_by: str
    asked_at: datetime


def waiting(connection: Connection, cohort: CohortRow, now: datetime) -> PublicationRequest | None:
    """What is asked for the cohort as it stands now; a change of it meanwhile asks anew."""
    this = (
        publications.c.cohort_id == cohort.id,
        publications.c.version == cohort.version,
        publications.c.state == "asked",
        publications.c.asked_at > now - GOOD_FOR,
    )
    wanted = sa.select(
        publications.c.id, publications.c.people, publications.c.asked_by, publications.c.asked_at
    ).where(*this)
    row = connection.execute(wanted.order_by(publications.c.id.desc()).limit(1)).first()
    return PublicationRequest(*row) if row else None


def ask(connection: Connection, cohort: CohortRow, people: int, staff: str, now: datetime) -> None:
    """The newest asking counts."""
    _end(connection, publications.c.cohort_id == cohort.id, "dropped", staff, now)
    row = {"cohort_id": cohort.id, "version": cohort.version, "people": people, "state": "asked"}
    connection.execute(sa.insert(publications).values(row | {"asked_by": staff, "asked_at": now}))


def end(connection: Connection, asked_id: int, state: str, staff: str, now: datetime) -> bool:
    """`state`: done or dropped; whether it was still open."""
    return _end(connection, publications.c.id == asked_id, state, staff, now) == 1


def _end(connection: Connection, this: sa.ColumnElement[bool], state: str, staff: str, now: datetime) -> int:
    ended = sa.update(publications).where(this, publications.c.state == "asked")
    return connection.execute(ended.values(state=state, ended_by=staff, ended_at=now)).rowcount
