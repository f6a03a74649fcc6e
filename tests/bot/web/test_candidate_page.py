"""Each candidate's page shows what the record has, in their own language, and nothing of anybody else."""

import asyncio
from datetime import UTC, datetime
from unittest.mock import Mock

import pytest

from bot import links
from bot.conversation import Runtime
from bot.platform import clock
from bot.store import people, plans, tasks
from bot.store.cohorts import TAKE_BACK
from bot.store.db.database import Database
from bot.web.candidate_page import CandidatePage
from tests import cast
from tests.bot.test_cohorts import published
from tests.conftest import NOW


def page(house: Runtime, database: Database, code: str) -> str:
    number = database.read(lambda c: people.by_code(c, code))
    assert number
    token = links.page_link(house.settings, number, 1).rpartition("/")[2]
    answer = asyncio.run(CandidatePage(house, database).show(Mock(match_info={"token": token})))
    assert answer.status == 200
    return answer.text or ""


@pytest.mark.parametrize(
    ("code", "reads"),
    [("PUB", ["培训", "12月1日"]), ("GRACE", ["Training", "Dec 1"]), ("HK", ["培訓", "12月1日（週二）", "陳大文"])],
)
def test_the_page_is_in_the_candidate_s_language(
    house: Runtime, database: Database, code: str, reads: list[str]
) -> None:
    html = page(house, database, code)
    assert all(words in html for words in reads), html


def test_every_page_of_the_cast_is_their_own(house: Runtime, database: Database) -> None:
    rows = [line.split(",") for line in cast.CANDIDATES.splitlines()[1:]]
    for row in rows:
        html = page(house, database, row[0])
        assert not any(other[1] in html for other in rows if other[1] != row[1]), row[0]
        assert "None" not in html


def test_tasks_are_shown_with_their_day_until_they_are_done(house: Runtime, database: Database, now: datetime) -> None:
    number = database.read(lambda c: people.by_code(c, "PUB"))
    assert number
    moment = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
    database.write(lambda c: plans.keep_due(c, {number: {"id_copy": moment, "health_certificate": None}}))
    html = page(house, database, "PUB")
    assert all(words in html for words in ("要办的", "身份证复印件", "11月24日（周二）前", "健康证", "未办"))
    assert "已办好" not in html
    database.write(lambda c: tasks.done(c, number, "id_copy", "hr", now))
    html = page(house, database, "PUB")
    assert ("已办好" in html, "11月24日（周二）前" in html, "健康证" in html) == (True, False, True)
    assert "要办的" not in page(house, database, "HK")


@pytest.mark.usefixtures("shared_clock")
def test_a_published_date_stays_planned_until_its_notice_cannot_be_taken_back(
    house: Runtime, database: Database
) -> None:
    clock.stand(NOW)
    before = page(house, database, "PLANBY")
    assert "暂定，还没最后定" in before
    published(database, "PLANBY")
    assert page(house, database, "PLANBY") == before
    clock.stand(NOW + TAKE_BACK)
    assert "已确定" in page(house, database, "PLANBY")
