"""Things that go wrong on purpose, each for the next n calls of a path."""

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

FOREVER = -1
KINDS = ("errcode", "http", "answer", "hang", "reset")
ALIASES: dict[str, dict[str, Any]] = {
    "reset_before_commit": {"kind": "reset", "when": "before"},
    "reset_after_commit": {"kind": "reset", "when": "after"},
    "hang_after_commit": {"kind": "hang", "when": "after"},
    "429": {"kind": "errcode", "errcode": 20429, "status": 429},
    "5xx": {"kind": "http", "status": 503},
}
AFTER = "after the answer"  # request key: work to begin once the response is written
SENDS = "sends"  # request key: what this request has made the platform send


@dataclass
class Fault:
    """`path` is part of the request's path ("*" = any); `when` is before or after the call took effect. An `answer`
    says `body` with `status`, whatever it is; `location` is where a redirect leads."""

    path: str
    kind: str
    times: int = 1
    when: str = "before"
    errcode: int = -1
    errmsg: str = ""
    status: int = 200
    seconds: float = 30.0
    to: str = ""
    body: str = ""
    location: str = ""

    def fits(self, path: str, body: bytes) -> bool:
        return self._meant_for(body) and (self.path == "*" or self.path in path)

    def _meant_for(self, body: bytes) -> bool:
        return not self.to or self.to in _addressees(body)


class Faults:
    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, order: dict[str, Any]) -> Fault:
        """Raises ValueError for what is no fault."""
        order = order | ALIASES.get(str(order.get("kind")), {})
        order["times"] = FOREVER if order.get("times") == "forever" else order.get("times", order.pop("count", 1))
        unknown = order.keys() - {field.name for field in fields(Fault)}
        if unknown or order.get("kind") not in KINDS or order.get("when", "before") not in ("before", "after"):
            raise ValueError(f"not a fault: {order}; kinds are {', '.join((*KINDS, *ALIASES))}")
        if order["kind"] == "http":
            order.setdefault("status", 503)
        fault = Fault(**({"path": "*"} | order))
        self._waiting.append(fault)
        return fault

    def take(self, path: str, body: bytes) -> Fault | None:
        fault = next((fault for fault in self._waiting if fault.fits(path, body)), None)
        if fault is not None and fault.times != FOREVER:
            fault.times -= 1
            self._waiting = [other for other in self._waiting if other.times != 0]
        return fault

    def listed(self) -> list[dict[str, Any]]:
        return [dict(vars(fault)) for fault in self._waiting]

    def clear(self) -> None:
        self._waiting.clear()


def middleware(
    faults: Faults, count: Callable[[web.Request], None], refusal: Callable[[Fault], web.Response]
) -> Middleware:
    """Counts each API call, lets a waiting fault strike, and notes which sends were really answered."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path.startswith("/_fake/"):
            return await handler(request)
        count(request)
        uploads = request.content_type.startswith("multipart/")
        try:
            fault = faults.take(request.path, b"" if uploads else await request.read())
        except ConnectionError:  # the caller died in the middle of its sentence
            return web.Response()
        if fault is None:
            return await _answer(request, await handler(request))
        if fault.when == "before" and fault.kind != "hang":
            return _struck(request, fault, refusal)
        return await _late(request, handler, fault, refusal)

    return guarded


async def _late(
    request: web.Request, handler: Handler, fault: Fault, refusal: Callable[[Fault], web.Response]
) -> web.StreamResponse:
    if fault.when == "before":
        await asyncio.sleep(fault.seconds)
        return web.Response() if _gone(request) else await _answer(request, await handler(request))
    response = await handler(request)
    if fault.kind != "hang":
        _start_after(request)
        return _struck(request, fault, refusal)
    _start_after(request)
    await asyncio.sleep(fault.seconds)
    return await _answer(request, response)


def _struck(request: web.Request, fault: Fault, refusal: Callable[[Fault], web.Response]) -> web.Response:
    if fault.kind == "reset":
        _reset(request)
        return web.Response()
    if fault.kind == "answer":
        headers = {"Location": fault.location} if fault.location else {}
        return web.Response(
            status=fault.status, body=fault.body.encode(), content_type="application/json", headers=headers
        )
    if fault.kind == "http":
        return web.Response(status=fault.status, text="<html><body>Bad gateway</body></html>", content_type="text/html")
    return refusal(fault)


async def _answer(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Writes the response out here, so that a send counts as answered only if its caller was still there."""
    with contextlib.suppress(ConnectionError):
        await response.prepare(request)
        await response.write_eof()
    if not _gone(request):
        for send in request.get(SENDS, ()):
            send["answered"] = True
    _start_after(request)
    return response


def _start_after(request: web.Request) -> None:
    for start in request.pop(AFTER, ()):
        start()


def _gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()


def _reset(request: web.Request) -> None:
    if request.transport is None:
        return
    sock = request.transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()


def _addressees(body: bytes) -> str:
    """Where a body does not say, all of it: whoever is mentioned."""
    with contextlib.suppress(ValueError, AttributeError, KeyError):
        return str(json.loads(body)["touser"])
    return body.decode("utf-8", "replace").replace("%2B", "+")
