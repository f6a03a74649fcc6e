"""What every fake platform remembers: its clock, chats, calls, sends and deliveries."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import aiohttp

from fakes.chat import ChatLog
from fakes.clock import Clock
from fakes.faults import Faults


class World:
    def __init__(self, base: str, callback: str) -> None:
        self.base = base
        self.callback = callback
        self.clock = Clock()
        self.chat = ChatLog()
        self.faults = Faults()
        self.calls: Counter[str] = Counter()
        self.sends: list[dict[str, Any]] = []
        self.deliveries: list[dict[str, Any]] = []
        self.on_time: Callable[[], None] = lambda: None  # called when the clock was moved
        self._tasks: set[asyncio.Task[Any]] = set()
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """Every delivery takes a fresh connection, as calls from a platform's many machines do."""
        if self._session is None:
            connector = aiohttp.TCPConnector(force_close=True, limit=0)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=True)
        return self._session

    def accepted(self, **send: Any) -> dict[str, Any]:
        """A send the platform has taken; `answered` turns true when its caller got the response."""
        send = {"seq": len(self.sends) + 1, "time": round(self.clock.now(), 3)} | send | {"answered": False}
        self.sends.append(send)
        return send

    def ambiguous(self) -> int:
        return sum(not send["answered"] for send in self.sends)

    def background(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """Returns when nothing this fake has begun is still under way."""
        while self._tasks:
            await asyncio.gather(*tuple(self._tasks), return_exceptions=True)

    def reset(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        self.clock.reset()
        self.chat.clear()
        self.faults.clear()
        self.calls.clear()
        self.sends.clear()
        self.deliveries.clear()

    async def close(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        if self._session is not None:
            await self._session.close()
