"""What is quoted is not said, and what a machine sends is no sign of life."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.proactive.timeouts import continue_timed_out
from bot.risk.load_history import histories
from bot.store import touches
from bot.store.db.database import Database
from bot.store.tables import addresses, candidates, case_reasons, cases, inbound
from bot.values.message import Incoming
from tests.talking import Person

ASKED = "店离我家太远了"
QUOTE = "你家离门店多远？回数字就行：\n1. 半小时内\n2. 换个培训日子\n3. 门店太远"
REACTIONS = [f"Loved “{QUOTE}”", f"👍 to “{QUOTE}”", f"对“{QUOTE}”表示了赞", f"Removed a heart from “{QUOTE}”"]
MACHINES = [
    "I’m driving with Do Not Disturb While Driving turned on. I’ll see your message when I get where I’m going.",
    "您好，我现在有事不在，一会再和您联系。[自动回复]",
    "This is an automated message",
]


def one(database: Database, wanted: Any) -> Any:
    return database.read(lambda c: c.execute(wanted).first())


def standing(database: Database) -> Any:
    columns = addresses.c.wait_until, addresses.c.turn, addresses.c.last_inbound_at, addresses.c.talk
    return one(database, sa.select(*columns))


def last(database: Database) -> Any:
    return one(database, sa.select(inbound).order_by(inbound.c.id.desc()).limit(1))


def number(database: Database, code: str) -> int:
    found = one(database, sa.select(candidates.c.id).where(candidates.c.code == code))
    return int(found.id)


@pytest.mark.parametrize("text", [*REACTIONS, *MACHINES, f"「暖记：{QUOTE}」\n- - - - - - - - -\n"])
def test_it_is_kept_and_answered_with_silence_and_the_question_stays_open(
    text: str, person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB").says(ASKED)
    before = standing(database)
    assert before.wait_until
    person.now += timedelta(hours=1)
    assert person.says(text).text == ""
    assert standing(database) == before
    kept = last(database)
    assert kept.kind in ("reaction", "automatic", "quote")
    assert house.cipher.open(kept.text, "inbound.text") == text
    assert database.write(lambda c: continue_timed_out(c, house, before.wait_until))[0] == 1


@pytest.mark.parametrize("text", [REACTIONS[0], MACHINES[0], MACHINES[1]])
def test_it_is_no_sign_of_life(text: str, person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB")
    who, before = number(database, "PUB"), person.now - timedelta(hours=1)
    person.says(text)
    look = lambda c: histories(c, house.settings, [who], person.now)[who].signs  # noqa: E731
    assert list(database.read(look)) == []
    assert database.read(lambda c: touches.heard_after(c, who, before)) is None
    person.says("好的")
    assert list(database.read(look)) == [person.now]
    assert database.read(lambda c: touches.heard_after(c, who, before)) == person.now


def test_what_stands_below_a_quote_answers(person: Person, database: Database) -> None:
    asked = person.is_bound_to("PUB").says(ASKED)
    assert asked.keys
    quote = f"「暖记：{asked.text}」\n- - - - - - - - - - - - - - -\n算了"
    assert person.says(quote).keys == ["repair.never_mind"]


def test_an_automatic_reply_is_left_alone_while_staff_holds_the_case(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("人工")
    database.write(lambda c: c.execute(sa.update(cases).values(state="claimed", unanswered_since=None)))
    person.says(MACHINES[1])
    assert one(database, sa.select(cases.c.unanswered_since)).unanswered_since is None


@pytest.mark.parametrize("text", ["BEGIN:VCARD\nFN:培训王老师\nEND:VCARD", "[名片] 培训王老师 13800000000"])
def test_a_card_is_not_taken_for_a_question(text: str, person: Person) -> None:
    assert person.is_bound_to("PUB").says(text).keys == ["repair.link"]


def test_a_link_to_a_map_is_a_place_and_no_question(person: Person) -> None:
    text = "上海培训中心 怎么走 https://surl.amap.com/4YtPzQ1c"
    assert person.is_bound_to("PUB").says("上海培训中心 https://surl.amap.com/4YtPzQ1c").keys == ["repair.location"]
    assert person.says(text).keys[0].startswith("training.")


def test_a_forwarded_notice_is_not_their_question(person: Person) -> None:
    assert person.is_bound_to("PUB").says("[转发] 各位：培训什么时候？").keys == ["repair.forwarded"]


def test_recognised_speech_is_answered_like_text(person: Person) -> None:
    spoken = person.is_bound_to("PUB").shows("voice", text="什么时候培训？").text
    assert spoken == person.says("什么时候培训？").text
    assert person.shows("voice", text="").keys == ["repair.voice"]


def test_doubt_said_aloud_is_heard(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").shows("voice", text="我不想活了。")
    assert "danger" in _reasons(database)


@pytest.mark.parametrize(
    ("event", "detail"),
    [("VIEW", {"event_key": "https://example.com"}), ("LOCATION", {}), ("scancode_push", {}), ("pic_weixin", {})],
)
def test_a_silent_event_leaves_the_question_its_time(
    event: str, detail: dict[str, str], person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB").says(ASKED)
    before = standing(database)
    person.now += timedelta(hours=1)
    person.does(Incoming("wechat", person.address, event, "event", detail={"event": event, **detail}))
    assert standing(database) == before
    assert database.write(lambda c: continue_timed_out(c, house, person.now + timedelta(hours=48)))[0] == 1
    assert "store_far" in _reasons(database)


def test_whoever_unfollows_is_out_of_reach_and_the_question_keeps_its_time(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says(ASKED)
    before = standing(database)
    person.event("unfollow")
    assert standing(database) == before
    assert one(database, sa.select(addresses.c.unfollowed_at)).unfollowed_at == person.now


def test_a_message_between_stop_and_start_leaves_the_question_its_time(
    person: Person, house: Runtime, database: Database
) -> None:
    person.channel, person.address = "sms", "+8613800000001"
    person.is_bound_to("PUB").says(ASKED)
    until = standing(database).wait_until
    person.says("STOP")
    database.write(lambda c: c.execute(sa.update(addresses).values(wait_until=until)))
    person.says("什么时候培训")
    assert standing(database).wait_until == until


def _reasons(database: Database) -> Sequence[str]:
    return database.read(lambda c: list(c.execute(sa.select(case_reasons.c.reason)).scalars()))


@pytest.mark.parametrize(
    ("story", "asks", "flow"),
    [
        (
            "我今天早上从老家坐车出来，路上堵了很久，后来又换了一趟车，天气也不好，还下着雨。",
            "请问培训什么时候开始？",
            "training.when",
        ),
        (
            "I took the bus from my village this morning and it rained all the way, so I am wet. ",
            "When does the training start?",
            "training.when",
        ),
    ],
)
def test_a_long_message_is_understood_by_the_question_at_its_end(
    story: str, asks: str, flow: str, house: Runtime, database: Database, person: Person
) -> None:
    person.channel, person.address = "sms", "+8613800000001"
    keys = person.is_bound_to("PUB").says(story * 16 + asks).keys
    assert len(story * 16) > 600
    assert keys[0].startswith(flow)


@pytest.mark.parametrize(
    "text",
    [
        'If you can make it, reply "I will come"',
        "If you can make it, reply “I will come”",
        "If you can make it, reply I will come",
        '「If you can make it, reply "I will come"」 好',
        "你刚才发的“确认参加”是啥",
        "短信里写了「确认参加」",
        "《确认参加》",
        "他们让我发『我会来』",
        'you wrote "I will come" in the text',
        "‘I will come’ that is what it said",
        "好，“确认参加”",
        "好的，“我会来”",
        "好的，“我来不了”",
        "「妈妈：我会来」",
    ],
)
@pytest.mark.parametrize("channel", ["wechat", "sms"])
def test_what_stands_in_quotation_marks_inside_a_sentence_records_nothing(
    text: str, channel: str, person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB")
    person.channel = channel
    person.address = "+8613800000001" if channel == "sms" else person.address
    confirmed = sa.select(candidates.c.confirmed_at).where(candidates.c.code == "PUB")
    person.says(text)
    own = text == "《确认参加》"
    assert (one(database, confirmed).confirmed_at is not None) is own
    assert _reasons(database) == []


@pytest.mark.parametrize(
    "text", ['"I will come"', "“我会来”", "「确认参加」", "我会准时到，带上“身份证”", "“确认参加”！"]
)
def test_quotation_marks_around_ones_own_words_change_nothing(text: str, person: Person) -> None:
    assert person.is_bound_to("PUB").says(text).keys == ["training.confirm_done"]


@pytest.mark.parametrize("text", ["「妈妈：你别去了」", "“Mom: don't go there”", "「周店长：明天来不了就别来了」"])
def test_what_somebody_else_wrote_is_not_theirs(text: str, person: Person, database: Database) -> None:
    assert person.is_bound_to("PUB").says(text).keys == ["repair.forwarded"]
    assert _reasons(database) == []


def test_what_follows_the_words_of_somebody_else_is_theirs(person: Person) -> None:
    assert person.is_bound_to("PUB").says("「妈妈：你别去了」 培训是几号").keys == ["training.when_published"]


def test_ones_own_words_are_heard_also_as_a_quote(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("「我：我不想活了」")
    assert _reasons(database) == ["danger"]


@pytest.mark.parametrize("text", ["我“不想活”了", "「好的」 我不想活了", "我跟他说“我不想活了”"])
def test_danger_is_heard_also_in_quotation_marks(text: str, person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says(text)
    assert _reasons(database) == ["danger"]
