"""Who has another number, mailbox or chat in the record is spoken to there, and from that moment on nowhere else."""

from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot import links
from bot.cases import actions
from bot.conversation import Runtime
from bot.imports import single_row
from bot.imports.apply import settle
from bot.imports.candidates import CandidateSheet
from bot.imports.file_type import RowChange
from bot.imports.run import frame
from bot.outbox import Outbox
from bot.outbox.fallback import Terms
from bot.proactive.touches import send_due
from bot.store import cases, moves, people
from bot.store import links as given_links
from bot.store.db.database import Database
from bot.store.messages import Draft, enqueue
from bot.store.tables import addresses, candidates, case_reasons, codes, outbound
from bot.store.tables import links as links_table
from bot.values.message import ChannelMessage, SendResult
from tests.talking import Person

Texter = Callable[[str], Person]
OLD, NEW = "+8613800000002", "+8613800009999"  # PLANBY's in the record, and in truth


class Provider:
    """Takes everything."""

    def __init__(self) -> None:
        self.letters: list[ChannelMessage] = []

    def send(self, letter: ChannelMessage) -> SendResult:
        self.letters.append(letter)
        return SendResult()

    @property
    def heard(self) -> list[tuple[str, str]]:
        return [(letter.address, letter.text) for letter in self.letters]


class Office:
    """Corrects the record as the API and an import do, and lets what waits go out."""

    def __init__(self, house: Runtime, database: Database, now: Any) -> None:
        self.house, self.database, self.now = house, database, now
        self.sms, self.wechat, self.email = Provider(), Provider(), Provider()
        channels = {"sms": self.sms, "wechat": self.wechat, "email": self.email}
        terms = Terms.of(house.settings)
        self._outbox = Outbox(database, house.cipher, channels, lambda: self.now, terms, jitter=lambda: 1.0)

    def put(self, code: str, **fields: Any) -> None:
        kind = CandidateSheet(self.house.cipher, frame(self.house.settings, self.now, "api"))
        (decision,) = settle(self.database, kind, [single_row.read(kind, code, fields)])
        assert isinstance(decision, RowChange), decision

    def queue(self, code: str, channel: str, address: str, text: str, kind: str = "notice", **more: Any) -> int:
        def work(connection: sa.Connection) -> int:
            person = people.get_or_create(connection, self.house.cipher, channel, address, self.now)
            spoken = Draft(text, more.pop("said", "x.y"), kind, pushed=True, **more)
            who = people.by_code(connection, code)
            return enqueue(connection, self.house.cipher, person.id, who, None, [spoken], self.now)[0]

        return self.database.write(work)

    def deliver(self) -> None:
        while self._outbox.deliver():
            pass

    def state(self, number: int) -> tuple[str, str | None]:
        this = sa.select(outbound.c.state, outbound.c.reason).where(outbound.c.id == number)
        row = self.database.read(lambda connection: connection.execute(this).one())
        return row.state, row.reason


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Office:
    return Office(house, database, now)


@pytest.mark.parametrize("corrected", [NEW, None], ids=["corrected", "cleared"])
def test_the_old_number_is_a_strangers_at_once(texter: Texter, office: Office, corrected: str | None) -> None:
    texting = texter(OLD).says("什么时候培训")
    assert texting.keys[0] == "training.when_planned_by"
    office.put("PLANBY", phone=corrected)
    who = office.database.read(lambda c: c.execute(sa.select(addresses.c.candidate_id, addresses.c.talk)).one())
    assert tuple(who) == (None, None)
    assert "12月7日" not in texting.says("什么时候培训").text


def test_nobody_waits_for_the_answer_of_a_number_that_was_corrected(texter: Texter, office: Office) -> None:
    texter(OLD).says("店离我家太远了")
    office.put("PLANBY", phone=NEW)
    waits = office.database.read(lambda c: c.execute(sa.select(addresses.c.wait_until)).scalar_one())
    assert waits is None


@pytest.mark.parametrize(("kind", "said"), [("notice", "x.y"), ("answer", "staff"), ("notice", "staff")])
def test_what_waits_for_the_old_number_goes_to_the_new_one(
    texter: Texter, office: Office, kind: str, said: str
) -> None:
    texter(OLD).says("你好")
    office.queue("PLANBY", "sms", OLD, "培训改到周三", kind, said=said)
    office.put("PLANBY", phone=NEW)
    office.deliver()
    assert office.sms.heard == [(NEW, "培训改到周三")]


