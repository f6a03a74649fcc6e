"""Staff order in chat, in Chinese and English: understood, carried out once, within their rights, answered in words."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.channels.wecom.inbound import StaffMessage
from bot.content import Content
from bot.record import vocabulary
from bot.staff_chat import inbound as staff_inbound
from bot.staff_chat import parser
from bot.staff_chat.handlers import ORDERS
from bot.staff_chat.parser import COMMANDS, SHOW, WEAK, Command, parse
from bot.store.tables import audit, candidates, case_events, cases, contacts, inbound, outbound, suggestions
from tests.bot.cases.conftest import Hr
from tests.talking import Person

HOURS = timedelta(hours=1)
PARSED: dict[str, Command | None] = {
    "claim 12": Command("claim", 12),
    "Claim #12": Command("claim", 12),
    "领取 12": Command("claim", 12),
    "接12": Command("claim", 12),
    "我来：１２": Command("claim", 12),
    "reply 12 See you at 9:30": Command("reply", 12, "See you at 9:30"),
    "回复 12 你好，明天９点": Command("reply", 12, "你好，明天9点"),
    "reply 12": Command("reply", 12),
    "call 12 done: comes for sure": Command("call", 12, "comes for sure", "reached"),
    "call 12 no answer": Command("call", 12, "", "no_answer"),
    "电话 12 没打通": Command("call", 12, "", "no_answer"),
    "call 12": Command("call", 12),
    "called 12 fine": Command("called", 12, "fine"),
    "已打 12 说好了": Command("called", 12, "说好了"),
    "已打 12 没人接": Command("call", 12, "没人接", "no_answer"),
    "已打 12 他没接电话": Command("call", 12, "他没接电话", "no_answer"),
    "已打 12 她妈妈接的，人不在": Command("call", 12, "她妈妈接的，人不在", "no_answer"),
    "已打 12 接了就挂": Command("call", 12, "接了就挂", "no_answer"),
    "已打 12 关机了": Command("call", 12, "关机了", "no_answer"),
    "called 12 no answer, tomorrow again": Command("call", 12, "no answer, tomorrow again", "no_answer"),
    "没打通 12 后来打通了": Command("missed", 12, "后来打通了"),
    "办结 12 已答复": Command("resolve", 12, "", "answered"),
    "认领 12": Command("claim", 12),
    "交回 12": Command("back", 12),
    "待办": Command("who"),
    "没打通 12": Command("missed", 12),
    "no answer 12": Command("missed", 12),
    "snooze 12 2h": Command("snooze", 12, span=2 * HOURS),
    "snooze 12 45 minutes": Command("snooze", 12, span=0.75 * HOURS),
    "稍后 12 2小时": Command("snooze", 12, span=2 * HOURS),
    "晚点12 1天": Command("snooze", 12, span=24 * HOURS),
    "稍后 12 2小时，她和妈妈在一起": Command("snooze", 12, "她和妈妈在一起", span=2 * HOURS),
    "snooze 12 2": Command("snooze", 12, "2"),
    "snooze 12 1m": Command("snooze", 12, "1m"),
    "snooze 12 90d": Command("snooze", 12, "90d"),
    "resolve 12 kept": Command("resolve", 12, "", "kept"),
    "resolve 12 left for another job": Command("resolve", 12, "for another job", "left"),
    "解决 12 留下": Command("resolve", 12, "", "kept"),
    "办完12 联系不上": Command("resolve", 12, "", "unreachable"),
    "resolve 12 somehow": Command("resolve", 12, "somehow"),
    "back 12": Command("back", 12),
    "交还 12": Command("back", 12),
    "note 12 mother is ill": Command("note", 12, "mother is ill"),
    "备注 12 家里有事": Command("note", 12, "家里有事"),
    "ok 12": Command("ok", 12),
    "好 12": Command("ok", 12),
    "who": Command("who"),
    "谁": Command("who"),
    "who 12": Command("who", 12),
    "help": Command("help"),
    "?": Command("help"),
    "帮助": Command("help"),
    "12": Command("show", 12),
    "＃１２": Command("show", 12),
    "claim": Command("claim"),
    "call me please": None,
    "接我电话": None,
    "12号店在哪": None,
    "claimed 12": None,
    "who is there": None,
    "培训在哪里": None,
    "": None,
    "claim 1234567890": None,
}


@pytest.fixture
def desks(content: Content) -> list[dict[str, str]]:
    return [words.desk["alerts"] for words in content.words.values()]


@pytest.mark.parametrize("text", PARSED)
def test_a_command_is_what_it_says(text: str, desks: list[dict[str, str]]) -> None:
    assert parse(text, desks) == PARSED[text]


@pytest.mark.parametrize("locale", ["zh", "zh-Hant", "en"])
def test_every_command_has_its_words_and_its_help(locale: str, content: Content) -> None:
    texts = content.words[locale].desk["alerts"]
    assert set(ORDERS) == {*COMMANDS, SHOW}
    wanted = [f"say_{name}" for name in COMMANDS] + [f"help_{name}" for name in ORDERS]
    wanted += [f"outcome_{name}" for name in (*vocabulary.OUTCOMES, *vocabulary.CALLED)] + list(parser.UNITS)
    wanted += [f"state_{name}" for name in ("new", "claimed", "waiting", "snoozed", "resolved")]
    refusals = ("usage", "gone", "held", "resolved", "not_yours", "outcome", "no_road", "no_suggestion", "right")
    wanted += [f"refused_{name}" for name in refusals]
    assert [key for key in wanted if key not in texts] == []


def test_no_word_means_two_things(desks: list[dict[str, str]]) -> None:
    for prefix in ("say_", "unit_"):
        seen: dict[str, str] = {}
        for texts in desks:
            for word, name in parser.vocabulary([texts], prefix).items():
                assert seen.setdefault(word, name) == name


# In WeCom.

Write = Callable[..., str]


@pytest.fixture
def write(hr: Hr) -> Write:
    """Somebody writes to the application; gives what they read."""
    count = 0

    def written(text: str, userid: str = "qian.duo", key: str = "", kind: str = "text") -> str:
        nonlocal count
        count += 1
        message = StaffMessage(userid, key or str(count), kind, text)
        outcome = hr.database.write(lambda c: staff_inbound.receive(c, hr.house, message, hr.now))
        before = len(hr.heard("wecom", userid))
        hr.outbox.deliver(outcome.to_send)
        return "".join(hr.heard("wecom", userid)[before:])

    return written


def one(hr: Hr, number: int) -> Any:
    return next(row for row in hr.rows(cases) if row.id == number)


@pytest.mark.parametrize("text", ["claim {}", "领取 {}"])
def test_claiming(text: str, hr: Hr, write: Write) -> None:
    number = hr.case()
    assert "王芳 归你了" in write(text.format(number))
    assert (one(hr, number).claimed_by, one(hr, number).state) == ("HR1", "claimed")
    assert ("staff:HR1", "case.claimed") in [(row.actor, row.action) for row in hr.rows(audit)]


def test_who_comes_second_is_told_who_was_first(hr: Hr, write: Write) -> None:
    number = hr.case()
    write(f"claim {number}")
    assert f"{number} 号在钱多手里" in write(f"领取 {number}", "boss")
    assert "with 钱多" in write(f"reply {number} hello", "ann")


def test_replying_reaches_the_candidate_and_claims(hr: Hr, write: Write, person: Person) -> None:
    person.is_bound_to("PUB").says("培训在哪里")
    number = hr.case()
    assert "已发出" in write(f"回复 {number} 明天见，带身份证")
    said = [row for row in hr.rows(outbound) if row.said == "staff"]
    assert hr.house.cipher.open(said[0].text, "outbound.text") == "明天见，带身份证"
    assert one(hr, number).state == "waiting"


def test_a_candidate_who_cannot_be_written_to_is_not_claimed_by_trying(hr: Hr, write: Write) -> None:
    number = hr.case("NOPHONE")
    assert "请打电话" in write(f"reply {number} hello")
    assert one(hr, number).claimed_by is None


def test_ok_sends_what_the_bot_suggests(hr: Hr, write: Write, person: Person) -> None:
    person.is_bound_to("PUB").says("培训在哪里")
    number = hr.case()
    write(f"claim {number}")
    person.says("培训在哪里")
    shown = write(f"{number}")
    assert "上海培训中心" in shown
    assert "最后一句：培训在哪里" in shown
    assert "已发出" in write(f"好 {number}")
    assert [row.state for row in hr.rows(suggestions)] == ["used"]
    said = [row for row in hr.rows(outbound) if row.said == "staff"]
    assert "上海培训中心" in hr.house.cipher.open(said[-1].text, "outbound.text")
    assert "没有建议" in write(f"ok {number}")


@pytest.mark.parametrize(
    ("text", "outcome", "note"),
    [
        ("call {} done she comes", "reached", "she comes"),
        ("call {} no answer", "no_answer", ""),
        ("已打 {} 说好了", "reached", "说好了"),
        ("没打通 {}", "no_answer", ""),
        ("电话 {} 打通 会来", "reached", "会来"),
    ],
)
def test_a_call_is_noted(text: str, outcome: str, note: str, hr: Hr, write: Write) -> None:
    assert "记下了" in write(text.format(hr.case()))
    (row,) = hr.rows(contacts)
    assert (row.staff, row.outcome) == ("HR1", outcome)
    assert hr.house.cipher.open_maybe(row.note, "contacts.note") == (note or None)


@pytest.mark.parametrize("text", ["snooze {} 2h", "稍后 {} 2小时"])
def test_putting_off(text: str, hr: Hr, write: Write) -> None:
    number = hr.case()
    assert "12:00 再提醒" in write(text.format(number))
    assert (one(hr, number).state, one(hr, number).next_at) == ("snoozed", hr.now + 2 * HOURS)


@pytest.mark.parametrize("text", ["resolve {} kept", "解决 {} 留下"])
def test_resolving(text: str, hr: Hr, write: Write) -> None:
    number = hr.case()
    assert "办完了" in write(text.format(number))
    assert (one(hr, number).state, one(hr, number).outcome) == ("resolved", "kept")
    assert "已经办完了" in write(f"claim {number}")


@pytest.mark.parametrize("text", ["解决 {} 不来了", "resolve {} left"])
def test_who_will_not_come_is_withdrawn_by_resolving(text: str, hr: Hr, write: Write) -> None:
    case = hr.case("PUB")
    told = write(text.format(case))
    assert "已放弃" in told
    assert [row.stage for row in hr.rows(candidates) if row.code == "PUB"] == ["withdrawn"]


def test_handing_back_needs_holding(hr: Hr, write: Write) -> None:
    number = hr.case()
    assert "先领取" in write(f"交还 {number}")
    write(f"接 {number}")
    assert "交还机器人" in write(f"back {number}")
    assert one(hr, number).claimed_by is None


def test_a_note_is_for_colleagues(hr: Hr, write: Write) -> None:
    write(f"备注 {hr.case()} 家里有事")
    (row,) = [row for row in hr.rows(case_events) if row.what == "noted"]
    assert hr.house.cipher.open(row.note, "case_events.note") == "家里有事"
    assert not [row for row in hr.rows(outbound) if row.said == "staff"]


def test_who_has_what(hr: Hr, write: Write) -> None:
    first, second = hr.case("PUB"), hr.case("GRACE")
    write(f"claim {first}")
    assert write("谁", "boss").splitlines() == [
        f"#{first} 王芳：钱多在办",
        f"#{second} Grace Miller：没人领，派给钱多",
    ]


@pytest.mark.parametrize("text", ["claim", "call {}", "snooze {} soon", "resolve {} somehow", "reply {}", "note {}"])
def test_half_a_command_is_told_how_it_is_written(text: str, hr: Hr, write: Write) -> None:
    name = text.split()[0]
    texts = hr.house.content.words["zh"].desk["alerts"]
    assert texts[f"help_{name}"] in write(text.format(hr.case()))


@pytest.mark.parametrize("text", ["help", "帮助", "what is this"])
def test_help_names_every_command(text: str, hr: Hr, write: Write) -> None:
    said = write(text)
    texts = hr.house.content.words["zh"].desk["alerts"]
    assert all(texts[f"help_{name}"] in said for name in ORDERS)
    assert texts["help_claim"] not in write(text, "nobody.here")


def test_a_picture_gets_help(hr: Hr, write: Write) -> None:
    assert "没看懂" in write("", kind="picture")
    assert write("", kind="event") == ""


def test_each_is_answered_in_their_language(hr: Hr, write: Write) -> None:
    assert "is yours" in write(f"领取 {hr.case()}", "ann")


# Rights.


def test_a_case_of_others_is_none_of_theirs(hr: Hr, write: Write) -> None:
    number = hr.case("PUB")
    for text in ("{}", "claim {}", "reply {} hello", "who {}"):
        assert "王芳" not in write(text.format(number), "sun.li")
    assert one(hr, number).claimed_by is None
    assert "没有你能看的" in write(f"claim {number}", "sun.li")
    assert "没有你能看的 999999" in write("claim 999999")


@pytest.mark.parametrize("role", ["trainer", "store"])
@pytest.mark.parametrize("name", [name for name in ORDERS if name != "help"])
def test_a_role_without_the_right_may_not(role: str, name: str, hr: Hr, write: Write) -> None:
    hr.change("HR1", role=role, scope="上海")
    number = hr.case("PUB")
    text = {SHOW: f"{number}", "who": "who"}.get(name, f"{name if name != 'missed' else 'no answer'} {number} x")
    assert "你的角色不能" in write(text)
    assert one(hr, number).version == hr.rows(cases)[0].version
    assert [row.action for row in hr.rows(audit) if row.actor == "staff:HR1"] == ["command.refused"]


def test_who_is_no_staff_is_told_how_to_become_known(hr: Hr, write: Write) -> None:
    assert "stranger.x" in write(f"claim {hr.case()}", "stranger.x")
    assert hr.rows(cases)[0].claimed_by is None


def test_an_id_that_two_share_is_nobodys(hr: Hr, write: Write) -> None:
    hr.change("HR2", wecom=hr.house.cipher.seal("Qian.Duo", "staff.wecom"))
    write(f"claim {hr.case()}")
    assert hr.rows(cases)[0].claimed_by is None


def test_a_repeat_is_carried_out_once(hr: Hr, write: Write) -> None:
    number = hr.case()
    assert write(f"note {number} once", key="7")
    assert write(f"note {number} once", key="7") == ""
    assert len([row for row in hr.rows(case_events) if row.what == "noted"]) == 1
    assert len(hr.rows(inbound)) == 1


# By SMS.

PHONE = "+8613900000001"
Texter = Callable[[str], Person]


@pytest.fixture
def texting(hr: Hr, texter: Texter) -> Person:
    """HR1's phone."""
    return replace(texter(PHONE), house=hr.house)


