"""`/hr/candidates`: everybody who is theirs, one of them, and what HR does with them besides cases."""

from typing import Any
from urllib.parse import quote, urlencode

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.cases import actions
from bot.cases.actions import Refused
from bot.proactive.preview import coming, counted_by
from bot.record.vocabulary import CALLED
from bot.store import cases, moves, people, plans, staff_members, transfers
from bot.store.cohorts import find as found
from bot.store.tables import candidates, cohorts, stores
from bot.store.views import candidate_list, case_detail, search
from bot.store.views.candidate_list import WAITING, CandidateFilter
from bot.store.visibility import seen_by, sees
from bot.web.hr import candidate_view
from bot.web.hr.request import Denied, Page, Redirect, Reply, StaffRequest

HERE = "/hr/candidates"
MOVES = ("stage", "cohort", "store")
_OF_ALL = ("q", "stage", "store", "cohort", "owner")
_FILTERS = (*_OF_ALL, "risk", "held")  # a filter tells what it filters by
_MOST_HELD = 2_000
_AT_ONCE = 200  # candidates in a transaction
_LONGEST_NOTE = 2_000


def show_all(visit: StaffRequest) -> Reply:
    return visit.read(lambda connection: _page(connection, visit))


def show(visit: StaffRequest) -> Reply:
    page = visit.read(lambda connection: _one(connection, visit))
    visit.looked("candidates.show", visit.asked.place["code"])
    return page


def called(visit: StaffRequest) -> Reply:
    """One tap: they phoned. It joins the open case, if there is one."""
    outcome, words = visit.said("outcome"), visit.said("note")[:_LONGEST_NOTE]
    if outcome not in CALLED:
        return Redirect(_path(visit))

    def keep(connection: Connection) -> None:
        number, code = _theirs(connection, visit), visit.staff.code
        case = cases.open_of(connection, number)
        if case is None:
            actions.log_contact(connection, visit.cipher, number, code, "call", outcome, words, visit.now)
        else:
            actions.log_call(connection, visit.cipher, case.id, code, outcome, words, visit.now)

    try:
        visit.write(keep)
    except Refused:
        return Redirect(_path(visit))
    return Redirect(f"{_path(visit)}?done=called")


def ask_move(visit: StaffRequest) -> Reply:
    """Shows what would change, and changes nothing."""
    return visit.read(lambda connection: _asked(connection, visit, visit.wish("what"), visit.wish("to")))


def move(visit: StaffRequest) -> Reply:
    what, to = visit.said("what"), visit.said("to")
    asked = visit.read(lambda connection: _asked(connection, visit, what, to))
    if asked.values["fault"]:
        return asked
    closed = visit.desk.house.settings.stages.closed

    def change(connection: Connection) -> bool:
        number = _theirs(connection, visit)
        if what == "stage":
            moves.to_stage(connection, number, to, "hr", visit.now)
        else:
            moves.to_place(connection, number, what, to, "hr", closed, visit.now)
        visit.note(connection, f"candidates.{what}", visit.asked.place["code"], **{what: to})
        return sees(connection, visit.sight, number)

    return Redirect(f"{_path(visit) if visit.write(change) else HERE}?done=moved")


def release(visit: StaffRequest) -> Reply:
    """Lets the rhythm begin for those chosen, or for all who are held; shows first what that would bring."""
    closed = visit.desk.house.settings.stages.closed
    codes = set(visit.asked.form.getall("code", []))

    def chosen(connection: Connection) -> list[int]:
        if codes:
            return [row.id for row in candidate_list.some(connection, visit.cipher, visit.sight, codes) if row.held]
        return candidate_list.held(connection, visit.sight, closed, _MOST_HELD)

    ids = visit.read(chosen)
    if visit.said("sure") != "yes":
        return Page("hr/release.html", {"count": len(ids), "codes": sorted(codes), "days": _preview(visit, ids)})
    for begin in range(0, len(ids), _AT_ONCE):
        part = ids[begin : begin + _AT_ONCE]
        visit.write(lambda connection, part=part: _released(connection, visit, part))  # type: ignore[misc]
    visit.write(lambda connection: visit.note(connection, "candidates.release", None, released=len(ids)))
    return Redirect(f"{HERE}?done=released")


def _released(connection: Connection, visit: StaffRequest, ids: list[int]) -> None:
    """Those who are still theirs."""
    theirs = sa.select(candidates.c.id).where(candidates.c.id.in_(ids), seen_by(visit.sight))
    plans.release(connection, list(connection.scalars(theirs)), visit.now)


def _preview(visit: StaffRequest, ids: list[int]) -> Any:
    house = visit.desk.house
    some = ids[:_AT_ONCE]
    week = candidate_view.WEEK
    lines = coming(house.content.rhythm, house.settings, visit.desk.database, visit.cipher, some, visit.now, week)
    return counted_by(list(lines))


