"""Why the bot answered so, and why it spoke by itself, as JSON for the phone simulator: part of the demo alone."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from aiohttp import web
from sqlalchemy.engine import Connection

from bot.conversation import Runtime
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.views import explanations
from bot.store.views.explanations import Pushed, Why
from bot.web.simulator_proxy import STAND_IN

T = TypeVar("T")
_Look = Callable[[Connection, Cipher, str, str, int], list[T]]
_CHANNELS = ("wechat", "sms")
_MOST = 100


class Whys:
    """The handlers of `/sim/why` and `/sim/why/pushed`."""

    def __init__(self, house: Runtime, database: Database) -> None:
        self._house, self._database = house, database

    def routes(self) -> list[web.RouteDef]:
        """None at all unless the demo has named its simulator: chats of real people are nobody's to look at here."""
        if not os.environ.get(STAND_IN):
            return []
        return [web.get("/sim/why", self.show), web.get("/sim/why/pushed", self.show_pushed)]

    async def show(self, request: web.Request) -> web.Response:
        """What answered a message of the person's."""
        return web.json_response([self._told(why) for why in await self._found(request, explanations.newest)])

    async def show_pushed(self, request: web.Request) -> web.Response:
        """What was said unasked."""
        return web.json_response([_told_pushed(one) for one in await self._found(request, explanations.pushed)])

    async def _found(self, request: web.Request, look: "_Look[T]") -> list[T]:
        """`channel`, `address` and how many (`last`); newest first. 400 where they make no sense."""
        channel, address, last = (request.query.get(name, "") for name in ("channel", "address", "last"))
        if channel not in _CHANNELS or not address or not (last or "1").isdecimal() or len(last) > 9:
            raise web.HTTPBadRequest
        count = min(int(last or _MOST), _MOST)
        cipher = self._house.cipher
        return await asyncio.to_thread(
            self._database.read, lambda connection: look(connection, cipher, channel, address, count)
        )

    def _told(self, why: Why) -> dict[str, Any]:
        """With `names`: how each meaning is called, by language."""
        told = {"text": why.text, "received_at": why.received_at.isoformat(), "why": why.why}
        meanings = [*(meaning for meaning, _ in why.why.get("top", ())), *why.why.get("also", ())]
        return told | {"names": {meaning: self._names(meaning) for meaning in meanings}}

    def _names(self, meaning: str) -> dict[str, str]:
        words = self._house.content.words
        return {locale: words[locale].about[meaning] for locale in words if meaning in words[locale].about}


def _told_pushed(one: Pushed) -> dict[str, Any]:
    """Flat, the road that carried it among the rest."""
    told = asdict(one)
    told |= told.pop("tried")
    told["touch"] = {name: _iso(value) for name, value in (told["touch"] or {}).items()} or None
    return told | {"sent_at": one.sent_at.isoformat()}


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
