"""The roll call by a trainer's link: who of the cohort came and who did not. Opening the page changes nothing.

A link reaches no further than who made it: it names and records those whom its maker sees at that moment.

Whoever has the link may call the roll: no cookie and no sign-in goes with it, so another site cannot borrow anybody's
right to. The form carries a proof that belongs to its link; a call without it records nothing. (Origin would not do:
under our `Referrer-Policy: no-referrer` browsers say `null`.)
"""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from aiohttp import web
from sqlalchemy.engine import Connection

from bot import links
from bot.content.templates import written_at
from bot.conversation import Runtime
from bot.errors import ConfigError, Rejected
from bot.platform import clock
from bot.record import facts
from bot.staff import permissions
from bot.store import cohorts, rollcall
from bot.store.cohorts import CohortMember, CohortRow
from bot.store.db.database import Database
from bot.store.rollcall import Recorded
from bot.store.visibility import seen_by, sight_of
from bot.web import forms
from bot.web.pages import page

_FIELD = re.compile(r"came\.(.+)")  # and the candidate's code
_BIGGEST = 64 * 1024  # bytes of a form
_CAME = {"yes": True, "no": False}


class RollPage:
    """Handlers of `/roll/{token}`."""

    def __init__(self, house: Runtime, database: Database, now: Callable[[], datetime] = clock.now) -> None:
        self._house, self._database, self._now = house, database, now

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/roll/{token}", self.show), web.post("/roll/{token}", self.record)]

    async def show(self, request: web.Request) -> web.Response:
        """404 or 410 without a hint where the link is not good; before the first day without a name."""
        token = request.match_info["token"]
        try:
            html = await asyncio.to_thread(self._database.read, lambda connection: self._page(connection, token))
        except (Rejected, ConfigError) as refused:
            return _refused(refused)
        return web.Response(text=html, content_type="text/html")

    async def record(self, request: web.Request) -> web.Response:
        """Records what was chosen and leads back to the page. Who is left out or recorded already stays as they are."""
        token = request.match_info["token"]
        try:
            await asyncio.to_thread(self._database.read, lambda connection: self._link(connection, token))
            form = await forms.read(request, _BIGGEST)
            await asyncio.to_thread(self._record, token, form.fields)
        except (Rejected, ConfigError) as refused:
            return _refused(refused)
        return web.Response(status=303, headers={"Location": token})

    def _record(self, token: str, chosen: Mapping[str, str]) -> None:
        settings, now = self._house.settings, self._now()
        cohort, maker = self._database.read(lambda connection: self._link(connection, token))
        links.require_proof(settings, token, chosen.get("proof", ""))
        if self._opens_at(cohort):
            return

        def seen(connection: Connection) -> sa.ColumnElement[bool]:
            return self._seen(connection, maker)

        came = {found[1]: value for name, value in chosen.items() if (found := _FIELD.fullmatch(name))}
        waiting = self._database.read(lambda connection: self._waiting(connection, cohort, seen(connection)))
        answers = {member.id: _CAME[came[member.code]] for member in waiting if came.get(member.code) in _CAME}
        who = ":".join(filter(None, ("link", cohort.code, maker)))
        rollcall.call(self._database, cohort, answers, settings.stages, who, now, seen)

    def _link(self, connection: Connection, token: str) -> tuple[CohortRow, str]:
        """The cohort, and who made the link. Raises Rejected where it is not ours (404) or no longer good (410)."""
        settings = self._house.settings
        rollcall.require_no_show(settings.stages)
        code, maker = links.read_roll(settings, token)
        cohort = cohorts.find(connection, code)
        ends_at = rollcall.link_ends_at(cohort)
        if ends_at and ends_at <= self._now():
            raise Rejected("the link is too old", 410)
        self._seen(connection, maker)
        return cohort, maker

    def _seen(self, connection: Connection, maker: str) -> sa.ColumnElement[bool]:
        """Whom the maker of the link sees now. Raises Rejected where they may not call the roll any more."""
        if maker == links.OPERATOR:
            return sa.true()
        sight = sight_of(connection, maker, self._now())
        if sight is None or not permissions.may(sight.role, "roll"):
            raise Rejected("who made the link may not call the roll any more", 410)
        return seen_by(sight)

    def _waiting(self, connection: Connection, cohort: CohortRow, seen: sa.ColumnElement[bool]) -> list[CohortMember]:
        closed = self._house.settings.stages.closed
        return cohorts.members(connection, self._house.cipher, cohort, closed, seen=seen)

    def _opens_at(self, cohort: CohortRow) -> datetime | None:
        """When the roll may be called, if that is still to come."""
        opens_at = rollcall.opens_at(cohort, facts.zone_of(cohort, self._house.settings))
        return opens_at if opens_at and opens_at > self._now() else None

    def _page(self, connection: Connection, token: str) -> str:
        cohort, maker = self._link(connection, token)
        if cohort.starts_at is None or self._opens_at(cohort):
            return page("roll.html", **self._values(cohort), waiting=[], recorded=[], proof="")
        seen = self._seen(connection, maker)
        waiting = self._waiting(connection, cohort, seen)
        recorded = rollcall.recorded(connection, self._house.cipher, cohort, self._house.settings.stages, seen)
        proof = links.proof(self._house.settings, token)
        return page("roll.html", **self._values(cohort), **_counted(recorded), waiting=waiting, proof=proof)

    def _values(self, cohort: CohortRow) -> dict[str, Any]:
        company = self._house.settings.company
        words = self._house.content.words[company.locale]
        zone = facts.zone_of(cohort, self._house.settings)

        def written(moment: datetime | None, name: str) -> str:
            return written_at(moment.astimezone(zone), words.formats[name], company.locale) if moment else ""

        return {
            "lang": company.locale,
            "words": words.pages,
            "company": company.called(company.locale),
            "cohort": cohort,
            "start": written(cohort.starts_at, "moment"),
            "opens": written(self._opens_at(cohort), "day"),
        }


def _counted(recorded: Sequence[Recorded]) -> dict[str, Any]:
    came = sum(person.came for person in recorded)
    return {"recorded": recorded, "came": came, "away": len(recorded) - came}


def _refused(refused: Rejected | ConfigError) -> web.Response:
    return web.Response(status=getattr(refused, "status", 404))
