"""`/hr/cohorts`: trainings with their people; publishing, taking back, moving, the link for the roll call."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot import links
from bot.cohorts import announce
from bot.cohorts.edit import Moving, State
from bot.errors import ConfigError
from bot.record import facts
from bot.store import cohorts, publications, rollcall
from bot.store.cohorts import CohortCounts, CohortMember, CohortRow
from bot.store.publications import ALONE
from bot.store.tables import candidates as candidate
from bot.store.visibility import seen_by
from bot.web.hr import preview
from bot.web.hr.request import Denied, Page, Redirect, Reply, StaffRequest

HERE = "/hr/cohorts"
_LONGEST = 200


def show_all(visit: StaffRequest) -> Reply:
    def look(connection: Connection) -> list[CohortCounts]:
        rows = _standings(connection, visit)
        if visit.sight.everybody or visit.sight.unowned:
            return rows
        seen = set(connection.scalars(sa.select(candidate.c.cohort_id).where(seen_by(visit.sight)).distinct()))
        return [row for row in rows if row.cohort.id in seen or row.cohort.code in visit.sight.scope]

    return Page("hr/cohorts.html", {"rows": visit.read(look), "zone_of": _zones(visit)})


def show(visit: StaffRequest) -> Reply:
    return _shown(visit, {"flash": visit.wish("done")})


def ask_publish(visit: StaffRequest) -> Reply:
    """The text, the names, and what speaks against it; nothing is changed."""
    return visit.read(lambda connection: _asked(connection, visit, _find(connection, visit)))


def publish(visit: StaffRequest) -> Reply:
    """By one person's word for a few; for many somebody else has to agree."""
    held = visit.read(lambda connection: _find(connection, visit))
    asked = visit.read(lambda connection: _asked(connection, visit, held))
    hear = asked.values["hear"]
    if asked.values["fault"] or visit.said("version") != str(held.version):
        return replace(asked, values=dict(asked.values) | {"fault": asked.values["fault"] or "changed"}, status=409)
    waiting = visit.read(lambda connection: publications.waiting(connection, held, visit.now))
    if len(hear) > ALONE and (waiting is None or waiting.asked_by == visit.staff.code):
        visit.write(lambda connection: _ask(connection, visit, held, len(hear)))
        return Redirect(f"{_path(held)}?done=asked")
    if waiting and not visit.write(lambda c: publications.end(c, waiting.id, "done", visit.staff.code, visit.now)):
        return Redirect(_path(held))
    detail = {"asked_by": waiting.asked_by} if waiting else {}
    return _announced(visit, held, _published(held), cohorts.NOTICE, "publish", len(hear), **detail)


def decline(visit: StaffRequest) -> Reply:
    def drop(connection: Connection) -> CohortRow:
        held = _find(connection, visit)
        _need_all(connection, visit, held)
        waiting = publications.waiting(connection, held, visit.now)
        if waiting:
            publications.end(connection, waiting.id, "dropped", visit.staff.code, visit.now)
            visit.note(connection, "cohorts.decline", held.code)
        return held

    return Redirect(_path(visit.write(drop)))


def take_back(visit: StaffRequest) -> Reply:
    held = visit.read(lambda connection: _find(connection, visit))
    try:
        announce.take_back(visit, held, visit.actor, visit.now, _allowed(visit, held))
    except ConfigError:
        moved = visit.read(lambda connection: cohorts.is_of_a_move(connection, held))
        return _shown(visit, {"fault": "moved" if moved else "late"}, 409)
    return Redirect(f"{_path(held)}?done=taken_back")


def ask_move(visit: StaffRequest) -> Reply:
    """What the form would make of the cohort, and who would be told; nothing is changed."""
    held = visit.read(lambda connection: _find(connection, visit))
    return visit.read(lambda connection: _move_asked(connection, visit, held, visit.asked.query))


def move(visit: StaffRequest) -> Reply:
    held = visit.read(lambda connection: _find(connection, visit))
    asked = visit.read(lambda connection: _move_asked(connection, visit, held, visit.asked.form))
    values = asked.values
    if values["fault"] or visit.said("version") != str(held.version):
        return replace(asked, values=dict(values) | {"fault": values["fault"] or "changed"}, status=409)
    return _announced(visit, held, values["after"], values["entry"], "move", len(values["hear"]))


