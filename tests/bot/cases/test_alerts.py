"""HR is told: the right person, by the first open road, at the right hour, in one message; and nothing is lost."""

from datetime import UTC, datetime, timedelta
from string import Formatter

import pytest
import sqlalchemy as sa

from bot.content import Content
from bot.errors import DeliveryError, Misconfigured, TryLater, Unknown, Unreachable
from bot.store import agenda, people
from bot.store.tables import addresses, case_events, outbound, stopped_channels
from bot.store.visibility import sees_case, sight_of
from tests.bot.cases.conftest import CHANNELS, Hr
from tests.conftest import NOW

MINUTE, HOUR = 60, 3600
ADDRESSES = {
    "wecom": "qian.duo",
    "dingtalk": "13900000001",
    "feishu": "ou_1",
    "sms": "+12025550199",
    "email": "qian@example.com",
}


def test_who_why_since_when_and_what_to_do(hr: Hr) -> None:
    number = hr.case("PUB", unanswered_since=hr.now - timedelta(minutes=20))
    hr.alert(number)
    hr.tick()
    (text,) = hr.heard("wecom", "qian.duo")
    for part in (
        f"#{number} 王芳",
        "想找真人",
        "新工单，请领取",
        "09:40",
        "马上回他",
        f"/hr/cases/{number}",
        f"领取 {number}",
    ):
        assert part in text
    assert hr.states() == [("HR1", "new", "told")]
    assert [row.candidate_id for row in hr.rows(outbound)] == [None]


def test_alerts_for_one_person_are_one_message_the_most_urgent_first(hr: Hr) -> None:
    first, second = hr.case("PUB", "doubt"), hr.case("GRACE", "danger")
    hr.alert(first, urgency=2)
    hr.alert(first, why="warned_claim", urgency=2)
    hr.alert(second, urgency=0)
    hr.tick()
    (text,) = hr.heard("wecom")
    assert text.startswith("【紧急】2 个")
    assert text.index("Grace Miller") < text.index("王芳")
    assert text.count("王芳") == 1
    assert "快超时了" in text
    assert {row.state for row in hr.rows()} == {"told"}


def test_what_does_not_fit_into_a_message_is_counted(hr: Hr) -> None:
    for who in (
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
        "HK",
        "PREP",
        "CHECK",
    ):
        hr.alert(hr.case(who, "other_offer"))
    hr.tick()
    (text,) = hr.heard("wecom")
    assert len(text.encode()) <= 2048
    shown = text.count("→")
    assert 5 <= shown <= 10
    assert f"还有 {13 - shown} 个" in text


def test_each_reads_their_own_language(hr: Hr) -> None:
    hr.alert(hr.case(), to="ADMIN", why="missed_claim", rung=4)
    hr.tick()
    (text,) = hr.heard("wecom", "ann")
    assert "needs you" in text
    assert "钱多 has not taken it in time" in text


def test_an_sms_has_no_name_and_to_china_no_link(hr: Hr) -> None:
    hr.switch("sms")
    number = hr.case("GRACE")
    hr.alert(number)
    hr.tick()
    (text,) = hr.heard("sms", "+8613900000001")
    assert f"工单{number}（G**）" in text
    assert "Grace" not in text
    assert "://" not in text
    hr.change("HR1", phone=hr.house.cipher.seal("+12025550199", "staff.phone"))
    hr.alert(number)
    hr.tick()
    assert f"/hr/cases/{number}" in hr.heard("sms", "+12025550199")[0]


# Roads.


@pytest.fixture
def everywhere(hr: Hr) -> Hr:
    """HR1 can be told by every road."""
    columns = {"dingtalk": "dingtalk", "feishu": "feishu", "sms": "phone", "email": "email"}
    seal = hr.house.cipher.seal
    hr.change("HR1", **{columns[road]: seal(ADDRESSES[road], f"staff.{columns[road]}") for road in columns})
    return hr


