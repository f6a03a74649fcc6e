"""Does what a member of staff orders in chat, and says in their language what came of it.

To add a command: see bot.staff_chat.parser; here one function, and a line in ORDERS with the right that it needs.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.alerts.recipients import Colleague
from bot.alerts.texts import AlertReader, case_line
from bot.cases import actions
from bot.cases.actions import Refused
from bot.cases.assignment import Teams
from bot.cases.office import Office, words_for
from bot.cases.summary import Brief, briefs, wrote
from bot.content.messages import Words
from bot.record.vocabulary import CALLED, LEFT
from bot.staff import permissions
from bot.staff_chat.parser import COMMANDS, SHOW, Command
from bot.store import audit, staff_members
from bot.store.cases import OPEN
from bot.store.tables import cases
from bot.store.views import case_detail
from bot.store.views.case_detail import Suggested
from bot.store.visibility import case_seen_by, sees_case, sight_of

_LISTED = 10  # cases in one answer
_FORBIDDEN = ("gone", "right")  # refusals that the audit log keeps


@dataclass(frozen=True, slots=True)
class Done:
    """What the member of staff reads, and the rows that the outbox should send at once to a candidate."""

    text: str
    to_send: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """One command and who gives it. `case_id` is 0 for commands without."""

    connection: Connection
    office: Office
    by: Colleague
    command: Command
    reader: AlertReader
    now: datetime

    @property
    def case_id(self) -> int:
        return self.command.case_id or 0

    @property
    def words(self) -> Words:
        return self.reader.words

    def say(self, key: str, **values: object) -> str:
        return self.reader.texts[key].format(**values)


def obey(
    connection: Connection, office: Office, by: Colleague, command: Command | None, bare: bool, now: datetime
) -> Done:
    """All or nothing; what is refused is said in words. None: what was written is no command. `bare`: no names in the
    answer."""
    words = words_for(office, by.locale)
    zone = Teams(connection, office.settings, now).hours(by.code).zone
    reader = AlertReader(words, zone, office.settings.public_url, answers=True, bare=bare, private=not bare)
    order = Order(connection, office, by, command or Command("help"), reader, now)
    if command is None:
        return Done("\n".join([order.say("unknown"), _help_lines(order)]))
    try:
        with connection.begin_nested():
            return _obeyed(order)
    except Refused as refused:
        if refused.why in _FORBIDDEN:
            detail = {"command": order.command.name, "why": refused.why}
            audit.record(connection, f"staff:{by.code}", "command.refused", str(order.case_id), now, detail)
        return Done(_refusal(order, refused))


def _obeyed(order: Order) -> Done:
    command = order.command
    function, right = ORDERS[command.name]
    if not permissions.may(order.by.role, right):
        raise Refused("right")
    if COMMANDS.get(command.name, True) and command.case_id is None:
        raise Refused("usage")
    sight = sight_of(order.connection, order.by.code, order.now)
    if command.case_id is not None and not (sight and sees_case(order.connection, sight, command.case_id)):
        raise Refused("gone")
    return function(order)


def _show(order: Order) -> Done:
    """What there is to know of a case, with what the bot would say."""
    brief = _brief(order)
    values = {
        "line": case_line(brief, order.reader, order.now),
        "state": order.say(f"state_{brief.case.state}", who=_who(order, brief)),
        "action": brief.action(order.words),
        "link": order.reader.link(order.case_id),
    }
    lines = [order.say("shown", **values)]
    if not order.reader.bare and (said := wrote(order.connection, order.office.cipher, brief.case)):
        lines.append(order.say("wrote", text=said))
    if offered := _suggestion(order):
        lines.append(order.say("suggestion", text=offered.text, case=order.case_id))
    audit.record(order.connection, f"staff:{order.by.code}", "case.show", str(order.case_id), order.now)
    return Done("\n".join(lines))


def _claim(order: Order) -> Done:
    actions.claim(order.connection, order.case_id, order.by.code, order.now)
    brief = _brief(order)
    done = order.say("done_claim", case=order.case_id, name=order.reader.name(brief))
    return Done("\n".join([done, brief.action(order.words)]) if brief.in_danger else done)


def _reply(order: Order) -> Done:
    if not order.command.rest:
        raise Refused("usage")
    return _replied(order, order.command.rest)


def _ok(order: Order) -> Done:
    offered = _suggestion(order)
    if offered is None:
        raise Refused("no_suggestion")
    return _replied(order, offered.text, offered.id)


def _replied(order: Order, text: str, suggestion_id: int | None = None) -> Done:
    settings, cipher = order.office.settings, order.office.cipher
    rows = actions.reply(
        order.connection, settings, cipher, order.case_id, order.by.code, text, order.now, suggestion_id
    )
    return Done(order.say("done_reply", **_named(order)), tuple(rows))


def _call(order: Order) -> Done:
    if order.command.outcome not in CALLED:
        raise Refused("usage")
    return _called(order, order.command.outcome)


def _reached(order: Order) -> Done:
    return _called(order, "reached")


def _missed(order: Order) -> Done:
    return _called(order, "no_answer")


def _called(order: Order, outcome: str) -> Done:
    note, cipher = order.command.rest, order.office.cipher
    actions.log_call(order.connection, cipher, order.case_id, order.by.code, outcome, note, order.now)
    return Done(order.say(f"done_{outcome}", **_named(order)))


def _snooze(order: Order) -> Done:
    if order.command.span is None:
        raise Refused("usage")
    until = order.now + order.command.span
    reason = actions.seal_note(order.office.cipher, order.command.rest)
    actions.snooze(order.connection, order.case_id, order.by.code, until, order.now, reason)
    return Done(order.say("done_snooze", until=order.reader.at(until, order.now), **_named(order)))


def _resolve(order: Order) -> Done:
    if not order.command.outcome:
        raise Refused("usage")
    outcome, note, office = order.command.outcome, order.command.rest, order.office
    named = _named(order)
    how = order.case_id, order.by.code, outcome, note, order.now
    actions.resolve(order.connection, office.settings, office.cipher, *how)
    return Done(order.say("done_left" if outcome == LEFT else "done_resolve", **named))


def _back(order: Order) -> Done:
    actions.hand_back(order.connection, order.case_id, order.by.code, order.now)
    return Done(order.say("done_back", **_named(order)))


def _note(order: Order) -> Done:
    if not order.command.rest:
        raise Refused("usage")
    actions.write_note(
        order.connection, order.office.cipher, order.case_id, order.by.code, order.command.rest, order.now
    )
    return Done(order.say("done_note", **_named(order)))


def _tell_who(order: Order) -> Done:
    """Who has which case."""
    sight = sight_of(order.connection, order.by.code, order.now)
    this = [cases.c.id == order.case_id] if order.case_id else []
    seen = case_seen_by(sight) if sight else sa.false()
    wanted = sa.select(cases.c.id).where(OPEN, seen, *this).order_by(cases.c.urgency, cases.c.opened_at, cases.c.id)
    ids = list(order.connection.execute(wanted.limit(_LISTED)).scalars())
    found = briefs(order.connection, order.office.cipher, ids)
    lines = [
        order.say(
            "who_line",
            case=number,
            name=order.reader.name(found[number]),
            state=order.say(f"state_{found[number].case.state}", who=_who(order, found[number])),
        )
        for number in ids
    ]
    return Done("\n".join(lines) or order.say("digest_none"))


def _help(order: Order) -> Done:
    return Done(_help_lines(order))


ORDERS: Mapping[str, tuple[Callable[[Order], Done], str]] = {
    SHOW: (_show, "talk"),
    "claim": (_claim, "work"),
    "reply": (_reply, "work"),
    "ok": (_ok, "work"),
    "call": (_call, "work"),
    "called": (_reached, "work"),
    "missed": (_missed, "work"),
    "snooze": (_snooze, "work"),
    "resolve": (_resolve, "work"),
    "back": (_back, "work"),
    "note": (_note, "work"),
    "who": (_tell_who, "work"),
    "help": (_help, "see"),
}


def _help_lines(order: Order) -> str:
    """A line of each command that they may give."""
    return "\n".join(
        order.say(f"help_{name}") for name, (_, right) in ORDERS.items() if permissions.may(order.by.role, right)
    )


def _refusal(order: Order, refused: Refused) -> str:
    if refused.why == "usage":
        return order.say("refused_usage", help=order.say(f"help_{order.command.name}"))
    who = _staff_name(order, refused.by)
    return order.say(f"refused_{refused.why}", case=order.case_id, who=who)


def _brief(order: Order) -> Brief:
    return briefs(order.connection, order.office.cipher, [order.case_id])[order.case_id]


def _named(order: Order) -> dict[str, object]:
    return {"case": order.case_id, "name": order.reader.name(_brief(order))}


def _who(order: Order, brief: Brief) -> str:
    return _staff_name(order, brief.whose) or order.say("nobody")


def _staff_name(order: Order, code: str | None) -> str:
    one = staff_members.find(order.connection, order.office.cipher, code or "")
    return one.name if one else (code or "")


def _suggestion(order: Order) -> Suggested | None:
    """The newest that is open."""
    offered = case_detail.suggested(order.connection, order.office.cipher, order.case_id)
    return offered[-1] if offered else None
