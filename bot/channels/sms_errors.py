"""Twilio's error codes, at once and in status callbacks, by what the caller should do about them.

Rules: twilio.com/docs/api/errors. To add a code: one line in KNOWN. What concerns one number, one country or one text
closes a road (Unreachable); what concerns the account or its sender stops the channel (Misconfigured).
"""

from collections.abc import Mapping

from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable

OPTED_OUT = "21610"
# Facts that last: nothing reaches this number until somebody writes from it (or, opted out, asks for messages again).
DEAD = frozenset({"21211", "21614", "21635", "30005", "30006"})
LASTING = DEAD | {OPTED_OUT}

KNOWN: Mapping[str, tuple[type[DeliveryError], str]] = {
    "14107": (TryLater, "too many answers between two numbers"),
    "20003": (Misconfigured, "wrong credentials"),
    "20404": (Misconfigured, "no such account"),
    "20429": (TryLater, "too many requests"),
    "20500": (Unknown, "Twilio failed"),
    "20503": (Unknown, "Twilio failed"),
    "21211": (Unreachable, "no such number"),
    "21212": (Misconfigured, "wrong sender"),
    "21266": (Unreachable, "to ourselves"),
    "21408": (Unreachable, "region not switched on"),
    "21602": (Unreachable, "no text"),
    "21603": (Misconfigured, "no sender"),
    "21604": (Unreachable, "no number"),
    "21606": (Misconfigured, "sender cannot send this"),
    "21608": (Unreachable, "trial account: number not verified"),
    "21609": (Misconfigured, "status callback is no address: see public_url"),
    "21610": (Unreachable, "opted out"),
    "21611": (TryLater, "our number's queue is full"),
    "21612": (Unreachable, "not reachable by SMS"),
    "21614": (Unreachable, "no mobile number"),
    "21617": (Unreachable, "too long"),
    "21619": (Unreachable, "no text"),
    "21620": (Unreachable, "picture has no address"),
    "21635": (Unreachable, "landline"),
    "21659": (Misconfigured, "sender is not ours"),
    "21660": (Misconfigured, "sender is not of this account"),
    "21661": (Misconfigured, "sender cannot send SMS"),
    "21703": (Misconfigured, "messaging service has no usable number"),
    "21704": (Misconfigured, "messaging service has no number"),
    "21705": (Misconfigured, "no such messaging service"),
    "30001": (TryLater, "queue overflow"),
    "30002": (Misconfigured, "account suspended"),
    "30003": (Unreachable, "handset not reachable"),
    "30004": (Unreachable, "blocked"),
    "30005": (Unreachable, "unknown handset"),
    "30006": (Unreachable, "landline or unreachable carrier"),
    "30007": (Unreachable, "filtered"),
    "30008": (TryLater, "unknown error"),
    "30022": (TryLater, "carrier's rate"),
    "30023": (TryLater, "carrier's daily cap"),
    "30024": (Misconfigured, "sender not provisioned"),
    "30034": (Misconfigured, "sender not registered"),
    "30035": (TryLater, "sender still registering"),
    "30036": (TryLater, "validity over"),
    "30047": (TryLater, "quiet hours"),
    "30410": (TryLater, "carrier did not answer"),
    "30610": (TryLater, "quiet hours"),
    "63018": (TryLater, "channel's rate"),
}
PASSING = frozenset(code for code, (kind, _) in KNOWN.items() if kind is TryLater)
_OF_DELIVERY = ("30", "63")  # codes we have not met: what a carrier says concerns the one message


def kind_of(code: str) -> type[DeliveryError]:
    """What a code of the API or of a status callback asks for; also of one that we have not met."""
    if code in KNOWN:
        return KNOWN[code][0]
    return Unreachable if len(code) == 5 and code.startswith(_OF_DELIVERY) else Misconfigured


def error(code: str) -> DeliveryError:
    """The error with its word; never Twilio's own message, which repeats the number."""
    return kind_of(code)(code, KNOWN[code][1] if code in KNOWN else "unknown code")