def _page(connection: Connection, visit: StaffRequest) -> Page:
    may_ask = _FILTERS if visit.may("talk") else _OF_ALL
    wish = {name: visit.wish(name) if name in may_ask else "" for name in _FILTERS}
    stages = visit.desk.house.settings.stages
    chosen = wish["stage"] if "stage" in visit.asked.query else WAITING
    only = CandidateFilter(chosen, wish["risk"], wish["store"], wish["cohort"], wish["owner"], wish["held"] == "1")
    found = None
    if wish["q"]:
        country = visit.desk.house.settings.company.country
        narrowed = (
            candidate_list.conditions(only, stages.closed) if wish["store"] or wish["cohort"] or wish["owner"] else []
        )
        found = search.search(
            connection, visit.cipher, visit.sight, wish["q"], country, *narrowed, by_phone=visit.may("talk")
        )
        only = CandidateFilter("", ids=found.ids)
    wanted = candidate_list.after(only, visit.wish("after"))
    rows = candidate_list.page(connection, visit.cipher, visit.sight, wanted, stages.closed)
    shown, more = [visit.shown(row) for row in rows[: candidate_list.PAGE]], len(rows) > candidate_list.PAGE
    kept = {name: value for name, value in wish.items() if value or (name == "stage" and "stage" in visit.asked.query)}
    return Page(
        "hr/candidates.html",
        {
            "rows": shown,
            "next": urlencode(kept | {"after": shown[-1].code}) if more else "",
            "wish": wish | {"stage": only.stage},
            "incomplete": found is not None and not found.all,
            "names": staff_members.names(connection, visit.cipher),
            "stages": stages.all,
            "waiting": WAITING,
            "cohorts": candidate_list.named(connection, cohorts),
            "stores": candidate_list.named(connection, stores),
            "any_held": bool(candidate_list.held(connection, visit.sight, stages.closed, 1)) and visit.may("move"),
            "flash": visit.wish("done"),
        },
    )


def _one(connection: Connection, visit: StaffRequest) -> Page:
    number = _theirs(connection, visit)
    names = staff_members.names(connection, visit.cipher)
    values = candidate_view.values(connection, visit, number)
    case = cases.open_of(connection, number)
    talk, happened = [], []
    if visit.may("talk"):
        talk = case_detail.talk(connection, visit.cipher, (number, None))
        history = case_detail.history(connection, visit.cipher, number, None)
        happened = candidate_view.told(visit.speech, names, history, values["worry"]["evidence"])
    chosen = {
        "stages": visit.desk.house.settings.stages.all,
        "cohorts": candidate_list.named(connection, cohorts) if visit.may("move") else [],
        "stores": candidate_list.named(connection, stores) if visit.may("move") else [],
    }
    flash: dict[str, Any] = {"flash": visit.wish("done")}
    flash |= {"crisis": candidate_view.crisis(visit, case) if visit.may("talk") else []}
    return Page(
        "hr/candidate.html",
        values | chosen | flash | {"names": names, "case": case, "talk": talk, "happened": happened},
    )


def _asked(connection: Connection, visit: StaffRequest, what: str, to: str) -> Page:
    """What is so, what would be, and what speaks against it."""
    number = _theirs(connection, visit)
    person = people.load(connection, visit.cipher, number)
    present = {
        "stage": person.stage,
        "cohort": person.cohort.code if person.cohort else "-",
        "store": person.store.code if person.store else "-",
    }
    fault = "what" if what not in MOVES else _fault(connection, visit, number, what, to, present[what])
    labels = _labels(connection, visit, what, (present.get(what, ""), to))
    values = {"person": person, "what": what, "to": to, "fault": fault, "before": labels[0], "after": labels[1]}
    closing = what == "stage" and to in visit.desk.house.settings.stages.closed
    hears = _hears(connection, visit, number, present[what], to) if what == "cohort" and not fault else ""
    return Page("hr/move.html", values | {"closing": closing, "hears": hears}, 400 if fault else 200)


def _fault(connection: Connection, visit: StaffRequest, number: int, what: str, to: str, present: str) -> str:
    if to == present:
        return "same"
    if what == "stage":
        return "" if to in visit.desk.house.settings.stages.all else "unknown"
    known = {code for code, _ in candidate_list.named(connection, cohorts if what == "cohort" else stores)}
    if to not in known | {"-"}:
        return "unknown"
    closed = visit.desk.house.settings.stages.closed
    is_cohort = what == "cohort" and to != transfers.NOWHERE
    return "over" if is_cohort and transfers.is_too_late(connection, number, to, closed, visit.now) else ""


def _hears(connection: Connection, visit: StaffRequest, number: int, before: str, to: str) -> str:
    """Which news it is to them that they are in another cohort, or "" if they were told nothing."""
    if people.stage_of(connection, number) in visit.desk.house.settings.stages.closed:
        return ""
    was, is_ = (None if code == transfers.NOWHERE else found(connection, code) for code in (before, to))
    return transfers.hears(connection, [number], was, is_, visit.now).get(number, "")


def _labels(connection: Connection, visit: StaffRequest, what: str, codes: tuple[str, str]) -> tuple[str, str]:
    if what == "stage":
        return visit.speech.stage(codes[0]), visit.speech.stage(codes[1])
    table = cohorts if what == "cohort" else stores
    known: dict[str, str] = {row.code: row.name for row in candidate_list.named(connection, table)}
    known["-"] = visit.speech.t("none")
    return known.get(codes[0], codes[0]), known.get(codes[1], codes[1])


def _theirs(connection: Connection, visit: StaffRequest) -> int:
    """The candidate in the path. Raises Denied where they are not theirs to see."""
    number = people.by_code(connection, visit.asked.place["code"])
    if number is None or not sees(connection, visit.sight, number):
        raise Denied("candidate")
    return number


def _path(visit: StaffRequest) -> str:
    return f"{HERE}/{quote(visit.asked.place['code'], safe='')}"
