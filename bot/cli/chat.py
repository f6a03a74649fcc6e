"""`keepwarm chat`: talk to the bot in the terminal, through the real conversation, and record a golden talk."""

import json
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
import yaml
from sqlalchemy.engine import Connection

from bot.cli.session import opened
from bot.conversation import Runtime, Ticket, TurnOutcome, receive
from bot.errors import ConfigError
from bot.platform import clock
from bot.runtime import build
from bot.store import people
from bot.store.db.database import Database
from bot.values.message import Answer, Card, Incoming


def chat(
    candidate: Annotated[str, typer.Option(help="Talk as the candidate with this code; else as a stranger.")] = "",
    locale: Annotated[str, typer.Option(help="Begin in this language: zh or en.")] = "",
    record: Annotated[Path | None, typer.Option(help="Write the talk here as a golden conversation.")] = None,
    why: Annotated[bool, typer.Option(help="Show what each sentence was taken to mean.")] = False,
) -> None:
    """Talk to the bot as on WeChat. An empty line ends it. What you say is kept nowhere."""
    with opened() as (settings, database, cipher):
        house = build(settings, cipher)
        talk = _ChatSession(house, database, candidate, locale)
        turns = []
        while text := typer.prompt(">", default="", show_default=False, prompt_suffix=" ").strip():
            answer, outcome = talk.hear(text)
            typer.echo(answer)
            if why and outcome.heard:
                typer.secho("\n".join(f"  {name}: {value}" for name, value in _why(outcome)), dim=True)
            turns.append(_turn(text, outcome))
    if record:
        golden = [{**({"who": candidate} if candidate else {}), "talk": turns}]
        record.write_text(yaml.safe_dump(golden, allow_unicode=True, sort_keys=False), encoding="utf-8")
        typer.echo(f"{len(turns)} turns in {record}")


class _Undo(Exception):
    """Takes a turn back, after its answer is known."""


class _ChatSession:
    """One conversation in one open transaction after another; at the end nothing of it is left.

    Every turn replays those before it and is rolled back, so that trying out a talk changes no record.
    """

    def __init__(self, house: Runtime, database: Database, candidate: str, locale: str) -> None:
        self._house, self._database, self._candidate, self._locale = house, database, candidate, locale
        self._address = f"chat-{uuid.uuid4().hex}"
        self._said: list[str] = []

    def hear(self, text: str) -> tuple[str, TurnOutcome]:
        self._said.append(text)
        answers: list[tuple[str, TurnOutcome]] = []

        def play(connection: Connection) -> None:
            person = people.get_or_create(connection, self._house.cipher, "wechat", self._address, clock.now())
            if self._candidate:
                self._bind(connection, person.id)
            for number, said in enumerate(self._said):
                body, outcome = self._one(connection, number, said)
                answers[:] = [(body, outcome)]
            raise _Undo

        try:
            self._database.write(play)
        except _Undo:
            return answers[0]
        raise AssertionError("unreachable")

    def _one(self, connection: Connection, number: int, said: str) -> tuple[str, TurnOutcome]:
        spoken: list[str] = []

        def compose(texts: Sequence[str], _card: Card | None) -> Answer:
            spoken[:] = list(texts)
            return Answer(b"", "text/plain", tuple(texts), len(texts))

        incoming = Incoming("wechat", self._address, str(number), "text", said)
        outcome = receive(connection, self._house, incoming, compose, Ticket(), clock.now)
        return "\n\n".join(spoken) or json.dumps("…", ensure_ascii=False), outcome

    def _bind(self, connection: Connection, address_id: int) -> None:
        number = people.by_code(connection, self._candidate)
        if number is None:
            raise ConfigError(f"no candidate has the code {self._candidate}")
        notice = self._house.settings.privacy.notice_version
        people.bind(connection, address_id, number, "wechat", "chat", notice, clock.now())
        if self._locale:
            people.change_candidate(connection, number, clock.now(), locale=self._locale)


def _why(outcome: TurnOutcome) -> Iterator[tuple[str, str]]:
    """What the sentence was taken to mean, how sure that is, the road, and the facts that chose it."""
    heard, walked = outcome.heard, outcome.turn
    if heard is None or walked is None:
        return
    yield "meaning", heard.rule or heard.event or f"{heard.decision} {heard.intent}".strip()
    for intent, p in heard.details.get("top") or ():
        yield f"{p:.2f}", intent
    yield "road", " > ".join(walked.road)
    yield "facts", ", ".join(f"{name} {value}" for name, value in walked.facts.items())


def _turn(text: str, outcome: TurnOutcome) -> dict[str, object]:
    said = [f"{one.flow}.{one.key}" for one in outcome.turn.said] if outcome.turn else []
    return {"hear": text, "say": said}
