"""What each recruiter and manager hears once each working day: how their cases stand, and who may leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.alerts.recipients import Colleagues
from bot.alerts.texts import AlertReader, case_line
from bot.cases.assignment import Teams
from bot.cases.office import Office
from bot.cases.summary import Brief, briefs
from bot.store import alerts
from bot.store.cases import OPEN
from bot.store.db.prepared import Prepared
from bot.store.tables import candidates, cases, staff
from bot.store.visibility import Visibility, case_seen_by, seen_by, sight_of

WHY = alerts.DIGEST
_URGENCY = 3
_LACKING = Prepared(sa.select(staff.c.code).where(alerts.LACKS_DIGEST).order_by(staff.c.code))
_LINES = 8  # cases in it
_NAMES = 8  # people at risk in it
_FAR = 30  # days within which somebody works again


@dataclass(frozen=True, slots=True)
class Sums:
    """Of open cases. `untaken`: nobody has them; `owed`: somebody waits for an answer; `missed`: too late already."""

    open: int
    untaken: int
    owed: int
    missed: int


def plan(connection: Connection, office: Office, now: datetime) -> tuple[int, list[int]]:
    """Everybody's next digest waits for its moment; each day has one, whoever plans it how often."""
    lacking = [row.code for row in _LACKING.rows(connection, {})]
    if not lacking:
        return 0, []
    teams = Teams(connection, office.settings, now)
    for code in lacking:
        day, moment = _next(teams, code, office.settings.hr.digest_at, now)
        alerts.keep(connection, code, WHY, day.isoformat(), _URGENCY, due_at=moment, created_at=now)
    return len(lacking), []


def text(
    connection: Connection, office: Office, colleagues: Colleagues, code: str, reader: AlertReader, now: datetime
) -> str:
    """As it stands now, for whoever gets it."""
    sight = sight_of(connection, code, now) or Visibility(code, "")
    leads = sight.role == "manager"
    mine = sa.or_(cases.c.assigned == code, cases.c.claimed_by == code)
    whose = case_seen_by(sight) if leads else mine
    sums = _sums(connection, whose)
    texts, day = reader.texts, now.astimezone(reader.zone).strftime("%m-%d")
    values = {"open": sums.open, "untaken": sums.untaken, "owed": sums.owed, "missed": sums.missed}
    at_risk = _at_risk(connection, office, sight)
    if reader.bare:
        return texts["sms_digest"].format(day=day, risk=len(at_risk), link=reader.link(), **values).strip()
    lines = [texts["digest_team" if leads else "digest_own"].format(day=day)]
    lines.append(texts["digest_sums"].format(**values) if sums.open else texts["digest_none"])
    lines += _members(connection, colleagues, whose, reader) if leads else []
    lines += [case_line(brief, reader, now) for brief in _first(connection, office, whose, late=leads)]
    if at_risk:
        names = reader.words.formats["comma"].join(at_risk[:_NAMES])
        lines.append(texts["digest_risk"].format(count=len(at_risk), names=names))
    return "\n".join([*lines, reader.link()]).strip()


def _next(teams: Teams, code: str, hour: int, now: datetime) -> tuple[date, datetime]:
    """The next working day of their team whose moment is still to come, and that moment."""
    hours = teams.hours(code)
    today = now.astimezone(hours.zone).date()
    for number in range(_FAR):
        day = today + timedelta(days=number)
        moment = datetime(day.year, day.month, day.day, hour, tzinfo=hours.zone)
        if moment > now and hours.works(day):
            return day, moment
    return today, datetime(today.year, today.month, today.day, hour, tzinfo=hours.zone) + timedelta(days=_FAR)


def _sums(connection: Connection, whose: sa.ColumnElement[bool]) -> Sums:
    counted = sa.select(
        sa.func.count(),
        sa.func.coalesce(sa.func.sum(sa.case((cases.c.claimed_by.is_(None), 1), else_=0)), 0),
        sa.func.coalesce(sa.func.sum(sa.case((cases.c.unanswered_since.is_not(None), 1), else_=0)), 0),
        sa.func.coalesce(sa.func.sum(sa.case((cases.c.missed > 0, 1), else_=0)), 0),
    )
    return Sums(*map(int, connection.execute(counted.where(OPEN, whose)).one()))


def _members(
    connection: Connection, colleagues: Colleagues, whose: sa.ColumnElement[bool], reader: AlertReader
) -> list[str]:
    """A line for each who has something open."""
    has = sa.func.coalesce(cases.c.claimed_by, cases.c.assigned)
    late = sa.func.sum(sa.case((cases.c.missed > 0, 1), else_=0))
    rows = connection.execute(sa.select(has, sa.func.count(), late).where(OPEN, whose).group_by(has).order_by(has))
    texts = reader.texts
    return [
        texts["digest_member"].format(who=colleagues.name_of(who) or texts["nobody"], open=count, missed=missed)
        for who, count, missed in rows
    ]


def _first(connection: Connection, office: Office, whose: sa.ColumnElement[bool], late: bool) -> Sequence[Brief]:
    """The most urgent; `late`: of those that missed a deadline."""
    wanted = sa.select(cases.c.id).where(OPEN, whose, *([cases.c.missed > 0] if late else []))
    ids = list(connection.execute(wanted.order_by(cases.c.urgency, cases.c.opened_at).limit(_LINES)).scalars())
    found = briefs(connection, office.cipher, ids)
    return [found[number] for number in ids]


def _at_risk(connection: Connection, office: Office, sight: Visibility) -> list[str]:
    """The names of who may leave and has no open case."""
    open_case = sa.exists().where(cases.c.candidate_id == candidates.c.id, OPEN)
    theirs = seen_by(sight), candidates.c.risk == "high", ~open_case
    rows = connection.execute(sa.select(candidates.c.name).where(*theirs).order_by(candidates.c.risk_points.desc()))
    return [office.cipher.open(row.name, "candidates.name") for row in rows]
