"""The access token that all processes share: in Redis, and refreshed by one of them.

Rules: developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken, and for WeCom
developer.work.weixin.qq.com/document/path/91039. Both may be asked for twice without harm (the answer is the same), so
no failure of the lock does more than one call too many; `force_refresh`, which kills WeChat's for everybody, is never
used.
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import redis

from bot.channels.http import is_whole
from bot.errors import DeliveryError

Fetch = Callable[[], tuple[str, int]]  # a token and for how many seconds it may be used

_EARLY = 300  # seconds before its end that a token is no longer used
_SHORTEST, _LONGEST = 60, 86_400
_LOCKED = 20  # seconds; longer than a call for a token can take
_LOOK = 0.05
_DROP_IF_SAME = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


def read(answer: Mapping[str, Any]) -> tuple[str, int] | None:
    """The token of an answer, and for how many seconds it may be used; None where there is none. What is no number of
    seconds counts as a short time."""
    token, seconds = answer.get("access_token"), answer.get("expires_in", 0)
    if not (isinstance(token, str) and token.isascii() and token.isprintable() and token):
        return None
    stated: int = seconds if is_whole(seconds) else 0
    return token, min(max(stated - _EARLY, _SHORTEST), _LONGEST)


class SharedTokens:
    """In Redis, for every process; while Redis is away each process keeps its own."""

    def __init__(
        self, connection: "redis.Redis | None", account: str, patience: float = 3.0, of: str = "wechat"
    ) -> None:
        """`patience`: seconds to wait for the process that fetches, before fetching too. `of`: the platform."""
        self._redis, self._patience = connection, patience
        self._key = f"keepwarm:{of}_token:{account}"
        self._lock = f"{self._key}:refreshing"
        self._own: tuple[str, float] | None = None
        self._refreshing = threading.Lock()
        self._failed: tuple[float, DeliveryError] | None = None

    def token(self, fetch: Fetch) -> str:
        """The shared token; where there is none, one caller fetches it and the others get what it brought. Raises
        what `fetch` raises; whoever waited for a fetch that failed fails with it, not one after the other."""
        found = self._get()
        if found:
            return found
        asked = time.monotonic()
        with self._refreshing:
            if self._failed and self._failed[0] > asked:
                error = self._failed[1]
                raise type(error)(error.code, error.reason)
            return self._get() or self._refreshed(fetch)

    def drop(self, token: str) -> None:
        """Forgets the token, unless another process has put a newer one there meanwhile."""
        if self._own and self._own[0] == token:
            self._own = None
        self._ask(lambda server: server.eval(_DROP_IF_SAME, 1, self._key, token))

    def _refreshed(self, fetch: Fetch) -> str:
        """A lock whose holder died opens by itself; who cannot wait that long fetches too."""
        mine = secrets.token_hex(8)
        until = time.monotonic() + self._patience
        while not self._locked(mine) and time.monotonic() < until:
            time.sleep(_LOOK)
            found = self._get()
            if found:
                return found
        try:
            return self._get() or self._fetched(fetch)
        except DeliveryError as error:
            self._failed = (time.monotonic(), error)
            raise
        finally:
            self._ask(lambda server: server.eval(_DROP_IF_SAME, 1, self._lock, mine))

    def _locked(self, mine: str) -> bool:
        """Whether this process is to fetch: it has the lock, or there is no Redis to have one in."""
        taken = self._ask(lambda server: bool(server.set(self._lock, mine, nx=True, px=_LOCKED * 1000)))
        return taken is not False

    def _fetched(self, fetch: Fetch) -> str:
        token, seconds = fetch()
        self._own = (token, time.monotonic() + seconds)
        self._ask(lambda server: server.set(self._key, token, ex=seconds))
        return token

    def _get(self) -> str | None:
        """What Redis has counts, also if that is nothing: our own may be older than a token that was dropped."""
        found = self._ask(lambda server: server.get(self._key) or b"")
        if found is not None:
            return found.decode() or None
        return self._own[0] if self._own and self._own[1] > time.monotonic() else None

    def _ask(self, what: Callable[["redis.Redis"], Any]) -> Any:
        """None where there is no Redis, or none that answers."""
        if self._redis is None:
            return None
        try:
            return what(self._redis)
        except redis.RedisError:
            return None
