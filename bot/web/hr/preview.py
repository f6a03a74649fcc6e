"""What candidates would read of news about their training, before anything goes out."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.engine import Connection

from bot.content.templates import render
from bot.record import facts
from bot.record.model import Candidate
from bot.store import cohorts, people
from bot.store.cohorts import CohortMember, CohortRow
from bot.web.hr.request import StaffRequest

_LOOKED_AT = 100  # members: the first of each language is among them, or nearly
_OF_THE_COHORT = ("starts_at", "ends_at", "place", "address", "lat", "lng", "date_state", "date_by")


def texts(
    connection: Connection, visit: StaffRequest, hear: Sequence[CohortMember], held: CohortRow, entry: str
) -> list[tuple[str, str]]:
    """Locale and words as the first of each language, and of each way to tell it, would read them once the cohort is
    `held`."""
    found: dict[tuple[str, tuple[str, ...]], str] = {}
    for member in hear[:_LOOKED_AT]:
        who = _once_it_is(people.load(connection, visit.cipher, member.id), held)
        words, company = visit.desk.house.content.words, visit.desk.house.settings.company
        locale: str = (who.locale if who.locale in words else None) or company.locale
        keys = _keys(visit, who, member.hears or entry)
        if keys and (locale, keys) not in found:
            found[locale, keys] = _written(visit, who, locale, keys)
    return sorted((locale, text) for (locale, _), text in found.items())


def _once_it_is(who: Candidate, held: CohortRow) -> Candidate:
    changed = {name: getattr(held, name) for name in _OF_THE_COHORT}
    return replace(who, cohort=replace(who.cohort, **changed)) if who.cohort else who


def _keys(visit: StaffRequest, who: Candidate, entry: str) -> tuple[str, ...]:
    """The words that the step of this news would choose."""
    house = visit.desk.house
    known = facts.known(who, "wechat", house.settings, visit.now)
    flow, _, step = cohorts.step_of(entry).partition(".")
    for branch in house.content.flows.branches(flow, step):
        if all(known[fact] in words for fact, words in branch.when.items()):
            return tuple(f"{flow}.{key}" for key in branch.say)
    return ()


def _written(visit: StaffRequest, who: Candidate, locale: str, keys: Sequence[str]) -> str:
    house = visit.desk.house
    spoken = house.content.words[locale]
    values = facts.values(who, spoken.labels, house.settings, locale, visit.now)
    return "\n".join(render(spoken.say[key].form("text"), values) for key in keys)
