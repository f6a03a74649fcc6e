"""The Official Account API that keepwarm calls (protocols.md 1.6 to 1.14)."""

import io
import secrets
from typing import Any

import segno
from aiohttp import web

from fakes.faults import AFTER, SENDS
from fakes.wechat import menus, messages, templates
from fakes.wechat.account import TYPING_SHOWS, Account, Code, Person
from fakes.wechat.calls import OK, Body, answer, call
from fakes.wechat.pusher import Pusher
from fakes.wechat.refusals import Refusal
from fakes.wechat.tokens import Token

TEMPLATE_MEMORY = 600.0
LONGEST_SCENE_SECONDS, SHORTEST_SCENE_SECONDS = 2_592_000, 60
MEDIA_BYTES = {"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "thumb": 64 << 10}
CODE_LIFE = 300.0


def routes(account: Account, pusher: Pusher) -> list[web.RouteDef]:
    api = Api(account, pusher)
    doors = [
        ("/cgi-bin/token", "GET", api.token, False),
        ("/cgi-bin/stable_token", "POST", api.stable_token, False),
        ("/cgi-bin/message/custom/send", "POST", api.send_custom, True),
        ("/cgi-bin/message/custom/typing", "POST", api.typing, True),
        ("/cgi-bin/message/template/send", "POST", api.send_template, True),
        ("/cgi-bin/message/subscribe/bizsend", "POST", api.send_subscribed, True),
        ("/cgi-bin/qrcode/create", "POST", api.create_qrcode, True),
        ("/cgi-bin/menu/create", "POST", api.create_menu, True),
        ("/cgi-bin/menu/get", "GET", api.get_menu, True),
        ("/cgi-bin/menu/delete", "GET", api.delete_menu, True),
        ("/cgi-bin/media/upload", "POST", api.upload, True),
        ("/cgi-bin/media/get", "GET", api.download, True),
        ("/cgi-bin/user/info", "GET", api.user_info, True),
        ("/cgi-bin/clear_quota", "POST", api.clear_quota, True),
        ("/sns/oauth2/access_token", "GET", api.redeem_code, False),
    ]
    return [
        *(web.route("*", path, call(account, method, act, token=token)) for path, method, act, token in doors),
        web.get("/cgi-bin/showqrcode", api.show_qrcode),
        web.get("/connect/oauth2/authorize", api.authorize),
    ]


class Api:
    def __init__(self, account: Account, pusher: Pusher) -> None:
        self.account = account
        self.pusher = pusher

    async def token(self, request: web.Request, _: Body) -> web.Response:
        self._check_app(request.query)
        return self._issued(self.account.tokens.plain(self._now()))

    async def stable_token(self, _: web.Request, body: Body) -> web.Response:
        self._check_app(body)
        forced = body.get("force_refresh") is True
        tokens = self.account.tokens
        return self._issued(tokens.forced(self._now()) if forced else tokens.stable(self._now()))

    async def send_custom(self, request: web.Request, body: Body) -> web.Response:
        person = self._follower(body)
        seen = messages.seen(self.account, body)
        if person.minor:
            raise Refusal(70000)
        if not person.window.is_open(self._now()):
            raise Refusal(45015)
        if not person.window.spend(self._now()):
            raise Refusal(45047)
        self._shown(request, person, "custom", seen, body)
        return answer(OK)

    async def typing(self, _: web.Request, body: Body) -> web.Response:
        person = self._follower(body)
        if body.get("command") not in ("Typing", "CancelTyping"):
            raise Refusal(40097)
        if not person.window.is_open(self._now()):
            raise Refusal(45015)
        person.typing_until = self._now() + TYPING_SHOWS if body["command"] == "Typing" else 0.0
        return answer(OK)

    async def send_template(self, request: web.Request, body: Body) -> web.Response:
        person = self._follower(body)
        seen = self._templated(body)
        memory = (person.openid, str(body.get("client_msg_id") or secrets.token_hex(16)))
        sent_at, message_id = self.account.template_memory.get(memory, (float("-inf"), 0))
        if self._now() - sent_at >= TEMPLATE_MEMORY:
            message_id = self.account.next_id()
            self.account.template_memory[memory] = (self._now(), message_id)
            self._template_goes_out(request, person, seen, body, message_id)
        return answer(OK | {"msgid": message_id})

    async def send_subscribed(self, request: web.Request, body: Body) -> web.Response:
        person = self._follower(body)
        seen = self._templated(body)
        template = str(body["template_id"])
        if person.credits.get(template, 0) < 1:
            raise Refusal(43101)
        person.credits[template] -= 1
        self._shown(request, person, "subscribe", seen, body)
        self._later(request, self.pusher.subscribed_sent(person.openid, template, self.account.next_id()))
        return answer(OK)

    async def create_qrcode(self, _: web.Request, body: Body) -> web.Response:
        scene = _scene(body)
        seconds = _expiry(body)
        ticket = self.account.keep_ticket(scene, seconds)
        life = {} if seconds is None else {"expire_seconds": seconds}
        return answer({"ticket": ticket.text} | life | {"url": ticket.url})

    async def show_qrcode(self, request: web.Request) -> web.Response:
        """A PNG, as on mp.weixin.qq.com; `format=svg` is ours."""
        ticket = self.account.tickets.get(request.query.get("ticket", ""))
        if ticket is None or (ticket.until is not None and self._now() >= ticket.until):
            return web.Response(status=404, text="not found")
        kind = "svg" if request.query.get("format") == "svg" else "png"
        image = io.BytesIO()
        segno.make(ticket.url, error="m").save(image, kind=kind, scale=8)
        return web.Response(body=image.getvalue(), content_type="image/svg+xml" if kind == "svg" else "image/png")

    async def create_menu(self, _: web.Request, body: Body) -> web.Response:
        menus.check(body)
        self.account.menu = {"button": body["button"]}
        return answer(OK)

    async def get_menu(self, *_: Any) -> web.Response:
        if self.account.menu is None:
            raise Refusal(46003)
        return answer({"menu": self.account.menu})

    async def delete_menu(self, *_: Any) -> web.Response:
        self.account.menu = None
        return answer(OK)

    async def upload(self, request: web.Request, _: Body) -> web.Response:
        kind = request.query.get("type", "")
        if kind not in MEDIA_BYTES:
            raise Refusal(40004)
        form = await request.post() if request.content_type.startswith("multipart/") else {}
        sent = form.get("media")
        if not isinstance(sent, web.FileField):
            raise Refusal(41005)
        data = sent.file.read()
        if len(data) > MEDIA_BYTES[kind]:
            raise Refusal(45001)
        media_id = self.account.keep_media(kind, sent.content_type or "application/octet-stream", data)
        return answer({"type": kind, "media_id": media_id, "created_at": int(self._now())})

    async def download(self, request: web.Request, _: Body) -> web.Response:
        media = self.account.media.get(request.query.get("media_id", ""))
        if media is None or self._now() >= media.until:
            raise Refusal(40007)
        name = {"Content-disposition": f'attachment; filename="media.{media.content_type.split("/")[-1]}"'}
        return web.Response(body=media.data, content_type=media.content_type, headers=name)

    async def user_info(self, request: web.Request, _: Body) -> web.Response:
        """No nickname and no avatar since 2021-12-27."""
        person = self.account.people.get(request.query.get("openid", ""))
        if person is None:
            raise Refusal(40003)
        if not person.following:
            return answer({"subscribe": 0, "openid": person.openid})
        scene = {"subscribe_scene": "ADD_SCENE_QR_CODE" if person.scene else "ADD_SCENE_SEARCH", "qr_scene": 0}
        known = {"subscribe": 1, "openid": person.openid, "language": "zh_CN", "subscribe_time": person.followed_at}
        return answer(known | {"remark": "", "groupid": 0, "tagid_list": []} | scene | {"qr_scene_str": person.scene})

    async def clear_quota(self, _: web.Request, body: Body) -> web.Response:
        if body.get("appid") != self.account.settings.app_id:
            raise Refusal(40013)
        self.account.quotas.clear(self._now())
        return answer(OK)

    async def authorize(self, request: web.Request) -> web.Response:
        """Who holds the phone is in the cookie `openid` (or the query): a browser of ours is not WeChat's."""
        openid = request.cookies.get("openid") or request.query.get("openid", "")
        target = request.query.get("redirect_uri", "")
        if not openid or not target or request.query.get("appid") != self.account.settings.app_id:
            return web.Response(status=400, text="请在微信客户端打开链接")
        mark = "&" if "?" in target else "?"
        code = self.new_code(openid)
        raise web.HTTPFound(f"{target}{mark}code={code}&state={request.query.get('state', '')}")

    def new_code(self, openid: str) -> str:
        code = secrets.token_hex(16)
        self.account.codes[code] = Code(openid, self._now() + CODE_LIFE)
        return code

    async def redeem_code(self, request: web.Request, _: Body) -> web.Response:
        self._check_app(request.query, "authorization_code")
        if not request.query.get("code"):
            raise Refusal(41008)
        code = self.account.codes.get(request.query["code"])
        if code is None:
            raise Refusal(40029)
        if code.used:
            raise Refusal(40163)
        if self._now() >= code.until:
            raise Refusal(42003)
        code.used = True
        tokens = {"access_token": secrets.token_urlsafe(64), "expires_in": 7200, "refresh_token": secrets.token_hex(32)}
        return answer(tokens | {"openid": code.openid, "scope": "snsapi_base"})

    def _now(self) -> float:
        return self.account.clock.now()

    def _check_app(self, given: Any, grant: str = "client_credential") -> None:
        settings = self.account.settings
        if given.get("grant_type") != grant:
            raise Refusal(40002)
        if given.get("appid") != settings.app_id:
            raise Refusal(40013)
        if given.get("secret") != settings.app_secret:
            raise Refusal(40125)

    def _issued(self, token: Token) -> web.Response:
        return answer({"access_token": token.text, "expires_in": int(token.until - self._now())})

    def _follower(self, body: Body) -> Person:
        person = self.account.people.get(str(body.get("touser", "")))
        if person is None:
            raise Refusal(40003)
        if not person.following:
            raise Refusal(43004)
        if person.blacklisted:
            raise Refusal(43019)
        return person

    def _templated(self, body: Body) -> messages.Seen:
        template_id = str(body.get("template_id", ""))
        template = self.account.templates.get(template_id)
        if not template_id or (self.account.templates and template is None):
            raise Refusal(40037)
        fields = templates.shown(template, body.get("data"))
        content = "\n".join(f"{field['label']}: {field['value']}" for field in fields)
        title = (template or {}).get("title", "")
        link = {"url": str(body.get("url") or body.get("page") or "")}
        return {"type": "template", "content": content, "title": title, "fields": fields} | link

    def _template_goes_out(
        self, request: web.Request, person: Person, seen: messages.Seen, body: Body, message_id: int
    ) -> None:
        result = person.template_result
        if result in ("success", ""):
            self._shown(request, person, "template", seen, body, msgid=message_id)
        else:
            self._recorded(request, person, "template", seen, body, msgid=message_id, result=result)
        if result:
            self._later(request, self.pusher.template_finished(person.openid, message_id, result))

    def _shown(
        self, request: web.Request, person: Person, via: str, seen: messages.Seen, body: Body, **more: Any
    ) -> None:
        self._recorded(request, person, via, seen, body, **more)
        person.typing_until = 0.0
        ai = {"ai": True} if body.get("aimsgcontext", {}).get("is_ai_msg") == 1 else {}
        self.account.chat.add(person.openid, self._now(), via, seen | ai)

    def _recorded(
        self, request: web.Request, person: Person, via: str, seen: messages.Seen, body: Body, **more: Any
    ) -> None:
        told = {"to": person.openid, "via": via, "type": seen["type"], "content": seen["content"]}
        request.setdefault(SENDS, []).append(self.account.accepted(**told, request=body, **more))

    def _later(self, request: web.Request, event: Any) -> None:
        """WeChat reports the result when the call is over."""
        request.setdefault(AFTER, []).append(lambda: self.account.background(event))


def _scene(body: Body) -> str:
    name = body.get("action_name")
    scene = (body.get("action_info") or {}).get("scene") or {}
    if name in ("QR_STR_SCENE", "QR_LIMIT_STR_SCENE"):
        text = scene.get("scene_str")
        if isinstance(text, str) and 1 <= len(text) <= 64:
            return text
    if name in ("QR_SCENE", "QR_LIMIT_SCENE"):
        number, most = scene.get("scene_id"), 100_000 if name == "QR_LIMIT_SCENE" else 2**32 - 1
        if isinstance(number, int) and 1 <= number <= most:
            return str(number)
    raise Refusal(40053)


def _expiry(body: Body) -> int | None:
    if body["action_name"].startswith("QR_LIMIT"):
        return None
    seconds = body.get("expire_seconds", SHORTEST_SCENE_SECONDS)
    if not isinstance(seconds, int) or not 1 <= seconds <= LONGEST_SCENE_SECONDS:
        raise Refusal(40053)
    return seconds
