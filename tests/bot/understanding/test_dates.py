import re
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.understanding import WordLists, read_date

MONDAY = date(2026, 11, 23)

SAID = {
    date(2026, 11, 23): ["今天", "今日", "这周一", "today", "this monday", "11月23号", "23号"],
    date(2026, 11, 24): ["明天", "聽日", "周二", "星期2", "禮拜二", "本周二", "明天下午3点", "tomorrow", "tmr", "tuesday", "on tue", "this tuesday"],
    date(2026, 11, 25): ["后天", "後日", "过两天", "两天后", "礼拜3", "二十五号", "廿五号", "day after tomorrow", "in 2 days", "the 25th"],
    date(2026, 11, 26): ["大后天", "三天后", "3天之后可以吗", "in three days", "3 days from now"],
    date(2026, 11, 27): ["这周五", "本周五", "周五六点", "this friday", "friday works for me"],
    date(2026, 11, 29): ["星期天", "周日", "sunday", "11.29"],
    date(2026, 11, 30): ["周一", "下周一", "下周一一定来", "月底", "monday", "next monday", "the 30th of november", "end of the month"],
    date(2026, 12, 1): ["下周二", "下个礼拜二", "我想改到下周二可以吗", "next tuesday", "tuesday next week", "12月1号，周二", "今年12月1号"],
    date(2026, 12, 2): ["Wednesday, December 2nd", "12月2号周三"],
    date(2026, 12, 3): ["12月3号", "12月3日", "12.3", "12/3", "3号", "十二月三号", "十二月3号", "2026-12-03", "2026年12月3日", "2026/12/3",
                        "下个月3号", "改到12.3吧", "dec 3", "Dec. 3rd", "3rd of december", "3 dec", "december third", "on 12/3 please", "dec3",
                        "December 3, 2026", "12/3/2026", "十天后"],
    date(2026, 12, 5): ["5号", "the 5th", "how about the 5th?"],
    date(2026, 12, 7): ["下下周一", "下下個禮拜一", "两周后", "in 2 weeks", "monday after next"],
    date(2026, 12, 31): ["下个月底", "下月底", "end of next month"],
    date(2027, 1, 5): ["1月5号", "明年1月5号", "jan 5", "january 5 next year"],
    date(2027, 12, 3): ["明年12月3号", "dec 3 2027"],
    date(2028, 2, 29): ["2月29号", "feb 29"],
    date(2020, 1, 2): ["2020年1月2日", "2020-01-02"],
}  # fmt: skip

NO_DAY = [
    "", "3", "二", "3个人", "我等了3天了", "3 people", "i waited 3 days", "过几天", "周末", "下周", "next week", "1月", "may i ask", "in 30 minutes",
    "2月30号", "35号", "13月5号", "十三月五号", "12/32", "13/3", "feb 30", "2026-02-30",
    "3号线", "住3号楼", "工资12.3元", "第3天", "the first one", "the 5th floor", "the 3rd time",
    "上周二", "每周二", "last friday", "every monday", "去年12月1号", "12月底", "i sat there", "the sun is out",
    "周一或者周三", "今天不行，明天吧", "monday or tuesday", "这周日之前的周六",
]  # fmt: skip


@pytest.mark.parametrize(("text", "day"), [(text, day) for day, texts in SAID.items() for text in texts])
def test_a_day_is_read_however_it_is_said(text: str, day: date, words: WordLists) -> None:
    assert read_date(text, MONDAY, words) == day


@pytest.mark.parametrize("text", NO_DAY)
def test_what_names_no_day_or_several_is_none(text: str, words: WordLists) -> None:
    assert read_date(text, MONDAY, words) is None


@pytest.mark.parametrize(
    ("text", "day"), [("周三", 25), ("周日", 29), ("this sunday", 29), ("下周二", 24), ("sunday", 29)]
)
def test_weeks_begin_on_monday(text: str, day: int, words: WordLists) -> None:
    assert read_date(text, date(2026, 11, 22) if day < 28 else MONDAY, words) == date(2026, 11, day)


def test_a_day_of_this_week_that_is_over_is_none(words: WordLists) -> None:
    assert read_date("这周一", date(2026, 11, 25), words) is None
    assert read_date("this monday", date(2026, 11, 25), words) is None


YEARLESS = [text for day, texts in SAID.items() if day >= MONDAY for text in texts if not re.search("20|年|year", text)]


@settings(deadline=None)
@given(text=some.sampled_from(YEARLESS), today=some.dates())
def test_only_a_date_with_its_year_may_be_past(text: str, today: date, words: WordLists) -> None:
    found = read_date(text, today, words)
    assert found is None or found >= today


@settings(deadline=None)
@given(
    day=some.dates(date(2026, 1, 1), date(2099, 12, 31)),
    form=some.sampled_from(["{0.year}-{0.month:02}-{0.day:02}", "{0.year}年{0.month}月{0.day}号", "{0:%B} {0.day}, {0.year}", "{0.day} {0:%b} {0.year}"]),
)  # fmt: skip
def test_a_full_date_is_read_whatever_today_is(day: date, form: str, words: WordLists) -> None:
    assert read_date(form.format(day), MONDAY, words) == day


@settings(deadline=None)
@given(
    today=some.dates(date(2000, 1, 1), date(2099, 1, 1)),
    ahead=some.integers(1, 350),
    form=some.sampled_from(["{0.month}月{0.day}日", "{0:%b} {0.day}"]),
)
def test_a_date_without_a_year_is_the_next_such_day(today: date, ahead: int, form: str, words: WordLists) -> None:
    day = today + timedelta(ahead)
    assert read_date(form.format(day), today, words) == day


@settings(max_examples=300, deadline=None)
@given(
    text=some.text(some.sampled_from("年月日号周下这个十二三0123456789/.- 天后mondecfth\u0663²")) | some.text(),
    today=some.dates(),
)
def test_no_text_is_too_strange(text: str, today: date, words: WordLists) -> None:
    found = read_date(text, today, words)
    assert found is None or isinstance(found, date)


def test_no_words_name_no_day_but_digits_may() -> None:
    assert read_date("周二", MONDAY, WordLists.of()) is None
    assert read_date("2026-12-03", MONDAY, WordLists.of()) == date(2026, 12, 3)
