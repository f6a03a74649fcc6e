"""`keepwarm audit`: who did what."""

import json
from typing import Annotated

import typer

from bot.cli.session import opened
from bot.store import audit

app = typer.Typer(help="The audit log: who did what.", no_args_is_help=True)


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(help="How many, the newest first.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """The newest entries."""
    with opened() as (_, database, _cipher):
        entries = database.read(lambda connection: audit.newest(connection, limit))
    if as_json:
        typer.echo(json.dumps([{**entry, "at": entry["at"].isoformat()} for entry in entries], ensure_ascii=False))
        return
    for entry in entries:
        detail = json.dumps(entry["detail"], ensure_ascii=False) if entry["detail"] else ""
        typer.echo(
            f"{entry['at']:%Y-%m-%d %H:%M:%S}Z  {entry['actor']}  {entry['action']}  {entry['target'] or ''}  {detail}"
        )
