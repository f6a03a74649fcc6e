"""The control calls under /_fake/ that every fake platform has: clock, faults, records, reset, live events."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from fakes.world import World

Order = dict[str, Any]
Action = Callable[[Order], Awaitable[Any]]


def common(world: World) -> list[web.RouteDef]:
    control = _Common(world)
    return [
        web.post("/_fake/clock", action(control.move_clock)),
        web.get("/_fake/clock", action(control.move_clock)),
        web.post("/_fake/faults", action(control.add_faults)),
        web.get("/_fake/faults", action(control.list_faults)),
        web.post("/_fake/reset", action(control.reset)),
        web.post("/_fake/callback", action(control.set_callback)),
        web.get("/_fake/calls", action(control.calls)),
        web.get("/_fake/sends", action(control.sends)),
        web.get("/_fake/ambiguous", action(control.ambiguous)),
        web.get("/_fake/deliveries", action(control.deliveries)),
        web.post("/_fake/idle", action(control.idle)),
        web.get("/_fake/news", action(control.news)),
        web.get("/_fake/events", control.events),
    ]


def action(act: Action) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A control call: JSON (or the query) in, JSON out; a KeyError or ValueError is the caller's mistake."""

    async def handler(request: web.Request) -> web.Response:
        try:
            return _said(await act(await _order(request)))
        except KeyError as missing:
            return _said({"error": f"missing or unknown: {missing.args[0]}"}, 400)
        except (ValueError, TypeError) as wrong:
            return _said({"error": str(wrong)}, 400)

    return handler


class _Common:
    def __init__(self, world: World) -> None:
        self.world = world

    async def move_clock(self, order: Order) -> Order:
        if "add_seconds" in order:
            self.world.clock.add(float(order["add_seconds"]))
        if "set" in order:
            self.world.clock.set(float(order["set"]))
        if "stand" in order:
            self.world.clock.stand(float(order["stand"]))
        self.world.on_time()
        return {"now": self.world.clock.now(), "iso": self.world.clock.moment().isoformat()}

    async def add_faults(self, order: Order) -> Order:
        if order.get("clear"):
            self.world.faults.clear()
        for fault in order.get("faults", [order] if "kind" in order else []):
            self.world.faults.add(fault)
        return {"faults": self.world.faults.listed()}

    async def list_faults(self, _: Order) -> Order:
        return {"faults": self.world.faults.listed()}

    async def reset(self, _: Order) -> Order:
        self.world.reset()
        return {}

    async def set_callback(self, order: Order) -> Order:
        self.world.callback = str(order["url"])
        return {"url": self.world.callback}

    async def calls(self, _: Order) -> Order:
        return dict(self.world.calls)

    async def ambiguous(self, _: Order) -> Order:
        """Sends that were accepted without their caller getting an answer."""
        return {"sends": len(self.world.sends), "ambiguous": self.world.ambiguous()}

    async def sends(self, order: Order) -> list[Order]:
        return [send for send in self.world.sends if order.get("to") in (None, send["to"])]

    async def deliveries(self, _: Order) -> list[Order]:
        return self.world.deliveries

    async def idle(self, _: Order) -> Order:
        await self.world.idle()
        return {}

    async def news(self, order: Order) -> list[Order]:
        """What came into all chats after the message number `after`."""
        return self.world.chat.since(int(order.get("after", 0)))

    async def events(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(request)
        await response.write(b": listening\n\n")
        with self.world.chat.watched() as queue:
            while True:
                message = await queue.get()
                await response.write(f"event: message\ndata: {json.dumps(message)}\n\n".encode())


async def _order(request: web.Request) -> Order:
    order: Order = dict(request.query)
    if request.can_read_body:
        sent = await request.json()
        if not isinstance(sent, dict):
            raise ValueError("the body must be a JSON object")
        order |= sent
    return order


def _said(body: Any, status: int = 200) -> web.Response:
    return web.json_response(body, status=status, dumps=lambda value: json.dumps(value, ensure_ascii=False))
