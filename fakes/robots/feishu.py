"""Feishu's custom robot: its signature in the body, keywords, 100 a minute and 5 a second (protocols.md 2.4)."""

import base64
import hashlib
import hmac
import re

from aiohttp import web

from fakes.faults import Fault
from fakes.robots.account import HOUR, MINUTE, Account
from fakes.robots.refusals import Body, Refusal, door, said, text_in

A_MINUTE, A_SECOND = 100, 5
MOST_BYTES = 20 * 1024
GROUP = "feishu group"
TAKEN: Body = {
    "StatusCode": 0,
    "StatusMessage": "success",
    "code": 0,
    "data": {},
    "msg": "success",
    "Extra": None,
}
WORDS = {
    9499: "Bad Request",
    11232: "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]",
    19001: "param invalid: incoming webhook access token invalid",
    19002: "params error, msg_type need",
    19021: "sign match fail or timestamp is not within one hour from current time",
    19022: "Ip Not Allowed",
    19024: "Key Words Not Found",
    19036: "content is too long",
}


def routes(account: Account) -> list[web.RouteDef]:
    async def send(request: web.Request, body: Body) -> Body:
        if request.match_info["token"] != account.settings.feishu_token:
            raise Refusal(19001)
        if account.foreign_address:
            raise Refusal(19022)
        _check_signature(account, body)
        if len(await request.read()) > MOST_BYTES:
            raise Refusal(19036)
        content = _checked(account, body)
        _check_haste(account)
        at = re.findall(r'<at user_id="([^"]*)">', content)
        account.took(request, "feishu", GROUP, content, body, at=at)
        return TAKEN

    return [web.post("/open-apis/bot/v2/hook/{token}", door(send, _refused, unreadable=9499))]


def faulty(fault: Fault) -> web.Response:
    return said(_refused(Refusal(fault.errcode, fault.errmsg or WORDS.get(fault.errcode, ""))))


def _refused(refusal: Refusal) -> Body:
    return {"code": refusal.code, "msg": WORDS.get(refusal.code, refusal.words), "data": {}}


def _check_signature(account: Account, body: Body) -> None:
    secret = account.settings.feishu_secret
    if not secret:
        return
    timestamp = str(body.get("timestamp", ""))
    seal = hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    if not timestamp.isdigit() or abs(account.clock.now() - int(timestamp)) > HOUR:
        raise Refusal(19021)
    if body.get("sign") != base64.b64encode(seal).decode():
        raise Refusal(19021)


def _checked(account: Account, body: Body) -> str:
    if body.get("msg_type") != "text":
        raise Refusal(19002)
    content = text_in(body, "content", "text")
    if not content:
        raise Refusal(9499)
    words = [word for word in account.settings.feishu_keywords.split(",") if word]
    if words and not any(word in content for word in words):
        raise Refusal(19024)
    return content


def _check_haste(account: Account) -> None:
    now, full = account.clock.now(), account.pace.full
    if full(GROUP, A_SECOND, 1.0, now) or full(GROUP, A_MINUTE, MINUTE, now):
        raise Refusal(11232)
    account.pace.went(GROUP, now)
