"""`keepwarm token`: who may use the API."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from sqlalchemy.engine import Connection

from bot.cli.session import actor, opened
from bot.platform import clock
from bot.store import audit, tokens

app = typer.Typer(help="Tokens for the API: create, list, revoke.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="What the token is called, as in the audit log.")]


@app.command()
def create(
    name: Name,
    rights: Annotated[str, typer.Option(help="read, write or both.")] = "read,write",
    scope: Annotated[
        str, typer.Option(help="Cities, codes of stores and cohorts, separated by commas; empty: everybody.")
    ] = "",
) -> None:
    """Make a token and print it: it is shown this once."""
    wanted = [right.strip() for right in rights.split(",") if right.strip()]
    with opened() as (_, database, cipher):
        who, now = actor(), clock.now()

        def made(connection: Connection) -> str:
            token = tokens.create(connection, cipher, name, wanted, scope, now)
            audit.record(connection, who, "token.create", name, now, {"rights": sorted(wanted), "scope": scope})
            return token

        typer.echo(database.write(made))


@app.command("list")
def list_(as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Every token with its rights, and when it was used last; the tokens themselves are nowhere."""
    with opened() as (_, database, _cipher):
        found = database.read(tokens.listed)
    if as_json:
        typer.echo(json.dumps([asdict(line) for line in found], default=datetime.isoformat, ensure_ascii=False))
        return
    for line in found:
        typer.echo(f"{line.name}\t{','.join(line.rights)}\t{line.scope or '-'}\t{_state(line)}")


@app.command()
def revoke(name: Name) -> None:
    """From now on it opens nothing."""
    with opened() as (_, database, _cipher):
        who, now = actor(), clock.now()

        def revoked(connection: Connection) -> None:
            tokens.revoke(connection, name, now)
            audit.record(connection, who, "token.revoke", name, now)

        database.write(revoked)
    typer.echo(f"{name}: revoked")


def _state(line: tokens.TokenLine) -> str:
    def day(moment: Any) -> str:
        return f"{moment:%Y-%m-%d %H:%M}Z"

    if line.revoked_at:
        return f"revoked {day(line.revoked_at)}"
    return f"used {day(line.used_at)}" if line.used_at else "never used"
