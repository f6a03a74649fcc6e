"""Phone numbers come out in one form, and the quick way gives the library's own answers."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.values import phones


@pytest.mark.parametrize(
    ("text", "country", "number"),
    [
        ("13812345678", "CN", "+8613812345678"),
        ("+8613812345678", "US", "+8613812345678"),
        ("138 1234 5678", "CN", "+8613812345678"),
        ("138-1234-5678", "CN", "+8613812345678"),
        ("１３８１２３４５６７８", "CN", "+8613812345678"),
        ("0086 13812345678", "CN", "+8613812345678"),
        ("021-5876 0901", "CN", "+862158760901"),
        ("(202) 555-0123", "US", "+12025550123"),
        ("+1 202 555 0123", "CN", "+12025550123"),
        ("+65 8123 4567", "CN", "+6581234567"),
    ],
)
def test_a_number_is_kept_as_e164(text: str, country: str, number: str) -> None:
    assert phones.e164(text, country) == number


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1381234567", "is no phone number: write it like 13"),
        ("12345", "is no phone number"),
        ("nobody", "is no phone number"),
        ("13812345678/13912345678", "is no phone number"),
        ("1.38E+10", "shortened by the spreadsheet"),
        ("021-58760901 ext. 5", "has an extension"),
    ],
)
def test_what_cannot_be_dialled_is_refused_with_what_would_be_right(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        phones.e164(text, "CN")


def test_the_quick_way_agrees_with_the_library_on_every_range() -> None:
    for number in (f"{prefix}{rest}" for prefix in range(13000, 20000, 7) for rest in ("000000", "345678")):
        parsed = phonenumbers.parse(number, "CN")
        expected = f"+86{number}" if phonenumbers.is_valid_number(parsed) else ""
        assert phones._chinese_mobile(number, "CN") == expected, number


@given(st.from_regex(r"\A(\+86)?1[3-9][0-9]{9}\Z"), st.sampled_from(["CN", "US", "SG"]))
def test_the_quick_way_never_says_another_number(text: str, country: str) -> None:
    quick = phones._chinese_mobile(text, country)
    if quick:
        parsed = phonenumbers.parse(text, country)
        assert phonenumbers.is_valid_number(parsed)
        assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == quick
