"""Twilio's Messages resource (protocols.md 3.5)."""

import base64
import hmac
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from fakes.faults import AFTER, SENDS, Fault
from fakes.twilio.account import API, TERMINAL, Account, Message, new_sid
from fakes.twilio.post import Post
from fakes.twilio.refusals import Refusal
from fakes.twilio.rules import check, send_at
from fakes.twilio.segments import smart

Act = Callable[[web.Request], Awaitable[web.Response]]


def routes(account: Account, post: Post) -> list[web.RouteDef]:
    api = Api(account, post)
    messages, message = API + "/{account}/Messages.json", API + "/{account}/Messages/{sid}.json"
    return [
        web.post(messages, api.door(api.create)),
        web.get(messages, api.door(api.list)),
        web.get(message, api.door(api.fetch)),
        web.post(message, api.door(api.update)),
        web.delete(message, api.door(api.delete)),
        web.get("/media/{id}", api.media),
    ]


def refusal(fault: Fault) -> web.Response:
    """A fault's error; status 200 means: the usual one for its code."""
    code = 20500 if fault.errcode == -1 else fault.errcode
    return _answer(Refusal(code, fault.errmsg, 0 if fault.status == 200 else fault.status))


def template(request: web.Request) -> str:
    """The name under which a call is counted."""
    resource = request.match_info.route.resource
    place = resource.canonical if resource is not None else request.path
    return f"{request.method} {place.replace(API + '/{account}', '')}"


