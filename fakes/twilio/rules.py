"""What Twilio checks before it takes a message, and what it filters later (protocols.md 3.5, 3.6, 3.11)."""

import re
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlsplit

from fakes.twilio.account import Account
from fakes.twilio.refusals import Refusal
from fakes.twilio.segments import size

Form = Mapping[str, str]
NUMBER = re.compile(r"\+[1-9]\d{6,14}")
CHINA, CHINA_MOBILE = "+86", re.compile(r"\+861[3-9]\d{9}")
LINK = re.compile(r"https?://|www\.|\b[\w-]+\.(com|cn|net|org|io|ly|cc|me|co)\b", re.IGNORECASE | re.ASCII)
MOST_CHARS, LONGEST_VALIDITY = 1600, 36000
SOONEST, LATEST = 300, 35 * 86400


def check(account: Account, form: Form) -> None:
    """Raises Refusal for the first fault."""
    _check_to(account, form)
    _check_sender(account, form)
    _check_body(form)
    _check_callback(form.get("StatusCallback", ""))
    _check_validity(form)
    send_at(account, form)


def send_at(account: Account, form: Form) -> float | None:
    """When a scheduled message is to go; None: now."""
    if form.get("ScheduleType") != "fixed":
        return None
    if not form.get("SendAt"):
        raise Refusal(35111)
    if not form.get("MessagingServiceSid"):
        raise Refusal(35118)
    try:
        moment = datetime.fromisoformat(form["SendAt"]).timestamp()
    except ValueError as wrong:
        raise Refusal(35115) from wrong
    if not SOONEST < moment - account.clock.now() <= LATEST:
        raise Refusal(35115)
    return moment


def filtered(account: Account, to: str, body: str) -> int | None:
    """The code with which a carrier drops this text, if it does: mainland China takes no URLs and only templates."""
    if not to.startswith(CHINA):
        return None
    too_long = len(body) > 500 or size(body).segments > 8
    patterns = account.settings.china_templates
    unknown = bool(patterns) and not any(re.fullmatch(pattern, body, re.DOTALL) for pattern in patterns)
    return 30007 if LINK.search(body) or too_long or unknown else None


def one_way(number: str) -> bool:
    """Twilio delivers nothing that a mainland number sends."""
    return number.startswith(CHINA)


def _check_to(account: Account, form: Form) -> None:
    to = form.get("To", "")
    if not to:
        raise Refusal(21604)
    if not NUMBER.fullmatch(to):
        raise Refusal(21211, f"The 'To' number {to} is not a valid phone number.")
    if to.startswith(CHINA) and not CHINA_MOBILE.fullmatch(to):
        raise Refusal(21614)
    if account.phone(to).refuse:
        raise Refusal(account.phone(to).refuse)


def _check_sender(account: Account, form: Form) -> None:
    sender, service = form.get("From", ""), form.get("MessagingServiceSid", "")
    if not sender and not service:
        raise Refusal(21603)
    if service and service != account.settings.service_sid:
        raise Refusal(21705)
    if sender and sender not in account.settings.numbers:
        raise Refusal(21606)
    if sender and sender == form["To"]:
        raise Refusal(21266)


def _check_body(form: Form) -> None:
    body, media = form.get("Body", ""), form.get("MediaUrl", "")
    if not body and not media and not form.get("ContentSid"):
        raise Refusal(21602 if "MediaUrl" not in form else 21619)
    if media and not media.startswith(("http://", "https://")):
        raise Refusal(21620)
    if len(body) > MOST_CHARS:
        raise Refusal(21617)


def _check_callback(url: str) -> None:
    if wrong_callback(url):
        raise Refusal(21609)


def wrong_callback(url: str) -> bool:
    """Whether nobody could be called there; none at all is no fault."""
    parts = urlsplit(url)
    return bool(url) and (parts.scheme not in ("http", "https") or not parts.hostname or "_" in parts.hostname)


def _check_validity(form: Form) -> None:
    value = form.get("ValidityPeriod", "1")
    if not value.isdigit() or not 1 <= int(value) <= LONGEST_VALIDITY:
        raise Refusal(21624)
