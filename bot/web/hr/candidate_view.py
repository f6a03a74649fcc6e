"""What the pages of a case and of a candidate show alike: the record, the risk, the history in words."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.engine import Connection

from bot import links
from bot.cases import reasons
from bot.errors import ConfigError
from bot.platform.log import broke
from bot.record import facts
from bot.record.model import Candidate
from bot.record.vocabulary import DANGER
from bot.store import people
from bot.store.cases import Case
from bot.store.tables import candidates
from bot.store.views import case_detail
from bot.store.views.case_detail import Happened
from bot.values import phones
from bot.web.hr.i18n import Texts
from bot.web.hr.request import StaffRequest

WEEK = timedelta(days=7)
STRANGER: dict[str, Any] = {"person": None}
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line of the history, in words."""

    at: datetime
    kind: str
    text: str
    note: str


def values(connection: Connection, visit: StaffRequest, candidate_id: int) -> dict[str, Any]:
    """Everything about one candidate but their talk, as far as it is theirs to see."""
    person = people.load(connection, visit.cipher, candidate_id)
    seen = {
        "person": visit.shown(person),
        "owner": person.owner,
        "there": facts.zone_of(person.cohort, visit.desk.house.settings),
        "confirmed": person.cohort is not None
        and person.confirmed_start is not None
        and person.confirmed_start == person.cohort.starts_at,
        "entered": people.history(connection, candidate_id),
        "worry": None,
    }
    return seen | _more(connection, visit, person) if visit.may("talk") else seen


def _more(connection: Connection, visit: StaffRequest, person: Candidate) -> dict[str, Any]:
    """What only those see who talk with them."""
    settings, candidate_id = visit.desk.house.settings, person.id
    row = connection.execute(sa.select(candidates).where(candidates.c.id == candidate_id)).one()
    phone = visit.cipher.open_maybe(row.phone, "candidates.phone")
    return {
        "person": replace(person, tasks=people.tasks_of(connection, candidate_id)),
        "row": row,
        "phone": phone,
        "phone_shown": phones.shown(phone, settings.company.country) if phone else "",
        "email": visit.cipher.open_maybe(row.email, "candidates.email"),
        "home": visit.cipher.open_maybe(row.home_address, "candidates.home_address"),
        "distance": facts.values(person, {}, settings, visit.speech.locale, visit.now)["distance_km"],
        "worry": _worry(connection, visit, candidate_id),
        "coming": case_detail.coming(connection, candidate_id, visit.now),
        "pushed": case_detail.told(connection, candidate_id),
        "page_seen": case_detail.page_seen(connection, candidate_id),
        "channels": case_detail.channels_of(connection, candidate_id),
        "page_link": _page_link(visit, candidate_id, person.page_version),
    }


def told(
    speech: Texts, names: Mapping[str, str], happened: Iterable[Happened], evidence: Mapping[str, Any]
) -> list[HistoryLine]:
    """`evidence`: of the signals that the history names."""
    return [HistoryLine(one.at, one.kind, _safe_line(speech, names, one, evidence), one.note) for one in happened]


def crisis(visit: StaffRequest, case: Case | None) -> list[str]:
    """What to do now, step by step, where the case says that somebody is in danger."""
    danger = case is not None and case.urgency == DANGER and case.state != "resolved"
    return reasons.crisis(visit.speech.words) if danger else []


def actor(speech: Texts, names: Mapping[str, str], who: str) -> str:
    """`staff:HR1`, `candidate`, `bot`, as people are called."""
    code = who.removeprefix("staff:")
    return names.get(code, code) if who.startswith("staff:") else speech.one_of("actor", who)


def _safe_line(speech: Texts, names: Mapping[str, str], one: Happened, evidence: Mapping[str, Any]) -> str:
    """One entry that cannot be told, perhaps of another version, is no reason to show none: it stands there bare."""
    try:
        return _line(speech, names, one, evidence)
    except Exception as error:
        _log.error("event_untold", kind=one.kind, code=one.what, id=one.id, **broke(error))
        return " ".join(filter(None, (actor(speech, names, one.actor), one.what)))


def _line(speech: Texts, names: Mapping[str, str], one: Happened, evidence: Mapping[str, Any]) -> str:
    detail = one.detail or {}
    if one.kind == "opened":
        return speech.t("event_opened", reason=speech.reason(one.what))
    if one.kind == "stage":
        return speech.t("event_stage", stage=speech.stage(one.what))
    if one.kind == "risk":
        known = [(name, evidence[name]) for name in detail.get("signals", ()) if name in evidence]
        why = reasons.sentence(speech.words, known)
        return speech.t("event_risk", level=speech.one_of("risk", one.what), why=why)
    who = actor(speech, names, one.actor)
    outcome = speech.one_of("called" if one.kind == "contact" else "outcome", detail.get("outcome"))
    if one.kind == "contact":
        return speech.t("event_contact", who=who, how=speech.one_of("how", one.what), outcome=outcome)
    to, before = (
        _called(speech, names, detail.get("to")),
        _called(speech, names, detail.get("from") or detail.get("who")),
    )
    forms = (form for form, fits in (("_to_nobody", not to), ("_bot", one.actor == "bot"), ("", True)) if fits)
    key = next((key for key in (f"event_{one.what}{form}" for form in forms) if speech.has(key)), None)
    if key is None:
        _log.error("event_unknown", kind=one.kind, code=one.what, id=one.id)
        return f"{who} {one.what}"
    until = speech.at(datetime.fromisoformat(detail["until"])) if detail.get("until") else ""
    return speech.t(key, who=who, to=to, before=before, until=until, outcome=outcome)


def _called(speech: Texts, names: Mapping[str, str], codes: str | Sequence[str] | None) -> str:
    """One or several of HR by name."""
    several = [codes] if isinstance(codes, str) else codes or ()
    return speech.words.formats["comma"].join(names.get(code, code) for code in several)


def _worry(connection: Connection, visit: StaffRequest, candidate_id: int) -> dict[str, Any]:
    """Each signal with its evidence as a phrase; the heaviest as a sentence, and what could be done."""
    words = visit.speech.words
    rows = case_detail.signals_of(connection, candidate_id)
    evidence = {row.name: row.evidence for row in reversed(rows)}
    heavy = [(name, evidence[name]) for name in case_detail.weighing(connection, candidate_id) if name in evidence]
    lines = [
        {"at": row.at, "points": row.points, "text": reasons.signal_line(words, row.name, row.evidence)} for row in rows
    ]
    worried = {"sentence": reasons.sentence(words, heavy), "action": reasons.action(words, heavy)} if heavy else {}
    return {"lines": lines, "sentence": "", "action": "", "evidence": evidence} | worried


def _page_link(visit: StaffRequest, candidate_id: int, version: int) -> str:
    try:
        return links.page_link(visit.desk.house.settings, candidate_id, version)
    except ConfigError:
        return ""
