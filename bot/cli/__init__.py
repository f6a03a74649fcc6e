"""The command line: one module a group of commands; those of the clock are found by name (jobs/)."""

import sys
from importlib.metadata import entry_points

import typer

from bot.cli import (
    audit,
    calendar,
    candidates,
    chat,
    cohorts,
    imports,
    menu,
    parts,
    report,
    staff,
    status,
    tokens,
    understand,
)
from bot.errors import ContentError, KeepwarmError

app = typer.Typer(
    help="Keeps accepted candidates warm until day one, in chat.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (
    parts.demo,
    parts.run,
    parts.serve,
    parts.migrate,
    parts.check,
    calendar.calendar,
    status.status,
    report.report,
    chat.chat,
    menu.menu,
    understand.understand,
):
    app.command()(command)
app.command("import")(imports.import_)
app.add_typer(candidates.app, name="candidates")
app.add_typer(cohorts.app, name="cohorts")
app.add_typer(staff.app, name="staff")
app.add_typer(audit.app, name="audit")
app.add_typer(tokens.app, name="token")


def main() -> None:
    """Errors go to stderr in one line without a traceback. Exit codes: 0 done, 1 found faults, 2 usage."""
    for command in entry_points(group="keepwarm.commands"):
        app.command(command.name)(command.load())
    for part in entry_points(group="keepwarm.parts"):
        app.command(part.name, hidden=True)(part.load())
    try:
        app()
    except ContentError as error:
        sys.exit(str(error))
    except KeepwarmError as error:
        typer.echo(f"keepwarm: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)
