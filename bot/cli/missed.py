"""`keepwarm understand --missed`: what people wrote and nobody understood, ready to be taught."""

import json
from datetime import timedelta

import typer

from bot import clock, content
from bot.cli.opened import actor, opened
from bot.conversation.house import understanding
from bot.inbox.unclear import guessed, teachable
from bot.store import audit, missed


def print_missed(ago: timedelta, as_json: bool) -> None:
    """Reads the store, notes the reading in the audit log, and prints."""
    with opened() as (loaded, database, cipher):
        known, now, who = content.load(loaded), clock.now(), actor()
        found = database.read(lambda connection: missed.since(connection, cipher, now - ago))
        unclear = guessed(found, understanding(loaded, known))
        detail = {"texts": len(found), "days": round(ago / timedelta(days=1), 2)}
        database.write(lambda connection: audit.record(connection, who, "understand.missed", None, now, detail))
    if as_json:
        typer.echo(json.dumps([each.as_json() for each in unclear], ensure_ascii=False))
    else:
        typer.echo("\n".join(teachable(unclear, known)))
