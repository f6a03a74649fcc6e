"""The company's accounts on the three platforms: all that the fake of HR's chats knows."""

import secrets
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from fakes.faults import SENDS
from fakes.world import World

LIFE = 7200.0  # seconds of a token
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


@dataclass
class Settings:
    """Each a command line option too. Keywords are separated by commas; a robot without a secret does not check
    signatures."""

    corp_id: str = "ww0123456789abcdef"
    agent_id: int = 1000002
    secret: str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFG"
    token: str = "keepwarm"
    aes_key: str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    members: int = 500  # accounts of the company: the application may reach 200 times as many persons a day
    robot_key: str = "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"
    dingtalk_token: str = "d" * 64
    dingtalk_secret: str = "SEC" + "0123456789abcdef" * 4
    dingtalk_keywords: str = ""
    feishu_token: str = "11111111-2222-3333-4444-555555555555"
    feishu_secret: str = "feishu-secret"
    feishu_keywords: str = ""
    cut: float = 5.0  # seconds WeCom waits for an answer
    retries: int = 3

    def change(self, order: dict[str, Any]) -> None:
        """Raises KeyError for what is no setting."""
        for name, value in order.items():
            if not hasattr(self, name):
                raise KeyError(name)
            setattr(self, name, type(getattr(self, name))(value))


class Pace:
    """How much has gone in the time just past."""

    def __init__(self) -> None:
        self._went: dict[str, deque[float]] = {}

    def full(self, name: str, most: int, seconds: float, now: float) -> bool:
        went = self._went.setdefault(name, deque())
        return sum(now - seconds < moment <= now for moment in went) >= most

    def went(self, name: str, now: float) -> None:
        went = self._went.setdefault(name, deque())
        went.append(now)
        while went and went[0] <= now - DAY:
            went.popleft()


class Account(World):
    def __init__(self, base: str, callback: str, settings: Settings) -> None:
        super().__init__(base, callback)
        self.settings = settings
        self._shipped = dict(vars(settings))
        self._begin()

    def _begin(self) -> None:
        self.pace = Pace()
        self.tokens: dict[str, float] = {}  # until when each is good
        self.revoked: set[str] = set()
        self.strangers: set[str] = set()  # whom the application may not write to
        self.foreign_address = False  # our machine's is on nobody's list of trusted ones
        self.shown: dict[tuple[str, str], float] = {}  # when a member was last sent this text
        self.dropped: list[dict[str, Any]] = []  # messages that WeCom said yes to and did not show
        self.dingtalk_rests_until = 0.0
        self._last_id = secrets.randbelow(10**15) + 7_000_000_000_000_000_000

    def reset(self) -> None:
        """As new: what tests have changed of the settings too."""
        super().reset()
        self.settings.change(self._shipped)
        self._begin()

    def next_id(self) -> int:
        self._last_id += secrets.randbelow(1000) + 1
        return self._last_id

    def good_token(self) -> tuple[str, float]:
        """The same until it ends, as WeCom gives it."""
        now = self.clock.now()
        for text, until in self.tokens.items():
            if now < until and text not in self.revoked:
                return text, until
        text = secrets.token_urlsafe(160)
        self.tokens[text] = now + LIFE
        return text, self.tokens[text]

    def took(self, request: web.Request, via: str, chat: str, content: str, body: dict[str, Any], **more: Any) -> None:
        """Commits a message: it is in that chat now, whether or not its sender hears so."""
        self.chat.add(chat, self.clock.now(), via, {"type": "text", "content": content} | more)
        sent = self.accepted(to=chat, via=via, type="text", content=content, request=body, **more)
        request.setdefault(SENDS, []).append(sent)
