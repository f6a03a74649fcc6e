"""What design.md promises of a conversation, beside binding: opt-out, repeats, late answers, pictures, languages."""

from collections.abc import Callable

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime, Ticket
from bot.conversation.effects import EFFECTS
from bot.record.vocabulary import EFFECTS as NAMED
from bot.record.vocabulary import FACTS, FREE_FACTS
from bot.store.db.database import Database
from bot.store.tables import addresses, candidates, inbound, outbound
from bot.values.message import Incoming
from tests.talking import Person

Texter = Callable[[str], Person]
LI_QIANG = "+8613800000002"


def all_of(database: Database, table: sa.Table) -> list[sa.Row[tuple[object, ...]]]:
    return database.read(lambda connection: list(connection.execute(sa.select(table).order_by(table.c.id))))


def test_every_effect_that_flows_may_name_is_written() -> None:
    assert EFFECTS.keys() == NAMED.keys()


def test_a_repeat_gets_the_same_answer_and_leaves_no_second_row(person: Person, database: Database) -> None:
    person.is_bound_to("PUB")
    message = Incoming("wechat", person.address, "m1", "text", "什么时候培训")
    first = person.does(message).outcome
    again = person.does(message).outcome
    assert first
    assert again
    assert again.answer.body == first.answer.body
    assert again.repeat
    assert (len(all_of(database, inbound)), len(all_of(database, outbound))) == (1, 1)


def test_an_answer_that_nobody_waits_for_is_pushed_once(person: Person, database: Database) -> None:
    person.is_bound_to("PUB")
    message = Incoming("wechat", person.address, "m1", "text", "什么时候培训")
    late = person.does(message, Ticket(late=True)).outcome
    assert late
    assert late.answer.body == b""
    assert person.does(message).text == ""
    assert person.does(message, Ticket(late=True)).text == ""
    (row,) = all_of(database, outbound)
    assert (row.state, row.road, row.id) == ("queued", "push", late.to_send[0])


def test_an_answer_that_no_delivery_took_is_pushed(person: Person, database: Database) -> None:
    person.is_bound_to("PUB")
    message = Incoming("wechat", person.address, "m1", "text", "什么时候培训")
    person.does(message)
    late = person.does(message, Ticket(late=True)).outcome
    assert late
    assert late.to_send
    (row,) = all_of(database, outbound)
    assert (row.state, row.road) == ("queued", "push")
    assert person.does(message).text == ""


def test_only_one_of_two_claims_wins() -> None:
    ticket = Ticket()
    assert (ticket.claim("late"), ticket.claim("now"), ticket.claim("late")) == (True, False, True)


def test_stop_by_twilio_is_silent_and_start_brings_all_back(texter: Texter, database: Database) -> None:
    texting = texter(LI_QIANG).says("你好")
    assert texting.says("STOP").text == ""
    assert texting.says("什么时候培训").text == ""
    assert texting.shows("picture").text == ""
    assert texting.says("START").text == ""
    assert texting.says("什么时候培训").keys == ["training.when_planned_by"]
    assert texting.says("START").keys == ["stop.resumed"]


def test_twilios_opt_out_type_counts_whatever_the_word(texter: Texter, database: Database) -> None:
    texting = texter(LI_QIANG).says("你好")
    assert texting.says("拒收", detail={"opt_out_type": "STOP"}).text == ""
    (who,) = database.read(
        lambda c: (
            c.execute(sa.select(candidates.c.code).where(candidates.c.pushes_stopped_at.is_not(None))).scalars().all()
        )
    )
    assert who == "PLANBY"


def test_yes_is_an_answer_unless_the_number_had_opted_out(texter: Texter) -> None:
    texting = texter(LI_QIANG).says("你好")
    assert texting.says("YES").keys == ["hello.nod"]
    texting.says("STOP")
    assert texting.says("YES").text == ""
    assert texting.says("什么时候培训").keys == ["training.when_planned_by"]


def test_opting_out_on_one_channel_stops_the_person_on_all(texter: Texter, database: Database) -> None:
    texter(LI_QIANG).says("退订")
    stopped = sa.select(candidates.c.pushes_stopped_at).where(candidates.c.code == "PLANBY")
    assert database.read(lambda connection: connection.execute(stopped).scalar()) is not None


def test_a_lone_letter_opts_out_only_if_it_was_offered(person: Person) -> None:
    person.is_bound_to("PUB")
    for letter in ("T", "N", "R"):
        assert "stop.stopped" not in person.says(letter).keys
    assert person.says("TD").keys == ["stop.stopped"]


def test_cancel_my_slot_is_no_opt_out(texter: Texter, database: Database) -> None:
    texter(LI_QIANG).says("CANCEL my slot")
    assert all(row.stopped_at is None for row in all_of(database, addresses))


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("picture", "repair.picture"),
        ("voice", "repair.voice"),
        ("video", "repair.picture"),
        ("location", "repair.location"),
        ("link", "repair.link"),
    ],
)
def test_what_is_no_text_is_kept_and_answered(person: Person, database: Database, kind: str, key: str) -> None:
    person.is_bound_to("PUB")
    assert person.shows(kind, detail={"MediaId": "m"}).keys == [key]
    assert all_of(database, inbound)[0].kind == kind


def test_a_menu_entry_asks_its_question(person: Person) -> None:
    person.is_bound_to("PUB")
    assert person.event("menu", "training.when").keys == ["training.when_published"]
    assert person.event("menu", "gone.gone").keys == ["repair.not_understood"]


def test_each_message_is_answered_in_its_own_language(person: Person) -> None:
    person.is_bound_to("PUB")
    assert "培训" in person.says("什么时候培训").text
    assert "training" in person.says("when is training?").text
    assert "Where" in person.text
    assert person.event("menu", "store.mine").text.startswith("Your store")
    assert "门店" in person.says("我的门店在哪").text


def test_a_person_of_the_record_is_greeted_in_their_language(texter: Texter) -> None:
    assert "training" in texter("+12025550143").says("?").text.lower()


def test_nothing_personal_stands_open_in_the_store(person: Person, texter: Texter, database: Database) -> None:
    person.event("scan", "WANGFANG1").says("我想问一个很特别的问题")
    texter(LI_QIANG).says("什么时候培训")
    for table in (addresses, candidates, inbound, outbound):
        for row in all_of(database, table):
            for name, value in row._mapping.items():
                open_text = value.decode("utf-8", "ignore") if isinstance(value, bytes) else str(value)
                for secret in ("王芳", "李强", "13800000001", "很特别", "WANGFANG1", "o-somebody", "欢迎加入"):
                    assert secret not in open_text, f"{table.name}.{name}"


def test_facts_have_only_the_words_that_flows_may_ask_for(house: Runtime, database: Database, person: Person) -> None:
    from bot.record import facts
    from bot.store import people

    for code in (
        "PUB",
        "PLANBY",
        "PLAN",
        "UNKBY",
        "UNK",
        "NONE",
        "TOM",
        "TODAY",
        "DURING",
        "OVER",
        "WITHDRAWN",
        "GRACE",
    ):
        number = database.read(lambda c, code=code: people.by_code(c, code))
        assert number
        candidate = database.read(lambda c, number=number: people.load(c, house.cipher, number))
        for name, word in facts.known(candidate, "sms", house.settings, person.now).items():
            free = name in FREE_FACTS
            assert free or word in (FACTS[name] or house.settings.stages.all), (code, name, word)
