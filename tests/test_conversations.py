"""Golden talks: what is heard and which words answer, by key, so that copy can change freely.

`keepwarm chat --record FILE` writes a talk in this form (`hear`, `say`). tests/conversations/README.md has all that a turn
may hold.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.content import Content
from bot.conversation import Runtime
from bot.platform import yaml_text
from bot.proactive.timeouts import continue_timed_out
from bot.proactive.touches import send_due
from bot.rhythm import Planned
from bot.store import touches
from bot.store.db.database import Database
from bot.store.tables import addresses, candidates, case_reasons, cases, checkins, outbound, promises, tasks
from tests.conftest import NOW
from tests.talking import Person

FOLDER = Path(__file__).parent / "conversations"
TALKS = [
    pytest.param(talk, id=f"{path.stem}-{number}-{talk.get('who', 'stranger')}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for number, talk in enumerate(yaml_text.read(path).data, 1)
]
TURN = {"hear", "touch", "shows", "place", "event", "scene", "silence", "say", "reads", "promises", "case", "reasons", "stage", "lacks", "done", "scores"}  # fmt: skip
HOURS = {"h": "hours", "m": "minutes", "d": "days"}
# Sent to a phone, said on the clock, or only on another road of stages: their own tests hear them.
NOT_HEARD = {
    (locale, key) for locale in ("zh", "en") for key in ("binding.code_sms", "promise.kept", "stage.next_other")
}
SAID: set[tuple[str, str]] = set()  # (locale, key) that some talk has heard


class Curtain(Exception):
    """Takes everything back that a talk has done."""


class Inside:
    """A database in the middle of a transaction that will be taken back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, work: Callable[[Connection], Any]) -> Any:
        return work(self._connection)

    read = write


@pytest.mark.parametrize("talk", TALKS)
def test_the_talk_goes_as_written(talk: dict[str, Any], theatre: tuple[Runtime, Database]) -> None:
    house, database = theatre
    house = _under(house, talk.get("settings", {}))

    def play(connection: Connection) -> None:
        person = Person(
            house, Inside(connection), NOW, talk.get("channel", "wechat"), talk.get("address", "o-somebody")
        )
        if "taken" in talk:
            Person(house, Inside(connection), NOW, address="o-before").is_bound_to(talk["taken"])
        if "who" in talk:
            person.is_bound_to(talk["who"])
            _has_to_do(connection, talk["who"], talk.get("tasks", {}))
        for turn in talk["talk"]:
            _Act(connection, house, person, turn).goes_as_written()
        raise Curtain

    with pytest.raises(Curtain):
        database.write(play)


def _has_to_do(connection: Connection, who: str, codes: Mapping[str, str]) -> None:
    """Tasks by their code, due in so long; without a span nobody knows when."""
    number = connection.execute(sa.select(candidates.c.id).where(candidates.c.code == who)).scalar_one()
    for code, span in codes.items():
        due_at = NOW + _span(span) if span else None
        connection.execute(sa.insert(tasks).values(candidate_id=number, code=code, due_at=due_at))


def _span(text: str) -> timedelta:
    return timedelta(**{HOURS[text[-1]]: int(text[:-1])})


def _under(house: Runtime, changed: Mapping[str, Any]) -> Runtime:
    """The same house with some settings otherwise, by their names like `company.phone`."""
    settings = house.settings
    for name, value in changed.items():
        part, _, field = name.partition(".")
        settings = settings.model_copy(update={part: getattr(settings, part).model_copy(update={field: value})})
    return replace(house, settings=settings)


