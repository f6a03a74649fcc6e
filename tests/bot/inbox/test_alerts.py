"""HR is told: the right person, by the first open road, at the right hour, in one message; and nothing is lost."""

from datetime import timedelta

from tests.bot.inbox.conftest import Hr

MINUTE, HOUR = 60, 3600


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
    assert hr.database.read(lambda c: c.exec_driver_sql("select candidate_id from outbound").scalar()) is None


def test_alerts_for_one_person_are_one_message_the_most_urgent_first(hr: Hr) -> None:
    first, second = hr.case("PUB", "doubt"), hr.case("GRACE", "danger")
    hr.alert(first, urgency=2)
    hr.alert(first, why="warned_claim", urgency=2)
    hr.alert(second, urgency=0)
    hr.tick()
    (text,) = hr.heard("wecom")
    assert text.startswith("【紧急】2 个")
    assert text.index("Grace Miller") < text.index("王芳")
    assert "快超时了" in text
    assert "新工单" in text.split("王芳")[0]
    assert {row.state for row in hr.rows()} == {"told"}
