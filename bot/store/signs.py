"""Which of what came in shows that a person is there: nothing that a machine sent, or that only points at our words."""

from bot.store.db.prepared import word
from bot.store.tables import inbound

NO_SIGN = ("event", "automatic", "reaction", "quote")  # kinds of inbound
is_sign = inbound.c.kind.not_in(list(map(word, NO_SIGN)))