class _Act:
    """One turn of a talk: what is heard, and all that must be so after it."""

    def __init__(self, connection: Connection, house: Runtime, person: Person, turn: Mapping[str, Any]) -> None:
        assert turn.keys() <= TURN, turn.keys() - TURN
        self.connection, self.house, self.person, self.turn = connection, house, person, turn

    def goes_as_written(self) -> None:
        turn, person = self.turn, self.person
        self._happens()
        assert person.keys == list(turn["say"]), f"{turn}: {person.text} {person.outcome and person.outcome.heard}"
        for words in _listed(turn.get("reads", ())):
            assert words in person.text, person.text
        for words in _listed(turn.get("lacks", ())):
            assert words not in person.text, person.text
        if "promises" in turn:
            wanted = sa.select(promises.c.about).where(promises.c.state == "open")
            assert sorted(self._all(wanted)) == sorted(turn["promises"])
        if "case" in turn:
            assert self._all(sa.select(cases.c.reason)) == [turn["case"]]
        if "reasons" in turn:
            assert self._all(sa.select(case_reasons.c.reason).order_by(case_reasons.c.id)) == turn["reasons"]
        if "stage" in turn and person.outcome and person.outcome.turn:
            who = sa.select(candidates.c.stage).where(candidates.c.id == self._candidate())
            assert self._all(who) == [turn["stage"]]
        if "done" in turn:
            assert sorted(self._all(sa.select(tasks.c.code).where(tasks.c.done_at.is_not(None)))) == turn["done"]
        if "scores" in turn:
            assert list(map(str, self._all(sa.select(checkins.c.score)))) == turn["scores"]

    def _happens(self) -> None:
        turn, person = self.turn, self.person
        if "silence" in turn:
            self._passes(turn["silence"])
        elif "touch" in turn:
            self._speaks_first(turn["touch"])
        elif "event" in turn:
            person.event(turn["event"], turn.get("scene", ""))
        elif "shows" in turn:
            person.shows(turn["shows"], detail={"Label": turn["place"]} if "place" in turn else {})
        else:
            person.says(turn["hear"].replace("$code", self._code()))
        outcome = person.outcome
        if "touch" in turn:
            SAID.update(("zh" if "，" in person.text else "en", key) for key in person.keys)
        elif outcome and outcome.turn and "silence" not in turn:
            SAID.update((outcome.locale, key) for key in person.keys)

    def _passes(self, silence: str) -> None:
        """Nobody writes for so long; the clock's job looks at what waits."""
        last = max(self._all(sa.select(outbound.c.id)), default=0)
        self.person.now += _span(silence)
        continue_timed_out(self.connection, self.house, self.person.now)
        self._reads_since(last)

    def _speaks_first(self, step: str) -> None:
        """keepwarm begins this step by itself."""
        last = max(self._all(sa.select(outbound.c.id)), default=0)
        who = self._all(sa.select(addresses.c.candidate_id).where(addresses.c.candidate_id.is_not(None)))[0]
        planned = Planned(who, "test", step, "notice", step, self.person.now)
        touches.plan(self.connection, [planned], "hr", self.person.now)
        send_due(self.connection, self.house, self.person.now)
        self._reads_since(last)

    def _reads_since(self, last: int) -> None:
        rows = sa.select(outbound.c.said, outbound.c.text).where(outbound.c.id > last).order_by(outbound.c.id)
        said = list(self.connection.execute(rows))
        self.person.keys = [key for row in said for key in row.said.split()]
        self.person.text = "\n".join(self.house.cipher.open(row.text, "outbound.text") for row in said)

    def _code(self) -> str:
        """The newest code that was sent by SMS."""
        sent = sa.select(outbound.c.text).where(outbound.c.kind == "code").order_by(outbound.c.id.desc())
        texts = self._all(sent)
        digits = "".join(c for c in self.house.cipher.open(texts[0], "outbound.text") if c.isdigit()) if texts else ""
        return digits[:6]

    def _candidate(self) -> int:
        newest = sa.select(outbound.c.candidate_id).where(outbound.c.candidate_id.is_not(None))
        return int(self._all(newest.order_by(outbound.c.id.desc()))[0])

    def _all(self, wanted: sa.Select[Any]) -> list[Any]:
        return list(self.connection.execute(wanted).scalars())


def _listed(data: Any) -> list[str]:
    return list(data) if isinstance(data, list | tuple) else [data]


def test_every_word_is_heard_in_both_languages_by_some_talk(content: Content, request: pytest.FixtureRequest) -> None:
    """Runs last in this file; on its own, or with a part of the talks, it has nothing to judge."""
    played = {item.callspec.id for item in request.session.items if getattr(item, "callspec", None)}  # type: ignore[attr-defined]
    if not {f"sqlite-{talk.id}" for talk in TALKS} <= played:
        return
    wanted = {(locale, key) for locale in ("zh", "en") for key in content.words[locale].say}
    missing = sorted(wanted - SAID - NOT_HEARD)
    assert missing == [], f"no talk in tests/conversations hears: {missing}"
