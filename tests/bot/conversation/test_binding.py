"""Who may become whom: by a card, a code, a phone; and nobody by accident."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.store import people
from bot.store.db.database import Database
from bot.store.tables import addresses, bindings, cases, outbound
from tests.talking import Person

Texter = Callable[[str], Person]
LI_QIANG = "+8613800000002"


def code_sent(house: Runtime, database: Database) -> str:
    """The newest code that went to a phone."""
    newest = sa.select(outbound.c.text).where(outbound.c.kind == "code").order_by(outbound.c.id.desc()).limit(1)
    sealed = database.read(lambda connection: connection.execute(newest).scalar())
    assert sealed, "no code was sent"
    found = re.search(r"\d{6}", house.cipher.open(sealed, "outbound.text"))
    assert found
    return found[0]


def codes_sent(database: Database) -> int:
    count = sa.select(sa.func.count()).select_from(outbound).where(outbound.c.kind == "code")
    return int(database.read(lambda connection: connection.execute(count).scalar_one()))


def bound(database: Database, house: Runtime, person: Person) -> str | None:
    """The code of the candidate this person is bound to."""
    from bot.store.tables import candidates

    index = house.cipher.index(person.address, f"addresses.{person.channel}")
    wanted = (
        sa.select(candidates.c.code)
        .join(addresses, addresses.c.candidate_id == candidates.c.id)
        .where(addresses.c.address_index == index)
    )
    return database.read(lambda connection: connection.execute(wanted).scalar())


def test_a_scanned_card_binds_at_once_and_records_the_notice(
    person: Person, database: Database, house: Runtime
) -> None:
    person.event("scan", "WANGFANG1")
    assert person.keys == ["binding.bound", "binding.first_question"]
    assert "王芳" in person.text
    row = database.read(lambda connection: connection.execute(sa.select(bindings)).one())
    assert (row.how, row.notice_version) == ("scan", house.settings.privacy.notice_version)


@pytest.mark.parametrize(
    "typed", ["WANGFANG1", "wangfang1", "ＷＡＮＧＦＡＮＧ１", "我的邀请码是 WANGFANG1", "wang-fang1"]
)
def test_a_typed_invite_binds_however_it_is_typed(person: Person, typed: str) -> None:
    assert person.says(typed).keys == ["binding.bound", "binding.first_question"]


def test_what_was_asked_before_is_answered_after_binding(person: Person) -> None:
    assert person.says("什么时候培训？").keys == ["binding.stranger"]
    assert person.says("WANGFANG1").keys == ["binding.bound", "training.when_published"]
    assert "12月1日" in person.text


def test_a_stranger_learns_nothing(person: Person) -> None:
    for question in ("什么时候培训", "我的门店在哪", "我到哪一步了", "when is training?", "谁是我的HR"):
        person.says(question)
        assert not re.search("王芳|人民广场|12月1日|钱多", person.text), person.text


@pytest.mark.parametrize("said", ["我2024年毕业的，什么时候培训", "我住3号楼5单元1202"])
def test_a_number_in_a_sentence_is_no_wrong_code(person: Person, said: str) -> None:
    assert person.says(said).keys == ["binding.stranger"]


def test_after_five_wrong_codes_even_the_right_one_waits_an_hour(person: Person) -> None:
    for n in range(5):
        assert person.says(f"WRONG{n}AB").keys == ["binding.wrong_invite"]
    assert person.says("WANGFANG1").keys == ["binding.too_many"]
    assert person.event("scan", "WANGFANG1").keys == ["binding.too_many"]
    person.now += timedelta(minutes=61)
    assert person.says("WANGFANG1").keys[0] == "binding.bound"


def test_a_phone_number_binds_only_after_the_code_and_a_yes(person: Person, house: Runtime, database: Database) -> None:
    assert person.says("13800000002").keys == ["binding.code_sent"]
    assert "李" not in person.text
    assert person.says(code_sent(house, database)).keys == ["binding.is_that_you"]
    assert "李**" in person.text
    assert "李强" not in person.text
    assert bound(database, house, person) is None
    assert person.says("是的").keys == ["binding.bound", "binding.first_question"]
    assert bound(database, house, person) == "PLANBY"


def test_a_no_to_the_name_binds_nothing(person: Person, house: Runtime, database: Database) -> None:
    person.says("13800000002").says(code_sent(house, database))
    assert person.says("不是").keys == ["binding.not_me"]
    assert bound(database, house, person) is None


def test_nobody_can_tell_whether_a_number_is_known(house: Runtime, database: Database, person: Person) -> None:
    stranger = Person(house, database, person.now, address="o-other")
    known, unknown = person.says("13800000002"), stranger.says("13900000002")
    assert (known.keys, known.text) == (unknown.keys, unknown.text)
    assert codes_sent(database) == 1
    assert known.says("000000").keys == unknown.says("000000").keys == ["binding.wrong_code"]
    for _ in range(4):
        assert known.says("000000").keys == unknown.says("000000").keys
    assert known.says("000000").keys == unknown.says("000000").keys == ["binding.expired_code"]
    for number in ("13800000002", "13900000002"):
        who = known if number == "13800000002" else unknown
        answers = [who.says(number).keys for _ in range(3)]
        assert answers == [["binding.code_sent"], ["binding.code_sent"], ["binding.too_many"]]


def test_a_code_is_good_for_ten_minutes_and_once_for_one_chat(
    house: Runtime, database: Database, person: Person
) -> None:
    person.says("13800000002")
    code = code_sent(house, database)
    other = Person(house, database, person.now, address="o-other")
    other.says("13900000099")
    assert other.says(code).keys == ["binding.wrong_code"]
    person.now += timedelta(minutes=11)
    assert person.says(code).keys == ["binding.expired_code"]


def test_codes_for_one_phone_are_limited_whoever_asks(house: Runtime, database: Database, person: Person) -> None:
    for n in range(3):
        Person(house, database, person.now, address=f"o-{n}").says("13800000002")
    assert Person(house, database, person.now, address="o-9").says("13800000002").keys == ["binding.too_many"]
    assert codes_sent(database) == 3


def test_the_first_binding_wins_and_only_the_phone_can_change_it(
    house: Runtime, database: Database, person: Person
) -> None:
    person.event("scan", "LIQIANG22")
    thief = Person(house, database, person.now, address="o-new-phone")
    assert thief.says("LIQIANG22").keys == ["binding.taken"]
    assert "李" not in thief.text
    assert thief.says("我的门店在哪").keys == ["binding.taken"]  # first things first
    assert bound(database, house, person) == "PLANBY"
    assert thief.says(code_sent(house, database)).keys == ["binding.is_that_you"]
    assert thief.says("是").keys[0] == "binding.bound"
    assert bound(database, house, thief) == "PLANBY"
    assert bound(database, house, person) is None
    assert person.says("我的门店在哪").keys == ["binding.stranger_again"]


def test_re_binding_without_a_phone_goes_to_hr(house: Runtime, database: Database, person: Person) -> None:
    person.event("scan", "XUHAO1515")
    assert Person(house, database, person.now, address="o-new").says("XUHAO1515").keys == ["binding.taken_no_phone"]
    row = database.read(lambda connection: connection.execute(sa.select(cases)).one())
    assert row.reason == "rebinding"


def test_a_bound_chat_takes_no_second_invite(person: Person) -> None:
    person.event("scan", "WANGFANG1")
    assert person.says("WANGFANG1").keys == ["binding.mine"]
    assert person.says("LIQIANG22").keys == ["binding.other"]


def test_an_sms_from_a_number_of_the_record_is_answered_at_once(texter: Texter, database: Database) -> None:
    texting = texter(LI_QIANG).says("什么时候培训")
    assert texting.keys == ["training.when_planned_by", "binding.first_contact"]
    assert texting.says("什么时候培训").keys == ["training.when_planned_by"]
    row = database.read(lambda connection: connection.execute(sa.select(bindings)).one())
    assert row.how == "number"


def test_an_unknown_number_is_asked_for_the_invite_and_told_no_name(texter: Texter) -> None:
    texting = texter("+8613911111111").says("什么时候培训")
    assert texting.keys == ["binding.stranger_sms"]
    assert texting.says("XUHAO1515").keys[0] == "binding.bound"
    assert texting.says("什么时候培训").keys == ["training.when_published"]


def test_a_number_of_two_open_candidates_is_told_no_name(texter: Texter, database: Database, house: Runtime) -> None:
    def share(connection: sa.Connection) -> None:
        other = people.by_code(connection, "NOPHONE")
        assert other
        index = house.cipher.index(LI_QIANG, "phone")
        people.change_candidate(connection, other, texting.now, phone_index=index)

    texting = texter(LI_QIANG)
    database.write(share)
    assert texting.says("什么时候培训").keys == ["binding.stranger_sms"]
    assert texting.says("LIQIANG22").keys == ["binding.bound", "training.when_planned_by"]


def test_a_number_that_left_the_record_is_a_stranger_again(texter: Texter, database: Database, house: Runtime) -> None:
    texting = texter(LI_QIANG).says("你好")

    def change_phone(connection: sa.Connection) -> None:
        number = people.by_code(connection, "PLANBY")
        assert number
        index = house.cipher.index("+8613800009999", "phone")
        people.change_candidate(connection, number, texting.now, phone_index=index)

    database.write(change_phone)
    assert texting.says("什么时候培训").keys == ["binding.stranger_sms_again"]


def test_a_wrong_number_is_never_written_to_again(texter: Texter, house: Runtime, database: Database) -> None:
    texting = texter(LI_QIANG).says("你好")
    assert texting.says("打错了").keys == ["binding.wrong_number"]
    for text in ("你好", "什么时候培训", "人工", "wrong number"):
        assert texting.says(text).text == ""
    somebody = Person(house, database, texting.now, address="o-x")
    assert somebody.says("13800000002").keys == ["binding.code_sent"]
    assert codes_sent(database) == 0
    case = database.read(lambda connection: connection.execute(sa.select(cases)).one())
    assert case.reason == "wrong_number"
    assert texting.says("LIQIANG22").keys[0] == "binding.bound"


def test_a_wrong_chat_is_unbound_after_a_yes(person: Person, house: Runtime, database: Database) -> None:
    person.event("scan", "WANGFANG1")
    assert person.says("打错了").keys == ["binding.unbind"]
    assert person.says("算了").keys == ["repair.never_mind"]
    assert bound(database, house, person) == "PUB"
    person.says("wrong number")
    assert person.says("是的").keys == ["binding.unbound"]
    assert bound(database, house, person) is None


def test_following_without_a_card_explains_how_to_begin(person: Person) -> None:
    assert person.event("follow").keys == ["binding.stranger"]
    assert person.event("unfollow").text == ""
    assert person.event("scan", "WANGFANG1").keys[0] == "binding.bound"
    assert person.event("follow").keys == ["binding.welcome_back"]


@pytest.mark.parametrize(
    ("invite", "stage"),
    [("XUXIN1111", "withdrawn"), ("HEWEI1212", "rejected"), ("MACHAO133", "no_show"), ("GAOLIN144", "joined")],
)
@pytest.mark.parametrize("how", ["scans", "types"])
def test_who_does_not_wait_any_more_is_told_so_and_not_welcomed(
    person: Person, invite: str, stage: str, how: str
) -> None:
    person.event("scan", invite) if how == "scans" else person.says(invite)
    assert person.keys == ["binding.bound_closed", f"stage.closed_{stage}"]
    assert "欢迎" not in person.text
    assert "培训" not in person.text


def test_what_somebody_asked_who_does_not_wait_any_more_is_answered_by_that(person: Person) -> None:
    person.says("什么时候培训？")
    assert person.says("HEWEI1212").keys == ["binding.bound_closed", "stage.closed_rejected"]


def test_several_codes_in_one_message_are_several_tries(person: Person, database: Database, house: Runtime) -> None:
    """Guessing by the handful is no faster than one by one."""
    for number in range(3):
        person.says(" ".join(f"ABCD234{digit}" for digit in range(2 + number, 7)))
    assert person.says("WANGFANG1").keys == ["binding.too_many"]
    assert person.says("这几个里有一个是 WANGFANG1 吧，麻烦帮我看看到底是哪一个").keys != ["binding.bound"]
    assert bound(database, house, person) is None
    person.now += timedelta(minutes=61)
    assert person.says("WANGFANG1").keys == ["binding.bound", "binding.first_question"]


@pytest.mark.parametrize("channel", ["wechat", "sms"])
def test_a_chat_that_is_bound_may_not_guess_either(
    channel: str, house: Runtime, database: Database, now: datetime
) -> None:
    person = Person(house, database, now, channel, "+8613900000077").is_bound_to("PUB")
    for number in range(5):
        person.says(f"AAAA234{number}")
    assert person.says("LIQIANG22").keys != ["binding.other"]
    person.now += timedelta(minutes=61)
    assert person.says("LIQIANG22").keys == ["binding.other"]


def test_what_people_write_every_day_is_no_try(person: Person) -> None:
    for said in ("G1234 次火车 10:30 到", "2026-12-01 可以吗", "tomorrow training", "iphone15 可以吗", "9am-5pm?") * 2:
        person.says(f"请问一下我想知道这个事情到底怎么办 {said}")
    assert person.says("WANGFANG1").keys[0] == "binding.bound"


@pytest.mark.parametrize(
    "read_out", ["{} {}", "{}-{}", "{}–{}", "验证码 {} {}", "{}.{}", " {}  {} ".replace("  ", " "), "１{}"]
)
def test_a_code_as_it_is_read_out_is_accepted(
    read_out: str, person: Person, house: Runtime, database: Database
) -> None:
    person.says("13800000002")
    code = code_sent(house, database)
    typed = (
        "".join(chr(ord(digit) + 0xFEE0) for digit in code) if "１" in read_out else read_out.format(code[:3], code[3:])
    )
    assert person.says(typed).keys[0] == "binding.is_that_you"


@pytest.mark.parametrize("typed", ["12345", "1234567", "12-34", "1234 567"])
def test_digits_for_the_code_question_are_no_invite(
    typed: str, person: Person, house: Runtime, database: Database
) -> None:
    person.says("13800000002")
    code = code_sent(house, database)
    assert person.says(typed).keys == ["binding.code_please"]
    assert person.says(f"{code[:3]} {code[3:]}").keys[0] == "binding.is_that_you"
