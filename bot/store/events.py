"""What happened, kept for the company's own systems: codes only, never personal data."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.db import bulk
from bot.store.tables import events

STAGE = "stage.changed"
KINDS = ("risk.changed", "case.opened", "case.changed", STAGE)
# PostgreSQL numbers rows before they are committed: while an earlier number may still come, a later one waits.
_SETTLED = sa.text("age(events.xmin) > age(pg_snapshot_xmin(pg_current_snapshot())::xid)")


def keep(connection: Connection, kind: str, candidate_id: int | None, body: Mapping[str, Any], now: datetime) -> None:
    """`kind`: one of KINDS."""
    row = {"kind": kind, "candidate_id": candidate_id, "body": dict(body), "at": now}
    connection.execute(sa.insert(events).values(row))


def keep_many(connection: Connection, kind: str, told: Sequence[tuple[int, dict[str, Any]]], now: datetime) -> None:
    """`told`: candidates with the body of their event."""
    rows = [{"kind": kind, "candidate_id": whose, "body": body, "at": now} for whose, body in told]
    bulk.insert(connection, events, rows)


def stage_body(code: str, before: str, stage: str, by: str, at: datetime) -> dict[str, Any]:
    """What `stage.changed` says. `by`: hr, api, import, candidate."""
    return {"candidate": code, "from": before, "stage": stage, "by": by, "at": at.isoformat()}


def settled(connection: Connection) -> sa.ColumnElement[bool] | sa.TextClause:
    """The condition on `events` under which no earlier event can still appear: who has read on to here has all."""
    return sa.true() if connection.dialect.name == "sqlite" else _SETTLED


def written(row: Any) -> dict[str, Any]:
    """An event as other systems read it."""
    return {"id": row.id, "kind": row.kind, "at": row.at.isoformat(), "data": row.body}
