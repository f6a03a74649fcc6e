"""Posts one event to one hook: one call, no redirect, no retry, an end to waiting; and says what came of it."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import certifi
import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError, TimeoutError

from bot.webhooks_out import signature
from bot.webhooks_out.addresses import Forbidden, Target, look_up

TIMEOUT = urllib3.Timeout(connect=3.05, read=10)  # seconds
DONE = "done"
_REFUSED = "refused"  # this event alone: the other side lives, and does not want it
_BUSY = (408, 425, 429)  # 4xx that mean: later


def post(url: str, secret: str, event: Mapping[str, Any], private: bool, now: datetime) -> str:
    """DONE, `refused 422` where the other side does not want this one; else why nothing gets through to it: `503`,
    `redirect 302`, `timeout`, `unreachable`, `forbidden`."""
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "keepwarm",
        "Keepwarm-Event-Id": str(event["id"]),
        "Keepwarm-Event-Kind": str(event["kind"]),
        signature.HEADER: signature.signature(secret, body, now),
    }
    try:
        return _outcome(_status(look_up(url, private), body, headers))
    except Forbidden:
        return "forbidden"
    except NewConnectionError:  # which urllib3 counts among the time-outs
        return "unreachable"
    except TimeoutError:
        return "timeout"
    except (HTTPError, OSError, ValueError):
        return "unreachable"


def is_refusal(outcome: str) -> bool:
    """Whether it says something of the event and nothing of the hook."""
    return outcome.startswith(_REFUSED)


def _outcome(status: int) -> str:
    if 200 <= status < 300:
        return DONE
    if 300 <= status < 400:
        return f"redirect {status}"
    return f"{_REFUSED} {status}" if 400 <= status < 500 and status not in _BUSY else str(status)


def _status(target: Target, body: bytes, headers: Mapping[str, str]) -> int:
    """What is answered is not read: it is of no interest, and might have no end."""
    with _pool(target) as pool:
        answer = pool.urlopen(
            "POST",
            target.path,
            body=body,
            headers={**headers, "Host": target.named},
            redirect=False,
            retries=False,
            timeout=TIMEOUT,
            preload_content=False,
        )
        try:
            return answer.status
        finally:
            answer.close()


def _pool(target: Target) -> urllib3.HTTPConnectionPool:
    if not target.tls:
        return urllib3.HTTPConnectionPool(target.ip, target.port, maxsize=1)
    return urllib3.HTTPSConnectionPool(
        target.ip,
        target.port,
        maxsize=1,
        cert_reqs="CERT_REQUIRED",
        ca_certs=certifi.where(),
        server_hostname=target.host,
        assert_hostname=target.host,
    )
