"""Phone numbers as people write them, in the one form that channels and the index use: E.164."""

import functools
import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

_CHINESE_MOBILE = re.compile(r"(?:\+86)?(1[3-9]\d{9})", re.ASCII)


def e164(text: str, country: str) -> str:
    """Raises ValueError, in words, where the number cannot be dialled. Without + it is a number of `country`."""
    if quick := _chinese_mobile(text, country):
        return quick
    if re.fullmatch(r"[\d.]+[eE]\+?\d+", text):
        raise ValueError("was shortened by the spreadsheet: format the column as text and enter the number again")
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise ValueError(f"is no phone number: write it like {_examples(country)}")
    if number.extension:
        raise ValueError("has an extension: give the number alone")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def is_mainland(number: str) -> bool:
    """Whether an E.164 number is one of mainland China: nobody there can answer an SMS, and none may carry a link.

    Source: twilio.com/guidelines/cn/sms.
    """
    return number.startswith("+86")


def is_persons(sender: str) -> bool:
    """Whether who sent an SMS can be a person: no short code, no name."""
    return re.fullmatch(r"\+?\d{7,15}", sender, re.ASCII) is not None


@functools.lru_cache(maxsize=1024)
def shown(number: str, country: str) -> str:
    """A number as people in `country` dial it; what is no number stays as it is."""
    try:
        parsed = phonenumbers.parse(number, country)
    except NumberParseException:
        return number
    home = phonenumbers.region_code_for_number(parsed) == country
    how = PhoneNumberFormat.NATIONAL if home else PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(parsed, how)


def _chinese_mobile(text: str, country: str) -> str:
    """The usual case by the library's own pattern, without its parser: 50 times as fast, and the same answer."""
    found = _CHINESE_MOBILE.fullmatch(text)
    if not found or (country != "CN" and text[0] != "+") or not _pattern().fullmatch(found[1]):
        return ""
    return f"+86{found[1]}"


@functools.cache
def _pattern() -> re.Pattern[str]:
    metadata = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    mobile = metadata.mobile if metadata else None
    return re.compile((mobile and mobile.national_number_pattern) or "(?!)", re.ASCII)


@functools.cache
def _examples(country: str) -> str:
    example = phonenumbers.example_number_for_type(country, PhoneNumberType.MOBILE)
    if example is None:
        return "+8613800138000"
    international = phonenumbers.format_number(example, PhoneNumberFormat.E164)
    return f"{example.national_number} or {international}"
