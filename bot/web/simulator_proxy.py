"""/sim is the demo's alone."""

import os

import aiohttp
from aiohttp import web

STAND_IN = "KEEPWARM_SIM_URL"  # set by the demo alone: where the phone simulator listens
_PASSED_ON = ("Content-Type", "Accept")
_PASSED_BACK = ("Content-Type", "Cache-Control", "Content-Security-Policy", "Referrer-Policy")


def routes() -> list[web.RouteDef]:
    return [
        web.route("*", "/sim", _sim),
        web.route("*", "/sim/{rest:.*}", _sim),
    ]


async def _sim(request: web.Request) -> web.StreamResponse:
    """Passes on to the phone simulator, a program of its own."""
    target = os.environ.get(STAND_IN)
    if not target:
        raise web.HTTPNotFound
    headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
    async with (
        aiohttp.ClientSession(timeout=timeout) as session,
        session.request(
            request.method, target + request.raw_path, data=await request.read(), headers=headers
        ) as answer,
    ):
        response = web.StreamResponse(status=answer.status)
        for name in _PASSED_BACK:
            if name in answer.headers:
                response.headers[name] = answer.headers[name]
        await response.prepare(request)
        async for chunk in answer.content.iter_any():
            await response.write(chunk)
        return response
