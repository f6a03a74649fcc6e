"""Messages are written in a sandbox: values in, words out, and nothing else."""

from datetime import datetime
from zoneinfo import ZoneInfo

import jinja2
import pytest

from bot.content.templates import Templates, render

ZH = Templates("zh", {"day": "M月d日（EEE）", "moment": "M月d日（EEE）HH:mm", "time": "HH:mm", "comma": "、"})
EN = Templates("en", {"day": "EEE, MMM d", "moment": "EEE, MMM d 'at' h:mm a", "time": "h:mm a", "comma": ", "})
START = datetime(2026, 12, 1, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_dates_are_written_as_people_say_them() -> None:
    assert render(ZH.compile("{{ start | moment }}"), {"start": START}) == "12月1日（周二）09:00"
    assert render(EN.compile("{{ start | moment }}"), {"start": START}) == "Tue, Dec 1 at 9:00 AM"


def test_lists_are_written_out() -> None:
    assert render(ZH.compile("{{ x | joined }}"), {"x": ["甲", "乙"]}) == "甲、乙"
    assert render(EN.compile("{{ x | numbered }}"), {"x": ["a", "b"]}) == "1. a\n2. b"


@pytest.mark.parametrize(
    "text",
    [
        "{{ 'a' * 300000000 }}",
        "{{ 9 ** 9 ** 9 }}",
        "{{ '%0300000000d' % 1 }}",
        "{{ x.__class__.__mro__ }}",
        "{{ missing }}",
    ],
)
def test_what_would_hurt_is_refused(text: str) -> None:
    with pytest.raises(jinja2.TemplateError):
        render(ZH.compile(text), {"x": "y"})


@pytest.mark.parametrize(
    "text", ["{{ 'a' | center(100000000) }}", "{{ x | attr('y') }}", "{% for", "{% include 'x' %}"]
)
def test_what_is_not_offered_does_not_compile(text: str) -> None:
    with pytest.raises((jinja2.TemplateError, TypeError)):
        render(ZH.compile(text), {"x": "y"})


def test_a_value_is_never_taken_for_a_template() -> None:
    assert render(ZH.compile("{{ name }}"), {"name": "{{ phone }}"}) == "{{ phone }}"
