"""The account and its followers: all that the fake WeChat knows."""

import base64
import secrets
from dataclasses import dataclass, field
from typing import Any

from fakes.wechat.quotas import Quotas
from fakes.wechat.tokens import Tokens
from fakes.wechat.windows import Window
from fakes.world import World

DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
MODES, FORMATS = ("plain", "compatible", "secure"), ("xml", "json")


@dataclass
class Settings:
    app_id: str = "wx0123456789abcdef"
    app_secret: str = "0123456789abcdef0123456789abcdef"
    token: str = "keepwarm"
    aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    mode: str = "plain"
    format: str = "xml"
    account: str = "gh_97417a04a28d"
    name: str = "keepwarm"
    cut: float = 5.0  # seconds WeChat waits for an answer
    retries: int = 3

    def change(self, order: dict[str, Any]) -> None:
        """Takes over mode, format, cut, retries, name; raises ValueError for another value of the first two."""
        if order.get("mode", self.mode) not in MODES or order.get("format", self.format) not in FORMATS:
            raise ValueError(f"mode is one of {MODES}, format one of {FORMATS}")
        for key in ("mode", "format", "cut", "retries", "name"):
            if key in order:
                setattr(self, key, type(getattr(self, key))(order[key]))


TYPING_SHOWS = 5.0  # seconds


@dataclass
class Person:
    openid: str
    following: bool = False
    followed_at: int = 0
    scene: str = ""
    window: Window = field(default_factory=Window)
    credits: dict[str, int] = field(default_factory=dict)  # subscription notices left, by template
    blacklisted: bool = False
    minor: bool = False
    typing_until: float = 0.0
    template_result: str = "success"  # or "failed:user block", "failed: system failed", "" = no event ever comes


@dataclass(frozen=True)
class Media:
    kind: str
    content_type: str
    data: bytes
    until: float


@dataclass(frozen=True)
class Ticket:
    text: str
    scene: str
    url: str
    until: float | None


@dataclass
class Code:
    openid: str
    until: float
    used: bool = False


class Account(World):
    def __init__(self, base: str, callback: str, settings: Settings) -> None:
        super().__init__(base, callback)
        self.settings = settings
        self._begin()

    def _begin(self) -> None:
        self.tokens = Tokens()
        self.quotas = Quotas()
        self.people: dict[str, Person] = {}
        self.media: dict[str, Media] = {}
        self.tickets: dict[str, Ticket] = {}
        self.codes: dict[str, Code] = {}
        self.templates: dict[str, dict[str, str]] = {}
        self.template_memory: dict[tuple[str, str], tuple[float, int]] = {}
        self.menu: dict[str, Any] | None = None
        self.last_id = secrets.randbelow(10**15) + 24_000_000_000_000_000

    def reset(self) -> None:
        """Forgets people and records; settings, menu and registered templates stay, as a real account's would."""
        menu, templates = self.menu, self.templates
        super().reset()
        self._begin()
        self.menu, self.templates = menu, templates

    def next_id(self) -> int:
        """Message ids exceed 2^53, as the platform's do."""
        self.last_id += secrets.randbelow(1000) + 1
        return self.last_id

    def person(self, openid: str) -> Person:
        """Someone unknown who speaks must have followed before this fake was started."""
        if openid not in self.people:
            self.people[openid] = Person(openid, following=True, followed_at=int(self.clock.now()))
        return self.people[openid]

    def keep_media(self, kind: str, content_type: str, data: bytes) -> str:
        media_id = secrets.token_urlsafe(48)
        self.media[media_id] = Media(kind, content_type, data, self.clock.now() + 3 * 86400)
        return media_id

    def keep_ticket(self, scene: str, seconds: int | None) -> Ticket:
        until = None if seconds is None else self.clock.now() + seconds
        link = f"http://weixin.qq.com/q/{secrets.token_urlsafe(16)}"
        ticket = Ticket("gQ" + secrets.token_urlsafe(60), scene, link, until)
        self.tickets[ticket.text] = ticket
        return ticket
