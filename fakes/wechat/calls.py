"""How an API call is read and answered, whatever it asks: method, token, quota, JSON, refusals."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from fakes.faults import Fault
from fakes.wechat.account import Account
from fakes.wechat.refusals import Refusal

Body = dict[str, Any]
Call = Callable[[web.Request, Body], Awaitable[web.StreamResponse]]
OK: Body = {"errcode": 0, "errmsg": "ok"}
ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*\\u[0-9a-fA-F]{4}")


def answer(body: Body) -> web.Response:
    text = json.dumps(body, ensure_ascii=False)
    return web.Response(body=text.encode(), headers={"Content-Type": "application/json; encoding=utf-8"})


def refusal(fault: Fault) -> web.Response:
    return answer(Refusal(fault.errcode, fault.errmsg).body())


def call(account: Account, method: str, act: Call, *, token: bool = True) -> Callable[[web.Request], Any]:
    """An API door: `act` gets the request and its JSON body, and may raise Refusal."""

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            _check_method(request, method)
            if token:
                account.tokens.check(request.query.get("access_token", ""), account.clock.now())
            account.quotas.spend(request.path, account.clock.now())
            return await act(request, await _body(request, escapes=not token))
        except Refusal as refused:
            return answer(refused.body())

    return handler


def _check_method(request: web.Request, method: str) -> None:
    if request.method != method:
        raise Refusal(43001 if method == "GET" else 43002)


async def _body(request: web.Request, *, escapes: bool) -> Body:
    if request.method != "POST" or request.content_type.startswith("multipart/"):
        return {}
    raw = await request.read()
    if not raw.strip():
        raise Refusal(44002)
    if not escapes and ESCAPED.search(raw):
        raise Refusal(40033)
    try:
        body = json.loads(raw)
    except ValueError as wrong:
        raise Refusal(47001) from wrong
    if not isinstance(body, dict):
        raise Refusal(47001)
    return body