def roll_link(visit: StaffRequest) -> Reply:
    """Shown on the cohort's page, for the trainer: a link that reaches no further than who makes it."""

    def give(connection: Connection) -> CohortRow:
        held = _find(connection, visit)
        visit.note(connection, "cohorts.roll_link", held.code)
        return held

    held = visit.write(give)
    return _shown(visit, {"roll": links.roll_link(visit.desk.house.settings, held.code, visit.staff.code)})


def _announced(
    visit: StaffRequest, before: CohortRow, after: CohortRow, entry: str, action: str, count: int, **detail: Any
) -> Reply:
    news = cohorts.news(entry, before, after, visit.now) if entry else None
    closed = visit.desk.house.settings.stages.closed
    try:
        announce.announce_to(
            visit, before, after, news, closed, visit.actor, action, count, visit.now, _allowed(visit, before), **detail
        )
    except ConfigError:
        return _shown(visit, {"fault": "changed"}, 409)
    return Redirect(f"{_path(before)}?done={'published' if action == 'publish' else 'moved'}")


def _shown(visit: StaffRequest, extra: dict[str, Any], status: int = 200) -> Page:
    def look(connection: Connection) -> dict[str, Any]:
        held = _find(connection, visit)
        settings = visit.desk.house.settings
        zone = facts.zone_of(held, settings)
        (standing,) = _standings(connection, visit, held.code)
        members = _members(connection, visit, held)
        opens = rollcall.opens_at(held, zone)
        return {
            "cohort": held,
            "standing": standing,
            "members": members,
            "zone": zone,
            "untold": len(_members(connection, visit, _published(held), untold=True)),
            "waiting": publications.waiting(connection, held, visit.now),
            "can_take_back": _take_back_until(connection, held, visit.now),
            "begun": opens is not None and opens <= visit.now,
            "states": [state.value for state in State],
            "local_start": _local(held.starts_at, zone),
            "local_end": _local(held.ends_at, zone),
            "alone": ALONE,
        }

    own = {"fault": "", "roll": "", "flash": ""}
    return Page("hr/cohort.html", own | visit.read(look) | extra, status)


def _allowed(visit: StaffRequest, held: CohortRow) -> Callable[[Connection], None]:
    """What is asked once more in the transaction itself."""
    return lambda connection: _need_all(connection, visit, held)


def _ask(connection: Connection, visit: StaffRequest, held: CohortRow, count: int) -> None:
    _need_all(connection, visit, held)
    publications.ask(connection, held, count, visit.staff.code, visit.now)
    visit.note(connection, "cohorts.publish_asked", held.code, people=count)


def _asked(connection: Connection, visit: StaffRequest, held: CohortRow) -> Page:
    after = _published(held)
    hear = _members(connection, visit, after, untold=True)
    fault = _fault(connection, visit, held, len(hear))
    values = {
        "cohort": held,
        "hear": hear,
        "fault": fault,
        "texts": preview.texts(connection, visit, hear, after, cohorts.NOTICE) if not fault else [],
        "waiting": publications.waiting(connection, held, visit.now),
        "second": len(hear) > ALONE,
        "zone": facts.zone_of(held, visit.desk.house.settings),
    }
    return Page("hr/publish.html", values, 409 if fault else 200)


def _fault(connection: Connection, visit: StaffRequest, held: CohortRow, count: int) -> str:
    _need_all(connection, visit, held)
    if held.starts_at is None or not held.place:
        return "incomplete"
    if held.starts_at <= visit.now + cohorts.TAKE_BACK:
        return "begun"
    return "" if count else "everybody_told"


def _move_asked(connection: Connection, visit: StaffRequest, held: CohortRow, form: Any) -> Page:
    _need_all(connection, visit, held)
    given = {name: (form.get(name) or "").strip()[:_LONGEST] for name in ("start", "end", "place", "address", "state")}
    after, fault = _moved(visit, held, given)
    entry = cohorts.entry_of(held, after) if not fault else ""
    newer = replace(after, version=held.version + 1)
    hear = _members(connection, visit, newer, untold=True, entry=entry, before=held) if entry else []
    news = cohorts.news(entry, held, newer, visit.now) if entry else None
    if not fault and entry == cohorts.NOTICE:
        fault = "publish"  # that has a page of its own
    zone = facts.zone_of(held, visit.desk.house.settings)
    values = {
        "cohort": held,
        "after": newer,
        "hear": hear,
        "entry": entry,
        "fault": fault,
        "given": given,
        "zone": zone,
        "texts": preview.texts(connection, visit, hear, newer, entry) if not fault else [],
    }
    return Page("hr/move_cohort.html", values | {"soon": bool(news and news.hurry)}, 409 if fault else 200)


