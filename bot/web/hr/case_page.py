"""`/hr/cases/{id}`: one case, all that is known, and what a person of HR does with it."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from bot.cases import actions
from bot.cases.actions import Refused
from bot.record.vocabulary import CALLED, OUTCOMES
from bot.store import cases, staff_members
from bot.store.cases import Case
from bot.store.views import case_detail
from bot.store.visibility import sees_case
from bot.web.hr import candidate_view, form_dates, live_updates
from bot.web.hr.case_list import LONGEST_NOTE, colleagues
from bot.web.hr.request import Denied, Page, Redirect, Reply, StaffRequest

LONGEST = 600  # characters of a reply: what a chat message takes in Chinese
Move = Callable[[Connection, int], Any]


def show(visit: StaffRequest) -> Reply:
    page = _shown(visit, visit.number(), {"flash": visit.wish("done")})
    visit.looked("case.show", str(visit.number()))
    return page


def claim(visit: StaffRequest) -> Reply:
    return _moved(visit, "claimed", lambda c, case: actions.claim(c, case, visit.staff.code, visit.now))


def reply(visit: StaffRequest) -> Reply:
    """Said at once; what was typed stays where it cannot be said."""
    text, used = visit.said("text"), visit.said("suggestion")
    if not text or len(text) > LONGEST:
        return _refused(visit, "length" if text else "empty")
    suggestion = int(used) if used.isascii() and used.isdigit() and len(used) < 15 else None
    settings, code, now = visit.desk.house.settings, visit.staff.code, visit.now

    def say(connection: Connection, case: int) -> Sequence[int]:
        return actions.reply(connection, settings, visit.cipher, case, code, text, now, suggestion)

    return _moved(visit, "replied", say)


def note(visit: StaffRequest) -> Reply:
    text = visit.said("note")
    if not text or len(text) > LONGEST_NOTE:
        return _refused(visit, "length" if text else "empty")

    def write(connection: Connection, case: int) -> None:
        actions.write_note(connection, visit.cipher, case, visit.staff.code, text, visit.now)

    return _moved(visit, "noted", write)


def called(visit: StaffRequest) -> Reply:
    outcome, words = visit.said("outcome"), visit.said("note")[:LONGEST_NOTE]
    if outcome not in CALLED:
        return _refused(visit, "outcome")

    def keep(connection: Connection, case: int) -> None:
        actions.log_call(connection, visit.cipher, case, visit.staff.code, outcome, words, visit.now)

    return _moved(visit, "called", keep)


def snooze(visit: StaffRequest) -> Reply:
    until = form_dates.snoozed_until(visit)
    if until is None:
        return _refused(visit, "moment")
    why = actions.seal_note(visit.cipher, visit.said("note")[:LONGEST_NOTE])
    return _moved(visit, "snoozed", lambda c, case: actions.snooze(c, case, visit.staff.code, until, visit.now, why))


def assign(visit: StaffRequest) -> Reply:
    to, words = visit.said("to"), visit.said("note")[:LONGEST_NOTE]
    if to not in visit.read(lambda c: [one.code for one in colleagues(c, visit)]):
        return _refused(visit, "nobody")

    def give(connection: Connection, case: int) -> None:
        actions.assign(connection, visit.cipher, case, visit.staff.code, to, words, visit.now)

    return _moved(visit, "assigned", give)


def hand_back(visit: StaffRequest) -> Reply:
    return _moved(visit, "handed_back", lambda c, case: actions.hand_back(c, case, visit.staff.code, visit.now))


def resolve(visit: StaffRequest) -> Reply:
    outcome, words = visit.said("outcome"), visit.said("note")[:LONGEST_NOTE]

    def end(connection: Connection, case: int) -> None:
        settings, keeps_stage = visit.desk.house.settings, bool(visit.said("may_keep") and not visit.said("withdraw"))
        code, now = visit.staff.code, visit.now
        actions.resolve(connection, settings, visit.cipher, case, code, outcome, words, now, keeps_stage)

    return _moved(visit, "resolved", end)


def reopen(visit: StaffRequest) -> Reply:
    return _moved(visit, "reopened", lambda c, case: actions.reopen(c, case, visit.staff.code, visit.now))


def _moved(visit: StaffRequest, done: str, move: Move) -> Reply:
    """Makes the move if the case is theirs to see; what it has to say goes out at once."""
    number = visit.number()

    def do(connection: Connection) -> Any:
        if not sees_case(connection, visit.sight, number):
            raise Denied("case")
        return move(connection, number)

    try:
        rows = visit.write(do)
    except Refused as refused:
        return _refused(visit, refused.why, refused.by)
    if rows:
        visit.desk.send(tuple(rows))
    still = visit.read(lambda connection: sees_case(connection, visit.sight, number))
    return Redirect(f"/hr/cases/{number}?done={done}") if still else Redirect(f"/hr?done={done}")


def _refused(visit: StaffRequest, why: str, by: str = "") -> Reply:
    """The page again, with the reason, and with what was typed."""
    return _shown(visit, visit.number(), {"refused": why, "by": by, "typed": dict(visit.asked.form)}, 409)


def _shown(visit: StaffRequest, number: int, extra: dict[str, Any], status: int = 200) -> Page:
    def look(connection: Connection) -> dict[str, Any]:
        case = cases.load(connection, number)
        if case is None or not sees_case(connection, visit.sight, number):
            raise Denied("case")
        return _values(connection, visit, case)

    values = {"refused": "", "by": "", "typed": {}, "flash": ""} | visit.read(look) | extra
    return Page("hr/case.html", values, status)


def _values(connection: Connection, visit: StaffRequest, case: Case) -> dict[str, Any]:
    names = staff_members.names(connection, visit.cipher)
    who = candidate_view.values(connection, visit, case.candidate_id) if case.candidate_id else candidate_view.STRANGER
    happened = case_detail.history(connection, visit.cipher, case.candidate_id, case.id)
    evidence = (who.get("worry") or {}).get("evidence", {})
    return who | {
        "case": case,
        "names": names,
        "talk": case_detail.talk(connection, visit.cipher, (case.candidate_id, case.address_id)),
        "suggested": case_detail.suggested(connection, visit.cipher, case.id),
        "canned": _canned(visit),
        "happened": candidate_view.told(visit.speech, names, happened, evidence),
        "colleagues": [one for one in colleagues(connection, visit) if one.code != visit.staff.code],
        "outcomes": OUTCOMES,
        "crisis": candidate_view.crisis(visit, case),
        "mine": case.claimed_by == visit.staff.code,
        "version": live_updates.versions(connection, [case.id])[case.id],
        "longest": LONGEST,
    }


def _canned(visit: StaffRequest) -> list[str]:
    """Answers that are ready, `canned_1` and on."""
    found, number = [], 1
    while visit.speech.has(f"canned_{number}"):
        found.append(visit.speech.t(f"canned_{number}"))
        number += 1
    return found
