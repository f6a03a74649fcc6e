"""How many SMS a text costs, by the alphabets of 3GPP TS 23.038."""

import pytest

from bot.segments import foreign, parts


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("汉" * 70, 1),
        ("汉" * 71, 2),
        ("汉" * 134, 2),
        ("汉" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
        ("a" * 100 + "’", 2),
    ],
)
def test_parts_are_counted_as_carriers_bill_them(text: str, count: int) -> None:
    assert parts(text) == count


def test_the_letters_that_make_a_text_dear_are_named() -> None:
    assert foreign("It’s €5 – ok") == "–’"
    assert foreign("plain [text]") == ""
