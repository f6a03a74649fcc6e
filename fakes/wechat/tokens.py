"""Access tokens: the old kind that kills its predecessor, and the stable kind (protocols.md 1.10)."""

import secrets
from dataclasses import dataclass

from fakes.wechat.refusals import Refusal

LIFE = 7200.0
NEAR_EXPIRY = 300.0
FORCED_A_DAY, FORCED_APART, DAY = 20, 30.0, 86400.0


@dataclass(frozen=True)
class Token:
    text: str
    until: float


class Tokens:
    """`overlap`: seconds a replaced plain token still works: "about 5 minutes" at WeChat, none here unless set."""

    def __init__(self) -> None:
        self.overlap = 0.0
        self._ends: dict[str, float] = {}
        self._revoked: set[str] = set()
        self._plain: Token | None = None
        self._stable: Token | None = None
        self._forced: list[float] = []

    def plain(self, now: float) -> Token:
        self._retire(self._plain, now)
        self._plain = self._issue(now)
        return self._plain

    def stable(self, now: float) -> Token:
        """The same token until five minutes before its end; then a new one, while the old still works."""
        if self._stable is None or self._stable.text in self._revoked or now >= self._stable.until - NEAR_EXPIRY:
            self._stable = self._issue(now)
        return self._stable

    def forced(self, now: float) -> Token:
        """A new token, the old one dead at once; too soon after the last time nothing is refreshed."""
        self._forced = [moment for moment in self._forced if now - moment < DAY]
        if self._forced and now - self._forced[-1] < FORCED_APART:
            return self.stable(now)
        if len(self._forced) >= FORCED_A_DAY:
            raise Refusal(45009)
        self._forced.append(now)
        if self._stable is not None:
            self._revoked.add(self._stable.text)
        self._stable = self._issue(now)
        return self._stable

    def check(self, text: str, now: float) -> None:
        if not text:
            raise Refusal(41001)
        if text not in self._ends:
            raise Refusal(40001 if len(text) > 20 else 40014)
        if text in self._revoked:
            raise Refusal(40001)
        if now >= self._ends[text]:
            raise Refusal(42001)

    def revoke_all(self) -> None:
        self._revoked |= self._ends.keys()

    def _issue(self, now: float) -> Token:
        token = Token(f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(96)}", now + LIFE)
        self._ends[token.text] = token.until
        return token

    def _retire(self, token: Token | None, now: float) -> None:
        if token is None:
            return
        if self.overlap:
            self._ends[token.text] = min(token.until, now + self.overlap)
        else:
            self._revoked.add(token.text)