@pytest.mark.parametrize("road", ADDRESSES)
def test_the_first_road_is_the_one_they_want(road: str, everywhere: Hr) -> None:
    everywhere.change("HR1", alerts=[road])
    everywhere.alert(everywhere.case())
    everywhere.tick(3 * MINUTE)
    assert len(everywhere.heard(road, ADDRESSES[road])) == 1
    assert sum(len(everywhere.heard(name)) for name in CHANNELS) == 1
    assert everywhere.states() == [("HR1", "new", "told")]


FAULTS: dict[str, DeliveryError] = {
    "refused": Unreachable("40003"),
    "in doubt": Unknown("timeout"),
    "later and later": TryLater("45009"),
    "account wrong": Misconfigured("40001"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("road", ADDRESSES)
def test_with_any_one_channel_down_the_next_one_carries_it(road: str, fault: str, everywhere: Hr) -> None:
    everywhere.change("HR1", alerts=[road])
    everywhere.channels[road].fails = FAULTS[fault]
    everywhere.alert(everywhere.case())
    for _ in range(8):
        everywhere.tick(20)
    following = next(name for name in ADDRESSES if name != road)
    assert everywhere.heard(following, ADDRESSES[following])
    assert ("HR1", "new", "told") in everywhere.states()


@pytest.mark.parametrize("road", ADDRESSES)
def test_a_channel_without_an_account_is_no_road(road: str, everywhere: Hr) -> None:
    everywhere.change("HR1", alerts=[road])
    everywhere.switch(*(name for name in CHANNELS if name != road))
    everywhere.alert(everywhere.case())
    everywhere.tick(3 * MINUTE)
    assert not everywhere.heard(road)
    assert everywhere.states() == [("HR1", "new", "told")]


def test_a_text_undelivered_after_it_was_taken_takes_the_next_road(everywhere: Hr) -> None:
    everywhere.change("HR1", alerts=["sms"])
    everywhere.alert(everywhere.case())
    everywhere.tick()
    assert everywhere.states() == [("HR1", "new", "out")]
    everywhere.database.write(lambda c: c.execute(sa.update(outbound).values(state="failed")))
    everywhere.tick()
    assert everywhere.heard("wecom", "qian.duo")


def test_a_channel_that_stands_still_is_tried_again_with_what_goes_elsewhere(everywhere: Hr) -> None:
    wecom = everywhere.channels["wecom"]
    wecom.fails = Misconfigured("40001")
    everywhere.alert(everywhere.case())
    for _ in range(5):
        everywhere.tick(30)
    assert everywhere.rows(stopped_channels)
    wecom.fails = None
    everywhere.alert(everywhere.case("GRACE"))
    everywhere.tick(61)
    assert not everywhere.rows(stopped_channels)
    everywhere.alert(everywhere.case("HK"))
    everywhere.tick()
    assert "陳大文" in everywhere.heard("wecom")[-1]


def test_a_channel_that_stands_still_is_told_to_administrators_once(everywhere: Hr) -> None:
    everywhere.switch("wecom", "email", "dingtalk")
    everywhere.change("ADMIN", email=everywhere.house.cipher.seal("ann@example.com", "staff.email"))
    row = {"channel": "wecom", "code": "40001", "since": everywhere.now, "look_at": everywhere.now + timedelta(hours=9)}
    everywhere.database.write(lambda c: c.execute(sa.insert(stopped_channels).values(row)))
    for _ in range(3):
        everywhere.tick(30)
    (text,) = everywhere.heard("email", "ann@example.com")
    assert "channel wecom stands still" in text


# Hours.

NIGHT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 23:00 in Shanghai, Monday
EVENING = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)  # 20:00
FRIDAY_NIGHT = datetime(2026, 11, 27, 13, 0, tzinfo=UTC)  # 21:00
HOURS: list[tuple[int, datetime, datetime]] = [
    (0, NIGHT, NIGHT),
    (1, NIGHT, datetime(2026, 11, 24, 0, 0, tzinfo=UTC)),
    (1, EVENING, EVENING),
    (2, EVENING, datetime(2026, 11, 24, 1, 0, tzinfo=UTC)),
    (3, FRIDAY_NIGHT, datetime(2026, 11, 30, 1, 0, tzinfo=UTC)),
    (2, NOW, NOW),
]


@pytest.mark.parametrize(("urgency", "now", "told_at"), HOURS)
def test_what_is_not_urgent_waits_until_people_work(urgency: int, now: datetime, told_at: datetime, hr: Hr) -> None:
    hr.now = now
    hr.alert(hr.case(), urgency=urgency)
    hr.tick()
    assert bool(hr.heard("wecom")) == (told_at == now)
    assert hr.database.read(agenda.next_due) <= max(told_at, now + timedelta(minutes=1)) or told_at == now
    if told_at > now:
        hr.now = told_at - timedelta(seconds=1)
        hr.tick()
        assert not hr.heard("wecom")
        hr.now = told_at
        hr.tick()
    assert len(hr.heard("wecom")) == 1


# Who hears it.


def test_who_is_away_has_a_deputy(hr: Hr) -> None:
    hr.change("HR1", away_until=hr.now + timedelta(days=1), deputy="HR2")
    number = hr.case("PLAN")
    hr.alert(number)
    hr.tick()
    assert hr.heard("wecom", "sun.li")
    assert not hr.heard("wecom", "qian.duo")
    assert hr.states() == [("HR2", "new", "told")]


def test_who_was_told_of_a_case_may_see_it(hr: Hr) -> None:
    number = hr.case("PUB")

    def seen(connection: sa.Connection) -> bool:
        sight = sight_of(connection, "HR2", hr.now)
        assert sight
        return sees_case(connection, sight, number)

    assert not hr.database.read(seen)
    hr.alert(number, to="HR2", why="missed_claim", rung=1)
    assert hr.database.read(seen)


OVER: dict[str, tuple[str, dict[str, object]]] = {
    "somebody has it": ("new", {"claimed_by": "HR2", "state": "claimed"}),
    "somebody below has it": ("not_reached", {"claimed_by": "HR2", "state": "claimed"}),
    "it was answered": ("missed_first", {"unanswered_since": None}),
    "it is done with": ("wrote", {"state": "resolved"}),
}


@pytest.mark.parametrize("name", OVER)
def test_nobody_hears_what_is_over(name: str, hr: Hr) -> None:
    why, columns = OVER[name]
    hr.alert(hr.case(**columns), why=why)
    hr.tick()
    assert hr.states() == [("HR1", why, "given_up")]
    assert not hr.heard("wecom")


# The ladder.


def dead(hr: Hr, *who: str) -> None:
    for code in who:
        hr.change(code, wecom=None, phone=None, email=None)


def test_who_cannot_be_reached_is_passed_and_the_groups_hear_it_once(hr: Hr) -> None:
    dead(hr, "HR1")
    number = hr.case("PUB")
    hr.alert(number)
    hr.tick(2 * MINUTE)
    hr.tick(2 * MINUTE)
    for group in ("wecom_robot", "dingtalk", "feishu"):
        (text,) = hr.heard(group, "")
        assert "钱多" in text
        assert f"#{number} (王**)" in text
        assert "王芳" not in text
    (text,) = hr.heard("wecom", "sun.li")
    assert "联系不上钱多" in text
    assert hr.states() == [("HR1", "new", "given_up"), ("HR2", "not_reached", "told")]
    (event,) = [row for row in hr.rows(case_events) if row.what == "not_reached"]
    assert event.detail == {"who": "HR1", "to": ["HR2"], "rung": 1}


def test_the_ladder_is_climbed_to_its_top(hr: Hr) -> None:
    for name in ("wecom", "sms"):
        hr.channels[name].fails = Unreachable("81013")
    hr.alert(hr.case("PUB"))
    for _ in range(4):
        hr.tick(10)
    assert "联系不上钱多" in hr.heard("email", "boss@example.com")[0]
    assert hr.states() == [
        ("HR1", "new", "given_up"),
        ("HR2", "not_reached", "given_up"),
        ("BOSS", "not_reached", "told"),
    ]
    assert len(hr.heard("dingtalk")) == 1


def test_what_reaches_nobody_waits_and_is_counted_and_goes_when_somebody_can_be_reached(hr: Hr) -> None:
    from bot.store.views.counts import count

    hr.switch()
    hr.alert(hr.case("PUB"))
    for _ in range(3):
        hr.tick(20 * MINUTE)
    assert hr.states() == [("HR1", "new", "due")]
    assert hr.database.read(lambda c: count(c, ("interview_passed",), hr.now, hr.now)).alerts_unreached == 1
    hr.switch("wecom")
    hr.tick(20 * MINUTE)
    assert hr.heard("wecom", "qian.duo")
    assert hr.states() == [("HR1", "new", "told")]
    assert hr.database.read(lambda c: count(c, ("interview_passed",), hr.now, hr.now)).alerts_unreached == 0


# Phones that belong to two.


def test_a_phone_of_staff_that_is_a_candidates_too_stays_the_candidates(hr: Hr) -> None:
    cipher = hr.house.cipher

    def bound(connection: sa.Connection) -> None:
        person = people.get_or_create(connection, cipher, "sms", "+8613900000001", hr.now)
        who = people.by_code(connection, "PUB")
        assert who
        people.bind(connection, person.id, who, "sms", "number", "1", hr.now)

    hr.database.write(bound)
    hr.switch("sms")
    hr.alert(hr.case("GRACE"))
    hr.tick()
    assert hr.heard("sms", "+8613900000001")
    (address,) = hr.rows(addresses)
    assert address.candidate_id
    assert address.staff is None


def test_an_address_of_staff_is_marked_as_theirs(hr: Hr) -> None:
    hr.alert(hr.case())
    hr.tick()
    (address,) = hr.rows(addresses)
    assert (address.staff, address.candidate_id) == ("HR1", None)


# The digest.


def test_everybody_has_one_digest_a_working_day_however_often_it_is_planned(hr: Hr) -> None:
    hr.now = datetime(2026, 11, 26, 23, 0, tzinfo=UTC)  # Friday, 7:00
    hr.case("PUB", "other_offer", missed=1, unanswered_since=hr.now)
    for hours in range(24 * 4):
        hr.now = datetime(2026, 11, 26, 23, 0, tzinfo=UTC) + timedelta(hours=hours)
        hr.plan_digests()
        hr.plan_digests()
        hr.tick()
    days = [row.occasion for row in hr.rows() if row.staff == "HR1" and row.state == "told"]
    assert days == ["2026-11-27", "2026-11-30"]
    assert len(hr.heard("wecom", "qian.duo")) == 2
    own, team = hr.heard("wecom", "qian.duo")[0], hr.heard("wecom", "boss")[0]
    assert "在办 1 个" in own
    assert "王芳" in own
    assert "钱多：在办 1，超时 1" in team
    assert "没有在办" in hr.heard("wecom", "sun.li")[0]
    assert not hr.heard("wecom", "ann")


def test_a_digest_names_who_is_at_risk_without_a_case(hr: Hr) -> None:
    from bot.store.tables import candidates

    hr.database.write(lambda c: c.execute(sa.update(candidates).where(candidates.c.code == "TOM").values(risk="high")))
    hr.plan_digests()
    hr.now = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    hr.tick()
    assert "1 人：周婷" in hr.heard("wecom", "qian.duo")[0]


# Words.

KINDS = (
    *("new", "reopened", "wrote", "woken", "handed_over", "handed_back", "not_reached"),
    *(f"{how}_{clock}" for how in ("warned", "missed") for clock in ("claim", "first", "next", "resolve")),
)


@pytest.mark.parametrize("locale", ["zh", "zh-Hant", "en"])
def test_every_reason_to_tell_somebody_has_words(locale: str, content: Content) -> None:
    texts = content.words[locale].desk["alerts"]
    assert not [f"why_{kind}" for kind in KINDS if f"why_{kind}" not in texts]
    for key, text in texts.items():
        list(Formatter().parse(text)), key
