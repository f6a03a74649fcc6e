"""One candidate comes to another training: who was told a date hears of it once, who was told nothing hears nothing."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.content import Content
from bot.conversation import Runtime
from bot.errors import ConfigError
from bot.imports import run as importing
from bot.proactive.touches import send_due
from bot.store import cohorts, moves, people, transfers
from bot.store.cohorts import CANCELLED, MOVED, NOTICE, SLIPPED
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import outbound
from tests.bot.test_cohorts import CLOSED, becomes, find, planned
from tests.conftest import NOW
from tests.talking import Person

pytestmark = pytest.mark.usefixtures("company")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WHEN = "什么时候培训"


def moves_to(database: Database, code: str, cohort: str, after: timedelta = timedelta(0)) -> None:
    def move(connection: Connection) -> None:
        number = people.by_code(connection, code)
        assert number
        moves.to_place(connection, number, "cohort", cohort, "hr", CLOSED, NOW + after)

    database.write(move)


def news(database: Database, code: str) -> list[str]:
    return [touch.entry for who, touch in planned(database).items() if who == code and touch.by == "hr"]


def goes_out(database: Database, house: Runtime, after: timedelta = 11 * MINUTE) -> None:
    database.write(lambda c: send_due(c, house, NOW + after))


@pytest.mark.parametrize(
    ("who", "to", "heard"),
    [
        ("PUB", "NOADDR", MOVED),
        ("PUB", "-", CANCELLED),
        ("PUB", "UNKBY", CANCELLED),
        ("PUB", "PLAN", CANCELLED),
        ("PLANBY", "PUB", NOTICE),
        ("PLANBY", "PLAN", SLIPPED),
        ("PLANBY", "-", SLIPPED),
    ],
)
def test_who_was_told_a_date_hears_that_theirs_is_another_now(
    person: Person, house: Runtime, database: Database, who: str, to: str, heard: str
) -> None:
    person.is_bound_to(who).says(WHEN)
    moves_to(database, who, to)
    assert news(database, who) == [heard]
    goes_out(database, house)
    assert planned(database, state="sent")[who].entry == heard
    moves_to(database, who, to, 20 * MINUTE)
    assert news(database, who) == [], "once"


@pytest.mark.parametrize(("who", "to"), [("PUB", "NOADDR"), ("PUB", "-"), ("PLANBY", "PUB"), ("NONE", "PUB")])
def test_who_was_told_nothing_hears_nothing(person: Person, database: Database, who: str, to: str) -> None:
    person.is_bound_to(who).says("培训学什么")
    moves_to(database, who, to)
    assert news(database, who) == []


def test_who_comes_from_a_fixed_date_to_a_planned_one_is_told_of_another_training(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PUB").says(WHEN)
    moves_to(database, "PUB", "PLAN")
    assert planned(database)["PUB"].begins == "notice.transferred"
    goes_out(database, house)
    said = database.read(lambda c: c.scalars(sa.select(outbound.c.said).where(outbound.c.kind == "notice")).one())
    assert said == "notice.moved_planned"
    moves_to(database, "PUB", "-", DAY)
    assert news(database, "PUB") == [SLIPPED], "a planned day is what they were told last"


def is_announced(database: Database, house: Runtime, code: str) -> None:
    """To whoever is in it, in due form."""
    held = find(database, code)
    becomes(database, held, replace(held, date_state="published"), NOW)
    goes_out(database, house)


def test_who_comes_to_a_training_that_others_were_told_of_is_told_once_and_later_hears_of_moves(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("NONE").says("培训学什么")
    is_announced(database, house, "PLANBY")
    moves_to(database, "NONE", "PLANBY", 20 * MINUTE)
    assert news(database, "NONE") == [NOTICE]
    goes_out(database, house, 31 * MINUTE)
    assert planned(database, state="sent", entry=NOTICE)["NONE"].begins == "notice.training"
    held = find(database, "PLANBY")
    becomes(database, held, replace(held, place="别处"), NOW + DAY)
    assert news(database, "NONE") == [MOVED]


def test_who_comes_and_is_not_told_yet_hears_no_apology_for_a_move(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("NONE")
    is_announced(database, house, "PLANBY")
    moves_to(database, "NONE", "PLANBY", 20 * MINUTE)
    held = find(database, "PLANBY")
    becomes(database, held, replace(held, place="别处"), NOW + 25 * MINUTE)
    assert news(database, "NONE") == [NOTICE]


def test_who_comes_before_the_notice_is_out_is_told_with_the_others(person: Person, database: Database) -> None:
    person.is_bound_to("NONE")
    held = find(database, "PLANBY")
    becomes(database, held, replace(held, date_state="published"), NOW)
    moves_to(database, "NONE", "PLANBY", MINUTE)
    assert news(database, "NONE") == [NOTICE]
    moves_to(database, "NONE", "-", 2 * MINUTE)
    assert news(database, "NONE") == []


def test_an_import_into_a_training_that_others_were_told_of_tells_the_new_ones(
    house: Runtime, database: Database, cipher: Cipher, tmp_path: Path
) -> None:
    is_announced(database, house, "PLANBY")
    file = tmp_path / "new.csv"
    rows = "FRESH,赵新,PLANBY,13800000091\nNONE,孙磊,PLANBY,13800000006\nELSE,钱新,PUB,13800000092\n"
    file.write_text(f"code,name,cohort,phone\n{rows}", encoding="utf-8")
    importing.run(
        importing.ImportJob("candidates", file, house.settings, database, cipher, NOW + 20 * MINUTE, "cli:test")
    )
    assert (news(database, "FRESH"), news(database, "NONE")) == ([NOTICE], [NOTICE])
    assert news(database, "ELSE") == [], "nobody there was told by us"


def test_who_read_the_formal_notice_hears_of_the_move(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PLANBY")
    held = find(database, "PLANBY")
    becomes(database, held, replace(held, date_state="published"), NOW)
    goes_out(database, house)
    moves_to(database, "PLANBY", "PUB", 20 * MINUTE)
    assert news(database, "PLANBY") == [MOVED]


def test_a_move_that_is_undone_in_time_is_not_told(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB").says(WHEN)
    moves_to(database, "PUB", "NOADDR")
    moves_to(database, "PUB", "-", MINUTE)
    assert news(database, "PUB") == [CANCELLED]
    moves_to(database, "PUB", "NOADDR", 2 * MINUTE)
    assert news(database, "PUB") == [MOVED]


def test_back_in_time_where_the_notice_said_there_is_nothing_to_say(
    person: Person, house: Runtime, database: Database
) -> None:
    person.is_bound_to("PLANBY")
    held = find(database, "PLANBY")
    becomes(database, held, replace(held, date_state="published"), NOW)
    goes_out(database, house)
    moves_to(database, "PLANBY", "PUB", 20 * MINUTE)
    moves_to(database, "PLANBY", "PLANBY", 21 * MINUTE)
    assert news(database, "PLANBY") == []


def test_there_and_back_is_told_each_time(person: Person, house: Runtime, database: Database) -> None:
    person.is_bound_to("PUB").says(WHEN)
    for turn, to in enumerate(("NOADDR", "PUB", "NOADDR")):
        at = turn * timedelta(hours=1)
        moves_to(database, "PUB", to, at)
        assert news(database, "PUB") == [MOVED]
        goes_out(database, house, at + 11 * MINUTE)
        assert news(database, "PUB") == []


def test_one_whose_training_is_over_hears_nothing_of_it(person: Person, database: Database) -> None:
    person.is_bound_to("OVER").says(WHEN)
    moves_to(database, "OVER", "NOADDR")
    assert news(database, "OVER") == []


def test_nobody_who_waits_is_moved_to_what_is_over(database: Database) -> None:
    with pytest.raises(ConfigError, match="over"):
        moves_to(database, "PUB", "OVER")
    moves_to(database, "WITHDRAWN", "OVER")


@pytest.mark.parametrize(
    ("to", "news"),
    [
        ("NOADDR", {"text": "培训有变动", "short": "培训变动", "beside": True}),
        ("-", {"text": "培训取消了，请先别出发", "short": "培训取消", "beside": False}),
    ],
)
def test_a_template_is_told_what_has_changed(
    person: Person, house: Runtime, database: Database, to: str, news: dict[str, object]
) -> None:
    person.is_bound_to("PUB").says(WHEN)
    moves_to(database, "PUB", to)
    goes_out(database, house)
    sealed = database.read(lambda c: c.scalars(sa.select(outbound.c.others).where(outbound.c.kind == "notice")).one())
    others = json.loads(house.cipher.open(sealed, "outbound.others"))
    assert others["template"]["news"] == others["subscription"]["news"] == news


def test_an_import_that_moves_somebody_tells_them(
    person: Person, house: Runtime, database: Database, cipher: Cipher, tmp_path: Path
) -> None:
    person.is_bound_to("PUB").says(WHEN)
    file = tmp_path / "more.csv"
    rows = "PUB,王芳,NOADDR,13800000001\nTOM,周婷,NOADDR,13800000007\n"
    file.write_text(f"code,name,cohort,phone\n{rows}", encoding="utf-8")
    importing.run(importing.ImportJob("candidates", file, house.settings, database, cipher, NOW, "cli:test"))
    assert news(database, "PUB") == [MOVED]
    assert news(database, "TOM") == []


def test_words_of_a_fixed_date_are_known_by_their_keys(content: Content) -> None:
    dated = {key for key, text in content.words["zh"].say.items() if "start" in text.placeholders}
    assert {key for key in dated if not cohorts.tells_a_day(key)} == transfers._FIXED_DAY
