"""The command line: one module a group of commands; those of the clock are found by name (jobs/).

To add a command: a function in a module here, and its name below.
"""

import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

import typer

from bot.errors import ContentError, KeepwarmError
from bot.platform.garbage_collection import lasting

# Each command with the function that it is: `module:function`.
_COMMANDS = {
    "demo": "services:demo",
    "run": "services:run",
    "serve": "services:serve",
    "migrate": "services:migrate",
    "check": "services:check",
    "calendar": "calendar:calendar",
    "status": "status:status",
    "report": "report:report",
    "chat": "chat:chat",
    "menu": "menu:menu",
    "understand": "understand:understand",
    "import": "imports:import_",
}
_GROUPS = {"candidates": "candidates", "cohorts": "cohorts", "staff": "staff", "audit": "audit", "token": "tokens"}
_FOUND = {
    "keepwarm.commands": False,
    "keepwarm.parts": True,
}  # by their group of entry points; whether no user needs them


def main() -> None:
    """Errors go to stderr in one line without a traceback. Exit codes: 0 done, 1 found faults, 2 usage."""
    try:
        with lasting():
            made = app(sys.argv[1] if len(sys.argv) > 1 else "")
        made()
    except ContentError as error:
        sys.exit(str(error))
    except KeepwarmError as error:
        typer.echo(f"keepwarm: {error}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)


def app(wanted: str = "") -> typer.Typer:
    """Every command; or where `wanted` is the name of one that alone, since importing what the others need would take
    most of its time."""
    made = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    made.callback(help="Keeps accepted candidates warm until day one, in chat.")(_nothing)
    found = dict(_others())
    known = wanted in (*_COMMANDS, *_GROUPS, *found)
    for name, where in _COMMANDS.items():
        if not known or name == wanted:
            module, _, function = where.partition(":")
            made.command(name)(getattr(import_module(f"bot.cli.{module}"), function))
    for name, (entry, hidden) in found.items():
        if not known or name == wanted:
            made.command(name, hidden=hidden)(entry.load())
    for name, module in _GROUPS.items():
        if not known or name == wanted:
            made.add_typer(import_module(f"bot.cli.{module}").app, name=name)
    return made


def _others() -> Iterator[tuple[str, tuple[EntryPoint, bool]]]:
    for group, hidden in _FOUND.items():
        for entry in entry_points(group=group):
            yield entry.name, (entry, hidden)


def _nothing() -> None:
    """So that a single command still has its name."""
