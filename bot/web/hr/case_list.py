"""`/hr`: the list of cases, with filters, search, and what is done to several at once."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from sqlalchemy.engine import Connection

from bot.cases import actions, reasons
from bot.cases.actions import Refused
from bot.record.vocabulary import DANGER, OUTCOMES
from bot.staff import permissions
from bot.store import staff_members
from bot.store.tables import cohorts, stores
from bot.store.views import candidate_list, case_list, search
from bot.store.views.case_list import STATES, WHOSE, CaseFilter, CaseRow, Key
from bot.web.hr import form_dates, live_updates
from bot.web.hr.request import Denied, Page, Redirect, Reply, StaffRequest

URGENCIES = (0, 1, 2, 3)
BULK = ("assign", "snooze", "resolve")
_FILTERS = ("q", "state", "whose", "urgency", "store", "cohort", "reason")
_MOST_AT_ONCE = 100
LONGEST_NOTE = 2_000  # characters


def home(visit: StaffRequest) -> Reply:
    """Who works on no cases has their candidates here."""
    return show(visit) if visit.may("work") else Redirect("/hr/candidates")


def show(visit: StaffRequest) -> Reply:
    return visit.read(lambda connection: _page(connection, visit))


def ask(visit: StaffRequest) -> Reply:
    """What is going to be done to whom, before it is."""
    rows = visit.read(lambda c: case_list.some(c, visit.cipher, visit.sight, _ids(visit)))
    what = visit.said("what")
    if not rows or what not in BULK:
        return Redirect("/hr")
    names = visit.read(lambda c: staff_members.names(c, visit.cipher))
    to = visit.said("to")
    values = {"rows": rows, "what": what, "names": names, "fault": "", "alone": [], "form": dict(visit.asked.form)}
    if fault := _fault(visit, what):
        return Page("hr/bulk.html", values | {"fault": fault}, 400)
    alone = [row for row in rows if not _together(row, what)]
    if visit.said("sure") != "yes" or len(alone) == len(rows):
        shown = {"rows": [row for row in rows if row not in alone], "alone": alone, "to": names.get(to, to)}
        return Page("hr/bulk.html", values | shown)
    refused = [row for row in rows if not _done(visit, row, what)]
    return Page("hr/bulk_done.html", {"refused": refused, "count": len(rows) - len(refused)})


def _page(connection: Connection, visit: StaffRequest) -> Page:
    wish = {name: visit.wish(name) for name in _FILTERS}
    found = None
    if wish["q"]:
        only = () if wish["state"] == "resolved" else (case_list.has_open_case(),)
        country = visit.desk.house.settings.company.country
        found = search.search(connection, visit.cipher, visit.sight, wish["q"], country, *only)
    wanted = _wanted(wish, visit.wish("after"), found.ids if found else None)
    rows = case_list.page(connection, visit.cipher, visit.sight, wanted)
    shown, more = rows[: case_list.PAGE], len(rows) > case_list.PAGE
    after = {**{name: value for name, value in wish.items() if value}, "after": str(shown[-1].key)} if more else {}
    values = {
        "rows": shown,
        "next": urlencode(after),
        "wish": wish | {"state": wanted.state, "whose": wanted.whose},
        "incomplete": found is not None and not found.all,
        "names": staff_members.names(connection, visit.cipher),
        "states": STATES,
        "whose": WHOSE,
        "urgencies": URGENCIES,
        "outcomes": OUTCOMES,
        "colleagues": colleagues(connection, visit),
        "version": live_updates.versions(connection, [live_updates.LIST])[live_updates.LIST],
        "flash": visit.wish("done"),
        **_choices(connection, visit),
    }
    return Page("hr/cases.html", values)


def colleagues(connection: Connection, visit: StaffRequest) -> list[Any]:
    """Who may be given a case."""
    close = staff_members.near(connection, visit.cipher, visit.staff.code)
    return [one for one in close if permissions.may(one.role, "work")]


def _choices(connection: Connection, visit: StaffRequest) -> dict[str, Any]:
    """By what the list can be narrowed down."""
    return {
        "stores": candidate_list.named(connection, stores),
        "cohorts": candidate_list.named(connection, cohorts),
        "reasons": reasons.reasons(visit.speech.words),
    }


def _wanted(wish: dict[str, str], after: str, found: Sequence[int] | None) -> CaseFilter:
    """What makes no sense counts as not said."""
    urgency = int(wish["urgency"]) if wish["urgency"] in map(str, URGENCIES) else None
    return CaseFilter(
        wish["state"] if wish["state"] in STATES else "open",
        wish["whose"] if wish["whose"] in WHOSE else "team",
        urgency,
        wish["store"],
        wish["cohort"],
        wish["reason"],
        found,
        Key.read(after),
    )


def _ids(visit: StaffRequest) -> list[int]:
    found = visit.asked.form.getall("case", [])
    return [int(text) for text in found if text.isascii() and text.isdigit() and len(text) < 15][:_MOST_AT_ONCE]


def _fault(visit: StaffRequest, what: str) -> str:
    if what == "assign" and visit.said("to") not in visit.read(lambda c: [one.code for one in colleagues(c, visit)]):
        return "nobody"
    if what == "snooze" and form_dates.snoozed_until(visit) is None:
        return "moment"
    return "outcome" if what == "resolve" and visit.said("outcome") not in OUTCOMES else ""


def _together(row: CaseRow, what: str) -> bool:
    """Whether that may be done to it with others: somebody in danger is looked after one by one."""
    return row.urgency != DANGER or what == "assign"


def _done(visit: StaffRequest, row: CaseRow, what: str) -> bool:
    """Each in a transaction of its own: what is held by somebody else stays theirs."""
    code, now = visit.staff.code, visit.now
    until = form_dates.snoozed_until(visit) or now
    note = visit.said("note")[:LONGEST_NOTE]

    def do(connection: Connection) -> None:
        these = case_list.some(connection, visit.cipher, visit.sight, [row.id])
        if not these:
            raise Denied("case")
        if not _together(these[0], what):
            raise Refused("danger")
        if what == "assign":
            actions.assign(connection, visit.cipher, row.id, code, visit.said("to"), note, now)
        elif what == "snooze":
            actions.snooze(connection, row.id, code, until, now)
        else:
            settings = visit.desk.house.settings
            actions.resolve(connection, settings, visit.cipher, row.id, code, visit.said("outcome"), note, now)

    try:
        visit.write(do)
    except Refused:
        return False
    return True
