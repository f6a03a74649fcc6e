"""A person who writes to the bot in a test: through the real conversation and a real store, without the network."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.conversation import Runtime, Ticket, TurnOutcome, receive
from bot.store import people
from bot.values.message import Answer, Card, Incoming


@dataclass
class Person:
    """`keys`: what the last answer said, by the keys of its words; `text`: what the person read."""

    house: Runtime
    database: Any  # a Database, or what reads and writes like one
    now: datetime
    channel: str = "wechat"
    address: str = "o-somebody"
    text: str = ""
    keys: list[str] = field(default_factory=list)
    outcome: TurnOutcome | None = None
    card: Card | None = None
    _count: int = 0

    def says(self, text: str, **fields: Any) -> "Person":
        return self.does(Incoming(self.channel, self.address, self._next_key(), "text", text, **fields))

    def event(self, name: str, scene: str = "") -> "Person":
        return self.does(Incoming(self.channel, self.address, self._next_key(), "event", "", name, scene))

    def shows(self, kind: str, **fields: Any) -> "Person":
        return self.does(Incoming(self.channel, self.address, self._next_key(), kind, **fields))

    def does(self, incoming: Incoming, ticket: Ticket | None = None) -> "Person":
        def compose(texts: Sequence[str], card: Card | None) -> Answer:
            self.card = card
            return Answer("\n\n".join(texts).encode(), "text/plain", tuple(texts), len(texts))

        ticket = ticket or Ticket()
        self.outcome = self.database.write(
            lambda connection: receive(connection, self.house, incoming, compose, ticket, lambda: self.now)
        )
        self.text = self.outcome.answer.body.decode()
        turn = self.outcome.turn
        self.keys = [f"{said.flow}.{said.key}" for said in turn.said] if turn else []
        return self

    def is_bound_to(self, code: str) -> "Person":
        """Binds directly, as if it had happened long ago."""

        def bind(connection: Any) -> None:
            person = people.get_or_create(connection, self.house.cipher, self.channel, self.address, self.now)
            number = people.by_code(connection, code)
            assert number, code
            people.bind(connection, person.id, number, self.channel, "test", "1", self.now)

        self.database.write(bind)
        return self

    def _next_key(self) -> str:
        self._count += 1
        return f"{self.address}-{self._count}"
