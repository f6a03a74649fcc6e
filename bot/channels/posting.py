"""HTTP calls to providers: an explicit time-out, no retry, and errors that know whether anything may have been sent."""

import threading
import time
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from bot.errors import TryLater, Unknown

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


def failed(error: requests.RequestException) -> TryLater | Unknown:
    """Only where no connection came about is it certain that nothing was sent."""
    cause: Any = error.args[0] if error.args else None
    refused = isinstance(getattr(cause, "reason", None), NewConnectionError)
    if isinstance(error, requests.ConnectTimeout) or refused:
        return TryLater("no_connection", type(error).__name__)
    return Unknown("no_answer", type(error).__name__)
