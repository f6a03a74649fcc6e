"""HTTP calls to providers: an explicit time-out, no retry, and errors that know whether anything may have been sent."""

import json
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import NewConnectionError

from bot.channels.lease import last_look
from bot.errors import Misconfigured, TryLater, Unknown
from bot.values.message import shortened

Body = dict[str, Any]

TIMEOUT = (3.05, 10)  # seconds to connect, to answer
_IDLE = 5.0  # seconds; what lay longer the other side may be closing just now, and a send into that is in doubt
_TOO_MANY = 60.0  # seconds to be quiet after a 429
_own = threading.local()


class _PinnedSession(requests.Session):
    """Goes where it is told and nowhere else: what a provider is told, our secret among it, is for no other address.
    Sends nothing that is no longer this thread's to send."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            self.mount(scheme, _Adapter())

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None

    def send(self, request: requests.PreparedRequest, **more: Any) -> requests.Response:
        last_look()
        return super().send(request, **more)


class _Adapter(HTTPAdapter):
    """Looks once more where a connection had to be made first."""

    def init_poolmanager(self, *arguments: Any, **named: Any) -> None:
        super().init_poolmanager(*arguments, **named)
        self.poolmanager.pool_classes_by_scheme = {"http": _ConnectionPool, "https": _TlsPool}


class _Connection(HTTPConnection):
    def connect(self) -> None:
        super().connect()
        last_look()


class _TlsConnection(HTTPSConnection):
    def connect(self) -> None:
        super().connect()
        last_look()


class _ConnectionPool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


def session() -> requests.Session:
    """This thread's connections, kept open while it is busy: a new one for each message would cost more than it."""
    now = time.monotonic()
    if getattr(_own, "session", None) is None or now - _own.used > _IDLE:
        if getattr(_own, "session", None) is not None:
            _own.session.close()
        _own.session = _PinnedSession()
    _own.used = now
    found: requests.Session = _own.session
    return found


def to_json(body: Mapping[str, Any]) -> bytes:
    """JSON as it is counted by who limits bytes: nothing escaped that need not be."""
    return json.dumps(body, ensure_ascii=False).encode()


def shorten_to_fit(text: str, keyword: str, most: int, body: Callable[[str], Body]) -> Body:
    """What `body` makes of the text, in at most `most` bytes; the text is shortened as it must be and has `keyword`."""

    def made(room: int) -> Body:
        return body(_with(shortened(text, room), keyword))

    whole = len(text.encode())
    if len(to_json(made(whole))) <= most:
        return made(whole)
    return made(bisect_right(range(whole), most, key=lambda room: len(to_json(made(room)))) - 1)


def post_json(url: str, raw: bytes, query: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object that a robot or an application answers to JSON. `query` is added to the address, encoded once.

    What it says is the caller's to read: HTTP 200 alone means nothing there. Raises TryLater, Misconfigured where the
    address leads to no robot, and Unknown for what may have been taken.
    """
    try:
        answer = session().post(
            url,
            params=query,
            data=raw,
            timeout=TIMEOUT,
            headers={"Content-Type": "application/json"},
        )
    except requests.RequestException as error:
        raise failed(error) from None  # the original names the address, which is a secret
    return _read(answer)


def json_of(answer: requests.Response) -> Any:
    """What an answer says; None where it is no JSON, or none that anybody would write: nested or long without end."""
    try:
        return answer.json()
    except (ValueError, RecursionError, LookupError):
        return None


def is_whole(value: Any) -> TypeGuard[int]:
    """Whether it is a whole number; what JSON calls true is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _read(answer: requests.Response) -> dict[str, Any]:
    status, code = answer.status_code, f"http_{answer.status_code}"
    if status == requests.codes.too_many:
        raise TryLater(code, "too many requests", pause=_TOO_MANY)
    found = json_of(answer)
    if isinstance(found, dict) and (status < 300 or 400 <= status < 500):
        return found
    if 300 <= status < 500:
        raise Misconfigured(code, "the address leads to nobody who takes messages")
    raise Unknown(code, "no answer of theirs")


def _with(text: str, keyword: str) -> str:
    return text if keyword in text else f"{text}\n{keyword}"


def failed(error: requests.RequestException) -> TryLater | Unknown:
    """Only where no connection came about is it certain that nothing was sent."""
    cause: Any = error.args[0] if error.args else None
    refused = isinstance(getattr(cause, "reason", None), NewConnectionError)
    if isinstance(error, requests.ConnectTimeout) or refused:
        return TryLater("no_connection", type(error).__name__)
    return Unknown("no_answer", type(error).__name__)
