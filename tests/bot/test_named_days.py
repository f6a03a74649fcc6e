"""Days that a company names beside the library's: read, kept to, and asked for where they are missing."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.cli.services import _day_notes
from bot.errors import ContentError
from bot.rhythm import holidays, plan
from bot.settings import Settings, load
from bot.values.worktime import Extra
from tests.bot.rhythm.situations import local, rhythm, waiting

LAST = next(year for year in range(2027, 2060) if holidays.lacks_decree("CN", year))  # the first that is not known
FRIDAY = (
    "entries: {story: {kind: story, at: interview_passed, every: friday at 17:30, begins: stories, skip: holidays}}"
)


def settings(tmp_path: Path, text: str) -> Settings:
    file = tmp_path / "config.yaml"
    file.write_text(f"company: {{name: x}}\n{text}\n", encoding="utf-8")
    return load(file, {})


def test_days_are_named_for_the_companys_country_or_by_country(tmp_path: Path) -> None:
    loaded = settings(
        tmp_path, "holidays: {extra: [2027-02-12]}\nworkdays: {extra: {CN: [2027-02-14], HK: [2027-02-15]}}"
    )
    assert loaded.extra_days("CN") == Extra(frozenset({date(2027, 2, 12)}), frozenset({date(2027, 2, 14)}))
    assert loaded.extra_days("HK") == Extra(frozenset(), frozenset({date(2027, 2, 15)}))
    assert loaded.extra_days("US") == Extra()
    assert settings(tmp_path, "holidays: {extra: []}").extra_days("CN") == Extra()


@pytest.mark.parametrize("wrong", ["[tomorrow]", "{China: [2027-02-12]}", "2027-02-12", "[2027-02-30]"])
def test_what_is_no_day_is_a_fault_with_its_line(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(ContentError) as refused:
        settings(tmp_path, f"workdays:\n  extra: {wrong}")
    assert {fault.line for fault in refused.value.faults} <= {2, 3}


def test_no_story_on_a_day_off_that_the_company_names(tmp_path: Path) -> None:
    now = local("2026-11-23 10:00")

    def days(extra: Extra) -> list[Any]:
        return [each.at.date() for each in plan(rhythm(tmp_path, FRIDAY), waiting(), now, "CN", extra=extra).touches]

    assert date(2026, 11, 27) in days(Extra())
    assert date(2026, 11, 27) not in days(Extra(frozenset({date(2026, 11, 27)})))


def test_a_year_without_make_up_days_is_told_a_month_before_until_days_are_named(tmp_path: Path) -> None:
    loaded = settings(tmp_path, "")
    november, december = datetime(LAST - 1, 11, 20, tzinfo=UTC), datetime(LAST - 1, 12, 5, tzinfo=UTC)
    assert _day_notes(loaded, november) == []
    (note,) = _day_notes(loaded, december)
    assert f"make-up workdays of {LAST} for CN" in note
    assert _day_notes(settings(tmp_path, f"workdays: {{extra: [{LAST}-02-14]}}"), december) == []
    abroad = "company: {name: x, country: US}\nhr: {holidays: US}\npushes: {holidays: US}"
    (tmp_path / "config.yaml").write_text(abroad, encoding="utf-8")
    assert _day_notes(load(tmp_path / "config.yaml", {}), december) == []
