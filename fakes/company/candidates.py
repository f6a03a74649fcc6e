"""200 candidates (or as many as asked for) in all stages: those of the stories, and a crowd around them."""

from datetime import datetime
from random import Random
from typing import Any

from fakes.company import cohorts, names, staff, stores
from fakes.company.places import ROADS, cities
from fakes.company.sheets import Cells, ago, at
from fakes.company.stories import Story, stories

COUNT = 200
ROAD = ("interview_passed", "background_check", "training_notice", "onboarding_prep", "joined")
COLUMNS = (
    *("code", "name", "phone", "email", "locale", "timezone", "stage", "stage_at", "cohort", "store"),
    *("home_address", "home_lat", "home_lng", "owner", "source", "invite", "position", "offer", "offer_until"),
    *(f"{stage}_at" for stage in ROAD[:-1]),
)
_INVITE_LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
_LAST_FOREIGN = 400  # beyond it the sample numbers would repeat
_POSITIONS = ("店员", "收银员", "后厨", "储备店长")
_SOURCES = ("BOSS直聘", "58同城", "内推", "校园招聘", "门店自荐")
_REACHED_AFTER = (0.0, 0.2, 0.5, 0.75, 0.95)  # of the time waited so far, by stage of the road

# Whom the crowd consists of: stage, cohort, days since the interview, how many.
_CROWD = (
    ("joined", cohorts.PAST, (30, 40), 24),
    ("no_show", cohorts.PAST, (30, 40), 4),
    ("withdrawn", cohorts.PAST, (25, 40), 5),
    ("onboarding_prep", cohorts.NOW, (14, 24), 30),
    ("onboarding_prep", cohorts.TOMORROW, (10, 18), 22),
    ("training_notice", cohorts.TOMORROW, (8, 16), 8),
    ("training_notice", cohorts.PUBLISHED, (6, 14), 28),
    ("background_check", cohorts.PLANNED, (3, 12), 20),
    ("interview_passed", cohorts.PLANNED, (0, 0), 12),
    ("interview_passed", cohorts.UNKNOWN, (0, 6), 18),
    ("rejected", "", (8, 20), 8),
    ("withdrawn", "", (8, 20), 7),
)


def rows(now: datetime, count: int = COUNT) -> list[Cells]:
    lot = Random("candidates")
    chosen = [_of_story(number, story, now) for number, story in enumerate(stories()) if story["code"]][:count]
    drawn = [of_crowd(number, now, lot, *entry) for number, entry in enumerate(_crowd(count - len(chosen)), 101)]
    return [{column: row.get(column, "") for column in COLUMNS} for row in chosen + drawn]


def _crowd(count: int) -> list[tuple[str, str, tuple[int, int]]]:
    """So many, in the same mixture however many there are."""
    whole = [entry[:3] for entry in _CROWD for _ in range(entry[3])]
    usual = COUNT - sum(bool(story["code"]) for story in stories())
    return [whole[number * usual // count] for number in range(count)]


def _of_story(number: int, story: Story, now: datetime) -> Cells:
    shared: dict[str, Any] = {
        "owner": staff.RECRUITERS[0 if story.get("store", "").startswith("SH") else 2],
        "source": "内推",
        "position": "店员",
        "offer": "月薪 5500 元，包吃住",
        "offer_until": at(now, 30, "18:00"),
    }
    return shared | dict(story) | _times(story["stage"], story["waits"] - number * 0.05, now)


def of_crowd(number: int, now: datetime, lot: Random, stage: str, cohort: str, waits: tuple[int, int]) -> Cells:
    """Somebody drawn by lot, who passed the interview so many days ago (from, to)."""
    city = lot.choice(cities()[:6])
    is_foreign = lot.random() < 0.06 and number < _LAST_FOREIGN
    is_english = is_foreign or lot.random() < 0.08
    person = {
        "code": f"C{number}",
        "name": names.english(lot) if is_english else names.chinese(lot),
        "phone": names.foreign_mobile(number - 100) if is_foreign else names.chinese_mobile(number),
        "email": f"c{number}@example.com" if lot.random() < 0.4 else "",
        "locale": "en" if is_english else "zh",
        "stage": stage,
        "cohort": cohort,
        "store": lot.choice(stores.codes(city)) if stage != "rejected" else "",
        "home_address": f"{city.name}市{lot.choice(city.districts)}区{lot.choice(ROADS)}{lot.randint(1, 400)}弄",
        "home_lat": f"{city.lat + lot.uniform(-0.15, 0.15):.5f}",
        "home_lng": f"{city.lng + lot.uniform(-0.15, 0.15):.5f}",
        "owner": lot.choice(staff.RECRUITERS),
        "source": lot.choice(_SOURCES),
        "invite": "".join(lot.choices(_INVITE_LETTERS, k=8)),
        "position": lot.choice(_POSITIONS),
        "offer": f"月薪 {lot.choice((4800, 5000, 5500, 6000))} 元",
        "offer_until": at(now, lot.randint(10, 40), "18:00"),
    }
    return person | _times(stage, lot.randint(*waits) + lot.random(), now)


def _times(stage: str, waits: float, now: datetime) -> Cells:
    """When each stage was reached; an end of the road comes where its third stage would have been."""
    passed = ROAD[: ROAD.index(stage) + 1] if stage in ROAD else (*ROAD[:2], stage)
    reached = {name: ago(now, waits * 24 * (1 - part)) for name, part in zip(passed, _REACHED_AFTER, strict=False)}
    return {"stage_at": reached.pop(stage), **{f"{name}_at": moment for name, moment in reached.items()}}
