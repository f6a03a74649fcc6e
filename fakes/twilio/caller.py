"""Calls the server's webhooks as Twilio does: signed over the public URL, cut, retried (protocols.md 3.1 to 3.4)."""

import asyncio
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import aiohttp
import yarl

from fakes.twilio.account import Account
from fakes.twilio.signature import sign

AGENT = "TwilioProxy/1.1"
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Manner:
    """How one call differs from the usual: GET, sha256, a bad or missing signature."""

    method: str = "POST"
    algorithm: str = "sha1"
    signature: str = "good"


@dataclass(frozen=True)
class Delivery:
    status: int | None
    ms: int
    body: str
    content_type: str = ""
    error: str = ""  # refused, timeout, broken

    def told(self) -> dict[str, Any]:
        said = {"status": self.status, "ms": self.ms, "body": self.body}
        return said | {"content_type": self.content_type, "error": self.error or None}


@dataclass(frozen=True)
class Overrides:
    """Connection overrides in the URL's fragment (protocols.md 3.3)."""

    retries: int = 1
    policy: tuple[str, ...] = ("ct",)
    total: float | None = None

    def again(self, delivery: Delivery) -> bool:
        reasons = {"refused": "ct", "timeout": "rt", "broken": "ct"}
        status = delivery.status or 0
        reason = reasons.get(delivery.error, f"{status // 100}xx" if status >= 400 else "")
        return bool(reason) and (reason in self.policy or "all" in self.policy)


class Caller:
    def __init__(self, account: Account) -> None:
        self.account = account

    async def call(self, url: str, pairs: Pairs, manner: Manner, token: str = "") -> list[Delivery]:
        """One webhook with its retries; every try carries the same I-Twilio-Idempotency-Token."""
        public, overrides = _split(url)
        token = token or secrets.token_hex(16)
        deliveries = [await self._once(public, pairs, manner, token, overrides)]
        while overrides.again(deliveries[-1]) and len(deliveries) <= overrides.retries:
            deliveries.append(await self._once(public, pairs, manner, token, overrides))
        self._recorded(public, pairs, deliveries)
        return deliveries

    async def _once(self, public: str, pairs: Pairs, manner: Manner, token: str, overrides: Overrides) -> Delivery:
        started = time.monotonic()
        try:
            async with asyncio.timeout(overrides.total or self.account.settings.cut):
                status, content_type, body = await self._request(public, pairs, manner, token)
        except TimeoutError:
            return Delivery(None, _ms(started), "", error="timeout")
        except aiohttp.ClientConnectorError:
            return Delivery(None, _ms(started), "", error="refused")
        except (aiohttp.ClientError, OSError, ValueError):
            return Delivery(None, _ms(started), "", error="broken")
        return Delivery(status, _ms(started), body, content_type)

    async def _request(self, public: str, pairs: Pairs, manner: Manner, token: str) -> tuple[int, str, str]:
        mark = "&" if "?" in public else "?"
        url = f"{public}{mark}{urlencode(pairs)}" if manner.method == "GET" else public
        headers = self._headers(url, [] if manner.method == "GET" else pairs, manner, token)
        data = None if manner.method == "GET" else urlencode(pairs).encode()
        target = yarl.URL(self._reached(url), encoded=True)
        asked = self.account.session.request(manner.method, target, data=data, headers=headers, allow_redirects=False)
        async with asked as response:
            body = (await response.read()).decode("utf-8", "replace")
            return response.status, response.headers.get("Content-Type", ""), body

    def _headers(self, url: str, pairs: Pairs, manner: Manner, token: str) -> dict[str, str]:
        headers = {"User-Agent": AGENT, "I-Twilio-Idempotency-Token": token, "Accept": "*/*"}
        if manner.method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        parts = urlsplit(url)
        if self.account.settings.public_url:
            headers |= {"X-Forwarded-Proto": parts.scheme, "X-Forwarded-Host": parts.netloc}
        return headers | self._signature(url, pairs, manner)

    def _signature(self, url: str, pairs: Pairs, manner: Manner) -> dict[str, str]:
        if manner.signature == "missing":
            return {}
        new = manner.algorithm == "sha256"
        key = self.account.settings.shared_key if new else self.account.settings.auth_token
        if manner.signature == "bad":
            key = "someone else's key"
        header = {"X-Twilio-Signature": sign(key, url, pairs, manner.algorithm)}
        named = {"X-Twilio-Webhooks-Signature-Settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}
        return header | named if new else header

    def _reached(self, url: str) -> str:
        """The address behind the proxy: the public origin replaced by the callback's."""
        public, real = urlsplit(self.account.settings.public_url), urlsplit(self.account.callback)
        parts = urlsplit(url)
        if not public.netloc or parts.netloc != public.netloc:
            return url
        path = real.path if parts.path == public.path else parts.path
        return urlunsplit((real.scheme, real.netloc, path, parts.query, ""))

    def _recorded(self, url: str, pairs: Pairs, deliveries: list[Delivery]) -> None:
        head = {"url": url, "request": dict(pairs)}
        self.account.deliveries.extend(head | delivery.told() for delivery in deliveries)


def _split(url: str) -> tuple[str, Overrides]:
    public, _, fragment = url.partition("#")
    wanted = parse_qs(fragment)
    total = min((float(wanted[key][0]) for key in ("rt", "tt") if key in wanted), default=0.0) / 1000
    policy = tuple(wanted.get("rp", ["ct"])[0].split(","))
    return public, Overrides(int(wanted.get("rc", ["1"])[0]), policy, total or None)


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
