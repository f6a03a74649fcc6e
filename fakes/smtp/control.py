"""The control calls of the fake mail server: mailboxes that refuse, and what has come."""

from aiohttp import web

from fakes.control import Order, action, common
from fakes.smtp.account import Account


def routes(account: Account) -> list[web.RouteDef]:
    control = Control(account)
    return [
        *common(account),
        web.post("/_fake/mailbox", action(control.mailbox)),
        web.get("/_fake/chat", action(control.chat)),
        web.get("/_fake/state", action(control.state)),
    ]


class Control:
    def __init__(self, account: Account) -> None:
        self.account = account

    async def mailbox(self, order: Order) -> Order:
        """{"address", "refuse": 550}: what RCPT is answered from now on; 0 takes its mail again."""
        self.account.refused[str(order["address"])] = int(order["refuse"])
        return dict(self.account.refused)

    async def chat(self, order: Order) -> list[Order]:
        """What came for `number` (the name that all fakes share), an e-mail address here."""
        return self.account.chat.of(order["number"])

    async def state(self, _: Order) -> Order:
        return {"url": self.account.address, "mails": len(self.account.sends)}
