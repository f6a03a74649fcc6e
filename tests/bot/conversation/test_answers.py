"""What an answer is made of beside its words: cards, languages, the record it changes, and why it was given."""

import json
from collections.abc import Callable

import sqlalchemy as sa

from bot.conversation import Runtime
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import audit, candidates, case_reasons, inbound
from tests.talking import Person

Texter = Callable[[str], Person]


def test_the_way_is_a_card_on_wechat_and_a_text_by_sms(person: Person, texter: Texter) -> None:
    person.is_bound_to("PUB").says("怎么去培训的地方")
    assert person.keys == ["training.way"]
    assert person.card
    assert person.card.url.startswith("https://uri.amap.com/marker?position=121.4417,31.2886")
    assert person.text.endswith(person.card.url)
    mainland = texter("+8613800000001").says("怎么去培训的地方").says("怎么去培训的地方")
    assert mainland.card is None
    assert "http" not in mainland.text
    abroad = texter("+12025550143").says("how do I get to the training").says("how do I get to the training")
    assert "http" in abroad.text


def test_with_other_words_a_card_is_a_text_with_its_link(person: Person) -> None:
    person.is_bound_to("PUB").says("怎么去培训的地方？要带什么？")
    assert person.card is None
    assert "https://uri.amap.com" in person.text


def test_traditional_is_answered_in_traditional_and_the_record_s_names_stay(person: Person) -> None:
    person.is_bound_to("PUB").says("請問幾時培訓")
    assert "培訓" in person.text
    assert "上海培训中心" in person.text
    assert "培訓" in person.says("好").says("在哪里").text + person.text
    assert "培训" in person.says("什么时候培训").text


def test_a_language_that_was_asked_for_stays(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("什么时候培训")
    person.says("English please")
    assert person.keys[0] == "repair.language"
    assert "Dec 1" in person.text  # the last answer once more, in English
    assert "Dec 1" in person.says("什么时候培训").text
    assert "12月1日" in person.says("说中文").says("when is training").text
    who = sa.select(candidates.c.locale).where(candidates.c.code == "PUB")
    assert database.read(lambda c: c.execute(who).scalar()) == "zh"


def test_who_scans_is_greeted_in_the_language_of_the_record(person: Person) -> None:
    assert "Grace" in person.event("scan", "GRACE1616").text
    assert "欢迎" not in person.text


def test_bare_pay_means_pay_or_a_person_to_who_writes_traditional(person: Person) -> None:
    person.is_bound_to("HK").says("人工")
    assert person.keys == ["repair.which"]
    assert person.says("1").keys[0].startswith("faq.")
    other = Person(person.house, person.database, person.now, address="o-other").is_bound_to("PUB")
    assert other.says("人工").keys == ["hr.human"]


def test_a_confirmation_is_for_one_date(person: Person, database: Database) -> None:
    person.is_bound_to("PUB").says("我会准时来参加培训")
    assert "training.confirm" in person.keys[0]
    row = database.read(lambda c: c.execute(sa.select(candidates).where(candidates.c.code == "PUB")).one())
    assert row.confirmed_start.isoformat() == "2026-12-01T01:00:00+00:00"
    assert person.says("什么时候培训").keys == ["training.when_confirmed"]
    moved = sa.update(candidates).where(candidates.c.code == "PUB").values(confirmed_start=person.now)
    database.write(lambda c: c.execute(moved))
    assert person.says("什么时候培训").keys == ["training.when_published"]


def test_only_a_twice_confirmed_withdrawal_moves_the_stage(person: Person, database: Database) -> None:
    who = sa.select(candidates.c.stage).where(candidates.c.code == "PUB")
    person.is_bound_to("PUB").says("我不想来了")
    for answer in ("3", "1"):
        assert database.read(lambda c: c.execute(who).scalar()) == "training_notice"
        person.says(answer)
    assert database.read(lambda c: c.execute(who).scalar()) == "training_notice"
    person.says("是的")
    assert database.read(lambda c: c.execute(who).scalar()) == "withdrawn"
    newest = database.read(lambda c: c.execute(sa.select(audit).order_by(audit.c.id.desc())).first())
    assert newest
    assert (newest.actor, newest.action, newest.target) == ("candidate", "candidate.withdraw", "PUB")
    assert person.says("什么时候培训").keys == ["stage.closed_withdrawn"]


def test_hr_reads_what_was_answered_and_nobody_else_does(person: Person, database: Database, cipher: Cipher) -> None:
    person.is_bound_to("PLANBY").says("店离我家太远了")
    person.shows("location", detail={"Label": "松江新城地铁站"})
    person.says("晚上没有车回家")
    rows = database.read(lambda c: list(c.execute(sa.select(case_reasons).order_by(case_reasons.c.id))))
    kept = json.loads(cipher.open(rows[-1].detail, "case_reasons.detail"))
    assert kept == {"home": "松江新城地铁站", "hard": "晚上没有车回家"}
    assert "松江".encode() not in bytes(rows[-1].detail)


def test_why_an_answer_was_given_is_kept(person: Person, database: Database, cipher: Cipher) -> None:
    person.is_bound_to("PUB").says("什么时候培训")
    sealed = database.read(lambda c: c.execute(sa.select(inbound.c.why)).scalar())
    why = json.loads(cipher.open(sealed, "inbound.why"))
    assert why["decision"] == "answer"
    assert why["top"][0][0] == "training.when"
    assert why["road"] == ["training.when"]
    assert why["said"] == ["training.when_published"]
    assert why["facts"]["date"] == "published"


def test_two_messages_are_read_together_if_neither_is_clear_alone(person: Person, house: Runtime) -> None:
    person.is_bound_to("PUB").says("培训")
    assert person.keys == ["repair.which"]
    assert person.says("大概几号").keys == ["training.when_published"]


def test_a_sticker_is_no_question(person: Person) -> None:
    person.is_bound_to("PUB")
    assert person.says("[微笑]").keys == ["repair.sticker"]
    assert person.says("😂😂").keys == ["repair.sticker"]
    assert person.shows("sticker").keys == ["repair.sticker"]
    assert person.says("👍").keys == ["hello.nod"]


def test_cancel_leaves_an_open_question_and_nothing_else(person: Person) -> None:
    person.is_bound_to("PUB").says("the store is too far from my home")
    assert person.says("cancel").keys == ["repair.never_mind"]
