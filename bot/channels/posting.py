"""HTTP calls to providers: an explicit time-out, no retry, and errors that know whether anything may have been sent."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from bot.errors import Misconfigured, TryLater, Unknown
from bot.message import shortened

Body = dict[str, Any]

TIMEOUT = (3.05, 10)  # seconds to connect, to answer
_IDLE = 5.0  # seconds; what lay longer the other side may be closing just now, and a send into that is in doubt
_own = threading.local()


def session() -> requests.Session:
    """This thread's connections, kept open while it is busy: a new one for each message would cost more than it."""
    now = time.monotonic()
    if getattr(_own, "session", None) is None or now - _own.used > _IDLE:
        if getattr(_own, "session", None) is not None:
            _own.session.close()
        _own.session = requests.Session()
    _own.used = now
    found: requests.Session = _own.session
    return found


def written(body: Mapping[str, Any]) -> bytes:
    """JSON as it is counted by who limits bytes: nothing escaped that need not be."""
    return json.dumps(body, ensure_ascii=False).encode()


def fitting(text: str, keyword: str, most: int, body: Callable[[str], Body]) -> Body:
    """What `body` makes of the text, in at most `most` bytes; the text is shortened as it must be, and has `keyword`."""
    made = body(_with(text, keyword))
    over = len(written(made)) - most
    if over <= 0:
        return made
    needed = len(f"\\n{keyword}".encode())  # it may have stood in what is cut off
    return body(_with(shortened(text, len(text.encode()) - over - needed), keyword))


def told(url: str, raw: bytes, query: Mapping[str, str]) -> dict[str, Any]:
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
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise failed(error) from None  # the original names the address, which is a secret
    found = _object(answer)
    if answer.status_code >= 500 or (answer.ok and found is None):
        raise Unknown(f"http_{answer.status_code}", "no answer of theirs")
    if answer.status_code == requests.codes.too_many:
        raise TryLater("http_429", "too many requests", pause=60)
    if found is None or answer.is_redirect:
        raise Misconfigured(f"http_{answer.status_code}", "the address leads to nobody who takes messages")
    return found


def _object(answer: requests.Response) -> dict[str, Any] | None:
    try:
        found = answer.json()
    except requests.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _with(text: str, keyword: str) -> str:
    return text if keyword in text else f"{text}\n{keyword}"


def failed(error: requests.RequestException) -> TryLater | Unknown:
    """Only where no connection came about is it certain that nothing was sent."""
    cause: Any = error.args[0] if error.args else None
    refused = isinstance(getattr(cause, "reason", None), NewConnectionError)
    if isinstance(error, requests.ConnectTimeout) or refused:
        return TryLater("no_connection", type(error).__name__)
    return Unknown("no_answer", type(error).__name__)
