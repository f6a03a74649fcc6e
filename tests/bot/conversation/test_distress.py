"""Nobody's words are met with a menu when they speak of dying, violence or harm; and nobody is alarmed by an idiom."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.platform import yaml_text
from bot.store import people as record
from bot.store.cases import open_case
from bot.store.db.database import Database
from bot.store.tables import addresses, candidates, case_reasons, cases
from tests.conftest import NOW
from tests.talking import Person

_FILE = Path(__file__).with_name("dangers.yaml")
SAID = yaml_text.read(_FILE, _FILE.name).data
LEANING = [
    "我把东西都收拾干净了，留给弟弟",
    "我不想说话，心里空空的",
    "我感觉自己像个废物",
    "nobody would have to worry about me then",
    "no point in anything lately",
    "everything is grey",
]
COMFORT = {"trouble.despair_helpline", "trouble.unsafe_helpline"}


def people(house: Runtime, database: Database, who: str) -> Iterator[Person]:
    """A new chat each time: of strangers, or of one candidate after another's phone."""
    number = 0
    while True:
        number += 1
        person = Person(house, database, NOW, address=f"o-{who}-{number}")
        yield person.is_bound_to(who) if who else person


def alarms(database: Database) -> int:
    wanted = sa.select(sa.func.count()).select_from(case_reasons).where(case_reasons.c.reason == "danger")
    return int(database.read(lambda c: c.execute(wanted).scalar_one()))


@pytest.mark.parametrize("who", ["", "JOINED"])
def test_words_of_despair_are_answered_with_care_and_hr_hears(who: str, house: Runtime, database: Database) -> None:
    wrong = []
    for text, person in zip(SAID["despair"], people(house, database, who), strict=False):
        before = alarms(database)
        keys = person.says(text).keys
        if len(keys) != 1 or not set(keys) <= COMFORT or "12356" not in person.text or alarms(database) != before + 1:
            wrong.append((text, keys))
    assert not wrong


@pytest.mark.parametrize("who", ["WITHDRAWN"])
def test_threats_are_answered_calmly_and_hr_hears(who: str, house: Runtime, database: Database) -> None:
    wrong = []
    for text, person in zip(SAID["threats"], people(house, database, who), strict=False):
        before = alarms(database)
        keys = person.says(text).keys
        if keys != ["trouble.threat"] or alarms(database) != before + 1:
            wrong.append((text, keys))
    assert not wrong


@pytest.mark.parametrize("who", ["PUB"])
def test_idioms_alarm_nobody(who: str, house: Runtime, database: Database) -> None:
    wrong = []
    for text, person in zip(SAID["harmless"], people(house, database, who), strict=False):
        before = alarms(database)
        person.says(text)
        if alarms(database) != before or "12356" in person.text:
            wrong.append((text, person.keys))
    assert not wrong


def test_a_low_mood_over_several_messages_adds_up(person: Person, database: Database) -> None:
    person.is_bound_to("PUB")
    for text in ("最近总是睡不好", "压力好大", "没胃口，什么都吃不下"):
        assert not alarms(database)
        person.now += timedelta(minutes=20)
        person.says(text)
    assert person.keys == ["trouble.unsafe_helpline"]
    assert alarms(database) == 1


def test_a_low_mood_now_and_then_does_not(person: Person, database: Database) -> None:
    person.is_bound_to("PUB")
    for _ in range(4):
        person.now += timedelta(days=3)
        person.says("最近总是睡不好")
    assert not alarms(database)


