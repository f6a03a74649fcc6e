"""`keepwarm simulate`: plays a cohort's weeks in seconds through the real code, and tells what was said by itself."""

import asyncio
import json
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import typer
from aiohttp import web
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bot import settings
from bot.cli import menu, sample
from bot.platform import clock, embedded_redis
from bot.platform.garbage_collection import lasting
from bot.store.views.message_log import MILLION, LogLine, Sum, ledger, summary
from bot.web.app import build
from jobs.context import JobContext, open_desk
from jobs.simulation.actors import Crowd, SimulatedHr
from jobs.simulation.time_travel import TimeMachine

_GRAIN = timedelta(hours=1)
_BEGINS = time(8)  # of the first day, by the company's clock


@dataclass(frozen=True)
class Play:
    """What is played: so many days of so many candidates, from this day on. The same play gives the same ledger."""

    days: int
    candidates: int
    seed: int
    start: date
    folder: Path


def simulate(play: Play, progress: bool = False) -> list[LogLine]:
    """Sets up a deployment of its own in the folder, plays, and gives the ledger."""
    with _ready(play) as (desk, machine):
        with _shown(progress) as bar:
            task = bar.add_task(f"{play.candidates} candidates, {play.days} days", total=play.days * 24)
            machine.play(timedelta(days=play.days), after_each=lambda _: bar.advance(task))
        return desk.database.read(ledger)


@contextmanager
def _ready(play: Play) -> Iterator[tuple[JobContext, TimeMachine]]:
    port, folder = sample.free_port(), play.folder.resolve()  # the stand-ins run elsewhere
    own = sample.begin(folder, port)
    with ExitStack() as stack:
        with ThreadPoolExecutor() as both:
            wechat, twilio = both.map(stack.enter_context, (sample.wechat(own, port), sample.twilio(own, port)))
        os.environ.update(own | {"WECHAT_API_URL": wechat, "TWILIO_API_URL": twilio})
        clock.share(folder / "clock")
        loaded = settings.load()
        begins = clock.stand(datetime.combine(play.start, _BEGINS, loaded.company.zone))
        players = sample.move_in(folder, begins, play.candidates)
        sample.register_templates(wechat)
        fakes = ("--wechat", wechat, "--twilio", twilio)
        people = stack.enter_context(
            sample.stand_in("crowd", *fakes, "--people", str(players), "--seed", str(play.seed))
        )
        stack.callback(embedded_redis.stop, embedded_redis.start(loaded.var))
        with lasting():
            desk = open_desk()
        stack.callback(desk.database.close)
        stack.enter_context(_door(desk, port))
        others = SimulatedHr(desk, play.seed), Crowd(people)
        machine = TimeMachine(desk, (wechat, twilio), others, stands=True, grain=_GRAIN)
        machine.to(begins)
        menu.put(loaded, desk.house.content)
        yield desk, machine


@contextmanager
def _door(desk: JobContext, port: int) -> Iterator[None]:
    """The real web door, on a thread of this process: SQLite has one writer then, which waits for nobody."""
    loop = asyncio.new_event_loop()
    runner = web.AppRunner(build(desk.house, desk.database), access_log=None)
    thread = threading.Thread(target=loop.run_forever, name="door", daemon=True)
    thread.start()

    async def opened() -> None:
        await runner.setup()
        await web.TCPSite(runner, sample.HOST, port).start()

    try:
        asyncio.run_coroutine_threadsafe(opened(), loop).result(30)
        yield
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()


def _shown(progress: bool) -> Progress:
    """A line on stderr, where that is a terminal."""
    columns = TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} h"), TimeElapsedColumn()
    return Progress(*columns, console=Console(stderr=True), disable=not progress or not sys.stderr.isatty())


def told(lines: Sequence[LogLine], zone: ZoneInfo) -> Iterator[str]:
    """The ledger as a table of text, one line a message, then what became of each entry."""
    for line in lines:
        local = line.at.astimezone(ZoneInfo(line.timezone) if line.timezone else zone)
        what = " ".join(filter(None, (line.entry, line.occasion))) or line.said
        state = ": ".join(filter(None, (line.state, line.reason)))
        why = f"deferred: {line.why}" if line.why else ""
        cells = f"{local:%a %m-%d %H:%M}", line.candidate, what, line.kind, line.road or "-", state, why
        yield "  ".join(cell for cell in cells if cell)
    yield ""
    for entry, found in summary(lines).items():
        yield "  ".join(filter(None, (entry, *_counts(found))))


def _counts(found: Sum) -> Iterator[str]:
    yield f"planned {found.planned}"
    roads = ", ".join(f"{road} {count}" for road, count in sorted(found.roads.items()))
    yield f"sent {found.sent}" + (f" ({roads})" if roads else "")
    yield from (f"{state} {count}" for state, count in sorted(found.ended.items()))
    if found.cost:
        yield f"cost {Decimal(found.cost) / MILLION:.2f}"


def as_json(lines: Sequence[LogLine]) -> str:
    """One object a line of the ledger."""
    return json.dumps([asdict(line) for line in lines], ensure_ascii=False, default=datetime.isoformat)


def echo(lines: Sequence[LogLine], zone: ZoneInfo, for_programs: bool) -> None:
    for text in (as_json(lines),) if for_programs else told(lines, zone):
        typer.echo(text)
