"""How Twilio signs a webhook (protocols.md 3.4)."""

import base64
import hashlib
import hmac
from collections.abc import Iterable

Pairs = Iterable[tuple[str, str]]


def sign(key: str, url: str, pairs: Pairs = (), algorithm: str = "sha1") -> str:
    """The URL as configured, then every unique name, sorted, with each of its unique values, sorted."""
    unique = sorted(set(pairs))
    text = url + "".join(name + value for name, value in unique)
    digest = hmac.new(key.encode(), text.encode(), hashlib.sha256 if algorithm == "sha256" else hashlib.sha1)
    return base64.b64encode(digest.digest()).decode()