@pytest.mark.parametrize("kind", ["answer", "rest", "code"])
def test_an_answer_to_whoever_has_the_old_number_is_cancelled(texter: Texter, office: Office, kind: str) -> None:
    texter(OLD).says("你好")
    number = office.queue("PLANBY", "sms", OLD, "李强，你的门店是人民广场店", kind)
    office.put("PLANBY", phone=NEW)
    office.deliver()
    assert office.sms.heard == []
    assert office.state(number) == ("cancelled", "not their address any more")


def test_without_another_number_a_notice_looks_for_another_road(texter: Texter, office: Office) -> None:
    texter(OLD).says("你好")
    number = office.queue("PLANBY", "sms", OLD, "培训改到周三")
    office.put("PLANBY", phone=None)
    office.deliver()
    assert office.sms.heard == []
    assert office.state(number)[0] == "failed"
    reasons = office.database.read(lambda c: c.execute(sa.select(case_reasons.c.reason)).scalars().all())
    assert reasons == ["unreachable"]


def released(office: Office, at: Any) -> None:
    office.database.write(lambda c: c.execute(sa.update(candidates).values(released_at=at)).rowcount)


def invited(office: Office) -> list[tuple[str, str]]:
    """As the tick says it and the outbox sends it."""
    office.database.write(lambda c: send_due(c, office.house, office.now))
    office.deliver()
    return [(address, text) for address, text in office.sms.heard if "邀请码" in text]


def test_whom_an_sms_reached_is_invited_at_the_new_number(texter: Texter, office: Office) -> None:
    released(office, office.now)
    texter(OLD).says("你好")
    office.put("PLANBY", phone=NEW)
    ((number, _),) = invited(office)
    assert number == NEW
    office.put("PLANBY", phone=NEW)
    assert len(invited(office)) == 1


@pytest.mark.parametrize("how", ["in the chat", "never texted", "held", "cleared", "closed", "on its way"])
def test_nobody_else_is_invited_anew(person: Person, texter: Texter, office: Office, how: str) -> None:
    released(office, None if how == "held" else office.now)
    if how != "never texted":
        texter(OLD).says("你好")
    if how == "in the chat":
        person.is_bound_to("PLANBY")
    if how == "closed":
        office.put("PLANBY", stage="rejected")
    if how == "on its way":
        office.queue("PLANBY", "sms", OLD, "把邀请码发过来", said="welcome.invite")
    office.put("PLANBY", phone=None if how == "cleared" else NEW)
    assert invited(office) == ([(NEW, "把邀请码发过来")] if how == "on its way" else [])


def test_hr_replies_to_the_new_number(texter: Texter, office: Office, house: Runtime) -> None:
    texter(OLD).says("你好")
    office.put("PLANBY", phone=NEW)

    def reply(connection: sa.Connection) -> None:
        who = people.by_code(connection, "PLANBY")
        case_id = cases.open_case(connection, who, None, "human", office.now)
        actions.reply(connection, house.settings, house.cipher, case_id, "HR1", "周三见", office.now)

    office.database.write(reply)
    office.deliver()
    assert office.sms.heard == [(NEW, "周三见")]


def test_a_link_that_the_old_number_was_given_shows_nothing_any_more(texter: Texter, office: Office) -> None:
    texter(OLD).says("你好")
    before = office.database.read(lambda c: people.load(c, office.house.cipher, people.by_code(c, "PLANBY") or 0))
    office.put("PLANBY", phone=NEW)
    after = office.database.read(lambda c: people.load(c, office.house.cipher, before.id))
    assert after.page_version != before.page_version


def test_a_link_in_a_message_that_still_waits_is_good_at_the_new_number(
    texter: Texter, office: Office, house: Runtime
) -> None:
    texter(OLD).says("你好")

    def give(connection: sa.Connection) -> int:
        candidate = people.load(connection, house.cipher, people.by_code(connection, "PLANBY") or 0)
        return given_links.give(connection, candidate, None, office.now)

    number = office.database.write(give)
    office.queue("PLANBY", "sms", OLD, f"看这里 {links.short(house.settings, number)}")
    office.put("PLANBY", phone=NEW)
    given = office.database.read(lambda c: c.execute(sa.select(links_table.c.page_version)).scalar_one())
    candidate = office.database.read(lambda c: people.load(c, house.cipher, people.by_code(c, "PLANBY") or 0))
    assert given == candidate.page_version


