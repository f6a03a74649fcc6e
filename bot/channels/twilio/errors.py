"""Twilio's error codes, at once and in status callbacks, by what the caller should do about them.

Rules: twilio.com/docs/api/errors, each code on a page of its own (…/errors/21211). To add a code: one line in KNOWN.
What is known to concern the account or its sender stops the channel (Misconfigured); all else closes the road to one
person (Unreachable), also what we have not met: Twilio adds codes that speak of one number or one text, and one
recipient must not stop the others (twilio.com/en-us/changelog, "updates to the error code dictionary").
"""

from collections.abc import Mapping

from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable

OPTED_OUT = "21610"
# Facts that last: nothing reaches this number until somebody writes from it (or, opted out, asks for messages again).
DEAD = frozenset({"21211", "21614", "21635", "30005", "30006"})
LASTING = DEAD | {OPTED_OUT}

KNOWN: Mapping[str, tuple[type[DeliveryError], str]] = {
    "10001": (Misconfigured, "account not active"),
    "14107": (TryLater, "too many answers between two numbers"),
    "20003": (Misconfigured, "wrong credentials"),
    "20005": (Misconfigured, "account not active"),
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
    "63038": (TryLater, "the account's messages of the day are used up"),
    "90010": (Misconfigured, "account not active"),
}
PASSING = frozenset(code for code, (kind, _) in KNOWN.items() if kind is TryLater)


def kind_of(code: str) -> type[DeliveryError]:
    """What a code of the API or of a status callback asks for; also of one that we have not met."""
    return KNOWN[code][0] if code in KNOWN else Unreachable


def error(code: str) -> DeliveryError:
    """The error with its word; never Twilio's own message, which repeats the number."""
    return kind_of(code)(code, KNOWN[code][1] if code in KNOWN else "unknown code")
