"""What a person of HR does with a case. Each move is one conditional change: who comes second is told who was first.

The caller has made sure that the case is theirs to see (bot.store.visibility) and that their role may
(bot.staff.permissions).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.cases import replies
from bot.errors import KeepwarmError
from bot.record.vocabulary import DANGER, LEFT, OUTCOMES, WITHDRAWN, Happening
from bot.rhythm import Planned
from bot.settings import Settings
from bot.staff import permissions
from bot.store import alerts, audit, cases, moves, people, risk, touches
from bot.store.cases import Case
from bot.store.db.cipher import Cipher
from bot.store.tables import cases as table
from bot.store.tables import contacts, suggestions
from bot.store.tables import staff as colleagues

BACK = "handed_back"  # the touch by which the bot says that it is there again
_SAYS_SO = timedelta(hours=2)  # so late it need not say so any more
CLOCK = "work"  # bot.cases.sla finds with the next tick which clock runs now


class Refused(KeepwarmError):
    """The move is not possible just now. `why`: gone, held, resolved, not_yours, outcome, nobody, danger,
    danger_ends, newer; `by`: the code of who holds it."""

    def __init__(self, why: str, by: str = "") -> None:
        super().__init__(f"{why} {by}".strip())
        self.why, self.by = why, by


def claim(connection: Connection, case_id: int, staff: str, now: datetime) -> None:
    """From now on this person talks with the candidate. Claiming one's own again changes nothing. Raises Refused."""
    free = table.c.id == case_id, table.c.claimed_by.is_(None), cases.OPEN
    mine = {"state": "claimed", "claimed_by": staff, "claimed_at": now, "assigned": staff, "rung": 0}
    won = connection.execute(sa.update(table).where(*free).values(mine | _woken(now))).rowcount
    if won:
        _done(connection, case_id, staff, "claimed", now)
        return
    case = _open(connection, case_id)
    if case.claimed_by != staff:
        raise Refused("held", case.claimed_by or "")
    if case.state == "snoozed":
        cases.change(connection, case_id, now, state="claimed", **_clock(now))
        _done(connection, case_id, staff, "woken", now)


def assign(connection: Connection, cipher: Cipher, case_id: int, staff: str, to: str, note: str, now: datetime) -> None:
    """Hands over: the case is free for `to`, who hears of it. Raises Refused: nobody, where `to` works on no cases."""
    role = connection.execute(sa.select(colleagues.c.role).where(colleagues.c.code == to)).scalar()
    if not permissions.may(role or "", "work"):
        raise Refused("nobody", to)
    case = _open(connection, case_id)
    cases.change(connection, case_id, now, assigned=to, **freed(now))
    cases.log_event(
        connection,
        case_id,
        f"staff:{staff}",
        "handed_over",
        now,
        {"from": case.claimed_by or case.assigned, "to": to},
        seal_note(cipher, note),
    )
    audit.record(connection, f"staff:{staff}", "case.assign", str(case_id), now, {"to": to})
    cases.emit_event(connection, case_id, "case.changed", now)
    alert(connection, case_id, to, "handed_over", now, urgency=case.urgency)


def reply(
    connection: Connection,
    settings: Settings,
    cipher: Cipher,
    case_id: int,
    staff: str,
    text: str,
    now: datetime,
    suggestion_id: int | None = None,
) -> Sequence[int]:
    """Says this to the candidate, by the road that is open; gives the rows for the outbox to send at once. Who replies
    to a free case claims it. Raises Refused: held, or no_road."""
    claim(connection, case_id, staff, now)
    case = _open(connection, case_id)
    rows = replies.say(connection, settings, cipher, case, text, now)
    if not rows:
        raise Refused("no_road")
    cases.change(connection, case_id, now, state="waiting", **_answered(case, now), **_clock(now))
    drop_suggestions(connection, case_id, suggestion_id)
    _done(connection, case_id, staff, "replied", now, {"outbound": rows[0]})
    if case.candidate_id:
        risk.wake(connection, [case.candidate_id], now)
    return rows


def write_note(connection: Connection, cipher: Cipher, case_id: int, staff: str, text: str, now: datetime) -> None:
    """For colleagues only; the candidate never sees it."""
    _open(connection, case_id)
    cases.change(connection, case_id, now)
    cases.log_event(connection, case_id, f"staff:{staff}", "noted", now, None, seal_note(cipher, text))
    audit.record(connection, f"staff:{staff}", "case.note", str(case_id), now)