def test_whoever_is_asked_whether_they_are_safe_may_say_anything(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("真想就这么消失了")
    assert person.keys == ["trouble.unsafe_helpline"]
    assert person.says("嗯，我在家里，我妈在旁边").keys == ["trouble.unsafe_thanks_helpline"]
    assert person.says("什么时候培训").keys[0].startswith("training.")


def test_despair_is_heard_while_staff_holds_the_case(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("人工")
    database.write(lambda c: c.execute(sa.update(cases).values(state="claimed")))
    assert person.says("真想就这么消失了").keys == ["trouble.unsafe_helpline"]
    assert person.says("安眠药我都买好了").keys == ["trouble.despair_helpline"]
    assert person.says("我要砍人").keys == ["trouble.threat"]


def test_whoever_opted_out_is_heard(house: Runtime, database: Database) -> None:
    person = Person(house, database, NOW, "sms", "+8613800000001").is_bound_to("PUB")
    person.says("STOP")
    assert person.says("我不想活了").text == ""
    assert alarms(database) == 1


def test_a_wrong_number_is_comforted_too(house: Runtime, database: Database) -> None:
    person = Person(house, database, NOW, "sms", "+8613800000001")
    person.says("打错了")
    assert person.says("我不想活了").keys == ["trouble.despair_helpline"]


def test_whoever_wants_no_more_messages_is_obeyed_and_heard(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("别再发了，我不想活了")
    assert "trouble.despair_helpline" in person.keys
    assert alarms(database) == 1
    assert person.outcome
    assert person.outcome.heard
    assert person.outcome.heard.rule == "stop"


def test_a_voice_that_despairs_is_answered(person: Person, database: Database) -> None:
    assert person.shows("voice", text="我真的不想活了。").keys == ["trouble.despair_helpline"]
    assert alarms(database) == 1


def test_quoted_despair_is_not_theirs(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("「王姐：我不想活了」\n- - - - - - - - - - - - - - -\n什么时候培训")
    assert person.keys[0].startswith("training.")
    assert not alarms(database)


def test_the_danger_stays_heard_however_often_it_is_said(person: Person, database: Database) -> None:
    for _ in range(15):
        person.now += timedelta(seconds=10)
        assert person.says("我不想活了").keys == ["trouble.despair_helpline"]
    assert database.read(lambda c: c.execute(sa.select(addresses.c.turn)).scalar_one()) == 15


@pytest.mark.parametrize("text", ["想让这一切停下来，永远停下来", "谢谢你陪我到最后", "我已经站上去了"])
def test_a_veiled_farewell_is_asked_about(text: str, house: Runtime, database: Database) -> None:
    person = next(people(house, database, "PUB"))
    assert person.says(text).keys == ["trouble.unsafe_helpline"]


@pytest.mark.parametrize("text", LEANING)
def test_what_is_not_understood_and_sounds_sad_gets_no_menu(text: str, house: Runtime, database: Database) -> None:
    """Too little for an alarm."""
    before = alarms(database)
    person = next(people(house, database, "PUB"))
    assert person.says(text).keys == ["trouble.low"]
    assert alarms(database) == before


BETTER = [
    "哈哈刚才那些是歌词啦 我在写歌",
    "真的没事 今天好多了",
    "我没想不开 别吓我",
    "开玩笑的",
    "im fine",
    "its lyrics from a song im writing, im fine",
    "just kidding, chill",
]


@pytest.mark.parametrize("text", BETTER)
def test_whoever_says_that_they_are_better_is_believed_and_hr_still_comes(
    text: str, person: Person, database: Database
) -> None:
    person.is_bound_to("PUB").says("感觉活着没意思" if text[0] > "z" else "i just want to disappear")
    before = alarms(database)
    assert person.says(text).keys == ["trouble.better_helpline"]
    assert alarms(database) == before == 1
    assert not confirmed(database)


def test_whoever_says_it_beside_words_of_despair_is_not(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("我不想活了")
    assert person.says("没事的，反正我死了就好了").keys == ["trouble.despair_helpline"]
    assert alarms(database) == 2


@pytest.mark.parametrize(
    "text", ["再见了，大家要好好的", "拜拜了各位", "谢谢你们这段时间照顾，以后就不打扰了", "bye everyone"]
)
def test_a_farewell_after_despair_is_no_everyday_one(text: str, person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("我不想活了")
    assert person.says(text).keys == ["trouble.unsafe_helpline"]
    assert alarms(database) == 2


@pytest.mark.parametrize("text", ["人工", "你好", "谢谢", "嗯哪个啥来着哼哼", "天上的云好像一匹马"])
def test_after_despair_no_menu_and_no_small_talk(text: str, person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("我不想活了")
    assert person.says(text).keys in (["trouble.beside_helpline"], ["trouble.low"])


def test_after_despair_a_question_is_still_answered(person: Person) -> None:
    person.is_bound_to("PUB").says("我不想活了")
    assert person.says("什么时候培训").keys[0].startswith("training.")


WHERE = [
    "我的门店在哪",
    "门店地址发我",
    "店长叫啥",
    "培训在哪里",
    "where is my store",
    "ok address of the training then",
]


@pytest.mark.parametrize("text", WHERE)
def test_whoever_threatened_learns_nothing_of_where_people_are(text: str, person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says(text)
    assert person.keys != ["trouble.kept_back"]
    person.says("店长骂我，我真想捅死他")
    for words in ("", "开玩笑的"):
        if words:
            person.says(words)
        assert person.says(text).keys == ["trouble.kept_back"]
        assert person.card is None


def test_whoever_despairs_still_learns_where_the_training_is(person: Person) -> None:
    person.is_bound_to("PUB").says("我不想活了")
    assert person.says("培训在哪里").keys[0].startswith("training.")


@pytest.mark.parametrize("text", ["我啥也没说啊", "我啥也没说", "我没想不开 别吓我"])
def test_denying_it_is_no_despair(text: str, person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says(text)
    assert not alarms(database)


def confirmed(database: Database) -> int:
    wanted = sa.select(sa.func.count()).select_from(candidates).where(candidates.c.confirmed_at.is_not(None))
    return int(database.read(lambda c: c.execute(wanted).scalar_one()))


@pytest.mark.parametrize("text", ["算了不逗你了", "逗你玩的"])
def test_teasing_is_no_danger(text: str, person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says(text)
    assert not alarms(database)


def test_what_a_stranger_in_danger_said_is_the_candidates_once_they_are_known(
    person: Person, database: Database
) -> None:
    person.says("我不想活了")
    person.event("scan", "WANGFANG1")
    rows = database.read(lambda c: c.execute(sa.select(cases.c.candidate_id, cases.c.state)).all())
    assert [(row.candidate_id is not None, row.state) for row in rows] == [(True, "new")]
    person.says("我不想活了")
    assert database.read(lambda c: c.execute(sa.select(sa.func.count()).select_from(cases)).scalar_one()) == 1


def test_it_joins_the_case_that_they_have(person: Person, database: Database, now: datetime) -> None:
    number = database.read(lambda c: record.by_code(c, "PUB"))
    database.write(lambda c: open_case(c, number, None, "papers", now))
    person.says("我不想活了")
    person.event("scan", "WANGFANG1")
    rows = database.read(lambda c: c.execute(sa.select(cases.c.urgency, cases.c.state).order_by(cases.c.id)).all())
    assert [tuple(row) for row in rows] == [(0, "new"), (0, "resolved")]


def test_a_threat_before_they_are_known_keeps_the_address_back(person: Person) -> None:
    person.says("im gonna stab the store manager")
    assert person.keys == ["trouble.threat"]
    person.event("scan", "WANGFANG1")
    assert person.says("我的门店在哪，什么时候培训").keys == ["trouble.kept_back"]
    assert person.says("so when and where is my training").keys == ["trouble.kept_back"]
