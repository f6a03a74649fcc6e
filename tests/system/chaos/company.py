"""A company for the kill test: few words, many candidates, and touches that can be told apart at the provider; and HR,
who has to hear of everybody in danger."""

import csv
import io
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy.engine import Connection

from bot.imports import run as importing
from bot.rhythm import Planned
from bot.settings import Settings
from bot.store import cases, people, touches
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from fakes.launch import Fake

STEPS = 4  # different things that are said to one person
STORY_LASTS = timedelta(hours=40)
_FROM = timedelta(hours=1)  # so long ago they wrote last
_WINDOW = timedelta(hours=48)
_AT_ONCE = 100
_FITS_A_SMS = 153
# Of twenty people: by SMS, in an open chat, in a chat that is closed, and who hears stories as well.
_MIX = ("sms",) * 10 + ("chat",) * 7 + ("closed",) + ("stories",) * 2
_CASES_EACH = 5  # of one recruiter at most, so that each fits into one message with its number
_SAID = re.compile(r"(Kim \d{5}): news (\d)")


@dataclass(frozen=True)
class Person:
    """`kind`: one of _MIX."""

    number: int
    kind: str

    @property
    def name(self) -> str:
        return f"Kim {self.number:05}"

    @property
    def phone(self) -> str:
        return f"+1202{5560000 + self.number}"

    @property
    def openid(self) -> str:
        return "" if self.kind == "sms" else f"o-{self.number:05}"


@dataclass(frozen=True)
class Said:
    """One touch as the person gets it."""

    name: str
    step: int


@dataclass(frozen=True)
class Wish:
    """A touch that is to be planned."""

    person: Person
    step: int

    @property
    def said(self) -> Said:
        return Said(self.person.name, self.step)

    @property
    def kind(self) -> str:
        return "story" if self.person.kind == "stories" and self.step > 2 else "notice"

    def planned(self, candidate_id: int, at: datetime) -> Planned:
        return Planned(
            candidate_id,
            f"news{self.step}",
            "chaos",
            self.kind,
            f"news.step{self.step}",
            at,
            at + STORY_LASTS if self.kind == "story" else None,
            template=f"news{self.step}",
        )


