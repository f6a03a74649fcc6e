"""WeCom's application: its token and its messages to members (protocols.md 2.1)."""

from typing import Any

from aiohttp import web

from fakes.faults import Fault
from fakes.robots.account import DAY, HOUR, MINUTE, Account
from fakes.robots.refusals import Body, Refusal, door, hinted, said, text_in

MOST_BYTES = 2048
MOST_USERS = 1000
A_MINUTE, AN_HOUR = 30, 1000  # to one member
PERSONS_A_DAY = 200  # times the accounts of the company
REPEATS, LONGEST_REPEATS = 1800, 4 * 3600  # seconds


def routes(account: Account) -> list[web.RouteDef]:
    api = Application(account)
    return [
        web.get("/cgi-bin/gettoken", door(api.token, hinted)),
        web.post("/cgi-bin/message/send", door(api.send, hinted)),
    ]


def faulty(fault: Fault) -> web.Response:
    return said(hinted(Refusal(fault.errcode, fault.errmsg)))


class Application:
    def __init__(self, account: Account) -> None:
        self.account = account

    async def token(self, request: web.Request, _: Body) -> Body:
        query, settings = request.query, self.account.settings
        self._check_address()
        for name, code in (("corpid", 41002), ("corpsecret", 41004)):
            if not query.get(name):
                raise Refusal(code)
        if query["corpid"] != settings.corp_id:
            raise Refusal(40013)
        if query["corpsecret"] != settings.secret:
            raise Refusal(40001)
        token, until = self.account.good_token()
        left = int(until - self.account.clock.now())
        return {"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": left}

    async def send(self, request: web.Request, body: Body) -> Body:
        self._check_address()
        self._check_token(request.query.get("access_token", ""))
        content = self._checked(body)
        users = [user for user in str(body.get("touser", "")).split("|") if user]
        if not users or len(users) > MOST_USERS:
            raise Refusal(40035)
        known = [user for user in users if user not in self.account.strangers]
        if not known:
            raise Refusal(81013)
        if self.account.pace.full("persons", PERSONS_A_DAY * self.account.settings.members, DAY, self._now()):
            raise Refusal(45009)
        for user in known:
            self._reach(request, user, content, body)
        unknown = "|".join(user.lower() for user in users if user in self.account.strangers)
        answer = {"errcode": 0, "errmsg": "ok", "invaliduser": unknown, "invalidparty": "", "invalidtag": ""}
        return answer | {"msgid": str(self.account.next_id()), "response_code": ""}

    def _checked(self, body: Body) -> str:
        """The text, cut without a word where it is too long."""
        if body.get("agentid") != self.account.settings.agent_id:
            raise Refusal(40056)
        if body.get("msgtype") != "text":
            raise Refusal(40008)
        content = text_in(body, "text", "content")
        if not content:
            raise Refusal(44004)
        return content.encode()[:MOST_BYTES].decode(errors="ignore")

    def _reach(self, request: web.Request, user: str, content: str, body: Body) -> None:
        """Shown, or dropped in silence: too many, or the same again."""
        why = "repeat" if self._repeats(user, content, body) else "rate" if self._too_many(user) else ""
        if why:
            self.account.dropped.append({"to": user, "content": content, "why": why})
            return
        now = self._now()
        self.account.shown[user, content] = now
        for name in (f"member {user}", "persons"):
            self.account.pace.went(name, now)
        self.account.took(request, "wecom", user, content, body)

    def _repeats(self, user: str, content: str, body: Body) -> bool:
        if body.get("enable_duplicate_check") != 1:
            return False
        interval = min(int(body.get("duplicate_check_interval", REPEATS)), LONGEST_REPEATS)
        return self._now() - self.account.shown.get((user, content), float("-inf")) < interval

    def _too_many(self, user: str) -> bool:
        full, name, now = self.account.pace.full, f"member {user}", self._now()
        return full(name, A_MINUTE, MINUTE, now) or full(name, AN_HOUR, HOUR, now)

    def _check_token(self, token: str) -> None:
        if not token:
            raise Refusal(41001)
        until: Any = self.account.tokens.get(token)
        if until is None or token in self.account.revoked:
            raise Refusal(40014)
        if self._now() >= until:
            raise Refusal(42001)

    def _check_address(self) -> None:
        if self.account.foreign_address:
            raise Refusal(60020)

    def _now(self) -> float:
        return self.account.clock.now()
