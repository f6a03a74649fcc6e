"""WeCom's group robot: no signature, the key is the secret (protocols.md 2.2)."""

from aiohttp import web

from fakes.robots.account import MINUTE, Account
from fakes.robots.refusals import Body, Refusal, door, hinted, text_in

A_MINUTE = 20
MOST_BYTES = {"text": 2048, "markdown": 4096}
GROUP = "wecom group"


def routes(account: Account) -> list[web.RouteDef]:
    async def send(request: web.Request, body: Body) -> Body:
        if request.query.get("key") != account.settings.robot_key:
            raise Refusal(93000)
        kind, content = _checked(body)
        now = account.clock.now()
        if account.pace.full(GROUP, A_MINUTE, MINUTE, now):
            raise Refusal(45009)
        account.pace.went(GROUP, now)
        account.took(request, "wecom_robot", GROUP, content, body, mentioned=body[kind].get("mentioned_list", []))
        return {"errcode": 0, "errmsg": "ok"}

    return [web.post("/cgi-bin/webhook/send", door(send, hinted))]


def _checked(body: Body) -> tuple[str, str]:
    kind = str(body.get("msgtype"))
    if kind not in MOST_BYTES:
        raise Refusal(40008)
    content = text_in(body, kind, "content")
    if not content:
        raise Refusal(44004)
    if len(content.encode()) > MOST_BYTES[kind]:
        raise Refusal(40058, f"{kind}.content exceed max length {MOST_BYTES[kind]}. invalid Request Parameter")
    return kind, content
