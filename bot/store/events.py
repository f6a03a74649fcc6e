"""What happened, kept for the company's own systems: codes only, never personal data."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.tables import events


def keep(connection: Connection, kind: str, candidate_id: int | None, body: Mapping[str, Any], now: datetime) -> None:
    """Kinds: risk.changed, case.opened, case.changed, stage.changed."""
    row = {"kind": kind, "candidate_id": candidate_id, "body": dict(body), "at": now}
    connection.execute(sa.insert(events).values(row))
