"""Who else acts while time is played: HR's office, which keeps its dates more or less, and the sample people."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from sqlalchemy.engine import Connection

from bot.store import cohorts, moves, rollcall
from bot.store.cohorts import CohortRow
from bot.store.people import history
from jobs.context import JobContext
from jobs.simulation.fake_client import Control

_STAYS_AWAY = 0.05  # of those who have not confirmed
_LATE = timedelta(days=2)  # with a date that was unknown
_AHEAD = timedelta(days=9)  # so long after it is fixed a training begins
_CHECKED_AFTER = (timedelta(days=3), timedelta(days=5))  # so long somebody stays in the first stage, and the second


class SimulatedHr:
    """HR, each morning at ten: fixes the dates that are due, calls the roll, moves people on."""

    def __init__(self, desk: JobContext, seed: int = 0) -> None:
        self._desk, self._seed, self._next = desk, seed, datetime.min.replace(tzinfo=UTC)
        self._zone, self._stages = desk.settings.company.zone, desk.settings.stages

    def act(self, now: datetime) -> tuple[int, datetime | None]:
        if now < self._next:
            return 0, self._next
        today = now.astimezone(self._zone).replace(hour=10, minute=0, second=0, microsecond=0)
        if now >= today:
            self._next = (today + timedelta(days=1)).astimezone(UTC)
            return self._desk.database.write(lambda connection: self._work(connection, now)), self._next
        self._next = today.astimezone(UTC)
        return 0, self._next

    def _work(self, connection: Connection, now: datetime) -> int:
        done = 0
        for standing in cohorts.standings(connection, self._stages.closed):
            done += self._publish(connection, standing.cohort, now)
            done += self._call_the_roll(connection, standing.cohort, now)
        return done + self._move_on(connection, now)

    def _publish(self, connection: Connection, held: CohortRow, now: datetime) -> int:
        """On the day by which the date was to be fixed; one that nobody knew comes two days late."""
        late = timedelta() if held.starts_at else _LATE
        if held.published or held.date_by is None or now < held.date_by + late or not held.place:
            return 0
        dated = self._dated(held, now)
        after = replace(dated, date_state="published", version=held.version + 1)
        news = cohorts.news(cohorts.NOTICE, held, after, now)
        cohorts.change(connection, held, after, cohorts.NOTICE, now)
        while cohorts.plan_announcement(connection, after, news, self._stages.closed, now) == cohorts.AT_ONCE:
            pass
        return 1

    def _dated(self, held: CohortRow, now: datetime) -> CohortRow:
        if held.starts_at and held.starts_at > now + timedelta(days=1):
            return held
        start = (now.astimezone(self._zone) + _AHEAD).replace(hour=9, minute=0, second=0, microsecond=0)
        end = (start + timedelta(days=4)).replace(hour=17, minute=30)
        return replace(held, starts_at=start.astimezone(UTC), ends_at=end.astimezone(UTC))

    def _call_the_roll(self, connection: Connection, held: CohortRow, now: datetime) -> int:
        """On the first day, or the first morning after it; who confirmed comes."""
        if not held.published or held.starts_at is None or held.starts_at > now:
            return 0
        members = cohorts.members(connection, self._desk.cipher, held, self._stages.closed)
        for member in members:
            away = not member.confirmed and self._lot(member.code) < _STAYS_AWAY
            rollcall.attended(connection, held, member.id, not away, self._stages, now)
        return len(members)

    def _move_on(self, connection: Connection, now: datetime) -> int:
        """From the interview to the check, and from there on."""
        done = 0
        for standing in cohorts.standings(connection, self._stages.closed):
            for member in cohorts.members(connection, self._desk.cipher, standing.cohort, self._stages.closed):
                since = dict(history(connection, member.id)).get(member.stage)
                stays = dict(zip(self._stages.road, _CHECKED_AFTER, strict=False)).get(member.stage)
                if since and stays and now >= since + stays:
                    onwards = self._stages.road[self._stages.road.index(member.stage) + 1]
                    moves.to_stage(connection, member.id, onwards, "hr", now)
                    done += 1
        return done

    def _lot(self, code: str) -> float:
        return Random(f"{self._seed}:{code}").random()  # noqa: S311 - a simulation, no secret


class Crowd:
    """The sample people: a program of fakes/ that acts through the stand-ins when it is told the time."""

    def __init__(self, url: str) -> None:
        self._program = Control(url)

    def act(self, now: datetime) -> tuple[int, datetime | None]:
        said = self._program.post("/act", {"now": now.timestamp()})
        return int(said["acted"]), datetime.fromtimestamp(said["next"], UTC) if said["next"] else None
