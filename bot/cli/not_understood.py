"""`keepwarm understand --missed`: what people wrote and nobody understood, ready to be taught."""

import json
from datetime import timedelta

import typer

from bot import content
from bot.cli.session import actor, opened
from bot.conversation.review import guessed, teachable
from bot.platform import clock
from bot.runtime import understanding
from bot.store import audit
from bot.store.views import not_understood


def print_missed(ago: timedelta, as_json: bool) -> None:
    """Reads the store, notes the reading in the audit log, and prints."""
    with opened() as (loaded, database, cipher):
        known, now, who = content.load(loaded), clock.now(), actor()
        found = database.read(lambda connection: not_understood.since(connection, cipher, now - ago))
        unclear = guessed(found, understanding(loaded, known))
        detail = {"texts": len(found), "days": round(ago / timedelta(days=1), 2)}
        database.write(lambda connection: audit.record(connection, who, "understand.missed", None, now, detail))
    if as_json:
        typer.echo(json.dumps([each.as_json() for each in unclear], ensure_ascii=False))
    else:
        typer.echo("\n".join(teachable(unclear, known)))
