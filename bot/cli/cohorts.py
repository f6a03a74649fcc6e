"""`keepwarm cohorts`: dates and seats; publish, move and cancel a training; call the roll."""

import json
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from bot import links
from bot.cli import cohort_lines as words
from bot.cli import rollcall_input
from bot.cli.session import actor, opened
from bot.cohorts import announce as cohorts_announce
from bot.cohorts.edit import Moving, State, without_date
from bot.errors import ConfigError
from bot.platform import clock
from bot.record.facts import zone_of
from bot.settings import Settings
from bot.store import audit, cohorts
from bot.store import rollcall as roll_call
from bot.store.cohorts import Announcement, CohortMember, CohortRow
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database

app = typer.Typer(help="Cohorts: list, show, publish, move, cancel, rollcall.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="For programs.")]
Code = Annotated[str, typer.Argument(help="The cohort's code.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """Every cohort with its seats, open candidates, and who of them has confirmed; the next to begin first."""
    with opened() as (loaded, database, _):
        rows = database.read(lambda connection: cohorts.standings(connection, loaded.stages.closed))
        found = [words.numbers(row, loaded) for row in rows]
    if as_json:
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for row in rows:
        typer.echo("\t".join((row.cohort.code, row.cohort.name, words.start(row.cohort, loaded), *words.counts(row))))


@app.command()
def show(code: Code, as_json: AsJson = False) -> None:
    """One cohort with its open candidates: stage, confirmed or not, and where they can be written to."""
    with opened() as (loaded, database, cipher):
        closed, who = loaded.stages.closed, actor()
        held = database.read(lambda connection: cohorts.find(connection, code))
        (standing,) = database.read(lambda connection: cohorts.standings(connection, closed, code))
        members = database.read(lambda connection: cohorts.members(connection, cipher, held, closed))
        database.write(lambda connection: audit.record(connection, who, "cohorts.show", code, clock.now()))
    if as_json:
        found = words.numbers(standing, loaded) | {"candidates": [words.shown(member) for member in members]}
        typer.echo(json.dumps(found, ensure_ascii=False))
        return
    for line in (*words.lines(held, loaded), "  ".join(words.counts(standing))):
        typer.echo(line)
    for member in members:
        confirmed = "confirmed" if member.confirmed else "not confirmed"
        typer.echo("\t".join((member.code, member.name, member.stage, confirmed, words.reached(member))))


@app.command()
def publish(
    code: Code,
    undo: Annotated[bool, typer.Option("--undo", help="Take the notice back, within ten minutes.")] = False,
    yes: Yes = False,
) -> None:
    """Fix the date and tell every open candidate, ten minutes from now.

    Publishing again tells those who have come to the cohort since.
    """
    with opened() as (loaded, database, cipher):
        desk = _CohortPrompt(loaded, database, cipher, yes)
        held = desk.find(code)
        if undo:
            desk.take_back(held)
            return
        after = held if held.published else replace(held, date_state="published", version=held.version + 1)
        desk.announce(held, after, cohorts.NOTICE, "publish")


@app.command()
def move(
    code: Code,
    start: Annotated[str, typer.Option(help="When it begins now, like 2026-12-05 09:00.")] = "",
    end: Annotated[str, typer.Option(help="When it ends; left out, it lasts as long as before.")] = "",
    place: Annotated[str, typer.Option(help="The new place; needs its address.")] = "",
    address: Annotated[str, typer.Option(help="The address of the place.")] = "",
    state: Annotated[State | None, typer.Option(help="How sure the date is; left out, as before.")] = None,
    by: Annotated[str, typer.Option(help="When a date that is not published will be fixed.")] = "",
    yes: Yes = False,
) -> None:
    """Change dates or place, in the cohort's own time zone if it has one.

    If the cohort is published, every open candidate is told, ten minutes from now; at once where the old start or
    the new one is within 24 hours. A published date that is no longer sure is told as cancelled.
    """
    with opened() as (loaded, database, cipher):
        desk, now = _CohortPrompt(loaded, database, cipher, yes), clock.now()
        held = desk.find(code)
        after = Moving(held, zone_of(held, loaded), now).moved(start, end, place, address, state, by)
        desk.change(held, after, "move")


@app.command()
def cancel(code: Code, yes: Yes = False) -> None:
    """Call the training off: its candidates wait for another date, and are told so if this one was published."""
    with opened() as (loaded, database, cipher):
        desk, now = _CohortPrompt(loaded, database, cipher, yes), clock.now()
        held = desk.find(code)
        last = held.ends_at or held.starts_at
        if last and last < now:
            raise ConfigError(f"{code} is over since {words.at(last, held, loaded)}: nothing to cancel")
        desk.change(held, without_date(held) if held.starts_at else held, "cancel")


@app.command()
def rollcall(
    code: Code,
    joined: Annotated[str, typer.Option(help="Candidates' codes who came: C001,C002.")] = "",
    no_show: Annotated[str, typer.Option(help="Candidates' codes who did not come.")] = "",
    all_joined: Annotated[bool, typer.Option("--all-joined", help="All came but those in --no-show.")] = False,
    file: Annotated[Path | None, typer.Option(help="CSV or XLSX with the columns code and came (yes, no).")] = None,
    link: Annotated[bool, typer.Option("--link", help="Print a link by which a trainer does it.")] = False,
    yes: Yes = False,
) -> None:
    """Say who came, on the first day or after. Who did not come becomes a case for HR at once."""
    with opened() as (loaded, database, cipher):
        desk = _CohortPrompt(loaded, database, cipher, yes)
        held = desk.find(code)
        if link:
            if joined or no_show or all_joined or file:
                raise ConfigError("--link is for somebody else to say who came: leave the other options out")
            desk.hand_out_link(held)
            return
        _must_have_begun(held, loaded, clock.now())
        answers = rollcall_input.answers(joined, no_show, file)
        desk.call_the_roll(held, answers, all_joined)


@dataclass(frozen=True)
class _CohortPrompt:
    """Shows what a command is going to do, asks, and does it."""

    settings: Settings
    database: Database
    cipher: Cipher
    yes: bool

    @property
    def closed(self) -> Collection[str]:
        return self.settings.stages.closed

    def find(self, code: str) -> CohortRow:
        return self.database.read(lambda connection: cohorts.find(connection, code))

    def members(
        self, held: CohortRow, untold: bool = False, entry: str = "", before: CohortRow | None = None
    ) -> list[CohortMember]:
        return self.database.read(
            lambda c: cohorts.members(c, self.cipher, held, self.closed, untold, entry=entry, before=before)
        )

    def change(self, before: CohortRow, after: CohortRow, action: str) -> None:
        """Announced to whoever was told something else. The same change again goes on with what broke off."""
        if _same(before, after):
            entry = self.database.read(lambda connection: cohorts.last_entry(connection, before))
            if not entry or not self.members(before, untold=True, entry=entry):
                raise ConfigError(f"{before.code}: that is so already, nothing changes")
            self.announce(before, before, entry, action)
            return
        newer = replace(after, version=before.version + 1)
        self.announce(before, newer, cohorts.entry_of(before, newer), action)

    def announce(self, before: CohortRow, after: CohortRow, entry: str, action: str) -> None:
        """The cohort is `after`, and its open candidates hear of it by `entry`, if it is one."""
        if entry == cohorts.NOTICE:
            _must_be_publishable(after, self.settings, clock.now())
        hear = self.members(after, untold=True, entry=entry, before=before) if entry else []
        if after == before and not hear:
            typer.echo(f"{after.code}: {after.date_state} already, and everybody has been told")
            return
        for line in (*words.lines(after, self.settings), *words.listed(hear, "to be told")):
            typer.echo(line)
        if not self._agreed(action.capitalize()):
            return
        now = clock.now()
        news = cohorts.news(entry, before, after, now) if entry else None
        told = self._tell(before, after, news, action, len(hear), now)
        typer.echo(
            f"{after.code}: {words.state(after, self.settings)}; {words.heard(told, news, after, self.settings, now)}"
        )
        if told and entry == cohorts.NOTICE:
            typer.echo(f"until then it can be taken back: keepwarm cohorts publish {after.code} --undo")

    def _tell(
        self, before: CohortRow, after: CohortRow, news: Announcement | None, action: str, expected: int, now: datetime
    ) -> int:
        """Changes the cohort and plans the news, some candidates in a transaction; gives how many will hear it."""
        return cohorts_announce.announce_to(
            self.database, before, after, news, self.closed, actor(), action, expected, now
        )

    def take_back(self, held: CohortRow) -> None:
        """The notice of a publication, while that is possible."""
        for line in (*words.lines(held, self.settings), "nobody will be told, and the date is planned again"):
            typer.echo(line)
        if not self._agreed("Take back"):
            return
        taken = cohorts_announce.take_back(self.database, held, actor(), clock.now())
        typer.echo(f"{held.code}: planned; the notice is taken back from {taken}")

    def hand_out_link(self, held: CohortRow) -> None:
        """Good for whoever has it, from the first day until three days after the last; a moved date moves both."""
        roll_call.require_no_show(self.settings.stages)
        now, ends_at = clock.now(), roll_call.link_ends_at(held)
        if ends_at and ends_at <= now:
            raise ConfigError(f"{held.code} is over: a link ended {words.at(ends_at, held, self.settings)}")
        link, who = links.roll_link(self.settings, held.code, links.OPERATOR), actor()
        self.database.write(lambda connection: audit.record(connection, who, "cohorts.roll_link", held.code, now))
        typer.echo(link)
        for line in self._link_lives(held, ends_at):
            typer.echo(line, err=True)

    def _link_lives(self, held: CohortRow, ends_at: datetime | None) -> Iterator[str]:
        opens_at = roll_call.opens_at(held, zone_of(held, self.settings))
        if opens_at is None or ends_at is None:
            yield "opens on the first day, once there is a date; ends three days after the last"
            return
        yield f"opens {words.at(opens_at, held, self.settings)}, ends {words.at(ends_at, held, self.settings)}"
        yield "whoever has it sees the names and can record: give it to the trainer alone"

    def call_the_roll(self, held: CohortRow, answers: Mapping[str, bool], all_joined: bool) -> None:
        """Closed stages for who came and who did not; says who is still without an answer."""
        roll_call.require_no_show(self.settings.stages)
        members = {member.code: member for member in self.members(held)}
        if strange := sorted(answers.keys() - members.keys()):
            raise ConfigError(f"no open candidate of {held.code}: {', '.join(strange)}: nothing is recorded")
        came = {code: answers.get(code, True) for code in members if all_joined or code in answers}
        if not came:
            raise ConfigError("nobody is named: use --joined, --no-show, --all-joined or --file")
        for what, wanted in (("joined", True), ("no show", False)):
            for line in words.listed([members[code] for code in came if came[code] is wanted], what):
                typer.echo(line)
        if not self._agreed("Record"):
            return
        those = {members[code].id: there for code, there in came.items()}
        roll_call.call(self.database, held, those, self.settings.stages, actor(), clock.now())
        without = [member for code, member in members.items() if code not in came]
        typer.echo(f"{held.code}: {sum(came.values())} joined, {len(came) - sum(came.values())} no show")
        for line in words.listed(without, "still without an answer", every=True):
            typer.echo(line)

    def _agreed(self, what: str) -> bool:
        if self.yes:
            return True
        if not sys.stdin.isatty():
            raise ConfigError("nobody can be asked here, and nothing is changed: add --yes")
        if typer.confirm(f"{what}?", default=False):
            return True
        typer.echo("nothing is changed")
        return False


def _same(one: CohortRow, other: CohortRow) -> bool:
    return replace(one, version=0) == replace(other, version=0)


def _must_be_publishable(held: CohortRow, settings: Settings, now: datetime) -> None:
    missing = [name for name, value in (("start", held.starts_at), ("place", held.place)) if not value]
    if held.starts_at is None:
        how = " ".join(f"--{name} …" for name in missing)
        raise ConfigError(f"{held.code} lacks its {' and '.join(missing)}: keepwarm cohorts move {held.code} {how}")
    if held.starts_at <= now + cohorts.TAKE_BACK:
        begins = words.at(held.starts_at, held, settings)
        raise ConfigError(f"{held.code} begins {begins}: too late to announce; keepwarm cohorts move {held.code}")


def _must_have_begun(held: CohortRow, settings: Settings, now: datetime) -> None:
    opens_at = roll_call.opens_at(held, zone_of(held, settings))
    if opens_at is None or now < opens_at:
        begins = words.at(held.starts_at, held, settings) if held.starts_at else "on a day that is not known"
        raise ConfigError(f"{held.code} begins {begins}: the roll is called on the first day or after")