def _moved(visit: StaffRequest, held: CohortRow, given: dict[str, str]) -> tuple[CohortRow, str]:
    """The cohort as it would be, and what is wrong with that."""
    zone = facts.zone_of(held, visit.desk.house.settings)
    same = {"start": _local(held.starts_at, zone), "end": _local(held.ends_at, zone)}
    given = given | {name: "" for name, shown in same.items() if given[name] == shown}
    given |= {name: "" for name in ("place", "address") if given[name] == (getattr(held, name) or "")}
    given |= {"state": ""} if given["state"] == held.date_state or given["state"] not in list(State) else {}
    if given["place"] and not given["address"]:
        given["address"] = held.address or ""
    if not any(given.values()):
        return held, "same"
    state = State(given["state"]) if given["state"] else None
    words = [given[name].replace("T", " ") for name in ("start", "end")]
    try:
        return Moving(held, zone, visit.now).moved(words[0], words[1], given["place"], given["address"], state, ""), ""
    except ConfigError:
        return held, "cannot"


def _find(connection: Connection, visit: StaffRequest) -> CohortRow:
    """The cohort in the path. Raises Denied where nobody in it is theirs to see."""
    try:
        held = cohorts.find(connection, visit.asked.place["code"])
    except ConfigError:
        raise Denied("cohort") from None
    if not _is_seen(connection, visit, held):
        raise Denied("cohort")
    return held


def _is_seen(connection: Connection, visit: StaffRequest, held: CohortRow) -> bool:
    sight = visit.sight
    if sight.everybody or sight.unowned or held.code in sight.scope:
        return True
    this = sa.select(candidate.c.id).where(candidate.c.cohort_id == held.id, seen_by(sight))
    return connection.execute(this.limit(1)).first() is not None


def _need_all(connection: Connection, visit: StaffRequest, held: CohortRow) -> None:
    """Who tells a whole cohort something must see all of its open candidates. Raises Denied."""
    closed = visit.desk.house.settings.stages.closed
    open_ = candidate.c.cohort_id == held.id, candidate.c.stage.not_in(closed)
    seen = sa.select(candidate.c.id).where(candidate.c.cohort_id == held.id, seen_by(visit.sight))
    hidden = sa.select(candidate.c.id).where(*open_, candidate.c.id.not_in(seen))
    if connection.execute(hidden.limit(1)).first() is not None:
        raise Denied("everybody of the cohort", hidden=False)


def _members(
    connection: Connection,
    visit: StaffRequest,
    held: CohortRow,
    untold: bool = False,
    entry: str = "",
    before: CohortRow | None = None,
) -> list[CohortMember]:
    """Of the open candidates those who are theirs to see."""
    closed = visit.desk.house.settings.stages.closed
    found = cohorts.members(connection, visit.cipher, held, closed, untold, seen_by(visit.sight), entry, before)
    return [visit.shown(member) for member in found]


def _standings(connection: Connection, visit: StaffRequest, code: str = "") -> list[CohortCounts]:
    """Numbers of those whom they see, but seats are counted by all."""
    closed = visit.desk.house.settings.stages.closed
    rows = cohorts.standings(connection, closed, code, seen_by(visit.sight))
    recent = visit.now - timedelta(days=60)
    return [row for row in rows if code or row.all or (row.cohort.starts_at or visit.now) > recent]


def _take_back_until(connection: Connection, held: CohortRow, now: datetime) -> datetime | None:
    """Until when the notice can be taken back, if it still can."""
    until = cohorts.take_back_until(connection, held)
    return until if until and until > now else None


def _published(held: CohortRow) -> CohortRow:
    return held if held.published else replace(held, date_state="published", version=held.version + 1)


def _zones(visit: StaffRequest) -> Any:
    return lambda held: facts.zone_of(held, visit.desk.house.settings)


def _local(moment: datetime | None, zone: Any) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if moment else ""


def _path(held: CohortRow) -> str:
    return f"{HERE}/{quote(held.code, safe='')}"
