"""What staff write to the application in WeCom: obeyed once, however often it is delivered, and answered by a message
of its own."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.engine import Connection

from bot.alerts.recipients import who_has
from bot.cases.office import Office, words_for
from bot.channels.wecom.inbound import StaffMessage
from bot.staff_chat.handlers import Done, obey
from bot.staff_chat.parser import parse
from bot.store import messages, people
from bot.store.db.cipher import Cipher
from bot.store.messages import Draft, Understood
from bot.store.people import Person
from bot.values.message import Answer, Incoming

COMMAND = "command"  # what such a message is kept as, and its answer
_CHANNEL = "wecom"
_NOTHING = Answer(b"", "text/plain")  # the answer in the call itself


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """The rows that the outbox should send at once. `repeat`: it was obeyed before."""

    to_send: tuple[int, ...] = ()
    repeat: bool = False


def receive(connection: Connection, office: Office, message: StaffMessage, now: datetime) -> OrderOutcome:
    """Runs inside one transaction; when it is committed the order is carried out and will not be again."""
    cipher = office.cipher
    incoming = Incoming(_CHANNEL, message.userid, message.key, message.kind, message.text, message.event)
    person = people.get_or_create(connection, cipher, _CHANNEL, message.userid, now)
    if messages.find_answer(connection, cipher, incoming):
        return OrderOutcome(repeat=True)
    number = messages.insert_inbound(connection, cipher, incoming, person, Understood(COMMAND), _NOTHING, now)
    people.save_turn(connection, cipher, person, person.talk, now, None)
    if message.kind == "event":
        return OrderOutcome()
    done = _done(connection, office, message, now)
    return OrderOutcome((*done.to_send, *_answer(connection, cipher, person, number, done.text, now)))


def desks(office: Office) -> list[dict[str, str]]:
    """The words of commands, of every language."""
    return [words.desk["alerts"] for words in office.content.words.values()]


def _done(connection: Connection, office: Office, message: StaffMessage, now: datetime) -> Done:
    by = who_has(connection, office.cipher, _CHANNEL, message.userid, now)
    if by is None:
        return Done(words_for(office, None).desk["alerts"]["not_staff"].format(userid=message.userid))
    command = parse(message.text, desks(office)) if message.kind == "text" else None
    return obey(connection, office, by, command, bare=False, now=now)


def _answer(
    connection: Connection, cipher: Cipher, person: Person, inbound_id: int, text: str, now: datetime
) -> list[int]:
    spoken = Draft(text, COMMAND, "answer", pushed=True, via=_CHANNEL)
    return messages.enqueue(connection, cipher, person.id, None, inbound_id, [spoken], now)
