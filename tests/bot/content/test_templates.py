"""Messages are written in a sandbox: values in, words out, and nothing else."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.content.templates import Templates, lacks, render, written_at

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


ZONES = ("Asia/Shanghai", "UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe")


def test_a_time_is_told_by_the_clock_of_its_own_zone_whoever_was_told_before() -> None:
    there = datetime(2026, 12, 3, 17, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
    assert written_at(there.astimezone(UTC), "HH:mm", "zh") == "09:30"
    assert written_at(there, "HH:mm", "zh") == "17:30"


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),
    st.lists(st.sampled_from(ZONES), min_size=2),
    st.sampled_from((ZH, EN)),
)
def test_the_same_instant_is_told_in_each_zone_by_its_own_wall(
    at: datetime, zones: list[str], templates: Templates
) -> None:
    for zone in zones:
        local = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        said = render(templates.compile("{{ at | time }} {{ at | day }}"), {"at": local})
        clock = f"{local:%H:%M}" if templates is ZH else f"{local:%I:%M %p}".lstrip("0")
        assert said.replace("\u202f", " ").startswith(clock)
        assert str(local.day) in said.removeprefix(clock)


@given(st.datetimes(datetime(2026, 10, 24), datetime(2026, 11, 3)), st.sampled_from(ZONES))
def test_an_hour_that_comes_twice_is_told_alike_both_times(at: datetime, zone: str) -> None:
    first, second = (at.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    assert written_at(first, "HH:mm", "zh") == written_at(second, "HH:mm", "zh") == f"{at:%H:%M}"


def test_a_day_without_a_clock_is_told_as_it_is() -> None:
    midnight = datetime(2026, 12, 3, tzinfo=ZoneInfo("America/New_York"))
    assert written_at(midnight, "M/d", "en") == written_at(date(2026, 12, 3), "M/d", "en") == "12/3"


@pytest.mark.parametrize("text", ["{{ x | day }}", "{{ x | moment }}", "{{ x }}", "{{ x | joined }}"])
def test_what_is_not_known_is_a_gap_and_never_the_word_none(text: str) -> None:
    assert lacks(ZH.compile(text), {"x": None})
    assert not lacks(ZH.compile(f"{{% if x %}}{text}{{% endif %}}"), {"x": None})
    assert not lacks(ZH.compile(text), {"x": ["a"] if "joined" in text else START})
    if "joined" not in text:
        assert render(ZH.compile(text), {"x": None}) == ""
