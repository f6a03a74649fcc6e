"""HTTP calls to providers: an explicit time-out, no retry, and errors that know whether anything may have been sent."""

from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from bot.errors import TryLater, Unknown

TIMEOUT = (3.05, 10)  # seconds to connect, to answer


def failed(error: requests.RequestException) -> TryLater | Unknown:
    """Only where no connection came about is it certain that nothing was sent."""
    cause: Any = error.args[0] if error.args else None
    refused = isinstance(getattr(cause, "reason", None), NewConnectionError)
    if isinstance(error, requests.ConnectTimeout) or refused:
        return TryLater("no_connection", type(error).__name__)
    return Unknown("no_answer", type(error).__name__)
