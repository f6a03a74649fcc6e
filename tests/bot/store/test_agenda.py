"""The agenda knows every row that waits for a moment, and none that is over."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.store import agenda
from bot.store.db.database import Database
from bot.store.tables import addresses, candidates, outbound, promises, touches
from jobs.scheduler import JOBS
from tests.conftest import NOW

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


@pytest.fixture
def somebody(database: Database) -> tuple[int, int]:
    """A candidate and an address of theirs, for whom nothing is planned: their ids."""
    candidate = {"code": "C1", "name": b"", "stage": "joined", "stage_at": NOW, "stage_by": "import", "invite": b""}
    candidate |= {"invite_index": b"", "created_at": NOW, "updated_at": NOW}
    address = {"channel": "sms", "address": b"", "address_index": b"", "created_at": NOW}

    def enter(connection: sa.Connection) -> tuple[int, int]:
        who = connection.execute(sa.insert(candidates).values(candidate).returning(candidates.c.id)).scalar_one()
        where = connection.execute(sa.insert(addresses).values(address).returning(addresses.c.id)).scalar_one()
        return who, where

    return database.write(enter)


WAITING: dict[str, Callable[[int, int], sa.Insert | sa.Update]] = {
    "a planning": lambda who, _: sa.update(candidates).where(candidates.c.id == who).values(plan_at=NOW + HOUR),
    "an open question": lambda _, where: (
        sa.update(addresses).where(addresses.c.id == where).values(wait_until=NOW + HOUR)
    ),
    "a promise": lambda who, _: sa.insert(promises).values(
        candidate_id=who, about="date", state="open", made_at=NOW, look_at=NOW + HOUR
    ),
    "a touch": lambda who, _: sa.insert(touches).values(_touch(who) | {"state": "planned", "due_at": NOW + HOUR}),
    "a look at a touch": lambda who, _: sa.insert(touches).values(
        _touch(who) | {"state": "sent", "look_at": NOW + HOUR}
    ),
    "a message": lambda _, where: sa.insert(outbound).values(_message(where) | {"due_at": NOW + HOUR}),
    "the end of a message": lambda _, where: sa.insert(outbound).values(
        _message(where) | {"due_at": NOW + 2 * HOUR, "expires_at": NOW + HOUR}
    ),
    "a message in doubt": lambda _, where: sa.insert(outbound).values(
        _message(where) | {"state": "unknown", "due_at": NOW + HOUR}
    ),
}


def _touch(who: int) -> dict[str, object]:
    base = {"candidate_id": who, "entry": "tips", "kind": "story", "begins": "tips.day3"}
    return base | {"due_at": NOW, "created_at": NOW}


def _message(where: int) -> dict[str, object]:
    base = {"address_id": where, "kind": "notice", "text": b"", "road": "push", "via": "sms", "state": "queued"}
    return base | {"created_at": NOW}


@pytest.mark.parametrize("what", WAITING)
def test_everything_that_waits_for_a_moment_is_on_the_agenda(
    database: Database, somebody: tuple[int, int], what: str
) -> None:
    assert database.read(agenda.next_due) is None
    database.write(lambda c: c.execute(WAITING[what](*somebody)))
    assert database.read(agenda.next_due) == NOW + HOUR


@pytest.mark.parametrize("state", ["delivered", "failed", "expired", "cancelled"])
def test_what_is_over_is_on_no_agenda(database: Database, somebody: tuple[int, int], state: str) -> None:
    over = sa.insert(outbound).values(_message(somebody[1]) | {"state": state, "due_at": NOW, "expires_at": NOW})
    database.write(lambda c: c.execute(over))
    assert database.read(agenda.next_due) is None


def test_who_sends_just_now_is_waited_for(database: Database, somebody: tuple[int, int]) -> None:
    held = sa.insert(outbound).values(_message(somebody[1]) | {"due_at": NOW, "lease_until": NOW + MINUTE})
    assert not database.read(lambda c: agenda.under_way(c, NOW))
    database.write(lambda c: c.execute(held))
    assert database.read(lambda c: agenda.under_way(c, NOW))
    assert not database.read(lambda c: agenda.under_way(c, NOW + MINUTE))


def test_every_job_of_the_clock_has_its_moments_here() -> None:
    assert set(agenda.MOMENTS) == set(JOBS)