def log_call(
    connection: Connection, cipher: Cipher, case_id: int, staff: str, outcome: str, note: str, now: datetime
) -> None:
    """They phoned: `outcome` is one of CALLED. Reaching somebody answers what was owed, and takes a case that is free;
    nobody reached, the span in which it is to be taken begins anew."""
    case = _open(connection, case_id)
    if outcome == "reached" and case.claimed_by is None:
        claim(connection, case_id, staff, now)
    if outcome == "reached":
        cases.change(connection, case_id, now, **_answered(case, now), **_clock(now))
    elif case.state == "new" and case.clock != cases.REST:
        cases.change(connection, case_id, now, assigned=staff, **freed(now))
    else:
        cases.change(connection, case_id, now)
    if case.candidate_id:
        log_contact(connection, cipher, case.candidate_id, staff, "call", outcome, note, now)
    _done(connection, case_id, staff, "called", now, {"outcome": outcome}, seal_note(cipher, note))


def log_contact(
    connection: Connection,
    cipher: Cipher,
    candidate_id: int,
    staff: str,
    how: str,
    outcome: str,
    note: str,
    now: datetime,
) -> None:
    """A person spoke with the candidate, or tried to; also without any case."""
    row = {"candidate_id": candidate_id, "staff": staff, "how": how, "outcome": outcome, "at": now}
    sealed = cipher.seal(note, "contacts.note") if note else None
    connection.execute(sa.insert(contacts).values(row | {"note": sealed}))
    audit.record(connection, f"staff:{staff}", "candidate.contact", str(candidate_id), now, {"how": how})
    risk.wake(connection, [candidate_id], now)


def snooze(
    connection: Connection, case_id: int, staff: str, until: datetime, now: datetime, reason: bytes | None = None
) -> None:
    """Comes back at that moment, with the candidate's next message, or with something urgent. `reason`: sealed; where
    somebody is in danger there must be one. Raises Refused."""
    if _open(connection, case_id).urgency == DANGER and reason is None:
        raise Refused("danger")
    claim(connection, case_id, staff, now)
    cases.change(connection, case_id, now, state="snoozed", clock="wake", next_at=until, warned_at=None)
    _done(connection, case_id, staff, "snoozed", now, {"until": until.isoformat()}, reason)


def hand_back(connection: Connection, case_id: int, staff: str, now: datetime) -> None:
    """The bot speaks with the candidate again; the case stays open, and is nobody's duty until they need HR again, but
    for danger, which a person ends."""
    case = _mine(connection, case_id, staff)
    give_back(connection, case, now, rests=case.urgency > DANGER)
    _done(connection, case_id, staff, "handed_back", now)


def resolve(
    connection: Connection,
    settings: Settings,
    cipher: Cipher,
    case_id: int,
    staff: str,
    outcome: str,
    note: str,
    now: datetime,
    keeps_stage: bool = False,
) -> None:
    """Done, with how it ended: one of OUTCOMES. The candidate's bot is theirs again; who will not come is withdrawn,
    unless they keep their stage. Where somebody is in danger, a person has reached them, or a note says why not.
    Raises Refused."""
    if outcome not in OUTCOMES:
        raise Refused("outcome", outcome)
    case = _open(connection, case_id)
    if case.urgency == DANGER and not (note.strip() or _has_reached(case)):
        raise Refused("danger_ends")
    claim(connection, case_id, staff, now)
    case = _open(connection, case_id)
    end(connection, case, outcome, now)
    if outcome != LEFT:
        _say_back(connection, case, now)
    elif case.candidate_id and not keeps_stage:
        _withdraw(connection, settings, case.candidate_id, staff, now)
    _done(connection, case_id, staff, "resolved", now, {"outcome": outcome}, seal_note(cipher, note))


def reopen(connection: Connection, case_id: int, staff: str, now: datetime) -> None:
    """What was resolved by mistake, or too early, goes on, with whoever opened it again. Raises Refused: newer, where
    the candidate has another open case by now."""
    case = cases.load(connection, case_id, hold=True)
    if case is None:
        raise Refused("gone")
    if case.state != "resolved":
        return
    if case.candidate_id and cases.standing(connection, case.candidate_id):
        raise Refused("newer")
    anew = {"state": "claimed", "claimed_by": staff, "claimed_at": now, "assigned": staff, "rung": 0}
    cases.change(connection, case_id, now, **anew, resolved_at=None, outcome=None, reopened_at=now, **_clock(now))
    if case.candidate_id:
        risk.wake(connection, [case.candidate_id], now)
    _done(connection, case_id, staff, "reopened", now)


def _has_reached(case: Case) -> bool:
    """Whether somebody of HR wrote to the candidate or had them on the phone since the case began, or began anew."""
    return case.staff_wrote_at is not None and case.staff_wrote_at > (case.reopened_at or case.opened_at)


def _withdraw(connection: Connection, settings: Settings, candidate_id: int, staff: str, now: datetime) -> None:
    if people.stage_of(connection, candidate_id) not in settings.stages.closed:
        moves.to_stage(connection, candidate_id, WITHDRAWN, "hr", now)
        audit.record(connection, f"staff:{staff}", "candidates.stage", str(candidate_id), now, {"stage": WITHDRAWN})


