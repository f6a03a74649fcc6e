"""Somebody in danger: one person is told all, the others only that it is urgent; nobody has to be awake by chance, and
nothing puts it off in passing."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bot.alerts.recipients import Colleagues
from bot.cases import actions
from bot.cases.actions import Refused
from bot.conversation import Runtime
from bot.errors import Misconfigured
from bot.staff_chat import handlers, parser
from bot.staff_chat.inbound import desks
from bot.store import cases
from bot.store.db.database import Database
from bot.store.tables import addresses, case_events, inbound
from tests.bot.cases.conftest import CHANNELS, Hr
from tests.bot.cases.desk import alerted, away, case, opened, tick
from tests.bot.rhythm.situations import local

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WORDS, NAME, PHONE = "活着没意思", "王芳", "+8613800000001"
DATES = ("换个日期", "换日期", "another date")


def writes(hr: Hr, who: str, *texts: str) -> None:
    """The words stand in the database as if the candidate had written them."""
    cipher, now = hr.house.cipher, hr.now

    def enter(connection: sa.Connection) -> None:
        from bot.store import people

        number = people.by_code(connection, who)
        row = {
            "channel": "wechat",
            "address": cipher.seal(f"o{who}", "addresses.address"),
            "address_index": who.encode(),
        }
        new = sa.insert(addresses).values(row | {"candidate_id": number, "created_at": now})
        address = connection.execute(new.returning(addresses.c.id)).scalar_one()
        of = {"channel": "wechat", "address_id": address, "candidate_id": number, "kind": "text", "received_at": now}
        for turn, text in enumerate(texts or [WORDS]):
            said = {"text": cipher.seal(text, "inbound.text"), "turn": turn, "key": b"%d" % turn}
            connection.execute(sa.insert(inbound).values(of | said))

    hr.database.write(enter)


def in_danger(hr: Hr, **columns: Any) -> int:
    writes(hr, "PUB")
    return hr.case("PUB", "danger", **columns)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_who_is_alerted_reads_what_to_do_then_whom_to_call_and_their_words(hr: Hr, locale: str) -> None:
    hr.change("HR1", locale=locale)
    number = in_danger(hr)
    hr.alert(number, urgency=0)
    hr.tick()
    (text,) = hr.heard("wecom", "qian.duo")
    for part in (NAME, PHONE, WORDS, "12356", "120", "110", f"/hr/cases/{number}"):
        assert part in text
    assert not any(talk in text for talk in DATES)
    preview = text[:60]
    assert NAME not in preview
    assert WORDS not in preview, "a preview shows the beginning"


def test_an_invite_code_is_not_told_as_their_words(hr: Hr) -> None:
    writes(hr, "PUB", "K7QP-2MWX", "河边风很大", WORDS)
    hr.alert(hr.case("PUB", "danger"), urgency=0)
    hr.tick()
    (text,) = hr.heard("wecom", "qian.duo")
    assert f"河边风很大 / {WORDS}" in text
    assert "2MWX" not in text


@pytest.mark.parametrize("road", ["wecom_robot", "dingtalk", "feishu", "sms", "email"])
def test_where_others_read_along_it_says_only_that_it_is_urgent(hr: Hr, road: str) -> None:
    column = {"wecom_robot": "wecom", "sms": "phone"}.get(road, road)
    hr.switch(road)
    hr.change(
        "HR1",
        **{column: hr.house.cipher.seal("qian@example.com" if road == "email" else "13900000001", f"staff.{column}")},
    )
    if road == "sms":
        hr.change("HR1", phone=hr.house.cipher.seal("+12025550199", "staff.phone"))
    number = in_danger(hr)
    hr.alert(number, urgency=0)
    hr.tick()
    (text,) = hr.heard(road)
    assert "紧急" in text
    assert str(number) in text
    for private in ("王", PHONE, "13800000001", WORDS, "不想活", "12356"):
        assert private not in text


def test_a_group_that_hears_that_nobody_can_be_reached_is_told_no_name(hr: Hr) -> None:
    hr.switch("wecom_robot")
    for code in ("HR1", "HR2", "BOSS", "ADMIN"):
        hr.change(code, wecom=None)
    number = in_danger(hr)
    hr.alert(number, urgency=0)
    hr.tick()
    (text,) = hr.heard("wecom_robot", "")
    assert f"#{number}" in text
    assert "王" not in text


def test_a_probe_of_a_stopped_group_says_no_more_than_the_group_may_hear(hr: Hr) -> None:
    seal = hr.house.cipher.seal
    hr.change("HR1", dingtalk=seal("13900000001", "staff.dingtalk"))
    hr.channels["dingtalk"].fails = Misconfigured("310000")
    hr.change("HR1", alerts=["dingtalk"])
    hr.alert(hr.case("TOM", "human"))
    for _ in range(5):
        hr.tick(30)
    hr.channels["dingtalk"].fails = None
    hr.alert(in_danger(hr), urgency=0)
    for _ in range(3):
        hr.tick(30)
    assert any(WORDS in text for text in hr.heard("wecom", "qian.duo"))
    assert hr.heard("dingtalk"), "it was tried"
    assert not any(WORDS in text or NAME in text for text in hr.heard("dingtalk"))


def test_what_a_whole_team_hears_at_once_names_nobody(hr: Hr) -> None:
    number = in_danger(hr)
    for code in ("HR2", "BOSS"):
        hr.alert(number, to=code, why="missed_claim", urgency=0, rung=2)
    hr.tick()
    for address in ("sun.li", "boss"):
        (text,) = hr.heard("wecom", address)
        assert "紧急" in text
        assert NAME not in text
        assert WORDS not in text


def test_the_digest_of_a_group_names_nobody_in_danger(hr: Hr) -> None:
    hr.switch("dingtalk")
    hr.change("HR1", dingtalk=hr.house.cipher.seal("13900000001", "staff.dingtalk"))
    in_danger(hr)
    hr.plan_digests()
    hr.now += timedelta(days=1)
    hr.tick()
    digest = next(text for text in hr.heard("dingtalk") if "今天的工单" in text)
    assert NAME not in digest
    assert "紧急，请马上打开" in digest


# What is ordered in chat.

Order = Callable[[str], str]


@pytest.fixture
def order(hr: Hr) -> Order:
    def ordered(text: str) -> str:
        command = parser.parse(text, desks(hr.house))

        def obey(connection: sa.Connection) -> str:
            by = Colleagues(connection, hr.house.settings, hr.house.cipher, hr.now).by_code["HR1"]
            return handlers.obey(connection, hr.house, by, command, bare=False, now=hr.now).text

        return hr.database.write(obey)

    return ordered


@pytest.mark.parametrize("words", ["{}", "领取 {}"])
@pytest.mark.parametrize("locale", ["zh", "en"])
def test_chat_answers_with_what_to_do_now(hr: Hr, order: Order, words: str, locale: str) -> None:
    hr.change("HR1", locale=locale)
    text = order(words.format(in_danger(hr)))
    for part in ("12356", "120", "110"):
        assert part in text
    assert not any(talk in text for talk in DATES)


def test_chat_puts_off_somebody_in_danger_only_with_a_reason(hr: Hr, order: Order) -> None:
    number = in_danger(hr)
    assert "写上原因" in order(f"稍后 {number} 2小时")
    assert case(hr.database, number).state == "new"
    assert "再提醒" in order(f"稍后 {number} 2小时 她和妈妈在一起")
    assert case(hr.database, number).state == "snoozed"
    row = hr.database.read(lambda c: c.execute(sa.select(case_events).where(case_events.c.what == "snoozed")).one())
    assert hr.house.cipher.open(row.note, "case_events.note") == "她和妈妈在一起"


def test_nothing_puts_off_somebody_in_danger_without_a_reason(
    staffed: Runtime, database: Database, now: datetime
) -> None:
    this = opened(database, "PUB", "danger", now)
    with pytest.raises(Refused, match="danger"):
        database.write(lambda c: actions.snooze(c, this, "HR1", now + HOUR, now))
    assert case(database, this).state == "new"


# Who hears of it, and when.


def test_whoever_has_the_case_hears_at_once_that_it_became_danger(
    staffed: Runtime, database: Database, now: datetime
) -> None:
    this = opened(database, "PUB", "human", now)
    tick(database, staffed, now)
    database.write(lambda c: actions.claim(c, this, "HR1", now))
    assert opened(database, "PUB", "danger", now + HOUR) == this
    assert alerted(database)[-1] == ("HR1", "danger")
    assert case(database, this).urgency == 0


def test_a_case_that_climbed_begins_anew_when_it_becomes_danger(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 09:00")
    this = opened(database, "PUB", "doubt", start)
    for minutes in (0, 30, 60, 90, 120):
        tick(database, staffed, start + minutes * MINUTE)
    now = start + 2 * HOUR
    opened(database, "PUB", "danger", now)
    before = len(alerted(database))
    tick(database, staffed, now + 5 * MINUTE)
    assert case(database, this).rung == 1
    assert alerted(database)[before:] == [("HR2", "missed_claim")]


def watched(staffed: Runtime, *codes: str) -> Runtime:
    hr = staffed.settings.hr.model_copy(update={"nights": codes})
    return replace(staffed, settings=staffed.settings.model_copy(update={"hr": hr}))


def climbs(database: Database, house: Runtime, start: datetime, steps: int) -> list[list[tuple[str, str]]]:
    """Who hears in each five minutes, the warnings left out."""
    found = []
    tick(database, house, start)
    for step in range(1, steps + 1):
        before = len(alerted(database))
        tick(database, house, start + 5 * step * MINUTE - timedelta(seconds=1))
        early = [one for one in alerted(database)[before:] if not one[1].startswith("warned")]
        assert early == [], "not before five minutes"
        tick(database, house, start + 5 * step * MINUTE)
        found.append([one for one in alerted(database)[before:] if not one[1].startswith("warned")])
    return found


@pytest.mark.parametrize("hour", ["00:10", "03:00", "12:30", "22:00"])
def test_at_night_the_next_of_the_roster_hears_every_five_minutes_then_the_ladder(
    staffed: Runtime, database: Database, hour: str
) -> None:
    start, house = local(f"2026-11-24 {hour}"), watched(staffed, "CHIEF", "NOBODY", "TR1", "HR3")
    this = opened(database, "PUB", "danger", start)
    expected = [["CHIEF"], ["HR3"], ["HR2"], ["HR2", "HR3"], ["BOSS"]]
    heard = climbs(database, house, start, len(expected))
    assert [[code for code, _ in step] for step in heard] == expected, "who cannot work is passed"
    assert alerted(database)[0] == ("HR1", "new")
    assert case(database, this).assigned == "HR1"


def test_by_day_the_usual_ladder_is_climbed_every_five_minutes(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-24 09:30")
    opened(database, "PUB", "danger", start)
    heard = climbs(database, watched(staffed, "CHIEF"), start, 3)
    assert [[code for code, _ in step] for step in heard] == [["HR2"], ["HR2", "HR3"], ["BOSS"]]


def test_without_a_roster_the_night_has_the_usual_ladder(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-24 03:00")
    opened(database, "PUB", "danger", start)
    heard = climbs(database, staffed, start, 4)
    assert [[code for code, _ in step] for step in heard] == [["HR2"], ["HR2", "HR3"], ["BOSS"], ["CHIEF"]]


def test_who_of_the_roster_is_away_is_passed(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-24 03:00")
    with away(database, "CHIEF", start + timedelta(days=3)):
        opened(database, "PUB", "danger", start)
        heard = climbs(database, watched(staffed, "CHIEF", "BOSS"), start, 1)
    assert heard == [[("BOSS", "missed_claim")]]


def test_a_claim_ends_the_nights_calls(staffed: Runtime, database: Database) -> None:
    start, house = local("2026-11-24 03:00"), watched(staffed, "CHIEF", "BOSS")
    this = opened(database, "PUB", "danger", start)
    climbs(database, house, start, 1)
    database.write(lambda c: actions.claim(c, this, "CHIEF", start + 6 * MINUTE))
    before = len(alerted(database))
    tick(database, house, start + 30 * MINUTE)
    assert alerted(database)[before:] == []


def test_who_of_the_roster_has_no_road_is_passed_by_the_next(hr: Hr) -> None:
    settings = hr.house.settings
    nights = settings.hr.model_copy(update={"nights": ("HR2", "ADMIN")})
    hr.house = replace(hr.house, settings=settings.model_copy(update={"hr": nights}))
    for code in ("HR1", "HR2"):
        hr.change(code, wecom=None, phone=None)
    hr.now = local("2026-11-24 03:00")
    hr.alert(in_danger(hr), urgency=0)
    hr.tick()
    assert hr.heard("wecom", "ann")
    assert sum(len(hr.heard(name, address)) for name in CHANNELS for address in ("boss", "boss@example.com")) == 0


def test_an_unlike_reason_leaves_what_is_calm_calm(staffed: Runtime, database: Database, now: datetime) -> None:
    """So that the tests above do not pass because everything is danger."""
    this = opened(database, "PUB", "human", now)
    assert not database.read(lambda c: cases.load(c, this).urgency == 0)  # type: ignore[union-attr]
    database.write(lambda c: actions.snooze(c, this, "HR1", now + HOUR, now))
    assert case(database, this).state == "snoozed"


def test_what_comes_up_after_danger_was_over_is_no_danger(staffed: Runtime, database: Database, now: datetime) -> None:
    this = opened(database, "PUB", "danger", now)
    end = (this, "HR1", "kept", "人没事", now + HOUR)
    database.write(lambda c: actions.resolve(c, staffed.settings, staffed.cipher, *end))
    assert opened(database, "PUB", "risk", now + 24 * HOUR) == this
    assert (case(database, this).reason, case(database, this).urgency) == ("risk", 1)


def test_danger_is_handed_back_to_nobody_by_a_long_silence(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 10:00")
    this = opened(database, "PUB", "danger", start)
    database.write(lambda c: actions.log_call(c, staffed.cipher, this, "HR1", "reached", "", start + MINUTE))
    tick(database, staffed, start + 5 * 24 * HOUR)
    assert (case(database, this).state, case(database, this).clock) == ("new", "claim")


def test_at_the_top_of_the_ladder_they_hear_of_danger_again_within_the_hour(
    staffed: Runtime, database: Database
) -> None:
    start = local("2026-11-23 10:00")
    opened(database, "PUB", "danger", start)
    heard = []
    for minutes in range(0, 180, 5):
        before = len(alerted(database))
        tick(database, staffed, start + minutes * MINUTE)
        heard += [minutes] * (len(alerted(database)) > before)
    assert max(later - sooner for sooner, later in itertools.pairwise(heard)) <= 30


def test_where_nobody_stands_above_everybody_who_leads_hears_of_danger(staffed: Runtime, database: Database) -> None:
    start = local("2026-11-23 10:00")
    this = opened(database, "PUB", "danger", start)
    database.write(lambda c: actions.log_call(c, staffed.cipher, this, "CHIEF", "reached", "", start))
    for hours in range(24 * 3):
        tick(database, staffed, start + hours * HOUR)
    told = {who for who, _ in alerted(database)}
    assert {"CHIEF", "BOSS"} <= told
