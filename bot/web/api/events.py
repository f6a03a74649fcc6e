"""Events, in order."""

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.store.events import KINDS, settled, written
from bot.store.tables import candidates, events
from bot.store.visibility import seen_by
from bot.web.api.models import Event, Events
from bot.web.api.problems import unfit
from bot.web.api.types import ApiAnswer, ApiCall


def index(call: ApiCall) -> ApiAnswer:
    """`next` is where to go on, also where nothing more is there yet."""
    query = call.query
    if query.kind is not None and query.kind not in KINDS:
        raise unfit([("kind", f"is no kind of event: use {', '.join(KINDS[:-1])} or {KINDS[-1]}")], "the query")

    def found(connection: Connection) -> list[Event]:
        wanted = sa.select(events).where(events.c.id > query.after, settled(connection))
        if query.kind is not None:
            wanted = wanted.where(events.c.kind == query.kind)
        if not call.sight.everybody:
            wanted = wanted.where(events.c.candidate_id.in_(sa.select(candidates.c.id).where(seen_by(call.sight))))
        rows = connection.execute(wanted.order_by(events.c.id).limit(query.limit))
        return [Event.model_validate(written(row)) for row in rows]

    items = call.database.read(found)
    return ApiAnswer(Events(items=items, next=items[-1].id if items else query.after))
