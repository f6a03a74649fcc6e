"""Opens what HR works on."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.tables import case_reasons, cases


def is_claimed(connection: Connection, candidate_id: int) -> bool:
    """Whether somebody of HR is talking with the candidate: then the bot begins nothing."""
    held = cases.c.candidate_id == candidate_id, cases.c.state == "claimed"
    return connection.execute(sa.select(cases.c.id).where(*held)).first() is not None


def open_case(
    connection: Connection,
    candidate_id: int | None,
    address_id: int | None,
    reason: str,
    now: datetime,
    detail: bytes | None = None,
) -> int:
    """One open case a person: a further reason joins it, with its sealed detail. Gives the case's id."""
    who = cases.c.candidate_id == candidate_id if candidate_id else cases.c.address_id == address_id
    found = connection.execute(sa.select(cases.c.id).where(who, cases.c.state != "resolved")).scalar()
    if found is None:
        row = {
            "candidate_id": candidate_id,
            "address_id": address_id,
            "state": "new",
            "reason": reason,
            "opened_at": now,
            "updated_at": now,
        }
        found = connection.execute(sa.insert(cases).values(row).returning(cases.c.id)).scalar_one()
    else:
        again = sa.update(cases).where(cases.c.id == found).values(updated_at=now, asked=cases.c.asked + 1)
        connection.execute(again)
    connection.execute(sa.insert(case_reasons).values(case_id=found, reason=reason, detail=detail, at=now))
    return int(found)
