"""What staff order by SMS. Their number may be a candidate's too, so the candidate's reception asks here first."""

from datetime import datetime

from sqlalchemy.engine import Connection

from bot.alerts.recipients import who_has
from bot.runtime import Runtime
from bot.staff_chat.handlers import Done, obey
from bot.staff_chat.inbound import COMMAND, desks
from bot.staff_chat.parser import WEAK, parse
from bot.values.message import Incoming

__all__ = ["COMMAND", "try_handle"]


def try_handle(
    connection: Connection, runtime: Runtime, incoming: Incoming, words: str, is_candidate: bool, now: datetime
) -> Done | None:
    """Carries out what a member of staff ordered; None if it is no order. `words`: what they wrote themselves.

    From a phone that is a candidate's too, only what cannot be meant otherwise is an order; from any other phone of
    staff all of it is.
    """
    if incoming.channel != "sms" or incoming.kind != "text":
        return None
    command = parse(words, desks(runtime))
    plain = command is not None and command.case_id is not None and command.name not in WEAK
    if is_candidate and not plain:
        return None
    by = who_has(connection, runtime.cipher, "phone", incoming.address, now)
    return obey(connection, runtime, by, command, bare=True, now=now) if by else None