def end(connection: Connection, case: Case, outcome: str, now: datetime) -> None:
    """Nothing runs, is suggested or is said any more of a case that is over."""
    ended = {"state": "resolved", "resolved_at": now, "outcome": outcome, "unanswered_since": None}
    cases.change(connection, case.id, now, **ended, clock=None, next_at=None, warned_at=None)
    drop_suggestions(connection, case.id)
    _quiet(connection, case.id, now)
    if case.candidate_id:
        risk.wake(connection, [case.candidate_id], now)


def give_back(connection: Connection, case: Case, now: datetime, rests: bool) -> None:
    """Nobody of HR has the candidate any more: the bot speaks with them again, and they hear so. `rests`: no deadline
    runs, unless they wait and HR has not reached them."""
    rests = rests and (case.unanswered_since is None or _has_reached(case))
    cases.change(connection, case.id, now, **(freed(now) | (_resting(now) if rests else {})))
    drop_suggestions(connection, case.id)
    if rests:
        _quiet(connection, case.id, now)
    _say_back(connection, case, now, owed="hr.not_yet")


def _say_back(connection: Connection, case: Case, now: datetime, owed: str = "") -> None:
    """In the chat, if it is open: that the bot answers again, and that a person is one word away. Only where HR wrote
    or spoke to them since it was opened, or was free last. Who waited and heard nothing of HR's hears `owed`, a step.
    Not to somebody in danger, to whom a cheerful bot is no comfort."""
    since = case.reopened_at or case.opened_at
    waited = case.unanswered_since and case.unanswered_since >= since
    step = "hr.back" if _has_reached(case) else owed if waited else ""
    if case.candidate_id and case.urgency > DANGER and step:
        until = now + _SAYS_SO
        touch = Planned(case.candidate_id, BACK, f"{now:%Y-%m-%d %H:%M}", "story", step, now, expires_at=until)
        touches.plan(connection, [touch], "risk", now)


def alert(
    connection: Connection, case_id: int | None, staff: str, why: str, now: datetime, urgency: int = 2, rung: int = 0
) -> None:
    """Somebody has to hear of it: bot.alerts.dispatch says it to them."""
    alerts.keep(connection, staff, why, None, urgency, case_id=case_id, rung=rung, due_at=now, created_at=now)


def _quiet(connection: Connection, case_id: int, now: datetime) -> None:
    """Nobody need hear of it any more. What is being said just now is left alone: waiting for who holds it could make
    both wait for ever, and bot.alerts.dispatch drops by itself what is over."""
    alerts.give_up(connection, alerts.waiting_about(connection, case_id), now)


def drop_suggestions(connection: Connection, case_id: int, used: int | None = None) -> None:
    """What the bot would have said is said no more; `used`: this one was said by a person."""
    open_ = suggestions.c.case_id == case_id, suggestions.c.state == "open"
    if used is not None:
        this = sa.update(suggestions).where(*open_, suggestions.c.id == used)
        connection.execute(this.values(state="used", look_at=None))
    connection.execute(sa.update(suggestions).where(*open_).values(state="dropped", look_at=None))


def freed(now: datetime) -> dict[str, Any]:
    """What changes where nobody has a case any more: it waits to be taken, from now on."""
    nobody = {"state": "new", "claimed_by": None, "claimed_at": None, "rung": 0, "reopened_at": now}
    return nobody | _clock(now)


def _resting(now: datetime) -> dict[str, Any]:
    return {"clock": cases.REST, "next_at": now + cases.LOOKED_AT, "unanswered_since": None}


def _answered(case: Case, now: datetime) -> dict[str, Any]:
    return {"answered_at": case.answered_at or now, "unanswered_since": None, "staff_wrote_at": now}


def _clock(now: datetime) -> dict[str, Any]:
    return {"clock": CLOCK, "next_at": now, "warned_at": None}


def _woken(now: datetime) -> dict[str, Any]:
    return {"updated_at": now, "version": table.c.version + 1, **_clock(now)}


def _open(connection: Connection, case_id: int) -> Case:
    case = cases.load(connection, case_id, hold=True)
    if case is None:
        raise Refused("gone")
    if case.state == "resolved":
        raise Refused("resolved")
    return case


def _mine(connection: Connection, case_id: int, staff: str) -> Case:
    case = _open(connection, case_id)
    if case.claimed_by != staff:
        raise Refused("held" if case.claimed_by else "not_yours", case.claimed_by or "")
    return case


def _done(
    connection: Connection,
    case_id: int,
    staff: str,
    what: Happening,
    now: datetime,
    detail: dict[str, Any] | None = None,
    sealed: bytes | None = None,
) -> None:
    cases.log_event(connection, case_id, f"staff:{staff}", what, now, detail, sealed)
    audit.record(connection, f"staff:{staff}", f"case.{what}", str(case_id), now, detail)
    cases.emit_event(connection, case_id, "case.changed", now)


def seal_note(cipher: Cipher, text: str) -> bytes | None:
    """Words of a person of HR, as a case keeps them."""
    return cipher.seal(text, "case_events.note") if text else None
