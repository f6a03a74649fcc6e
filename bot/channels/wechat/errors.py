"""WeChat's error codes, by what the caller should do about them.

Rules: developers.weixin.qq.com/doc/oplatform/developers/errCode/errCode.html and the pages of the single calls. To add
a code: one line in KNOWN. What is known to concern the account stops the channel (Misconfigured); all else closes the
road for one message or one person (Unreachable), also what we have not met: one recipient must not stop the others.
"""

from collections.abc import Mapping

from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable

BAD_TOKEN = frozenset({40001, 40014, 42001})  # once: the token was replaced; again with a new one: the account is wrong
NO_MENU_MESSAGES = "40200"
NOT_FOLLOWING = frozenset({"43004"})
WINDOW_CLOSED = frozenset({"45015"})
QUOTA_USED = frozenset({"45047"})

KNOWN: Mapping[int, tuple[type[DeliveryError], str]] = {
    -1: (Unknown, "busy"),
    40001: (Misconfigured, "token refused"),
    40002: (Misconfigured, "wrong grant type"),
    40003: (Unreachable, "no such openid"),
    40007: (Unreachable, "no such picture"),
    40008: (Unreachable, "no such kind of message"),
    40013: (Misconfigured, "wrong app id"),
    40014: (Misconfigured, "token refused"),
    40033: (Unreachable, "escaped characters"),
    40037: (Unreachable, "no such template"),
    40097: (Unreachable, "an argument is wrong"),
    40125: (Misconfigured, "wrong app secret"),
    40164: (Misconfigured, "our address is not on the whitelist"),
    40200: (Unreachable, "the account has no such messages"),
    40243: (Misconfigured, "app secret frozen"),
    41001: (Misconfigured, "no token"),
    41002: (Misconfigured, "no app id"),
    41004: (Misconfigured, "no app secret"),
    42001: (Misconfigured, "token refused"),
    43004: (Unreachable, "does not follow"),
    43019: (Unreachable, "on the blacklist"),
    43101: (Unreachable, "not subscribed, or refused"),
    43106: (TryLater, "too often to this person"),
    43107: (Unreachable, "subscription notices or this template banned"),
    43116: (Unreachable, "template restricted"),
    43117: (TryLater, "too often to this person"),
    44002: (Unreachable, "empty"),
    44004: (Unreachable, "empty"),
    45002: (Unreachable, "too long"),
    45008: (Unreachable, "too many articles"),
    45009: (TryLater, "the day's quota is used up"),
    45011: (TryLater, "the minute's quota is used up"),
    45015: (Unreachable, "window closed"),
    45047: (Unreachable, "window's messages used up"),
    47001: (Unreachable, "not readable"),
    47003: (Unreachable, "a field breaks its rule"),
    48001: (Misconfigured, "no permission for this call"),
    48002: (Unreachable, "takes no messages"),
    48004: (Misconfigured, "call banned"),
    48006: (TryLater, "quota cleared too often"),
    50002: (Misconfigured, "the account is restricted"),
    70000: (Unreachable, "protected minor"),
    89501: (Misconfigured, "an administrator must confirm our address"),
    89503: (Misconfigured, "an administrator must confirm our address"),
}
_UNMET = (Unreachable, "unknown code")


def error(code: int, message: str) -> DeliveryError:
    """`message` is WeChat's own; it ends with a changing request id, which is left out."""
    kind, word = KNOWN.get(code, _UNMET)
    said = message.partition(" rid:")[0].strip()
    return kind(str(code), f"{word}: {said}" if said else word)
