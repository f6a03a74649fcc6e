"""The control calls of the fake of HR's chats: what members do, what the platforms refuse, and what has come."""

from aiohttp import web

from fakes.control import Order, action, common
from fakes.robots import dingtalk, feishu, wecom_robot
from fakes.robots.account import Account
from fakes.robots.pusher import Pusher

GROUPS = {"wecom_robot": wecom_robot.GROUP, "dingtalk": dingtalk.GROUP, "feishu": feishu.GROUP}


def routes(account: Account, pusher: Pusher) -> list[web.RouteDef]:
    control = Control(account)
    return [
        *common(account),
        web.post("/_fake/push", action(pusher.push)),
        web.post("/_fake/raw", action(pusher.raw)),
        web.post("/_fake/verify", action(pusher.verify)),
        web.post("/_fake/mode", action(control.mode)),
        web.post("/_fake/person", action(control.person)),
        web.post("/_fake/tokens", action(control.tokens)),
        web.get("/_fake/chat", action(control.chat)),
        web.get("/_fake/state", action(control.state)),
    ]


class Control:
    def __init__(self, account: Account) -> None:
        self.account = account

    async def mode(self, order: Order) -> Order:
        """Any of account.Settings; `foreign_address`: whether our machine is on nobody's list of trusted ones."""
        if "foreign_address" in order:
            self.account.foreign_address = bool(order.pop("foreign_address"))
        self.account.settings.change(order)
        return dict(vars(self.account.settings))

    async def person(self, order: Order) -> Order:
        """{"userid", "member": false}: whom the application may not write to."""
        change = self.account.strangers.discard if order.get("member", True) else self.account.strangers.add
        change(str(order["userid"]))
        return {"strangers": sorted(self.account.strangers)}

    async def tokens(self, order: Order) -> Order:
        """{"revoke": true}: every token of the application is refused from now on (40014)."""
        if order.get("revoke"):
            self.account.revoked |= self.account.tokens.keys()
        return {"good": len(self.account.tokens.keys() - self.account.revoked)}

    async def chat(self, order: Order) -> list[Order]:
        """Of a member's `number` (the name that all fakes share), or of a robot's group: wecom_robot, dingtalk,
        feishu."""
        number = str(order["number"])
        return self.account.chat.of(GROUPS.get(number, number))

    async def state(self, _: Order) -> Order:
        """What a server needs to be connected, and what was said yes to and not shown."""
        return {"environment": self._environment(), "dropped": self.account.dropped, "sends": len(self.account.sends)}

    def _environment(self) -> dict[str, str]:
        base, settings = self.account.base, self.account.settings
        return {
            "WECOM_API_URL": base,
            "WECOM_CORP_ID": settings.corp_id,
            "WECOM_AGENT_ID": str(settings.agent_id),
            "WECOM_SECRET": settings.secret,
            "WECOM_TOKEN": settings.token,
            "WECOM_AES_KEY": settings.aes_key,
            "WECOM_WEBHOOK_URL": f"{base}/cgi-bin/webhook/send?key={settings.robot_key}",
            "DINGTALK_WEBHOOK_URL": f"{base}/robot/send?access_token={settings.dingtalk_token}",
            "DINGTALK_SECRET": settings.dingtalk_secret,
            "FEISHU_WEBHOOK_URL": f"{base}/open-apis/bot/v2/hook/{settings.feishu_token}",
            "FEISHU_SECRET": settings.feishu_secret,
        }
