"""`/hr/staff` and `/hr/audit`: accounts, and who did what; for admins."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.staff import passwords
from bot.store import sessions, staff_members
from bot.store.staff_members import StaffMember
from bot.store.tables import audit
from bot.web.hr.request import Denied, Page, Reply, StaffRequest

_ROWS = 100


def staff(visit: StaffRequest) -> Reply:
    return _staff(visit)


def password_link(visit: StaffRequest) -> Reply:
    """Shown once, to be handed over by a way that is safe."""

    def give(connection: Connection) -> str:
        found = _find(connection, visit)
        visit.note(connection, "staff.password_link", found.code)
        return passwords.link(visit.desk.house.settings, found.code, found.password)

    link = visit.write(give)
    return _staff(visit, link=link, whose=visit.asked.place["code"])


def sign_out(visit: StaffRequest) -> Reply:
    def end(connection: Connection) -> None:
        found = _find(connection, visit)
        sessions.end_all(connection, found.code, visit.now)
        visit.note(connection, "staff.sign_out", found.code)

    visit.write(end)
    return _staff(visit)


def log(visit: StaffRequest) -> Reply:
    """The newest first; `before` an id: what came before it."""
    wish = {name: visit.wish(name) for name in ("actor", "action", "target")}
    before = visit.wish("before")

    def look(connection: Connection) -> list[dict[str, object]]:
        wanted = sa.select(audit).order_by(audit.c.id.desc()).limit(_ROWS + 1)
        for name, value in wish.items():
            wanted = wanted.where(audit.c[name] == value) if value else wanted
        if before.isascii() and before.isdigit() and len(before) < 15:
            wanted = wanted.where(audit.c.id < int(before))
        return [dict(row._mapping) for row in connection.execute(wanted)]

    rows = visit.read(look)
    return Page("hr/audit.html", {"rows": rows[:_ROWS], "more": len(rows) > _ROWS, "wish": wish})


def _find(connection: Connection, visit: StaffRequest) -> StaffMember:
    found = staff_members.find(connection, visit.cipher, visit.asked.place["code"])
    if found is None:
        raise Denied("staff")
    return found


def _staff(visit: StaffRequest, link: str = "", whose: str = "") -> Page:
    everybody = visit.read(lambda connection: staff_members.everybody(connection, visit.cipher))
    return Page("hr/staff.html", {"everybody": everybody, "link": link, "whose_link": whose})
