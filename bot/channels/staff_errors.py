"""What the codes of WeCom, DingTalk and Feishu mean for the caller; they come with HTTP 200.

Rules: developer.work.weixin.qq.com/document/path/90313 (WeCom), open.dingtalk.com/document/robots/custom-robot-access,
open.feishu.cn/document/client-docs/bot-v3/add-custom-bot. To add a code: one line in its table. What is known to
concern the application or the robot stops the channel (Misconfigured); all else closes the road for one message or one
person (Unreachable), also what we have not met: an alert takes its next road then, and one must not stop the others.
"""

from collections.abc import Mapping
from typing import Any

from bot.channels.http import is_whole
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable

Codes = Mapping[int, tuple[type[DeliveryError], str]]

BAD_TOKEN = frozenset({40014, 42001})  # once: it was replaced or has ended; again with a new one: the account is wrong
_MINUTE = 60.0  # seconds
_DINGTALK_REST = 600.0  # who sends more than 20 in a minute is heard again after ten

WECOM: Codes = {
    -1: (Unknown, "busy"),
    40001: (Misconfigured, "wrong secret"),
    40003: (Unreachable, "no such member"),
    40008: (Unreachable, "no such kind of message"),
    40013: (Misconfigured, "wrong corp id"),
    40014: (Misconfigured, "token refused"),
    40035: (Unreachable, "an argument is wrong"),
    40056: (Misconfigured, "wrong agent id"),
    40058: (Unreachable, "an argument is wrong, or the text too long"),
    41001: (Misconfigured, "no token"),
    41002: (Misconfigured, "no corp id"),
    41004: (Misconfigured, "no secret"),
    42001: (Misconfigured, "token refused"),
    44004: (Unreachable, "empty"),
    45002: (Unreachable, "too long"),
    45009: (TryLater, "the minute's or the day's messages are used up"),
    45033: (TryLater, "too many calls at once"),
    48002: (Misconfigured, "no permission for this call"),
    60011: (Unreachable, "the application may not write to this member"),
    60020: (Misconfigured, "our address is not on the list of trusted ones"),
    60111: (Unreachable, "no such member"),
    81013: (Unreachable, "the application may not write to this member"),
    82001: (Unreachable, "to nobody"),
    93000: (Misconfigured, "no such robot"),
    93004: (Misconfigured, "the robot is switched off"),
    93008: (Misconfigured, "the robot is not in the group"),
    301002: (Misconfigured, "no permission for this application"),
}
DINGTALK: Codes = {
    -1: (Unknown, "busy"),
    40035: (Unreachable, "an argument is wrong"),
    101002: (Unreachable, "too long"),
    130101: (TryLater, "too fast"),
    300001: (Misconfigured, "no such robot"),
    300005: (Misconfigured, "no such robot"),
    310000: (Misconfigured, "signature, keyword or address refused"),
    400013: (Misconfigured, "the group was dissolved"),
    400101: (Misconfigured, "no such robot"),
    400102: (Misconfigured, "the robot is switched off"),
    400105: (Unreachable, "no such kind of message"),
    400106: (Misconfigured, "no such robot"),
    410100: (TryLater, "too fast"),
    430101: (Unreachable, "a link is not trusted"),
    430102: (Unreachable, "the words are refused"),
    430103: (Unreachable, "the picture is refused"),
    430104: (Unreachable, "the content is refused"),
    460101: (Unreachable, "too long"),
}
FEISHU: Codes = {
    2200: (Unknown, "they failed"),
    9499: (Unreachable, "not readable"),
    11232: (TryLater, "too fast"),
    19001: (Misconfigured, "no such robot"),
    19002: (Unreachable, "an argument is wrong"),
    19021: (Misconfigured, "signature refused, or our clock is wrong"),
    19022: (Misconfigured, "our address is not on the robot's list"),
    19024: (Misconfigured, "the robot's keyword is missing"),
    19036: (Unreachable, "too long"),
}


def wecom(answer: Mapping[str, Any]) -> DeliveryError | None:
    """What went wrong; None: it was taken."""
    return _error(WECOM, answer, ("errcode",), "errmsg", _MINUTE)


def dingtalk(answer: Mapping[str, Any]) -> DeliveryError | None:
    return _error(DINGTALK, answer, ("errcode",), "errmsg", _DINGTALK_REST)


def feishu(answer: Mapping[str, Any]) -> DeliveryError | None:
    """`StatusCode` is what their older answers have. 9499 is a body that cannot be read and, by its words alone, also a
    robot that speaks too fast."""
    error = _error(FEISHU, answer, ("code", "StatusCode"), "msg", _MINUTE)
    if error is not None and error.code == "9499" and "too many" in str(answer.get("msg")).lower():
        return TryLater(error.code, "too fast", _MINUTE)
    return error


def _error(
    known: Codes, answer: Mapping[str, Any], names: tuple[str, ...], words: str, pause: float
) -> DeliveryError | None:
    """Only an answer that has a code of zero says that the message was taken."""
    codes = [answer[name] for name in names if name in answer]
    if not codes or not all(is_whole(code) for code in codes):
        return Unknown("unreadable", "an answer without a code")
    code = next((code for code in codes if code), 0)
    if not code:
        return None
    kind, word = known.get(code, (Unreachable, "unknown code"))
    said = str(answer.get(words, "")).partition(", hint")[0].partition(", more")[0].strip()
    reason = f"{word}: {said}" if said else word
    return TryLater(str(code), reason, pause) if kind is TryLater else kind(str(code), reason)
