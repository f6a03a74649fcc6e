"""The account, its numbers, its messages and the phones they reach: all that the fake Twilio knows."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from fakes.twilio.optout import OptOuts
from fakes.twilio.segments import size
from fakes.world import World

API = "/2010-04-01/Accounts"
TERMINAL = ("delivered", "undelivered", "failed", "canceled", "received", "read")


def new_sid(prefix: str) -> str:
    return prefix + secrets.token_hex(16)


@dataclass
class Settings:
    account_sid: str = "AC" + "0123456789abcdef" * 2
    auth_token: str = "fedcba9876543210" * 2
    service_sid: str = ""
    numbers: tuple[str, ...] = ("+12025550123",)
    status_callback: str = ""
    public_url: str = ""
    shared_key: str = "shared-key-of-the-fake"
    method: str = "POST"
    cut: float = 15.0  # seconds in all for one webhook call
    service_optout: str = "sync"  # 21610 through a Messaging Service: sync = HTTP 400, async = status failed
    china_templates: tuple[str, ...] = ()  # patterns; when given, other texts to +86 are filtered


@dataclass
class Statuses:
    """How status callbacks behave from now on."""

    auto: bool = True  # False: a message stays where it is until /_fake/status says more
    order: str = "ordered"  # or shuffled, reversed
    duplicates: bool = False
    drop: tuple[str, ...] = ()  # statuses whose callback gets lost; "*" = all
    before_response: bool = False
    sending: bool = True


@dataclass
class Phone:
    """What happens to texts for one number: refused at once with a code, or ending in `final`."""

    refuse: int = 0
    final: str = "delivered"
    error_code: int | None = None


@dataclass
class Message:
    sid: str
    to: str
    sender: str
    body: str
    direction: str
    status: str
    created: float
    updated: float
    sent: float | None = None
    service_sid: str = ""
    status_callback: str = ""
    media: tuple[str, ...] = ()
    error_code: int | None = None
    send_at: float | None = None
    validity: float = 36000.0
    shown: bool = False
    segments: int = field(default=0)

    def resource(self, account_sid: str) -> dict[str, Any]:
        place = f"{API}/{account_sid}/Messages/{self.sid}"
        waiting = self.status in ("accepted", "scheduled")
        return {
            "account_sid": account_sid,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": _rfc2822(self.created),
            "date_sent": _rfc2822(self.sent),
            "date_updated": _rfc2822(self.updated),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": None if waiting else self.sender,
            "messaging_service_sid": self.service_sid or None,
            "num_media": str(len(self.media)),
            "num_segments": "0" if waiting else str(self.segments),
            "price": None,
            "price_unit": None,
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{place}/Media.json"},
            "to": self.to,
            "uri": f"{place}.json",
        }


class Account(World):
    def __init__(self, base: str, callback: str, settings: Settings) -> None:
        super().__init__(base, callback)
        self.settings = settings
        self._begin()

    def _begin(self) -> None:
        self.statuses = Statuses()
        self.opt_outs = OptOuts()
        self.messages: dict[str, Message] = {}
        self.phones: dict[str, Phone] = {}
        self.media: dict[str, tuple[str, bytes]] = {}
        self.replies: dict[tuple[str, str], list[float]] = {}

    def reset(self) -> None:
        super().reset()
        self._begin()

    @property
    def number(self) -> str:
        return self.settings.numbers[0]

    def line(self, number: str) -> str:
        """What an opt-out is kept for: the Messaging Service if there is one, else the number."""
        return self.settings.service_sid or number

    def phone(self, number: str) -> Phone:
        return self.phones.setdefault(number, Phone())

    def keep(self, message: Message) -> Message:
        message.segments = size(message.body).segments
        self.messages[message.sid] = message
        return message

    def keep_media(self, content_type: str, data: bytes) -> str:
        media_id = new_sid("ME")
        self.media[media_id] = (content_type, data)
        return f"{self.base}/media/{media_id}"


def _rfc2822(unix: float | None) -> str | None:
    return None if unix is None else format_datetime(datetime.fromtimestamp(unix, UTC))
