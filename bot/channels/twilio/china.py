"""What may go to mainland China by SMS: registered templates, without addresses of the web, and not too long.

Rules: twilio.com/guidelines/cn/sms. Carriers drop anything else and bill it all the same: refused before it is sent.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from bot.errors import Unreachable
from bot.values import phones, segments

_LETTERS, _PARTS = 500, 8
_LINK = re.compile(
    r"://|(?<![a-z0-9])www\.|[a-z0-9-]\.(?:com|cn|net|org|io|ly|cc|me|co|top|xyz|info|vip|app|link|site)(?![a-z0-9])",
    re.IGNORECASE,
)


def check(number: str, text: str, templates: Sequence[str]) -> None:
    """Raises Unreachable for what this number would never get. `templates`: registered texts, * for what varies."""
    if not phones.is_mainland(number):
        return
    if has_link(text):
        raise Unreachable("china_url", "no addresses of the web in SMS to +86")
    if len(text) > _LETTERS or segments.parts(text) > _PARTS:
        raise Unreachable("china_length", f"at most {_LETTERS} characters in {_PARTS} parts to +86")
    if not any(_pattern(template).fullmatch(text) for template in templates):
        raise Unreachable("china_template", "no registered template says this: see sms.china_templates")


def has_link(text: str) -> bool:
    """Whether carriers would take something in it for an address of the web."""
    return _LINK.search(text) is not None


@lru_cache(maxsize=256)
def _pattern(template: str) -> re.Pattern[str]:
    """Only * varies: what else means something in patterns stands for itself."""
    return re.compile(".*?".join(re.escape(part) for part in template.split("*")), re.DOTALL)
