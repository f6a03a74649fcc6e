"""Takes messages on and carries them to phones, telling the server how far they are (protocols.md 3.7)."""

import random
from typing import Any

from fakes.twilio.account import TERMINAL, Account, Message
from fakes.twilio.caller import Caller, Manner, Pairs
from fakes.twilio.refusals import TITLES
from fakes.twilio.rules import filtered
from fakes.twilio.segments import size

FAILED = ("failed", "undelivered")
ARRIVED = ("sent", "delivered")


class Post:
    def __init__(self, account: Account) -> None:
        self.account = account
        self.caller = Caller(account)

    def take(self, message: Message) -> dict[str, Any]:
        """Commits a message: from here on it is sent, whether or not its caller hears so."""
        self.account.keep(message)
        details = {"from": message.sender, "status": message.status, "service_sid": message.service_sid}
        said = {"to": message.to, "via": message.direction, "sid": message.sid, "content": message.body}
        send = self.account.accepted(**said, **details)
        if self.account.statuses.auto and message.status != "scheduled" and self._end(message)[0] in ARRIVED:
            self._show(message)
        return send

    async def carry(self, message: Message) -> None:
        """Moves the message to its end and calls back, in the order, number and completeness that is set."""
        if not self.account.statuses.auto or message.status in (*TERMINAL, "scheduled"):
            return
        steps = self._steps(message)
        if self.account.statuses.order == "ordered":
            for status, code in steps:
                self.advance(message, status, code)
                await self._tell(message, status, code)
            return
        for status, code in steps:
            self.advance(message, status, code)
        for status, code in self._disordered(steps, message.sid):
            await self._tell(message, status, code)

    def advance(self, message: Message, status: str, code: int | None = None) -> None:
        now = self.account.clock.now()
        message.status, message.updated = status, now
        message.error_code = code if code is not None else message.error_code
        if status in ARRIVED:
            message.sent = message.sent or now
        if status == "delivered" or (status == "sent" and self._end(message)[0] in ARRIVED):
            self._show(message)
        if status in FAILED:
            self._show_failure(message)

    async def say(self, message: Message, status: str, code: int | None) -> None:
        """One status by hand: the resource changes and the callback goes out."""
        self.advance(message, status, code)
        await self._tell(message, status, code)

    async def call_back(self, message: Message, status: str, code: int | None, manner: Manner) -> None:
        """Only the callback, whatever the resource says."""
        url = message.status_callback or self.account.settings.status_callback
        if url:
            await self.caller.call(url, self._pairs(message, status, code), manner)

    def release_due(self) -> None:
        """Scheduled messages whose time has come go out; those queued beyond their validity fail."""
        now = self.account.clock.now()
        for message in tuple(self.account.messages.values()):
            if message.status == "scheduled" and message.send_at is not None and message.send_at <= now:
                message.status, message.updated = "accepted", now
                if self.account.statuses.auto and self._end(message)[0] in ARRIVED:
                    self._show(message)
                self.account.background(self.carry(message))
            elif message.status in ("queued", "accepted") and now - message.created > message.validity:
                self.account.background(self.say(message, "failed", 30036))

    def _steps(self, message: Message) -> list[tuple[str, int | None]]:
        """No callback comes for the state the API call was answered with."""
        status, code = self._end(message)
        road = ["queued"] if message.status == "accepted" else []
        road += [] if status == "failed" else (["sending"] if self.account.statuses.sending else []) + ["sent"]
        return [(step, None) for step in road if step != status] + [(status, code)]

    def _end(self, message: Message) -> tuple[str, int | None]:
        if self.account.opt_outs.is_blocked(self.account.line(message.sender), message.to):
            return "failed", 21610
        code = filtered(self.account, message.to, message.body)
        if code is not None:
            return "undelivered", code
        phone = self.account.phone(message.to)
        return phone.final, phone.error_code if phone.final in FAILED else None

    def _disordered(self, steps: list[tuple[str, int | None]], seed: str) -> list[tuple[str, int | None]]:
        mixed = steps[::-1]
        if self.account.statuses.order == "shuffled":
            random.Random(seed).shuffle(mixed)
            mixed = mixed if mixed != steps else steps[::-1]
        return mixed

    async def _tell(self, message: Message, status: str, code: int | None) -> None:
        statuses = self.account.statuses
        if status in statuses.drop or "*" in statuses.drop:
            return
        for _ in range(2 if statuses.duplicates else 1):
            await self.call_back(message, status, code, Manner())

    def _pairs(self, message: Message, status: str, code: int | None) -> Pairs:
        pairs = [("ErrorCode", str(code))] if code is not None else []
        pairs += [("SmsSid", message.sid), ("SmsStatus", status), ("MessageStatus", status), ("To", message.to)]
        pairs += [("MessagingServiceSid", message.service_sid)] if message.service_sid else []
        pairs += [("MessageSid", message.sid), ("AccountSid", self.account.settings.account_sid)]
        pairs += [("From", message.sender), ("ApiVersion", "2010-04-01")]
        if status in ("delivered", "undelivered"):
            pairs.append(("RawDlrDoneDate", self.account.clock.moment().strftime("%y%m%d%H%M")))
        return pairs

    def _show(self, message: Message) -> None:
        if message.shown:
            return
        message.shown = True
        via = "twiml" if message.direction == "outbound-reply" else "api"
        seen = {"type": "mms" if message.media else "text", "content": message.body}
        more = {"sid": message.sid, "media": list(message.media), "from": message.sender}
        self.account.chat.add(message.to, self.account.clock.now(), via, seen | more | size(message.body).told())

    def _show_failure(self, message: Message) -> None:
        """The phone shows nothing; the log of its chat says why."""
        title = TITLES.get(message.error_code or 0, "")
        told = {"type": "failure", "content": message.body, "sid": message.sid}
        more = {"error_code": message.error_code, "error": title, "status": message.status}
        self.account.chat.add(message.to, self.account.clock.now(), "twilio", told | more)
