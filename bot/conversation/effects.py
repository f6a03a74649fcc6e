"""What flows can make happen, each a small function. The names and outcomes stand in bot.record.vocabulary.

To add one: write it here, list it in EFFECTS, name it with its outcomes in bot.record.vocabulary.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

import sqlalchemy as sa

from bot.conversation.turn_context import Do, TurnContext
from bot.engine.flow import Effect
from bot.engine.turn import Heard
from bot.record.model import Candidate
from bot.record.vocabulary import WITHDRAWN
from bot.store import audit, cases, checkins, moves, pauses, people, promises, tasks, wrong_codes
from bot.store.messages import Draft, enqueue
from bot.store.tables import codes
from bot.values import invites

_HOUR = timedelta(hours=1)


def _promise(world: TurnContext, effect: Effect, heard: Heard) -> str:
    candidate = world.candidate
    if candidate:
        due_at = _due(candidate, effect.argument, world.now)
        promises.make(world.connection, candidate.id, effect.argument, due_at, world.now)
    return ""


def _due(candidate: Candidate, about: str, now: datetime) -> datetime | None:
    """Only of a date do we say by when it will be known, and of no day that has passed."""
    by = candidate.cohort.date_by if candidate.cohort else None
    return by if by and by > now and about in promises.BY_A_DAY else None


def _open_case(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """With what the person has answered, for HR to read."""
    detail = {name: value for name, value in world.saved.items() if value}
    sealed = world.house.cipher.seal(json.dumps(detail, ensure_ascii=False), "case_reasons.detail") if detail else None
    cases.open_case(world.connection, world.candidate_id, world.person.id, effect.argument, world.now, sealed)
    return ""


def _confirm(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """They come to the training that begins then; another date asks anew."""
    cohort = world.candidate.cohort if world.candidate else None
    if world.candidate_id and cohort and cohort.starts_at:
        start = {"confirmed_at": world.now, "confirmed_start": cohort.starts_at}
        people.change_candidate(world.connection, world.candidate_id, world.now, **start)
        if pauses.leaving(world.connection, world.candidate_id) != "no":
            cases.open_case(world.connection, world.candidate_id, world.person.id, pauses.STAYS, world.now)
        world.belongs_to(world.candidate_id)
    return ""


def _unconfirm(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """They take back that they come."""
    if world.candidate_id and world.candidate and world.candidate.confirmed_start:
        nothing = {"confirmed_at": None, "confirmed_start": None}
        people.change_candidate(world.connection, world.candidate_id, world.now, **nothing)
        audit.record(world.connection, "candidate", "candidate.unconfirm", world.candidate.code, world.now, {})
        world.belongs_to(world.candidate_id)
        return ""
    return "nothing"


def _come_back(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """They take back that they leave: to the stage that they had."""
    if world.candidate_id and world.candidate and world.fact("back") == "open":
        stage = moves.come_back(world.connection, world.candidate_id, world.now)
        audit.record(world.connection, "candidate", "candidate.back", world.candidate.code, world.now, {"to": stage})
        world.belongs_to(world.candidate_id)
    return ""


def _withdraw(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """The flow has asked twice."""
    stages = world.house.settings.stages
    if world.candidate_id and world.candidate and world.candidate.stage not in stages.closed:
        was = {"from": world.candidate.stage}
        moves.to_stage(world.connection, world.candidate_id, WITHDRAWN, "candidate", world.now)
        audit.record(world.connection, "candidate", "candidate.withdraw", world.candidate.code, world.now, was)
        world.belongs_to(world.candidate_id)
    return ""


def _speak(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """In the language that was asked for, from now on."""
    if heard.value in world.house.content.words:
        world.locale = world.chosen = heard.value
        if world.candidate_id:
            people.change_candidate(world.connection, world.candidate_id, world.now, locale=heard.value)
        world.belongs_to(world.candidate_id)
    return ""


def _stop_pushes(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """Twilio confirms its own words, and blocks that number; by SMS a second request is not confirmed again."""
    obeyed = bool(heard.details.get("obeyed"))
    already = world.fact("pushes") == "off"
    columns = {"stopped_at": world.now} if obeyed or not world.candidate_id else {}
    if columns:
        people.change(world.connection, world.person.id, **columns)
    if world.candidate_id and not already:
        people.change_candidate(world.connection, world.candidate_id, world.now, pushes_stopped_at=world.now)
    if already and not obeyed and world.person.channel != "sms":
        return "already"
    return "silent" if obeyed or already else ""


def _resume_pushes(world: TurnContext, effect: Effect, heard: Heard) -> str:
    people.change(world.connection, world.person.id, stopped_at=None)
    if world.candidate_id:
        nothing = {"pushes_stopped_at": None, "notices_only_at": None}
        people.change_candidate(world.connection, world.candidate_id, world.now, **nothing)
    return "silent" if heard.details.get("obeyed") else ""


def _notices_only(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """What must arrive still does; what is nice to read no longer."""
    if world.candidate_id:
        people.change_candidate(world.connection, world.candidate_id, world.now, notices_only_at=world.now)
        world.belongs_to(world.candidate_id)
    return ""


def _task_done(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """As they say themselves; HR looks at it when they come."""
    if world.candidate_id:
        tasks.done(world.connection, world.candidate_id, effect.argument, "candidate", world.now)
        world.belongs_to(world.candidate_id)
    return ""


def _keep_checkin(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """The number that they gave."""
    if world.candidate_id:
        checkins.keep(world.connection, world.candidate_id, int(world.saved["number"]), world.now)
    return ""


def _wrong_number(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """A phone that belongs to somebody else is never written to again; a chat is only unbound."""
    if world.candidate_id:
        cases.open_case(world.connection, world.candidate_id, world.person.id, "wrong_number", world.now)
    wrong_at = world.now if world.person.channel == "sms" else None
    people.let_go(world.connection, [world.person.id], world.now)
    people.change(world.connection, world.person.id, wrong_number_at=wrong_at)
    world.belongs_to(None)
    return ""


def _try_invite(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """Binds at once by a scanned or typed invite, unless somebody else was first. What was typed has been looked up and
    counted when it was heard."""
    if refused := heard.details.get("refused"):
        return str(refused)
    if not wrong_codes.left(
        world.connection, world.person.id, world.house.settings.binding.wrong_codes_an_hour, world.now
    ):
        return "limited"
    tokens = heard.details.get("codes") or [invites.normal(heard.text)]
    found = people.by_invite(world.connection, world.house.cipher, tokens)
    if found is None:
        wrong_codes.keep(world.connection, world.person.id, 1, world.now)
        return "wrong"
    if world.candidate_id is not None:
        return "mine" if found == world.candidate_id else "other"
    if people.bound_elsewhere(world.connection, found, world.person.channel, world.person.id):
        world.taken = found
        return "taken"
    _bind(world, found, "scan" if heard.event == "scan" else "invite")
    return "bound"


def _send_code(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """To the number typed, if exactly one open candidate has it; whoever asks cannot tell."""
    if world.person.channel == "sms":
        return "sms"
    phone = str(heard.details.get("phone", ""))
    found = people.by_phone(world.connection, world.house.cipher, phone, world.house.settings.stages.closed)
    return _code_to(world, effect, phone, found[0] if len(found) == 1 else None)


def _send_code_to_record(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """To the number in the record of the candidate whose invite is bound already."""
    candidate_id = world.taken
    phone = people.phone_of(world.connection, world.house.cipher, candidate_id) if candidate_id else None
    return _code_to(world, effect, phone, candidate_id) if phone else "no_phone"


def _check_code(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """Proves the number; the last code asked for here is the one that counts."""
    row = world.last_code()
    if row is None or row.expires_at <= world.now or row.tries >= world.house.settings.binding.code_tries:
        return "expired"
    given = world.house.cipher.index(f"{world.person.id}:{world.saved.get('sms_code', '')}", "codes.code")
    this = sa.update(codes).where(codes.c.id == row.id)
    if given != bytes(row.code_index) or row.candidate_id is None:
        world.connection.execute(this.values(tries=row.tries + 1))
        return "wrong"
    world.connection.execute(this.values(proved_at=world.now))
    return ""


def _bind_proved(world: TurnContext, effect: Effect, heard: Heard) -> str:
    """Binds to the candidate whose number was proved here within the hour."""
    proved = world.proved_here()
    if proved is None:
        return "lost"
    _bind(world, proved, "code")
    return ""


def _bind(world: TurnContext, candidate_id: int, how: str) -> None:
    notice = world.house.settings.privacy.notice_version
    people.bind(world.connection, world.person.id, candidate_id, world.person.channel, how, notice, world.now)
    cases.carry_over(world.connection, world.person.id, candidate_id, world.now)
    world.belongs_to(candidate_id)


def _code_to(world: TurnContext, effect: Effect, phone: str, candidate_id: int | None) -> str:
    limit = world.house.settings.binding.codes_an_hour
    phone_index = world.house.cipher.index(phone, "phone")
    if (
        max(
            _codes_asked(world, codes.c.phone_index == phone_index),
            _codes_asked(world, codes.c.address_id == world.person.id),
        )
        >= limit
    ):
        return "limited"
    code = f"{secrets.randbelow(10**6):06}"
    expires_at = world.now + timedelta(minutes=world.house.settings.binding.code_minutes)
    row = {
        "address_id": world.person.id,
        "phone_index": phone_index,
        "candidate_id": candidate_id,
        "code_index": world.house.cipher.index(f"{world.person.id}:{code}", "codes.code"),
        "expires_at": expires_at,
        "created_at": world.now,
    }
    world.connection.execute(sa.insert(codes).values(row))
    if candidate_id is not None:
        phone_at = people.get_or_create(world.connection, world.house.cipher, "sms", phone, world.now)
        if not phone_at.wrong_number:
            spoken = Draft(
                world.words(effect.argument, "sms", code=code), f"binding.{effect.argument}", "code", True, expires_at
            )
            world.to_send += enqueue(
                world.connection, world.house.cipher, phone_at.id, candidate_id, None, [spoken], world.now
            )
    return ""


def _codes_asked(world: TurnContext, whose: sa.ColumnElement[bool]) -> int:
    recent = sa.select(sa.func.count()).select_from(codes).where(whose, codes.c.created_at > world.now - _HOUR)
    return int(world.connection.execute(recent).scalar_one())


EFFECTS: Mapping[str, Do] = {
    "promise": _promise,
    "open_case": _open_case,
    "stop_pushes": _stop_pushes,
    "resume_pushes": _resume_pushes,
    "wrong_number": _wrong_number,
    "try_invite": _try_invite,
    "send_code": _send_code,
    "send_code_to_record": _send_code_to_record,
    "check_code": _check_code,
    "bind_proved": _bind_proved,
    "confirm": _confirm,
    "unconfirm": _unconfirm,
    "withdraw": _withdraw,
    "come_back": _come_back,
    "speak": _speak,
    "notices_only": _notices_only,
    "task_done": _task_done,
    "keep_checkin": _keep_checkin,
}
