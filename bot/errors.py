"""Everything that can go wrong, by what the caller should do about it.

* KeepwarmError
  x ContentError      a YAML file is wrong: refuse to start, name file and line, all faults at once
  x ConfigError       config.yaml, the environment or the database is not what we need: refuse to start
  x DeliveryError     a message did not go out
    + TryLater        nothing was sent; the road is blocked for now
    + Unreachable     this road is closed to this person: try the next channel
    + Unknown         it may have been sent: reconcile, never resend blindly
    + Misconfigured   our account is wrong: stop this channel and tell the operator
  x Rejected          a webhook call that cannot be trusted or read
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Fault:
    """One thing that is wrong in a file: where, what, and what would be right."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"


class KeepwarmError(Exception):
    """The root: catching it catches everything below."""


class ContentError(KeepwarmError):
    """Files that people wrote are wrong; `faults` has every one of them."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = sorted(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class ConfigError(KeepwarmError):
    """The deployment is wrong: the message says what and what would be right."""


class DeliveryError(KeepwarmError):
    """A message did not go out; `code` is the provider's own, for the record."""

    def __init__(self, code: str, reason: str = "") -> None:
        self.code = code
        self.reason = reason
        super().__init__(f"{code} {reason}".strip())


class TryLater(DeliveryError):
    """Nothing was sent; the same road may be open later. `pause`: seconds before which the provider said it is not."""

    def __init__(self, code: str, reason: str = "", pause: float = 0.0) -> None:
        super().__init__(code, reason)
        self.pause = pause


class Unreachable(DeliveryError):
    """This road is closed to this person until something changes."""


class Unknown(DeliveryError):
    """It may have been sent: never resend blindly."""


class Misconfigured(DeliveryError):
    """Our account or setting is wrong: no message can go this road until someone mends it."""


class Rejected(KeepwarmError):
    """A webhook call that cannot be trusted or read; `status` is the HTTP answer it deserves."""

    def __init__(self, reason: str, status: int = 403) -> None:
        self.reason = reason
        self.status = status
        super().__init__(reason)
