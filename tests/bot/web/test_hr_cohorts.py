"""A training notice from the browser: seen first, taken back for ten minutes, agreed to by a second person if it is big."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from bot.conversation import Runtime
from bot.store.db.database import Database
from bot.store.tables import audit, candidates, cohorts, staff, touches
from tests.bot.web.desk import Office, let_in, serving
from tests.talking import Person


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        for code, role, scope in (
            ("BOSS", "admin", ""),
            ("CHIEF", "admin", ""),
            ("MG", "manager", "广州"),
            ("TR", "trainer", "PUB"),
        ):
            name = house.cipher.seal(f"N{code}", "staff.name")
            office.do(sa.insert(staff).values(code=code, name=name, role=role, scope=scope, updated_at=now))
        let_in(office, "HR1", "BOSS", "CHIEF", "MG", "TR")
        yield office


def planned(office: Office, entry: str = "training_notice") -> int:
    return int(office.one(sa.select(sa.func.count()).where(touches.c.entry == entry, touches.c.state == "planned")))


def cohort(office: Office, code: str) -> Any:
    return office.all(sa.select(cohorts).where(cohorts.c.code == code))[0]


def publish(office: Office, code: str, who: str = "BOSS") -> Any:
    return office.person(who).post(f"/hr/cohorts/{code}/publish", version=str(cohort(office, code).version))


def test_the_list_shows_what_one_sees(office: Office) -> None:
    assert "十二月一期" in office.person("BOSS").get("/hr/cohorts").text
    trainer = office.person("TR").get("/hr/cohorts").text
    assert "十二月一期" in trainer
    assert "纽约" not in trainer
    assert "一月一期" in office.person("HR1").get("/hr/cohorts").text


def test_who_sees_a_part_of_a_cohort_is_told_so_and_offered_nothing_for_all(office: Office) -> None:
    """Of PUB the manager of 广州 sees one of six."""
    page = office.person("MG").get("/hr/cohorts/PUB").text
    assert "等待 1 人" in page
    assert "另有 5 人不归你看" in page
    assert "要由看得到整期的同事来做" in page
    assert "/hr/cohorts/PUB/publish" not in page
    assert "/hr/cohorts/PUB/move" not in page
    assert "还有 24 个名额" in page, "seats are counted by all"
    assert "等待 1 人" in office.person("MG").get("/hr/cohorts").text
    assert "不归你看" not in office.person("BOSS").get("/hr/cohorts/PUB").text


def test_text_and_names_are_seen_before_anything_goes_out(office: Office) -> None:
    page = office.person("BOSS").get("/hr/cohorts/PLANBY/publish").text
    assert "李强，培训时间定了：12月7日" in page
    assert "LIQIANG22" not in page
    assert planned(office) == 0


def test_a_notice_is_published_and_taken_back_within_ten_minutes(office: Office) -> None:
    assert "10 分钟后发出" in publish(office, "PLANBY").text
    assert (planned(office), cohort(office, "PLANBY").date_state) == (1, "published")
    browser = office.person("BOSS")
    office.later(minutes=9)
    assert "撤回通知" in browser.get("/hr/cohorts/PLANBY").text
    assert "已撤回" in browser.post("/hr/cohorts/PLANBY/take-back").text
    assert (planned(office), cohort(office, "PLANBY").date_state) == (0, "planned")
    assert 'href="/hr/cohorts/PLANBY/publish"' in browser.get("/hr/cohorts/PLANBY").text, "it can be published again"
    publish(office, "PLANBY")
    office.later(minutes=11)
    assert browser.post("/hr/cohorts/PLANBY/take-back").status_code == 409
    assert [row.actor for row in office.all(sa.select(audit.c.actor).where(audit.c.action == "cohorts.publish"))] == ["staff:BOSS"] * 2  # fmt: skip


def test_a_move_offers_and_takes_no_taking_back(office: Office) -> None:
    browser = office.person("BOSS")
    publish(office, "PUB")
    office.later(minutes=11)
    said = sa.update(touches).where(touches.c.entry == "training_notice").values(state="sent")
    office.do(said)
    one = sa.select(candidates.c.id).where(candidates.c.code == "CANTON").scalar_subquery()
    office.do(said.where(touches.c.candidate_id == one).values(state="expired"))
    browser.post("/hr/cohorts/PUB/move", version="1", start="2026-12-05T09:00")
    assert (planned(office), planned(office, "training_moved")) == (1, 5)
    assert "撤回通知" not in browser.get("/hr/cohorts/PUB").text
    answer = browser.post("/hr/cohorts/PUB/take-back")
    assert (answer.status_code, "改期不能撤回" in answer.text) == (409, True)
    assert (planned(office), planned(office, "training_moved")) == (1, 5)
    assert cohort(office, "PUB").date_state == "published"


@pytest.mark.parametrize("code", ["UNK", "PLAN", "TODAY"])
def test_what_cannot_be_announced_is_not(office: Office, code: str) -> None:
    office.later(hours=4)
    assert publish(office, code).status_code == 409
    assert planned(office) == 0


def test_a_cohort_that_changed_meanwhile_is_looked_at_again(office: Office) -> None:
    answer = office.person("BOSS").post("/hr/cohorts/PLANBY/publish", version="7")
    assert (answer.status_code, planned(office)) == (409, 0)


def test_above_fifty_a_second_person_agrees(office: Office) -> None:
    home = office.one(sa.select(cohorts.c.id).where(cohorts.c.code == "PLANBY"))
    (like,) = office.all(sa.select(candidates).where(candidates.c.code == "PLANBY"))
    rows = [
        dict(like._mapping)
        | {"id": 1000 + n, "code": f"X{n}", "invite_index": bytes([n]) * 16, "phone_index": None, "cohort_id": home}
        for n in range(55)
    ]
    office.database.write(lambda c: c.execute(sa.insert(candidates), rows))
    assert "已请同事同意" in publish(office, "PLANBY").text
    assert "已请同事同意" in publish(office, "PLANBY").text, "asking twice is not agreeing"
    assert planned(office) == 0
    page = office.person("CHIEF").get("/hr/cohorts/PLANBY").text
    assert "请求通知 56 人" in page
    office.person("CHIEF").post("/hr/cohorts/PLANBY/decline")
    assert "已请同事同意" in publish(office, "PLANBY", "CHIEF").text, "nothing is asked any more"
    publish(office, "PLANBY", "BOSS")
    assert planned(office) == 56
    (row,) = office.all(sa.select(audit).where(audit.c.action == "cohorts.publish"))
    assert (row.actor, row.detail["asked_by"]) == ("staff:BOSS", "CHIEF")


def test_who_does_not_see_everybody_of_a_cohort_cannot_announce_for_all(office: Office) -> None:
    browser = office.person("MG")
    assert "邓超群" in browser.get("/hr/cohorts/PUB").text
    assert "王芳" not in browser.get("/hr/cohorts/PUB").text
    assert browser.get("/hr/cohorts/PUB/publish").status_code == 403
    assert browser.post("/hr/cohorts/PUB/take-back").status_code == 403
    assert browser.get("/hr/cohorts/PUB/move?start=2026-12-05T09:00").status_code == 403
    assert len(office.denied()) == 3


def test_a_date_moves_after_a_look_at_who_hears_of_it(office: Office) -> None:
    browser = office.person("BOSS")
    page = browser.get("/hr/cohorts/PUB/move?start=2026-12-05T09:00").text
    assert "12月5日" in page
    assert "邓超群，对不起，培训的安排有变动。现在是：12月5日" in page, "the first of each language"
    assert cohort(office, "PUB").version == 1
    assert planned(office, "training_moved") == 0
    browser.post("/hr/cohorts/PUB/move", version="1", start="2026-12-05T09:00")
    assert planned(office, "training_moved") == 6
    assert cohort(office, "PUB").starts_at.isoformat() == "2026-12-05T01:00:00+00:00"


@pytest.mark.parametrize(
    "form", ["start=2026-11-01T09:00", "start=x", "end=2026-11-30T09:00", "start=2026-12-01T09:00", "", "start=2026-12-05T09:00&state=unknown"]
)  # fmt: skip
def test_a_date_that_cannot_be_is_refused(office: Office, form: str) -> None:
    assert office.person("BOSS").get(f"/hr/cohorts/PUB/move?{form}").status_code == 409


def test_a_planned_date_is_published_by_its_notice_alone(office: Office) -> None:
    assert office.person("BOSS").get("/hr/cohorts/PLANBY/move?state=published").status_code == 409


def test_a_trainer_gets_the_link_for_the_roll_call(office: Office) -> None:
    page = office.person("TR").post("/hr/cohorts/PUB/roll").text
    assert "https://keepwarm.example.com/roll/" in page
    assert "发培训通知" not in page


def test_nobody_who_never_heard_of_a_planned_date_is_told_that_it_moves(office: Office, person: Person) -> None:
    browser = office.person("BOSS")
    look = "/hr/cohorts/PLANBY/move?start=2026-12-15T09:00"
    assert "没有人需要通知" in browser.get(look).text
    person.says("LIQIANG22")
    person.says("什么时候培训")
    page = browser.get(look).text
    assert "李强，对不起，原来说的培训日子没能定下来。现在暂定 12月15日" in page
