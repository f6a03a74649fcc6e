"""Why the bot answered so, as JSON for the phone simulator: part of the demo, and of no other door."""

import asyncio
import os
from typing import Any

from aiohttp import web

from bot.conversation import House
from bot.store import whys
from bot.store.database import Database
from bot.store.whys import Why
from bot.web.doors import STAND_IN

_CHANNELS = ("wechat", "sms")
_MOST = 100


class Whys:
    """The handler of `/sim/why`."""

    def __init__(self, house: House, database: Database) -> None:
        self._house, self._database = house, database

    def routes(self) -> list[web.RouteDef]:
        """None at all unless the demo has named its simulator: chats of real people are nobody's to look at here."""
        return [web.get("/sim/why", self.show)] if os.environ.get(STAND_IN) else []

    async def show(self, request: web.Request) -> web.Response:
        """`channel`, `address` and how many (`last`); newest first. 400 where they make no sense."""
        channel, address, last = (request.query.get(name, "") for name in ("channel", "address", "last"))
        if channel not in _CHANNELS or not address or not (last or "1").isdecimal() or len(last) > 9:
            raise web.HTTPBadRequest
        count = min(int(last or _MOST), _MOST)
        cipher = self._house.cipher
        found = await asyncio.to_thread(
            self._database.read, lambda connection: whys.newest(connection, cipher, channel, address, count)
        )
        return web.json_response([self._told(why) for why in found])

    def _told(self, why: Why) -> dict[str, Any]:
        """With `names`: how each meaning is called, by language."""
        told = {"text": why.text, "received_at": why.received_at.isoformat(), "why": why.why}
        meanings = [*(meaning for meaning, _ in why.why.get("top", ())), *why.why.get("also", ())]
        return told | {"names": {meaning: self._names(meaning) for meaning in meanings}}

    def _names(self, meaning: str) -> dict[str, str]:
        words = self._house.content.words
        return {locale: words[locale].about[meaning] for locale in words if meaning in words[locale].about}