def test_an_sms_of_staff_is_obeyed_and_answered_without_names(hr: Hr, texting: Person) -> None:
    number = hr.case()
    assert "王** 归你了" in texting.says(f"领取 {number}").text
    assert one(hr, number).claimed_by == "HR1"
    assert "王芳" not in texting.says(f"{number}").text


def test_what_is_no_command_from_a_phone_of_staff_gets_help(hr: Hr, texting: Person) -> None:
    assert "领取 12" in texting.says("你好").text
    assert [row.candidate_id for row in hr.rows(inbound)] == [None]


def test_staff_may_stop_texts_too(hr: Hr, texting: Person) -> None:
    assert "领取 12" not in texting.says("退订").text


def test_a_phone_that_is_a_candidates_too_speaks_as_the_candidate_unless_it_orders(hr: Hr, texting: Person) -> None:
    seal = hr.house.cipher.seal
    hr.change("HR1", phone=seal("+8613800000001", "staff.phone"))
    dual = replace(texting, address="+8613800000001")
    assert "上海培训中心" in dual.says("培训在哪里").text
    number = hr.case("GRACE")
    for weak in ("1", "help", "谁"):
        assert "没人领" not in dual.says(weak).text
    assert "G** 归你了" in dual.says(f"领取 {number}").text
    last = hr.rows(inbound)[-1]
    assert (last.candidate_id, last.intent) == (None, "command")


def test_a_candidate_cannot_order(hr: Hr, texter: Texter) -> None:
    number = hr.case()
    replace(texter("+8613800000002"), house=hr.house).says(f"claim {number}")
    assert one(hr, number).claimed_by is None


def test_a_phone_that_two_of_staff_share_is_nobodys(hr: Hr, texting: Person) -> None:
    hr.change("HR2", phone=hr.house.cipher.seal(PHONE, "staff.phone"))
    texting.says(f"claim {hr.case()}")
    assert hr.rows(cases)[0].claimed_by is None


def test_weak_commands_are_those_without_a_deed() -> None:
    assert {SHOW, "help", "who"} == WEAK


def test_what_staff_write_is_no_sentence_that_nobody_understood(hr: Hr, write: Write) -> None:
    from bot.store.views import not_understood

    write("what is this")
    assert hr.database.read(lambda c: not_understood.since(c, hr.house.cipher, hr.now - HOURS)) == []


def test_a_case_is_shown_with_an_entry_in_the_audit_log(hr: Hr, write: Write) -> None:
    number = hr.case()
    write(str(number))
    shown = sa.select(audit.c.target).where(audit.c.action == "case.show")
    assert hr.database.read(lambda c: c.execute(shown).scalars().all()) == [str(number)]
