"""How many SMS a text costs, by the alphabets of 3GPP TS 23.038."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.values.segments import economical, foreign, parts


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
        ("a" * 152 + "€" + "a" * 152, 3),
        ("😀" * 66, 2),
        ("😀" * 67, 3),
    ],
)
def test_parts_are_counted_as_carriers_bill_them(text: str, count: int) -> None:
    assert parts(text) == count


def test_the_letters_that_make_a_text_dear_are_named() -> None:
    assert foreign("It’s €5 – ok") == "–’"
    assert foreign("plain [text]") == ""


@pytest.mark.parametrize(
    ("text", "cheaper"),
    [
        ("It’s on – “see you”…", 'It\'s on - "see you"...'),
        ("9\u00a0am\u202f–\u20095\u3000pm", "9 am - 5 pm"),
        ("Ｎｕａｎｊｉ（ＨＱ）：９：００，ｏｋ？", "Nuanji(HQ):9:00,ok?"),
        ("【Nuanji】 soft\u00adware\u200b", "[Nuanji] software"),
        ("plain", "plain"),
    ],
)
def test_look_alikes_are_replaced_where_that_makes_a_text_cheap(text: str, cheaper: str) -> None:
    assert economical(text) == cheaper
    assert not foreign(cheaper)


@pytest.mark.parametrize(
    "text",
    [
        "明天——记得带“身份证”…",
        "ｏｋ，明天见",
        "明日は…",
        "내일 – ok",
        "Привет – до завтра…",  # not GSM-7 either way, and one part
        "…" * 60,  # three letters each would make two parts of one
    ],
)
def test_a_text_that_gains_nothing_stays_as_it_is(text: str) -> None:
    assert economical(text) == text


def test_a_text_that_stays_foreign_is_changed_where_that_saves_a_part() -> None:
    text = "Привет\u200b" + "я" * 64
    assert (parts(text), economical(text), parts(economical(text))) == (2, "Привет" + "я" * 64, 1)


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("’“”–…ab 。（€")))
def test_it_never_costs_more_and_a_second_time_changes_nothing(text: str) -> None:
    cheaper = economical(text)
    assert parts(cheaper) <= parts(text)
    assert economical(cheaper) == cheaper