class Api:
    def __init__(self, account: Account, post: Post) -> None:
        self.account = account
        self.post = post

    def door(self, act: Act) -> Act:
        async def handler(request: web.Request) -> web.Response:
            try:
                self._check_caller(request)
                self.post.release_due()
                return await act(request)
            except Refusal as refused:
                return _answer(refused)

        return handler

    async def create(self, request: web.Request) -> web.Response:
        form = await request.post()
        fields = {name: str(value) for name, value in form.items()}
        check(self.account, fields)
        media = tuple(str(value) for value in form.getall("MediaUrl", []))
        message = self._message(fields, media)
        self._check_opt_out(message)
        first = message.resource(self.account.settings.account_sid)
        request.setdefault(SENDS, []).append(self.post.take(message))
        if self.account.statuses.before_response:
            await self.post.carry(message)
        else:
            request.setdefault(AFTER, []).append(lambda: self.account.background(self.post.carry(message)))
        return web.json_response(first | {"num_segments": self._segments(message)}, status=201)

    async def list(self, request: web.Request) -> web.Response:
        query = request.query
        found = [message for message in self.account.messages.values() if _fits(message, query)]
        found.sort(key=lambda message: (message.created, message.sid), reverse=True)
        size = min(max(int(query.get("PageSize", 50)), 1), 1000)
        page = int(query.get("Page", 0))
        shown = found[page * size : (page + 1) * size]
        resources = [message.resource(self.account.settings.account_sid) for message in shown]
        more = page + 1 if len(found) > (page + 1) * size else None
        back = page - 1 if page else None
        pages = {"first": 0, "next": more, "previous": back}
        uris = {f"{name}_page_uri": self._page_uri(request, size, number) for name, number in pages.items()}
        place = {"page": page, "page_size": size, "start": page * size, "end": page * size + max(len(shown) - 1, 0)}
        return web.json_response({"messages": resources, "uri": str(request.rel_url)} | place | uris)

    async def fetch(self, request: web.Request) -> web.Response:
        return self._resource(self._found(request))

    async def update(self, request: web.Request) -> web.Response:
        """Cancels (Status=canceled) or redacts (Body empty)."""
        message, form = self._found(request), await request.post()
        if form.get("Status") == "canceled":
            if message.status in TERMINAL or message.status not in ("scheduled", "accepted", "queued"):
                raise Refusal(30409)
            self.post.advance(message, "canceled")
            self.account.background(self.post.say(message, "canceled", None))
        elif form.get("Body") == "":
            message.body = ""
        else:
            raise Refusal(20001)
        return self._resource(message)

    async def delete(self, request: web.Request) -> web.Response:
        del self.account.messages[self._found(request).sid]
        return web.Response(status=204)

    async def media(self, request: web.Request) -> web.Response:
        content_type, data = self.account.media.get(request.match_info["id"], ("", b""))
        if not content_type:
            raise web.HTTPNotFound
        return web.Response(body=data, content_type=content_type)

    def _message(self, form: dict[str, str], media: tuple[str, ...]) -> Message:
        now, settings = self.account.clock.now(), self.account.settings
        service, moment = form.get("MessagingServiceSid", ""), send_at(self.account, form)
        status = "scheduled" if moment is not None else "accepted" if service else "queued"
        body = form.get("Body") or (f"[{form['ContentSid']}]" if form.get("ContentSid") else "")
        return Message(
            sid=new_sid("MM" if media else "SM"),
            to=form["To"],
            sender=form.get("From") or settings.numbers[0],
            body=smart(body) if form.get("SmartEncoded", "").lower() == "true" else body,
            direction="outbound-api",
            status=status,
            created=now,
            updated=now,
            service_sid=service,
            status_callback=form.get("StatusCallback", ""),
            media=media,
            send_at=moment,
            validity=float(form.get("ValidityPeriod", 36000)),
        )

    def _check_opt_out(self, message: Message) -> None:
        blocked = self.account.opt_outs.is_blocked(self.account.line(message.sender), message.to)
        if blocked and not (message.service_sid and self.account.settings.service_optout == "async"):
            raise Refusal(21610)

    def _segments(self, message: Message) -> str:
        return "0" if message.service_sid else str(message.segments)

    def _check_caller(self, request: web.Request) -> None:
        settings = self.account.settings
        name, _, password = _basic(request).partition(":")
        known = name == settings.account_sid and hmac.compare_digest(password.encode(), settings.auth_token.encode())
        if not known or request.match_info.get("account") != settings.account_sid:
            raise Refusal(20003)

    def _found(self, request: web.Request) -> Message:
        message = self.account.messages.get(request.match_info["sid"])
        if message is None:
            raise Refusal(20404, f"The requested resource {request.path} was not found")
        return message

    def _resource(self, message: Message) -> web.Response:
        return web.json_response(message.resource(self.account.settings.account_sid))

    def _page_uri(self, request: web.Request, size: int, number: int | None) -> str | None:
        if number is None:
            return None
        kept = {name: value for name, value in request.query.items() if name not in ("Page", "PageSize", "PageToken")}
        token = {"PageToken": f"PA{secrets.token_hex(16)}"} if number else {}
        return f"{request.path}?{urlencode(kept | {'PageSize': size, 'Page': number} | token)}"


def _answer(refused: Refusal) -> web.Response:
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if refused.status == 401 else {}
    return web.json_response(refused.body(), status=refused.status, headers=headers)


def _basic(request: web.Request) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    try:
        return base64.b64decode(value).decode() if scheme.lower() == "basic" else ""
    except ValueError:
        return ""


def _fits(message: Message, query: Any) -> bool:
    if query.get("To", message.to) != message.to or query.get("From", message.sender) != message.sender:
        return False
    moment = message.sent or message.created
    after, before, on = query.get("DateSent>"), query.get("DateSent<"), query.get("DateSent")
    if after and moment < _moment(after):
        return False
    if before and moment >= _moment(before) + (_day(before) or 1):
        return False
    return not on or _moment(on) <= moment < _moment(on) + (_day(on.removesuffix("T00:00:00Z")) or 1)


def _moment(text: str) -> float:
    """A day or an ISO time, UTC unless it says otherwise."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _day(text: str) -> float:
    """How long a bound without a time of day lasts."""
    return timedelta(days=1).total_seconds() if len(text) == len("2026-11-23") else 0.0
