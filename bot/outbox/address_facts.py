"""What a provider's refusal says about the person, beyond this one message."""

from bot.channels.twilio.errors import DEAD as DEAD_NUMBER
from bot.channels.twilio.errors import OPTED_OUT
from bot.channels.wechat.errors import NOT_FOLLOWING, QUOTA_USED, WINDOW_CLOSED

STOPPED = frozenset({OPTED_OUT})
UNFOLLOWED = NOT_FOLLOWING
DEAD = DEAD_NUMBER | {"40003"}  # nothing will ever arrive there
NO_CREDIT = frozenset({"43101", "no_credit"})
SHUT = "window_closed"  # ours: the ledger says so, and WeChat was not asked
NO_WINDOW = WINDOW_CLOSED | QUOTA_USED | {SHUT}
