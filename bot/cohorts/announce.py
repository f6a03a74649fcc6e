"""Changes a cohort and plans what its candidates hear of it, some of them in a transaction."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Protocol, TypeVar

from sqlalchemy.engine import Connection

from bot.store import audit, cohorts
from bot.store.cohorts import Announcement, CohortRow

T = TypeVar("T")


class Writes(Protocol):
    """Runs something in a transaction: a database, or a visit whose form acts once."""

    def write(self, work: Callable[[Connection], T]) -> T: ...


def announce_to(
    database: Writes,
    before: CohortRow,
    after: CohortRow,
    news: Announcement | None,
    closed: Collection[str],
    who: str,
    action: str,
    expected: int,
    now: datetime,
    allowed: Callable[[Connection], None] | None = None,
    **detail: Any,
) -> int:
    """The cohort is `after` from now on; gives how many will hear the news. `allowed`: raises where whoever does this
    may not, in the transaction itself. `detail`: more for the audit log. Raises ConfigError where somebody changed the
    cohort meanwhile."""

    def plan(connection: Connection) -> int:
        return cohorts.plan_announcement(connection, after, news, closed, now) if news else 0

    def change(connection: Connection) -> int:
        if allowed:
            allowed(connection)
        cohorts.change(connection, before, after, news.entry if news else "", now)
        kept = {"version": after.version, "state": after.date_state, "told": expected} | detail
        audit.record(connection, who, f"cohorts.{action}", after.code, now, kept)
        return plan(connection)

    told = count = database.write(change)
    while count == cohorts.AT_ONCE:
        count = database.write(plan)
        told += count
    return told


def take_back(
    database: Writes,
    held: CohortRow,
    who: str,
    now: datetime,
    allowed: Callable[[Connection], None] | None = None,
) -> int:
    """The notice of a publication, while that is possible; gives from how many. Raises ConfigError."""

    def undo(connection: Connection) -> int:
        if allowed:
            allowed(connection)
        taken = cohorts.unpublish(connection, held, now)
        audit.record(connection, who, "cohorts.unpublish", held.code, now, {"taken_back": taken})
        return taken

    return database.write(undo)
