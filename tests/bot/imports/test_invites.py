"""Invite codes are easy to read out, hard to guess, and found however they are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.values import invites


def test_a_new_code_has_eight_letters_that_nobody_mixes_up() -> None:
    codes = {invites.new() for _ in range(2_000)}
    assert len(codes) == 2_000
    assert {len(code) for code in codes} == {8}
    assert set("".join(codes)) == set(invites.ALPHABET)
    assert not set("01IOLU") & set(invites.ALPHABET)


@pytest.mark.parametrize(
    "text", ["WF7K2M9Q", "wf7k2m9q", " WF7K-2M9Q ", "wf7k 2m9q", "ｗｆ７ｋ２ｍ９ｑ", "WF7K–2M9Q", "WF7K\u200b2M9Q\n"]
)
def test_it_is_the_same_however_it_was_typed(text: str) -> None:
    assert invites.normal(text) == "WF7K2M9Q"


@given(st.text())
def test_what_is_normal_stays_as_it_is(text: str) -> None:
    assert invites.normal(invites.normal(text)) == invites.normal(text)


def test_every_new_code_is_one_that_may_be_imported() -> None:
    assert all(invites.is_strong(invites.new()) for _ in range(2_000))