def wishes(count: int, lot: random.Random) -> list[Wish]:
    """So many touches, in any order."""
    everyone = [Person(number, _MIX[number % len(_MIX)]) for number in range(-(-count // STEPS))]
    found = [Wish(person, step) for person in everyone for step in range(1, STEPS + 1)][:count]
    lot.shuffle(found)
    return found


def everyone(wanted: Sequence[Wish]) -> list[Person]:
    return sorted({wish.person for wish in wanted}, key=lambda person: person.number)


def told(send: Mapping[str, Any], names: Mapping[str, str]) -> Said | None:
    """What a send at one of the fakes says to whom; None for what nobody wished. `names`: by openid."""
    if send["via"] == "template":
        step = str(send["request"]["template_id"]).removeprefix("TPL")
        return Said(names[send["to"]], int(step))
    found = _SAID.search(send["content"])
    return Said(found[1], int(found[2])) if found else None


def write(folder: Path, more: Mapping[str, Any]) -> None:
    """Its config, flows and messages. `more`: what the config has besides, by section."""
    steps = {f"step{n}": {"say": f"step{n}"} for n in range(1, STEPS + 1)}
    meanings = {"hello": "hello", "thanks": "thanks"}
    said = {name: {"say": name} for name in meanings}
    news = {"touches": list(steps), "entries": meanings, "steps": steps | said}
    words = {
        "about": {"hello": "Hello", "thanks": "Thanks"},
        "ask": {name: [f"{name} {more}" for more in ("", "you", "there", "all", "friend")] for name in meanings},
        "say": {f"step{n}": f"{{{{ name }}}}: news {n} of the training." for n in range(1, STEPS + 1)}
        | {name: f"{name}!" for name in meanings},
    }
    shipped = Path(__file__).parents[3] / "messages"
    _dump(folder / "flows" / "news.yaml", news)
    for locale in ("zh", "en"):
        _dump(folder / "messages" / locale / "news.yaml", words)
        _dump(folder / "messages" / locale / "faq.yaml", {"say": {"unknown": "?"}})
        for name in ("shared.yaml", "pages.yaml", "alerts.yaml", "inbox.yaml", "risk.yaml"):
            (folder / "messages" / locale / name).write_bytes((shipped / locale / name).read_bytes())
    _dump(folder / "messages" / "zh-Hant" / "words.yaml", {"replaced": {}})
    for name in ("faq.yaml", "stories.yaml"):
        (folder / name).touch()
    _dump(folder / "config.yaml", _config(more))


def _config(more: Mapping[str, Any]) -> dict[str, Any]:
    templates = {f"news{n}": {"id": f"TPL{n}", "fields": {"thing1": "name"}} for n in range(1, STEPS + 1)}
    fast = {"a_second": 1000, "person_a_minute": 1000}
    return {
        **{name: more for name, more in more.items() if not isinstance(more, dict)},
        "company": {"name": "Chaos", "country": "US", "locale": "en"},
        "pushes": {"hours": "0-24", "a_day": 99, "a_week": 99},
        "flows": "flows",
        "messages": "messages",
        "wechat": {**more["wechat"], **fast, "templates": templates},
        "sms": {**more["sms"], **fast},
        "wecom": {**more["wecom"], "a_second": 1000},
    }


def _dump(file: Path, content: Mapping[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(dict(content), allow_unicode=True, sort_keys=False), encoding="utf-8")


def enter(
    folder: Path, settings: Settings, database: Database, cipher: Cipher, who: Sequence[Person], now: datetime
) -> dict[str, int]:
    """Imports them, and binds those who are on WeChat; gives their ids by name."""
    file = folder / "candidates.csv"
    file.write_text(_sheet(who, now), encoding="utf-8")
    report = importing.run(importing.ImportJob("candidates", file, settings, database, cipher, now, "cli:test"))
    assert report.bad == 0, report.faults
    found: dict[str, int] = {}
    for at in range(0, len(who), _AT_ONCE):
        some = who[at : at + _AT_ONCE]
        found |= database.write(lambda connection, some=some: _bound(connection, cipher, some, now))  # type: ignore[misc]
    return found


def hire(folder: Path, settings: Settings, database: Database, cipher: Cipher, dangers: int, now: datetime) -> None:
    """As many recruiters as so many cases need, under one manager, all of them in WeCom."""
    file = folder / "staff.csv"
    recruiters = [f"HR{n},HR{n},recruiter,BOSS,hr{n}" for n in range(max(2, -(-dangers // _CASES_EACH)))]
    file.write_text(
        "\n".join(["code,name,role,manager,wecom", "BOSS,Boss,manager,,boss", *recruiters]), encoding="utf-8"
    )
    report = importing.run(importing.ImportJob("staff", file, settings, database, cipher, now, "cli:test"))
    assert report.bad == 0, report.faults


def danger(connection: Connection, cipher: Cipher, number: int, now: datetime) -> int:
    """Somebody writes that they are in danger, which HR hears day and night; gives the case's number."""
    who = people.get_or_create(connection, cipher, "wechat", f"o-danger-{number}", now)
    return cases.open_case(connection, None, who.id, "danger", now)


def _sheet(who: Sequence[Person], now: datetime) -> str:
    text = io.StringIO()
    sheet = csv.writer(text)
    sheet.writerow(["code", "name", "phone", "locale", "stage", "stage_at"])
    for person in who:
        since = (now - timedelta(days=3)).isoformat(timespec="seconds")
        sheet.writerow([f"K{person.number}", person.name, person.phone, "en", "interview_passed", since])
    return text.getvalue()


def _bound(connection: Connection, cipher: Cipher, some: Sequence[Person], now: datetime) -> dict[str, int]:
    found = {}
    for person in some:
        candidate_id = people.by_code(connection, f"K{person.number}")
        assert candidate_id
        found[person.name] = candidate_id
        if person.openid:
            _follows(connection, cipher, person, candidate_id, now)
    return found


def _follows(connection: Connection, cipher: Cipher, person: Person, candidate_id: int, now: datetime) -> None:
    wrote = now - (_WINDOW * 2 if person.kind == "closed" else _FROM)
    address = people.get_or_create(connection, cipher, "wechat", person.openid, now)
    people.bind(connection, address.id, candidate_id, "wechat", "test", "1", wrote)
    left = 0 if person.kind == "closed" else 5
    until = wrote + _WINDOW
    people.change(connection, address.id, last_inbound_at=wrote, window_left=left, window_until=until)


def follow(wechat: Fake, who: Sequence[Person]) -> None:
    """The same at the fake."""
    for person in who:
        if person.openid:
            window = {} if person.kind == "closed" else {"window": "message"}
            wechat.post("/_fake/person", openid=person.openid, following=True, **window)


def plan(connection: Connection, some: Sequence[Wish], ids: Mapping[str, int], now: datetime) -> None:
    """HR wants this said now."""
    planned = [wish.planned(ids[wish.person.name], now) for wish in some]
    touches.plan(connection, planned, "hr", now)
