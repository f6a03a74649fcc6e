"""`keepwarm status`: how much waits, in one line, once or again and again."""

import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.live import Live
from rich.text import Text
from sqlalchemy.engine import Connection

from bot.cli.session import opened
from bot.platform import clock
from bot.settings import Settings
from bot.store.views import counts
from bot.store.views.counts import MOST, Counts
from bot.values.message import STAFF_ROADS

_EVERY = 2  # seconds
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def status(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Every two seconds, until Ctrl-C.")] = False,
) -> None:
    """How much waits to be said, and what is in its way: one line."""
    with opened() as (loaded, database, _):

        def said() -> str:
            now = clock.now()
            found = database.read(lambda connection: _count(connection, loaded, now))
            return json.dumps(_shown(found, loaded)) if as_json else _line(found, loaded)

        with contextlib.suppress(KeyboardInterrupt):
            _keep_saying(said) if watch else typer.echo(said())


def _keep_saying(said: Callable[[], str]) -> None:
    """In one place on a terminal; else a line each time."""
    if not sys.stdout.isatty():
        while True:
            typer.echo(said())
            time.sleep(_EVERY)
    with Live(Text(said()), auto_refresh=False) as live:
        while True:
            time.sleep(_EVERY)
            live.update(Text(said()), refresh=True)


def _count(connection: Connection, settings: Settings, now: datetime) -> Counts:
    today = now.astimezone(settings.company.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    return counts.count(connection, settings.stages.open, today, now)


def _shown(found: Counts, settings: Settings) -> dict[str, Any]:
    stopped = {name: {"code": why.code, "since": why.since.isoformat()} for name, why in found.stopped.items()}
    channels = {name: _channel(name, found, on) for name, on in _channels(settings)}
    return asdict(found) | {"stopped": stopped, "channels": channels}


def _line(found: Counts, settings: Settings) -> str:
    return " | ".join(
        (
            f"touches {_few(found.touches_due)} due{_oldest(found.touch_lag)}, "
            f"{_few(found.touches_soon)} within the hour",
            f"outbox {_few(found.queued)} queued{_oldest(found.oldest)}, {_few(found.sending)} sending, "
            f"{_few(found.unknown)} unknown, {_few(found.failed)} failed today",
            ", ".join(_standing(name, found, on, settings) for name, on in _channels(settings)),
            f"{_few(found.held)} held",
            f"promises {_few(found.promises_overdue)} overdue of {_few(found.promises_open)}",
            f"cases {_few(found.cases)} open",
            *([f"hooks {_few(found.hooks_stopped)} stopped"] if found.hooks_stopped else []),
            *([f"{_few(found.alerts_unreached)} alerts reach nobody"] if found.alerts_unreached else []),
        )
    )


def _channels(settings: Settings) -> Iterator[tuple[str, bool]]:
    yield "wechat", settings.wechat.on
    yield "sms", settings.sms.on
    yield "email", settings.email.on
    for name in STAFF_ROADS:  # those that are there: hardly anybody has all
        if getattr(settings, name).on:
            yield name, True


def _channel(name: str, found: Counts, on: bool) -> str:
    return "stopped" if name in found.stopped else "ok" if on else "off"


def _standing(name: str, found: Counts, on: bool, settings: Settings) -> str:
    why = found.stopped.get(name)
    since = f" {why.code} since {why.since.astimezone(settings.company.zone):%Y-%m-%d %H:%M}" if why else ""
    return f"{name} {_channel(name, found, on)}{since}"


def _few(number: int) -> str:
    return f"{number:,}{'+' if number >= MOST else ''}"


def _oldest(seconds: float) -> str:
    if seconds < 1:
        return ""
    for unit, size in (("d", _DAY), ("h", _HOUR), ("min", _MINUTE)):
        if seconds >= size:
            return f" (oldest {seconds / size:.0f} {unit})"
    return f" (oldest {seconds:.0f} s)"
