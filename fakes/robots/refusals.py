"""Error answers: HTTP 200 with the code in the body (protocols.md 2)."""

import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

Body = dict[str, Any]
Act = Callable[[web.Request, Body], Awaitable[Body]]
MESSAGES = {
    -1: "system busy",
    40001: "invalid credential",
    40008: "invalid message type",
    40013: "invalid corpid",
    40014: "invalid access_token",
    40035: "invalid parameter",
    40056: "invalid agentid",
    41001: "access_token missing",
    41002: "corpid missing",
    41004: "corpsecret missing",
    42001: "access_token expired",
    43001: "require GET method",
    43002: "require POST method",
    44004: "content is empty",
    45009: "api freq out of limit",
    47001: "data format error",
    60020: "not allow to access from your ip",
    81013: "user & party & tag all invalid",
    93000: "invalid webhook url",
    130101: "send too fast, exceed 20 times per minute",
    300005: "token is not exist",
    460101: "message too long, exceed 20000 bytes",
}


class Refusal(Exception):
    """A call that a platform turns down."""

    def __init__(self, code: int, words: str = "") -> None:
        self.code = code
        self.words = words or MESSAGES.get(code, "system error")


def said(body: Body, kind: str = "application/json; charset=UTF-8") -> web.Response:
    return web.Response(body=json.dumps(body, ensure_ascii=False).encode(), headers={"Content-Type": kind})


def hinted(refused: Refusal) -> Body:
    """As WeCom says it."""
    hint = secrets.token_hex(14)
    more = f"more info at https://open.work.weixin.qq.com/devtool/query?e={refused.code}"
    return {"errcode": refused.code, "errmsg": f"{refused.words}, hint: [{hint}], from ip: 127.0.0.1, {more}"}


def plain(refused: Refusal) -> Body:
    """As DingTalk says it."""
    return {"errcode": refused.code, "errmsg": refused.words}


def door(act: Act, refusal: Callable[[Refusal], Body], unreadable: int = 47001) -> Callable[[web.Request], Any]:
    """A call: `act` gets the JSON body, and may raise Refusal."""

    async def handler(request: web.Request) -> web.StreamResponse:
        try:
            return said(await act(request, _read(await request.read(), unreadable)))
        except Refusal as refused:
            return said(refusal(refused))

    return handler


def text_in(body: Body, *way: str) -> str:
    """The text at the end of this way of keys; "" where there is none."""
    found: Any = body
    for key in way:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, str) else ""


def _read(raw: bytes, unreadable: int) -> Body:
    try:
        body = json.loads(raw or b"{}")
    except ValueError as wrong:
        raise Refusal(unreadable) from wrong
    if not isinstance(body, dict):
        raise Refusal(unreadable)
    return body
