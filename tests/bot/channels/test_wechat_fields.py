"""A template's fields take what their type allows, and what cannot fit is named without being repeated."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wechat.template_fields import SHAPES, filled, filled_with_news, shaped
from bot.errors import Unreachable
from fakes.wechat.templates import RULES


@pytest.mark.parametrize(
    ("field", "text", "found"),
    [
        ("thing1", "上海培训中心", "上海培训中心"),
        ("thing1", "上海市浦东新区张江高科技园区碧波路690号二楼东侧会议室", "上海市浦东新区张江高科技园区碧波路69…"),
        ("thing1", "  two\n lines ", "two lines"),
        ("thing12", "字" * 20, "字" * 20),
        ("phrase1", "培训通知", "培训通知"),
        ("phrase1", "培训通知发出", None),
        ("phrase1", "ready", None),
        ("time2", "2026-12-01 09:00", "2026-12-01 09:00"),
        ("time2", "2026-12-01T09:00:00+08:00", "2026-12-01 09:00"),
        ("time2", "2026年12月1日 09:00", "2026年12月1日 09:00"),
        ("time2", "09:00", "09:00"),
        ("time2", "2026-12-01 09:00~18:00", "2026-12-01 09:00~18:00"),
        ("time2", "2026-12-01 09:00~2026-12-03 18:00", "2026-12-01 09:00~2026-12-03 18:00"),
        ("time2", "下周二", None),
        ("time2", "2026-12-01 25:00", None),
        ("time2", "a~b", None),
        ("time2", "09:00~10:00~11:00", None),
        ("date3", "2026-12-01", "2026-12-01"),
        ("date3", "2026/12/1", "2026/12/1"),
        ("date3", "09:00", None),
        ("date3", "20261201", None),
        ("character_string4", "KW8F3D-2", "KW8F3D-2"),
        ("character_string4", "编号8", None),
        ("character_string4", "x" * 33, None),
        ("number5", "12.5", "12.5"),
        ("number5", "twelve", None),
        ("number5", "1" * 33, None),
        ("letter6", "Abc", "Abc"),
        ("letter6", "A1", None),
        ("symbol7", "★★★", "★★★"),
        ("symbol7", "★★★★★★", None),
        ("amount8", "¥5200.50", "¥5200.50"),
        ("amount8", "5200元", "5200元"),
        ("amount8", "a lot", None),
        ("phone_number9", "+86 21-6100 0000", "+86 21-6100 0000"),
        ("phone_number9", "1" * 18, None),
        ("car_number1", "沪A12345", "沪A12345"),
        ("car_number1", "沪A12345678", None),
        ("name1", "欧阳娜娜", "欧阳娜娜"),
        ("name1", "名" * 11, None),
        ("name1", "Elizabeth Bennet", "Elizabeth Bennet"),
        ("name1", "a" * 21, None),
        ("const1", "进行中", "进行中"),
        ("keyword1", "whatever 任何 " + "x" * 50, "whatever 任何 " + "x" * 50),
        ("thing1", " ", None),
    ],
)
def test_a_field_takes_what_its_type_allows(field: str, text: str, found: str | None) -> None:
    assert shaped(field, text) == found


@given(st.sampled_from(sorted(SHAPES)), st.text() | st.from_regex(r"[0-9年月日:~ /.\-]{1,24}", fullmatch=True))
def test_what_we_let_pass_the_platform_takes(kind: str, text: str) -> None:
    found = shaped(f"{kind}1", text)
    assert found is None or RULES[kind](found)


def test_every_type_of_the_platform_is_known() -> None:
    assert SHAPES.keys() == RULES.keys()


def test_a_value_that_is_missing_or_does_not_fit_is_named_and_not_repeated() -> None:
    with pytest.raises(Unreachable) as missing:
        filled({"thing1": "place"}, {"place": "  "})
    assert (missing.value.code, missing.value.reason) == ("field_rule", "thing1: place is missing")
    with pytest.raises(Unreachable) as unfit:
        filled({"name1": "name"}, {"name": "王" * 11})
    assert (unfit.value.code, unfit.value.reason) == ("field_rule", "name1: name does not fit")


def test_a_template_gets_the_values_that_its_settings_name() -> None:
    values = {"place": "上海", "start": "2026-12-01 09:00", "name": "王芳"}
    assert filled({"thing1": "place", "time2": "start"}, values) == {
        "thing1": {"value": "上海"},
        "time2": {"value": "2026-12-01 09:00"},
    }


CANCELLED = {"text": "培训取消了，请先别出发", "short": "培训取消", "beside": False}
MOVED = {"text": "培训有变动", "short": "培训变动", "beside": True}


@pytest.mark.parametrize(
    ("fields", "news", "told"),
    [
        ({"thing1": "stage"}, CANCELLED, {"thing1": "培训取消了，请先别出发"}),
        ({"phrase1": "stage", "thing2": "company"}, CANCELLED, {"phrase1": "面试通过", "thing2": CANCELLED["text"]}),
        ({"phrase1": "stage"}, CANCELLED, {"phrase1": "培训取消"}),
        ({"thing1": "place"}, MOVED, {"thing1": "培训有变动：上海培训中心"}),
        ({"thing1": "address"}, MOVED, {"thing1": "培训有变动"}),
        (
            {"thing1": "place", "thing2": "company"},
            MOVED,
            {"thing1": "上海培训中心", "thing2": "培训有变动：暖记餐饮"},
        ),
        ({"thing1": "place", "phrase2": "stage"}, MOVED, {"thing1": "上海培训中心", "phrase2": "培训变动"}),
        (
            {"thing1": "place", "phrase2": "stage"},
            MOVED | {"text": "Changed", "short": "Changed"},
            {"thing1": "Changed：上海培训中心", "phrase2": "面试通过"},
        ),
        ({"thing1": "place", "thing2": "company"}, CANCELLED, {"thing1": CANCELLED["text"], "thing2": "暖记餐饮"}),
    ],
)
def test_a_template_says_what_has_changed(
    fields: dict[str, str], news: dict[str, object], told: dict[str, str]
) -> None:
    values = {"stage": "面试通过", "company": "暖记餐饮", "place": "上海培训中心"}
    found = filled_with_news(fields, values, news)
    assert {field: value["value"] for field, value in found.items()} == told


@pytest.mark.parametrize("fields", [{"time1": "start"}, {"thing1": "company", "time2": "start"}])
def test_what_a_template_cannot_say_goes_another_road(fields: dict[str, str]) -> None:
    with pytest.raises(Unreachable):
        filled_with_news(fields, {"company": "暖记餐饮"}, CANCELLED)


def test_a_short_word_that_is_no_phrase_goes_another_road() -> None:
    with pytest.raises(Unreachable):
        filled_with_news({"phrase1": "stage"}, {}, {"text": "Training is off", "short": "Off", "beside": False})
