"""`keepwarm candidates`: look them up, print their cards, move them, check their papers."""

import enum
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import segno
import sqlalchemy as sa
import typer
from sqlalchemy.engine import Connection

from bot import links
from bot.channels.wechat.sender import WechatApi
from bot.channels.wechat.tokens import SharedTokens
from bot.cli.release import release
from bot.cli.session import actor, opened
from bot.content import load
from bot.errors import ConfigError, DeliveryError
from bot.platform import clock
from bot.record import facts
from bot.record.model import Task
from bot.settings import Settings
from bot.store import audit, moves, people, plans, tasks
from bot.store.db.cipher import Cipher
from bot.store.tables import addresses, candidates, cohorts, promises, staff, stores

app = typer.Typer(help="Candidates: list, show, print cards, move, mark tasks.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Code = Annotated[str, typer.Argument(help="The candidate's code.")]


@app.command("list")
def list_(
    stage: Annotated[str, typer.Option(help="Only this stage.")] = "",
    cohort: Annotated[str, typer.Option(help="Only this cohort's code.")] = "",
    store: Annotated[str, typer.Option(help="Only this store's code.")] = "",
    as_json: AsJson = False,
) -> None:
    """Everybody, or those you name."""
    with opened() as (_, database, cipher):
        rows = database.read(lambda connection: _rows(connection, cipher, stage, cohort, store))
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        typer.echo(f"{row['code']}\t{row['name']}\t{row['stage']}\t{row['cohort'] or '-'}\t{row['store'] or '-'}")


@app.command()
def show(code: Code, as_json: AsJson = False) -> None:
    """One candidate, with the invite code and where they are bound."""
    with opened() as (loaded, database, cipher):
        found = database.read(lambda connection: _shown(connection, cipher, loaded, code))
        who = actor()
        database.write(lambda connection: audit.record(connection, who, "candidates.show", code, clock.now()))
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for name, value in found.items():
        typer.echo(f"{name}: {value if value not in (None, [], {}) else '-'}")


@app.command()
def stage(code: Code, stage: Annotated[str, typer.Argument(help="The stage they are in from now on.")]) -> None:
    """Move a candidate to a stage."""
    with opened() as (loaded, database, _):
        if stage not in loaded.stages.all:
            raise typer.BadParameter(f"no stage is called {stage!r}: use one of {', '.join(loaded.stages.all)}")
        who, now = actor(), clock.now()
        database.write(lambda connection: moves.to_stage(connection, _id(connection, code), stage, "hr", now))
        _note(database.write, who, "candidates.stage", code, now, {"stage": stage})
    typer.echo(f"{code}: {stage}")


@app.command()
def cohort(code: Code, cohort: Annotated[str, typer.Argument(help="The cohort's code, or - for none.")]) -> None:
    """Move a candidate to a cohort."""
    _place(code, "cohort", cohort)


@app.command()
def store(code: Code, store: Annotated[str, typer.Argument(help="The store's code, or - for none.")]) -> None:
    """Move a candidate to a store."""
    _place(code, "store", store)


class TaskState(enum.StrEnum):
    """How a task may stand."""

    done = "done"
    open = "open"


@app.command()
def task(
    code: Code,
    task: Annotated[str, typer.Argument(help="The task's code in touchpoints.yaml, like id_copy.")],
    state: Annotated[TaskState, typer.Argument(help="done: you have checked it; open: it is to be done after all.")],
) -> None:
    """Mark a candidate's task as done or open; reminders of it end, or begin again."""
    with opened() as (loaded, database, _):
        known = load(loaded).rhythm.tasks
        if task not in known:
            raise ConfigError(f"no task has the code {task}: touchpoints.yaml has {', '.join(known) or 'none'}")
        who, now = actor(), clock.now()

        def mark(connection: Connection) -> None:
            number = _id(connection, code)
            if state is TaskState.done:
                tasks.done(connection, number, task, "hr", now)
            else:
                tasks.reopen(connection, number, task)
            plans.wake(connection, candidates, [number], now)
            audit.record(connection, who, "candidates.task", code, now, {task: state})

        database.write(mark)
    typer.echo(f"{code}: {task} {state}")


@app.command()
def revoke(code: Code) -> None:
    """Make every page link given to a candidate before invalid; `show` gives a fresh one."""
    with opened() as (_, database, _cipher):
        who, now = actor(), clock.now()
        newer = {"page_version": candidates.c.page_version + 1}
        database.write(lambda c: people.change_candidate(c, _id(c, code), now, **newer))
        _note(database.write, who, "candidates.revoke", code, now, {})
    typer.echo(f"{code}: links revoked")


@app.command()
def qr(
    cohort: Annotated[str, typer.Option(help="Only this cohort's code.")] = "",
    owner: Annotated[str, typer.Option(help="Only this staff member's candidates.")] = "",
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("cards.html"),
) -> None:
    """Print cards with the scene QR code, for the interviewer to hand out. Open the page and print it."""
    with opened() as (loaded, database, cipher):
        if not loaded.wechat.on:
            raise ConfigError("cards need a WeChat account: set WECHAT_APP_ID, WECHAT_APP_SECRET and WECHAT_TOKEN")
        people_ = database.read(lambda connection: _for_cards(connection, cipher, loaded, cohort, owner))
        api = WechatApi(loaded.wechat, SharedTokens(None, loaded.wechat.app_id))
        cards = []
        with typer.progressbar(people_, label="cards", file=sys.stderr) as progress:
            for person in progress:
                try:
                    url = api.scene_code(person["invite"])
                except DeliveryError as error:
                    raise ConfigError(f"WeChat made no code: {error}") from None
                cards.append({**person, "svg": segno.make(url, error="m").svg_inline(scale=4)})
        out.write_text(_cards_page(loaded, cards), encoding="utf-8")
        who = actor()
        database.write(
            lambda connection: audit.record(connection, who, "candidates.qr", None, clock.now(), {"cards": len(cards)})
        )
    typer.echo(f"{len(cards)} cards in {out}")


app.command()(release)


def _place(code: str, what: str, target: str) -> None:
    with opened() as (loaded, database, _cipher):
        who, now, closed = actor(), clock.now(), loaded.stages.closed
        database.write(lambda c: moves.to_place(c, _id(c, code), what, target, "hr", closed, now))
        _note(database.write, who, f"candidates.{what}", code, now, {what: target})
    typer.echo(f"{code}: {target}")


def _note(write: Any, who: str, action: str, code: str, now: datetime, detail: dict[str, Any]) -> None:
    write(lambda connection: audit.record(connection, who, action, code, now, detail))


def _id(connection: Connection, code: str) -> int:
    found = people.by_code(connection, code)
    if found is None:
        raise ConfigError(f"no candidate has the code {code}")
    return found


def _rows(connection: Connection, cipher: Cipher, stage: str, cohort: str, store: str) -> list[dict[str, Any]]:
    wanted = (
        sa.select(candidates, cohorts.c.code.label("cohort"), stores.c.code.label("store"))
        .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
        .outerjoin(stores, candidates.c.store_id == stores.c.id)
        .order_by(candidates.c.code)
    )
    for column, value in ((candidates.c.stage, stage), (cohorts.c.code, cohort), (stores.c.code, store)):
        wanted = wanted.where(column == value) if value else wanted
    return [
        {
            "code": row.code,
            "name": cipher.open(row.name, "candidates.name"),
            "stage": row.stage,
            "cohort": row.cohort,
            "store": row.store,
        }
        for row in connection.execute(wanted)
    ]


def _shown(connection: Connection, cipher: Cipher, settings: Settings, code: str) -> dict[str, Any]:
    number = _id(connection, code)
    row = connection.execute(sa.select(candidates).where(candidates.c.id == number)).one()
    record = people.load(connection, cipher, number)
    bound = connection.execute(sa.select(addresses.c.channel).where(addresses.c.candidate_id == number)).scalars()
    open_promises = sa.select(promises.c.about).where(promises.c.candidate_id == number, promises.c.state == "open")
    return {
        "code": row.code,
        "name": record.name,
        "phone": cipher.open_maybe(row.phone, "candidates.phone"),
        "email": cipher.open_maybe(row.email, "candidates.email"),
        "locale": row.locale,
        "timezone": row.timezone,
        "stage": row.stage,
        "stage_at": row.stage_at.isoformat(),
        "stages": {stage: at.isoformat() for stage, at in people.history(connection, number)},
        "cohort": record.cohort.code if record.cohort else None,
        "store": record.store.code if record.store else None,
        "owner": row.owner,
        "source": row.source,
        "position": row.position,
        "invite": cipher.open(row.invite, "candidates.invite"),
        "page": links.page_link(settings, number, row.page_version) if settings.secret_key else None,
        "bound": sorted(bound),
        "pushes": "off" if row.pushes_stopped_at else "notices only" if row.notices_only_at else "on",
        "released": row.released_at.isoformat() if row.released_at else None,
        "tasks": [_task(each) for each in people.tasks_of(connection, number)],
        "promises": list(connection.execute(open_promises).scalars()),
        "next": facts.next_stage(row.stage, settings) or None,
    }


def _task(task: Task) -> dict[str, str | None]:
    moments = {"due_at": task.due_at, "done_at": task.done_at}
    return {"code": task.code} | {name: at.isoformat() if at else None for name, at in moments.items()}


def _for_cards(
    connection: Connection, cipher: Cipher, settings: Settings, cohort: str, owner: str
) -> list[dict[str, str]]:
    wanted = (
        sa.select(candidates.c.code, candidates.c.name, candidates.c.invite, cohorts.c.code.label("cohort"))
        .outerjoin(cohorts, candidates.c.cohort_id == cohorts.c.id)
        .where(candidates.c.stage.not_in(settings.stages.closed))
        .order_by(candidates.c.code)
    )
    if cohort:
        wanted = wanted.where(cohorts.c.code == cohort)
    if owner:
        if not connection.execute(sa.select(staff.c.id).where(staff.c.code == owner)).first():
            raise ConfigError(f"no staff member has the code {owner}")
        wanted = wanted.where(candidates.c.owner == owner)
    return [
        {
            "code": row.code,
            "name": cipher.open(row.name, "candidates.name"),
            "invite": cipher.open(row.invite, "candidates.invite"),
        }
        for row in connection.execute(wanted)
    ]


def _cards_page(settings: Settings, cards: list[dict[str, str]]) -> str:
    """The words of the cards stand in messages/, one line a language."""
    from bot.web.pages import page

    return page("cards.html", cards=cards, settings=settings, words=load(settings).words)
