"""WeChat Official Account, outbound: the shared access token, service messages, scene QR codes.

Rules: developers.weixin.qq.com/doc/service/api (customer message, stable access token, QR codes). WeChat answers every
call with HTTP 200 and an `errcode`; `errmsg` ends with a changing request id, so only the code is read.
"""

import json
import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

import redis
import requests

from bot.channels.posting import TIMEOUT, failed
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.message import Letter, Posted
from bot.settings import Wechat

_BAD_TOKEN = {40001, 40014, 42001}
_LATER = {45009, 45011, 43116, 43106, 43117}
_CLOSED = {40003, 43004, 43019, 45015, 45047, 70000}
_BUSY = -1
_EARLY = 300  # seconds before its end that a token is no longer used
_DROP_IF_SAME = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end"


class Tokens(Protocol):
    """Where the access token is shared."""

    def get(self) -> str | None: ...
    def put(self, token: str, seconds: int) -> None: ...
    def drop(self, token: str) -> None: ...


class WechatApi:
    """One account's API. Safe to use from several threads."""

    def __init__(self, settings: Wechat, tokens: Tokens) -> None:
        self._settings = settings
        self._tokens = tokens
        self._refreshing = threading.Lock()

    def send(self, letter: Letter) -> Posted:
        """Sends a service message; WeChat gives no id for it. Raises DeliveryError."""
        text = {"touser": letter.address, "msgtype": "text", "text": {"content": letter.text}}
        self._call("/cgi-bin/message/custom/send", text)
        return Posted()

    def scene_code(self, scene: str, seconds: int = 2_592_000) -> str:
        """The address that a scannable code for this scene must hold (at most 30 days). Raises DeliveryError."""
        action = {"scene": {"scene_str": scene}}
        wanted = {"expire_seconds": seconds, "action_name": "QR_STR_SCENE", "action_info": action}
        return str(self._call("/cgi-bin/qrcode/create", wanted)["url"])

    def put_menu(self, buttons: Mapping[str, Mapping[str, str]]) -> None:
        """Replaces the account's menu: names of buttons, each with names of entries and the keys they send."""
        listed = [
            {
                "name": name,
                "sub_button": [{"type": "click", "name": label, "key": key} for label, key in entries.items()],
            }
            for name, entries in buttons.items()
        ]
        self._call("/cgi-bin/menu/create", {"button": listed})

    def _call(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Calls with the shared token; a token that WeChat refuses is replaced once."""
        token = self._token()
        answer = self._post(path, body, token)
        if answer.get("errcode") in _BAD_TOKEN:
            self._tokens.drop(token)
            answer = self._post(path, body, self._token())
        code = int(answer.get("errcode") or 0)
        if code:
            raise _error(code, str(answer.get("errmsg", "")))
        return answer

    def _post(self, path: str, body: Mapping[str, Any], token: str) -> dict[str, Any]:
        raw = json.dumps(body, ensure_ascii=False).encode()  # 40033: WeChat refuses \\u escapes
        url = f"{self._settings.api_url}{path}"
        try:
            answer = requests.post(
                url,
                params={"access_token": token},
                data=raw,
                timeout=TIMEOUT,
                headers={"Content-Type": "application/json"},
            )
            found = answer.json() if answer.status_code == 200 else None
        except requests.JSONDecodeError:
            found = None
        except requests.RequestException as error:
            raise failed(error) from None  # the original names the URL, which has the token in it
        if not isinstance(found, dict):
            raise Unknown(f"http_{answer.status_code}", "no answer of WeChat's")
        return found

    def _token(self) -> str:
        token = self._tokens.get()
        if token:
            return token
        with self._refreshing:
            token = self._tokens.get()
            return token or self._fetch()

    def _fetch(self) -> str:
        """A stable token: asking twice gives the same one, so a race does no harm."""
        wanted = {
            "grant_type": "client_credential",
            "appid": self._settings.app_id,
            "secret": self._settings.app_secret,
        }
        try:
            answer = requests.post(
                f"{self._settings.api_url}/cgi-bin/stable_token", json=wanted, timeout=TIMEOUT
            ).json()
        except requests.RequestException as error:
            raise TryLater("no_token", type(error).__name__) from None
        if not isinstance(answer, dict) or "access_token" not in answer:
            code = answer.get("errcode") if isinstance(answer, dict) else "no_token"
            later = code in {_BUSY, *_LATER, "no_token", None}
            raise (TryLater if later else Misconfigured)(str(code), "no access token")
        self._tokens.put(answer["access_token"], max(int(answer["expires_in"]) - _EARLY, 60))
        return str(answer["access_token"])


class SharedTokens:
    """In Redis, for every process; while Redis is away each process keeps its own."""

    def __init__(self, connection: "redis.Redis | None", app_id: str) -> None:
        self._redis = connection
        self._key = f"keepwarm:wechat_token:{app_id}"
        self._own: tuple[str, float] | None = None

    def get(self) -> str | None:
        if self._redis is not None:
            try:
                found: Any = self._redis.get(self._key)
                return found.decode() if found else None
            except redis.RedisError:
                pass
        return self._own[0] if self._own and self._own[1] > time.monotonic() else None

    def put(self, token: str, seconds: int) -> None:
        self._own = (token, time.monotonic() + seconds)
        if self._redis is not None:
            try:
                self._redis.set(self._key, token, ex=seconds)
            except redis.RedisError:
                return

    def drop(self, token: str) -> None:
        """Forgets the token, unless another process has put a newer one there meanwhile."""
        if self._own and self._own[0] == token:
            self._own = None
        if self._redis is not None:
            try:
                self._redis.eval(_DROP_IF_SAME, 1, self._key, token)
            except redis.RedisError:
                return


def _error(code: int, message: str) -> DeliveryError:
    if code == _BUSY:
        return Unknown("-1", "WeChat was busy")
    kind: type[DeliveryError] = Misconfigured
    if code in _LATER:
        kind = TryLater
    elif code in _CLOSED:
        kind = Unreachable
    return kind(str(code), message.partition(" rid:")[0])
