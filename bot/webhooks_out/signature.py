"""Signs what is posted, so that the other side knows that it is ours, whole and of now.

To verify: the hex HMAC-SHA-256 of `t`, a dot and the body as it came, with the hook's secret, is `v1`; and `t` (unix
seconds) is not long ago.
"""

import hashlib
import hmac
from datetime import datetime

HEADER = "Keepwarm-Signature"


def signature(secret: str, body: bytes, now: datetime) -> str:
    """The value of the header."""
    at = int(now.timestamp())
    signed = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"
