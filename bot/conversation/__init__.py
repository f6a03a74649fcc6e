"""The heart: one message in, one transaction, one answer."""

from bot.conversation.inbound import Outcome, Ticket, receive
from bot.runtime import House

__all__ = ["House", "Outcome", "Ticket", "receive"]
