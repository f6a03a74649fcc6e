"""The control calls of the fake WeChat: what people do, and what the account is like."""

from typing import Any

from aiohttp import web

from fakes.control import Order, action, common
from fakes.wechat.account import Account
from fakes.wechat.api import Api
from fakes.wechat.pusher import Pusher

PERSON_SETTINGS = ("following", "blacklisted", "minor", "template_result")


def routes(account: Account, pusher: Pusher) -> list[web.RouteDef]:
    control = Control(account, pusher)
    return [
        *common(account),
        web.post("/_fake/push", action(control.push)),
        web.post("/_fake/raw", action(pusher.raw)),
        web.post("/_fake/follow", action(control.follow)),
        web.post("/_fake/unfollow", action(control.unfollow)),
        web.post("/_fake/scan", action(control.scan)),
        web.post("/_fake/menu", action(control.tap_menu)),
        web.get("/_fake/menu", action(control.menu)),
        web.post("/_fake/subscribe", action(control.subscribe)),
        web.post("/_fake/verify", action(pusher.verify)),
        web.post("/_fake/oauth", action(control.oauth)),
        web.post("/_fake/mode", action(control.mode)),
        web.post("/_fake/person", action(control.person)),
        web.post("/_fake/templates", action(control.templates)),
        web.post("/_fake/tokens", action(control.tokens)),
        web.get("/_fake/chat", action(control.chat)),
        web.get("/_fake/state", action(control.state)),
        web.get("/_fake/media/{id}", control.media),
    ]


class Control:
    def __init__(self, account: Account, pusher: Pusher) -> None:
        self.account = account
        self.pusher = pusher

    async def push(self, order: Order) -> Order:
        return await self.pusher.push(order)

    async def follow(self, order: Order) -> Order:
        """`scene` as after scanning a QR code; without it a plain follow."""
        scene = order.get("scene")
        scanned = {"event_key": f"qrscene_{scene}", "ticket": self._ticket(scene)} if scene else {"event_key": ""}
        return await self.pusher.push(order | {"kind": "event", "event": "subscribe"} | scanned)

    async def unfollow(self, order: Order) -> Order:
        return await self.pusher.push(order | {"kind": "event", "event": "unsubscribe", "event_key": ""})

    async def scan(self, order: Order) -> Order:
        """By `scene` or by `ticket`; a person who does not follow yet follows thereby."""
        scene = self.account.tickets[order["ticket"]].scene if order.get("ticket") else str(order["scene"])
        person = self.account.people.get(order["openid"])
        if person is None or not person.following:
            return await self.follow(order | {"scene": scene})
        scanned = {"event": "SCAN", "event_key": scene, "ticket": self._ticket(scene)}
        return await self.pusher.push(order | {"kind": "event"} | scanned)

    async def tap_menu(self, order: Order) -> Order:
        event = {"event": "VIEW", "event_key": order["url"]} if "url" in order else {"event": "CLICK"}
        key = {} if "url" in order else {"event_key": order["key"]}
        return await self.pusher.push(order | {"kind": "event"} | event | key)

    async def menu(self, _: Order) -> Order:
        return self.account.menu or {"button": []}

    async def subscribe(self, order: Order) -> Order:
        """The person answers the subscription dialog: accept gives one credit (or `credits`)."""
        template, answer = str(order["template_id"]), str(order.get("answer", "accept"))
        if answer == "accept":
            credits = self.account.person(order["openid"]).credits
            credits[template] = credits.get(template, 0) + int(order.get("credits", 1))
        item = {"TemplateId": template, "SubscribeStatusString": answer, "PopupScene": int(order.get("scene", 1))}
        event = {"event": "subscribe_msg_popup_event", "event_key": None}
        return await self.pusher.push(
            order | {"kind": "event"} | event | {"fields": {"SubscribeMsgPopupEvent": {"List": item}}}
        )

    async def oauth(self, order: Order) -> Order:
        return {"code": Api(self.account, self.pusher).new_code(str(order["openid"]))}

    async def mode(self, order: Order) -> Order:
        """mode, format, cut (seconds), retries, name; `token_overlap` (seconds); `quotas` {path: calls a day}."""
        self.account.settings.change(order)
        if "token_overlap" in order:
            self.account.tokens.overlap = float(order["token_overlap"])
        self.account.quotas.daily.update(order.get("quotas", {}))
        settings = self.account.settings
        return {"mode": settings.mode, "format": settings.format, "cut": settings.cut, "retries": settings.retries}

    async def person(self, order: Order) -> Order:
        """Makes or changes a person without telling the server; `window` opens one of windows.GRANTS."""
        person = self.account.person(order["openid"])
        for name in PERSON_SETTINGS:
            if name in order:
                setattr(person, name, order[name])
        if "window" in order:
            person.window.open(order["window"], self.account.clock.now())
        return self._person(person.openid)

    async def templates(self, order: Order) -> Order:
        """Registers a template: template_id, title, content with {{thing2.DATA}}; from then on others are 40037."""
        template = {"title": str(order.get("title", "")), "content": str(order.get("content", ""))}
        self.account.templates[str(order["template_id"])] = template
        return {"templates": self.account.templates}

    async def tokens(self, order: Order) -> Order:
        """`revoke`: as when somebody else refreshed: every token is invalid (40001)."""
        if order.get("revoke"):
            self.account.tokens.revoke_all()
        return {}

    async def chat(self, order: Order) -> list[Order]:
        return self.account.chat.of(order["openid"])

    async def state(self, order: Order) -> Order:
        """All that a phone needs: revision, messages, person, menu."""
        openid = order["openid"]
        head = {"name": self.account.settings.name, "rev": self.account.chat.revision(openid)}
        menu = self.account.menu or {"button": []}
        now = {"now": self.account.clock.now(), "cut": self.account.settings.cut, "menu": menu}
        return head | now | {"messages": self.account.chat.of(openid), "person": self._person(openid)}

    async def media(self, request: web.Request) -> web.Response:
        media = self.account.media.get(request.match_info["id"])
        if media is None:
            raise web.HTTPNotFound
        return web.Response(body=media.data, content_type=media.content_type)

    def _person(self, openid: str) -> Order:
        person = self.account.people.get(openid)
        if person is None:
            return {"openid": openid, "known": False, "following": False, "window": {}, "credits": {}}
        known: dict[str, Any] = {"openid": openid, "known": True, "credits": person.credits}
        state = {name: getattr(person, name) for name in PERSON_SETTINGS}
        now = self.account.clock.now()
        return known | state | {"window": person.window.shown(now), "typing": now < person.typing_until}

    def _ticket(self, scene: Any) -> str:
        known = (ticket.text for ticket in self.account.tickets.values() if ticket.scene == str(scene))
        return next(known, None) or self.account.keep_ticket(str(scene), None).text
