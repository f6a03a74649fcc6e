"""Who did what, append-only. Targets and details are codes and counts, never personal data."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.tables import audit


def record(
    connection: Connection,
    actor: str,
    action: str,
    target: str | None,
    now: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Actor: `cli:<system user>`, `staff:<code>`, `api:<token name>`. Action: `noun.verb`."""
    row = {"at": now, "actor": actor, "action": action, "target": target, "detail": dict(detail) if detail else None}
    connection.execute(sa.insert(audit).values(row))


def newest(connection: Connection, limit: int = 100) -> list[dict[str, Any]]:
    rows = connection.execute(sa.select(audit).order_by(audit.c.id.desc()).limit(limit))
    return [dict(row._mapping) for row in rows]
