"""Keeps what everybody is going to do, and does what is due through the fakes; hears what came meanwhile."""

import asyncio
import heapq
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aiohttp

from fakes.crowd.manners import Act, Manner, manners
from fakes.simulator import people
from fakes.simulator.phones import SMS, WECHAT

_MOST_ROUNDS = 50  # at one moment
_AT_ONCE = 8  # people
_FORM = re.compile(r"<form[^>]*\bmethod=\"post\"[^>]*>", re.IGNORECASE)


class Crowd:
    """Whoever is played by a visitor is left to the visitor from then on."""

    def __init__(self, urls: dict[str, str], people_file: Path, seed: int) -> None:
        self._urls, self._file, self._seed = urls, people_file, seed
        self._everyone: dict[str, Manner] = {}  # by code
        self._chats: dict[tuple[str, str], Manner] = {}
        self._plans: list[Act] = []
        self._seen = dict.fromkeys(urls, 0)  # the last message of each platform
        self._own: Counter[tuple[str, str]] = Counter()  # acts of ours that the chats do not show yet
        self._visited: set[str] = set()
        self._busy = asyncio.Semaphore(_AT_ONCE)
        self._session: aiohttp.ClientSession | None = None

    async def act(self, now: float) -> dict[str, Any]:
        """Does what is due until now; gives how much, and when there is something to do again."""
        if not self._everyone:
            self._begin(now)
        acted = 0
        for _ in range(_MOST_ROUNDS):
            await self._listen()
            due = self._due(now)
            if not due:
                break
            await asyncio.gather(*(self._do_all(acts) for acts in due.values()))
            acted += sum(map(len, due.values()))
        return {"acted": acted, "next": self._plans[0].at if self._plans else None}

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    def _begin(self, now: float) -> None:
        for manner in manners(people.read(self._file).candidates, self._seed):
            self._everyone[manner.code] = manner
            self._chats[manner.channel, manner.chat] = manner
            for act in manner.begins(now):
                heapq.heappush(self._plans, act)

    def _due(self, now: float) -> dict[str, list[Act]]:
        """By person: several act at once, each in order."""
        due: dict[str, list[Act]] = {}
        while self._plans and self._plans[0].at <= now:
            act = heapq.heappop(self._plans)
            if act.code not in self._visited:
                due.setdefault(act.code, []).append(act)
        return due

    async def _listen(self) -> None:
        """What everybody hears makes them plan."""
        for channel, news in zip(self._urls, await asyncio.gather(*map(self._news, self._urls)), strict=True):
            for message in news:
                self._seen[channel] = message["seq"]
                manner = self._chats.get((channel, message["chat"]))
                if manner is None:
                    continue
                if message["direction"] == "in":
                    self._note(manner, (channel, message["chat"]))
                for act in manner.hears(message):
                    heapq.heappush(self._plans, act)

    async def _news(self, channel: str) -> list[dict[str, Any]]:
        after = {"after": self._seen[channel]}
        async with self._http().get(f"{self._urls[channel]}/_fake/news", params=after) as response:
            news: list[dict[str, Any]] = await response.json()
        return news

    def _note(self, manner: Manner, chat: tuple[str, str]) -> None:
        if self._own[chat]:
            self._own[chat] -= 1
        else:
            self._visited.add(manner.code)

    async def _do_all(self, acts: Sequence[Act]) -> None:
        async with self._busy:
            for act in acts:
                await self._do(act)

    async def _do(self, act: Act) -> None:
        manner = self._everyone[act.code]
        if act.name == "open":
            await self._read(act.fields["url"])
            return
        done = manner.does(act)
        path, order = (WECHAT if manner.channel == "wechat" else SMS)[done.name](
            manner.person, {"act": done.name} | done.fields
        )
        self._own[manner.channel, manner.chat] += 1
        async with self._http().post(self._urls[manner.channel] + path, json=order) as response:
            await response.read()

    async def _read(self, url: str) -> None:
        """Opens the page, and presses its first button, as who has read it does."""
        async with self._http().get(url) as response:
            page = await response.text()
        if _FORM.search(page):  # to its own address
            async with self._http().post(url) as answer:
                await answer.read()

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60))
        return self._session
