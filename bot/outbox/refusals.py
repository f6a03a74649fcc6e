"""What a provider's refusal says about the person, beyond this one message."""

from bot.channels.sms_api import OPTED_OUT

STOPPED = frozenset({OPTED_OUT})
UNFOLLOWED = frozenset({"43004"})
DEAD = frozenset({"21211", "21614", "30005", "30006", "40003"})  # nothing will ever arrive there
WINDOW_CLOSED = frozenset({"45015"})
QUOTA_USED = frozenset({"45047"})
NO_CREDIT = frozenset({"43101", "no_credit"})
SHUT = "window_closed"  # ours: the ledger says so, and WeChat was not asked
NO_WINDOW = WINDOW_CLOSED | QUOTA_USED | {SHUT}
