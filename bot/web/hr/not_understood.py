"""`/hr/missed`: what candidates of theirs wrote and nobody understood; teaching it takes one tap."""

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import groupby

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.conversation import review
from bot.conversation.review import masked
from bot.store import lessons as store_lessons
from bot.store.lessons import Taught
from bot.store.tables import candidates, inbound
from bot.store.views import not_understood
from bot.store.visibility import lesson_seen_by, seen_by
from bot.understanding.text import has_han, key, normal
from bot.web.hr.request import Denied, File, Page, Redirect, Reply, StaffRequest

HERE = "/hr/missed"
_AGO = timedelta(days=30)
_MOST, _SHOWN = 300, 100


def show(visit: StaffRequest) -> Reply:
    def look(connection: Connection) -> tuple[list[not_understood.Missed], Sequence[Taught], set[str]]:
        found = not_understood.since(connection, visit.cipher, visit.now - _AGO, seen_by(visit.sight), _MOST)
        known = {
            text.text for text in found if store_lessons.meaning_of(connection, visit.cipher, key(normal(text.text)))
        }
        return found, store_lessons.export(connection, visit.cipher, lesson_seen_by(visit.sight)), known

    found, lessons, known = visit.read(look)
    asked = review.guessed([one for one in found if one.text not in known], visit.desk.house.understanding)
    values = {
        "rows": asked[:_SHOWN],
        "lessons": [(one, masked(one.ask)) for one in lessons],
        "meanings": _meanings(visit),
        "flash": visit.wish("done"),
    }
    return Page("hr/missed.html", values)


def teach(visit: StaffRequest) -> Reply:
    """The sentence is named by its message, which must be one of a candidate of theirs."""
    number, intent = visit.number(), visit.said("intent")
    if intent not in dict(_meanings(visit)):
        return Redirect(HERE)

    def keep(connection: Connection) -> None:
        mine = sa.select(candidates.c.id).where(seen_by(visit.sight))
        wanted = sa.select(inbound.c.text).where(inbound.c.id == number, inbound.c.candidate_id.in_(mine))
        sealed = connection.execute(wanted).scalar()
        if sealed is None:
            raise Denied("inbound")
        text = " ".join(visit.cipher.open(sealed, "inbound.text").split())
        locale = "zh" if has_han(text) else "en"
        form = key(normal(text))
        store_lessons.teach(connection, visit.cipher, form, text, locale, intent, visit.staff.code, visit.now)
        visit.note(connection, "understand.teach", str(number), intent=intent)

    visit.write(keep)
    return Redirect(f"{HERE}?done=taught")


def forget(visit: StaffRequest) -> Reply:
    number = visit.number()

    def drop(connection: Connection) -> None:
        if not store_lessons.forget(connection, number, lesson_seen_by(visit.sight)):
            raise Denied("lesson")
        visit.note(connection, "understand.forget", str(number))

    visit.write(drop)
    return Redirect(HERE)


def export(visit: StaffRequest) -> Reply:
    """What is theirs to see, as messages/ have it; numbers and codes are masked."""
    lessons = visit.read(lambda connection: store_lessons.export(connection, visit.cipher, lesson_seen_by(visit.sight)))
    return File("taught.yaml", "\n".join(_yaml(lessons)).encode() + b"\n", "application/yaml")


def _meanings(visit: StaffRequest) -> list[tuple[str, str]]:
    """Every meaning that somebody can ask for, by how it is called."""
    words = visit.speech.words
    asked = visit.desk.house.content.examples
    return sorted(((intent, words.about[intent]) for intent in asked if intent in words.about), key=lambda one: one[1])


def _yaml(lessons: Sequence[Taught]) -> Iterator[str]:
    for (locale, flow), of_file in groupby(lessons, key=lambda one: (one.locale, one.intent.partition(".")[0])):
        yield from ("---", f"# messages/{locale}/{flow}.yaml", "ask:")
        for intent, group in groupby(of_file, key=lambda one: one.intent):
            yield f"  {intent.partition('.')[2]}:"
            yield from (f"    - {json.dumps(masked(one.ask), ensure_ascii=False)}" for one in group)
