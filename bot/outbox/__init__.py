"""Hands what waits to the channels, once. A row's `state`:

queued → sending → sent → delivered; or failed, expired, cancelled, unknown (may have gone out: never resent blindly).
A row is one try by one road: `via` says which, and a notice that its road does not carry goes on as a new row. A batch
is reserved by a lease while its rows are still queued, and each row becomes "sending" at the moment of its own send:
who dies in the middle of a batch leaves in doubt what was really on its way, and the rest for the next.
"""

from bot.outbox.claim import BATCH
from bot.outbox.dispatcher import Outbox, open_outbox
from bot.outbox.receipts import keep_receipt

__all__ = ["BATCH", "Outbox", "keep_receipt", "open_outbox"]
