"""How fast we may send: one bucket of tokens an account and one a person, shared by all processes through Redis.

A bucket is one number, the moment when it will be full again (GCRA): a token costs one interval of it. Whoever may wait
a little gets the next token now and waits for its moment, so nobody asks twice and the order is that of asking. The
clock is the Redis server's, and where time is played as far ahead of it as the shared clock is of the machine's: what
was skipped has passed for the buckets too. While Redis is away, each process keeps buckets of its own at the same rate.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import redis
import structlog

from bot.platform import clock
from bot.platform.log import broke
from bot.settings import Settings

_AWAY = 5.0  # seconds without asking a Redis that did not answer
_ROBOT_A_SECOND = 4
_MANY = 10_000  # buckets in one process, before the full ones are forgotten
_TAKE = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2] + tonumber(ARGV[2])
local at, slowest, full = now, 0, {}
for i, key in ipairs(KEYS) do
  local every, burst = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  full[i] = tonumber(redis.call('GET', key) or now)
  if full[i] < now or full[i] > now + every * burst + 3600000000 then full[i] = now end
  local free = full[i] - every * (burst - 1)
  if free > at then at, slowest = free, i end
end
if at - now > tonumber(ARGV[1]) then return {0, at - now, slowest} end
for i, key in ipairs(KEYS) do
  local next = math.max(full[i], at) + tonumber(ARGV[2 * i + 1])
  redis.call('SET', key, string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000) + 1000)
end
return {1, at - now, slowest}
"""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Bucket:
    """`every`: seconds that one token takes to grow; `burst`: how many lie there at most; `of`: account or person."""

    name: str
    every: float
    burst: int
    of: str


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Of one channel. `account`: whose limit it is: an app, a number, a robot."""

    account: str
    a_second: int
    person_a_minute: int | None = None
    a_minute: int | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """Whether one was `taken`, to be used after `wait` seconds; else none will be there before. `of`: which bucket is
    the slowest: account, person, or "" where there is nothing to wait for."""

    taken: bool
    wait: float = 0.0
    of: str = ""


class Rates:
    """Safe to use from several threads."""

    def __init__(
        self,
        connection: "redis.Redis | None",
        limits: Mapping[str, RateLimits],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limits, self._monotonic = limits, monotonic
        self._script = connection.register_script(_TAKE) if connection is not None else None
        self._own = _Own(monotonic)
        self._away_until = 0.0

    def take(self, channel: str, person: int, patience: float) -> Token:
        """A token to send to this person, if one comes within `patience` seconds; a channel without limits has
        always one."""
        limits = self._limits.get(channel)
        if limits is None:
            return Token(True)
        buckets = _buckets(channel, limits, person)
        taken, wait, slowest = self._shared(buckets, patience) or self._own.take(buckets, patience)
        return Token(taken, wait, buckets[slowest - 1].of if slowest else "")

    def batch(self, channel: str, most: int) -> int:
        """How many messages are worth taking at once: no more than go in a second."""
        limits = self._limits.get(channel)
        return min(most, max(2, limits.a_second)) if limits else most

    def _shared(self, buckets: Sequence[Bucket], patience: float) -> tuple[bool, float, int] | None:
        now = self._monotonic()
        if self._script is None or now < self._away_until:
            return None
        ahead = round(clock.ahead() * 1e6)
        if self._away_until:
            self._away_until = now + _AWAY  # one asks whether it is back: the others do not wait with it
        sizes = [number for bucket in buckets for number in (round(bucket.every * 1e6), bucket.burst)]
        try:
            taken, wait, slowest = self._script(
                [bucket.name for bucket in buckets], [round(patience * 1e6), ahead, *sizes]
            )
        except redis.RedisError as error:
            self._away_until = self._monotonic() + _AWAY
            _log.warning("redis_away", **broke(error))
            return None
        self._away_until = 0.0
        return bool(taken), int(wait) / 1e6, int(slowest)


class _Own:
    """The same in this process alone."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._full_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def take(self, buckets: Sequence[Bucket], patience: float) -> tuple[bool, float, int]:
        with self._lock:
            now = at = self._monotonic() + clock.ahead()
            slowest = 0
            for place, bucket in enumerate(buckets, 1):
                free = self._full_at.get(bucket.name, now) - bucket.every * (bucket.burst - 1)
                if free > at:
                    at, slowest = free, place
            if at - now > patience:
                return False, at - now, slowest
            for bucket in buckets:
                self._full_at[bucket.name] = max(self._full_at.get(bucket.name, now), at) + bucket.every
            self._forget(now)
            return True, at - now, slowest

    def _forget(self, now: float) -> None:
        if len(self._full_at) > _MANY:
            self._full_at = {name: full_at for name, full_at in self._full_at.items() if full_at > now}


def rates(settings: Settings, connection: "redis.Redis | None") -> Rates:
    """As the settings say; SMS count by the number or messaging service that sends. A group's robots are allowed so
    little a minute that their second does not matter, but for Feishu's, which takes 5."""
    wechat, sms, email, wecom = settings.wechat, settings.sms, settings.email, settings.wecom
    robots = {"wecom_robot": settings.wecom_robot, "dingtalk": settings.dingtalk, "feishu": settings.feishu}
    limits = {
        "wechat": RateLimits(wechat.app_id, wechat.a_second, wechat.person_a_minute),
        "sms": RateLimits(sms.messaging_service_sid or sms.sender, sms.a_second, sms.person_a_minute),
        "email": RateLimits(email.sender, email.a_second),
        "wecom": RateLimits(wecom.account, wecom.a_second, wecom.person_a_minute),
        **{name: RateLimits(robot.account, _ROBOT_A_SECOND, a_minute=robot.a_minute) for name, robot in robots.items()},
    }
    return Rates(connection, limits)


def _buckets(channel: str, limits: RateLimits, person: int) -> list[Bucket]:
    """An account may send a tenth of a second's messages at once."""
    account = f"keepwarm:rate:{channel}:{limits.account}"
    found = [Bucket(account, 1 / limits.a_second, max(1, limits.a_second // 10), "account")]
    if limits.a_minute:
        found.append(_a_minute(f"{account}:minute", limits.a_minute, "account"))
    if limits.person_a_minute:
        found.append(_a_minute(f"keepwarm:rate:{channel}:person:{person}", limits.person_a_minute, "person"))
    return found


def _a_minute(name: str, limit: int, of: str) -> Bucket:
    """Half of a minute's may go at once, so that no minute has more than its limit."""
    burst = max(1, limit // 2)
    return Bucket(name, 60 / max(1, limit - burst), burst, of)
