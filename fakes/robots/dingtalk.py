"""DingTalk's custom robot: its signature in the address, keywords, silence after haste (protocols.md 2.3)."""

import base64
import hashlib
import hmac

from aiohttp import web

from fakes.robots.account import HOUR, MINUTE, Account
from fakes.robots.refusals import Body, Refusal, door, plain, text_in

A_MINUTE = 20
REST = 600.0  # seconds of silence for who says more
MOST_BYTES = 20_000
GROUP = "dingtalk group"
ADVICE = "more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"


def routes(account: Account) -> list[web.RouteDef]:
    async def send(request: web.Request, body: Body) -> Body:
        if request.query.get("access_token") != account.settings.dingtalk_token:
            raise Refusal(300005)
        _check_signature(account, request)
        if len(await request.read()) > MOST_BYTES:
            raise Refusal(460101)
        content = _checked(account, body)
        _check_haste(account)
        at = {"mobiles": _listed(body, "atMobiles"), "users": _listed(body, "atUserIds")}
        account.took(request, "dingtalk", GROUP, content, body, at=at)
        return {"errcode": 0, "errmsg": "ok"}

    return [web.post("/robot/send", door(send, plain, unreadable=40035))]


def _check_signature(account: Account, request: web.Request) -> None:
    secret = account.settings.dingtalk_secret
    if not secret:
        return
    timestamp, wrong = request.query.get("timestamp", ""), Refusal(310000, f"sign not match, {ADVICE}")
    seal = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    if not timestamp.isdigit() or abs(account.clock.now() - int(timestamp) / 1000) > HOUR:
        raise wrong
    if request.query.get("sign") != base64.b64encode(seal).decode():
        raise wrong


def _checked(account: Account, body: Body) -> str:
    if body.get("msgtype") != "text":
        raise Refusal(400105, "message type is not supported")
    content = text_in(body, "text", "content")
    if not content:
        raise Refusal(40035, "text.content is missing")
    words = [word for word in account.settings.dingtalk_keywords.split(",") if word]
    if words and not any(word in content for word in words):
        raise Refusal(310000, f"keywords not in content, {ADVICE}")
    return content


def _check_haste(account: Account) -> None:
    now = account.clock.now()
    if now >= account.dingtalk_rests_until and account.pace.full(GROUP, A_MINUTE, MINUTE, now):
        account.dingtalk_rests_until = now + REST
    if now < account.dingtalk_rests_until:
        raise Refusal(130101)
    account.pace.went(GROUP, now)


def _listed(body: Body, name: str) -> list[str]:
    at = body.get("at")
    found = at.get(name) if isinstance(at, dict) else None
    return [str(each) for each in found] if isinstance(found, list) else []
