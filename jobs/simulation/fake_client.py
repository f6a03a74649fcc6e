"""Calls to the stand-ins, over one connection that stays: a play of thirty days makes thousands."""

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

_SECONDS = 120


class Control:
    """A program of fakes/, called with JSON."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._line = http.client.HTTPConnection(address.hostname or "", address.port, timeout=_SECONDS)

    def post(self, path: str, order: Mapping[str, Any]) -> Any:
        """Raises RuntimeError where the stand-in refuses. It may have hung up since the last call: then once more."""
        try:
            return self._posted(path, order)
        except (http.client.RemoteDisconnected, ConnectionError):
            self._line.close()
            return self._posted(path, order)

    def _posted(self, path: str, order: Mapping[str, Any]) -> Any:
        body = json.dumps(order).encode()
        self._line.request("POST", path, body, {"Content-Type": "application/json"})
        with self._line.getresponse() as answer:
            said = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status}")
        return json.loads(said)
