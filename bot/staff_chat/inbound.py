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
from bot.store.messages import Spoken, Understood
from bot.store.people import Person
from bot.values.message import Answer, Incoming

COMMAND = "command"  # what such a message is kept as, and its answer
_CHANNEL = "wecom"
_NOTHING = Answer(b"", "text/plain")  # the answer in the call itself


@dataclass(frozen=True, slots=True)
class Outcome:
    """The rows that the outbox should send at once. `repeat`: it was obeyed before."""

    to_send: tuple[int, ...] = ()
    repeat: bool = False


def receive(connection: Connection, office: Office, message: StaffMessage, now: datetime) -> Outcome:
    """Runs inside one transaction; when it is committed the order is carried out and will not be again."""
    cipher = office.cipher
    incoming = Incoming(_CHANNEL, message.userid, message.key, message.kind, message.text, message.event)
    person = people.meet(connection, cipher, _CHANNEL, message.userid, now)
    if messages.answered(connection, cipher, incoming):
        return Outcome(repeat=True)
    number = messages.keep_inbound(connection, cipher, incoming, person, Understood(COMMAND), _NOTHING, now)
    people.took_turn(connection, cipher, person, person.talk, now, None)
    if message.kind == "event":
        return Outcome()
    done = _done(connection, office, message, now)
    return Outcome((*done.to_send, *_answer(connection, cipher, person, number, done.text, now)))


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
    spoken = Spoken(text, COMMAND, "answer", pushed=True, via=_CHANNEL)
    return messages.keep_outbound(connection, cipher, person.id, None, inbound_id, [spoken], now)
