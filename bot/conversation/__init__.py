"""The heart: one message in, one transaction, one answer."""

from bot.conversation.house import House
from bot.conversation.receiving import Outcome, Ticket, receive

__all__ = ["House", "Outcome", "Ticket", "receive"]
