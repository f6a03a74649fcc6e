"""The heart: one message in, one transaction, one answer."""

from bot.conversation.inbound import Ticket, TurnOutcome, receive
from bot.runtime import Runtime

__all__ = ["Runtime", "Ticket", "TurnOutcome", "receive"]