def test_a_phone_of_their_own_beside_the_record_stays_theirs(texter: Texter, office: Office) -> None:
    own = texter("+8613911111111").says("LIQIANG22")
    assert own.keys[0] == "binding.bound"
    office.put("PLANBY", phone=NEW)
    assert own.says("什么时候培训").keys == ["training.when_planned_by"]


def test_an_invite_does_not_keep_a_number_that_hr_takes_from_the_record(texter: Texter, office: Office) -> None:
    office.put("NOPHONE", phone="+8613911111111")
    own = texter("+8613911111111").says("XUHAO1515")
    office.put("NOPHONE", phone=NEW)
    assert "人民广场" not in own.says("我的门店在哪").text


def test_a_number_that_moves_to_somebody_else_is_theirs(texter: Texter, office: Office) -> None:
    texting = texter(OLD).says("你好")
    office.put("PLANBY", phone=None)
    office.put("XIAN", phone=OLD)
    texting.says("我的门店在哪")
    assert "钟楼" in texting.text
    assert "人民广场" not in texting.text


def test_a_number_of_one_who_waits_no_more_is_the_newcomers(texter: Texter, office: Office) -> None:
    texting = texter(OLD).says("你好")

    def end(connection: sa.Connection) -> None:
        moves.to_stage(connection, people.by_code(connection, "PLANBY") or 0, "rejected", "staff:HR1", office.now)

    office.database.write(end)
    office.put("NEWCOMER", name="李小强", phone=OLD, store="XA1")
    office.queue("NEWCOMER", "sms", OLD, "培训周三开始")
    office.deliver()
    assert office.sms.heard == [(OLD, "培训周三开始")]
    texting.says("我的门店在哪")
    assert "钟楼" in texting.text


def test_a_record_of_one_who_waits_no_more_takes_nobodys_number(texter: Texter, office: Office) -> None:
    texting = texter(OLD).says("你好")
    office.put("LAST_YEAR", name="李强", phone=OLD, stage="rejected")
    assert "人民广场" in texting.says("我的门店在哪").text


def test_a_chat_that_was_proved_by_a_number_is_let_go_when_the_number_is_somebody_elses(
    person: Person, office: Office, house: Runtime
) -> None:
    def proved(connection: sa.Connection) -> None:
        address = people.get_or_create(connection, house.cipher, "wechat", person.address, office.now)
        who = people.by_code(connection, "PLANBY")
        assert who
        row = {"address_id": address.id, "candidate_id": who, "phone_index": house.cipher.index(OLD, "phone")}
        moments = {"expires_at": office.now, "created_at": office.now, "proved_at": office.now}
        connection.execute(sa.insert(codes).values(row | moments | {"code_index": b"x"}))
        people.bind(connection, address.id, who, "wechat", "code", "1", office.now)

    office.database.write(proved)
    assert "人民广场" in person.says("我的门店在哪").text
    office.put("PLANBY", phone=None)
    assert "人民广场" in person.says("我的门店在哪").text
    office.put("XIAN", phone=OLD)
    assert "人民广场" not in person.says("我的门店在哪").text


def test_a_mailbox_that_was_corrected_gets_nothing_more(office: Office) -> None:
    office.put("PLANBY", email="old@example.com")
    office.queue("PLANBY", "email", "old@example.com", "培训周三开始", via="email")
    office.put("PLANBY", email="new@example.com")
    office.deliver()
    assert office.email.heard == [("new@example.com", "培训周三开始")]


def test_what_waits_for_a_chat_goes_to_the_one_that_was_bound_instead(person: Person, office: Office) -> None:
    person.event("scan", "LIQIANG22")
    office.queue("PLANBY", "wechat", person.address, "培训周三开始")
    newer = Person(office.house, office.database, office.now, address="o-new-phone").says("你好")
    newer.is_bound_to("PLANBY")
    office.deliver()
    assert office.wechat.heard == [("o-new-phone", "培训周三开始")]
