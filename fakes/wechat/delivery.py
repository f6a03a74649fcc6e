"""One delivery of a push, as the servers of WeChat and of WeCom make it: cut after some seconds, the answer judged."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aiohttp

AGENT = "Mozilla/4.0"


class BadAnswer(Exception):
    """What the server said is no answer to a push."""


@dataclass(frozen=True)
class Delivery:
    """`error`: timeout, refused, broken, or what was wrong with the answer; `reply`: what a good one says."""

    status: int | None
    ms: int
    body: str
    error: str = ""
    reply: Any = None

    @property
    def good(self) -> bool:
        return not self.error

    def told(self) -> dict[str, Any]:
        return {"status": self.status, "ms": self.ms, "body": self.body, "error": self.error or None}


async def deliver(
    session: aiohttp.ClientSession,
    url: str,
    body: str,
    headers: dict[str, str],
    cut: float,
    judge: Callable[[str], Any],
) -> Delivery:
    """`cut`: seconds. `judge` gives what a good answer says, or raises BadAnswer; only HTTP 200 is looked at."""
    started = time.monotonic()
    try:
        async with asyncio.timeout(cut):
            status, answer = await _post(session, url, body, headers)
    except TimeoutError:
        return Delivery(None, _ms(started), "", "timeout")
    except aiohttp.ClientConnectorError:
        return Delivery(None, _ms(started), "", "refused")
    except (aiohttp.ClientError, OSError, ValueError):
        return Delivery(None, _ms(started), "", "broken")
    if status != 200:
        return Delivery(status, _ms(started), answer, f"status {status}")
    try:
        return Delivery(status, _ms(started), answer, reply=judge(answer))
    except BadAnswer as bad:
        return Delivery(status, _ms(started), answer, str(bad))


async def verify(session: aiohttp.ClientSession, url: str, echo: str) -> dict[str, Any]:
    """The call by which the platforms see that an address is ours: it must answer with the echo alone."""
    started = time.monotonic()
    async with session.get(url, headers={"User-Agent": AGENT}) as response:
        body = await response.text()
    good = response.status == 200 and body == echo
    return {"status": response.status, "ms": _ms(started), "body": body, "good": good}


async def _post(session: aiohttp.ClientSession, url: str, body: str, headers: dict[str, str]) -> tuple[int, str]:
    sent = {"User-Agent": AGENT} | headers
    async with session.post(url, data=body.encode(), headers=sent, allow_redirects=False) as response:
        return response.status, (await response.read()).decode("utf-8", "replace")


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
