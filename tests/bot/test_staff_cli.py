"""`keepwarm staff`: accounts from the command line."""

import json
import subprocess

import pytest

from bot.settings import Settings
from bot.staff import passwords
from tests.nursery import nursery


@pytest.fixture
def keepwarm(company: None, environment: dict[str, str]) -> "Keepwarm":
    return Keepwarm(environment)


class Keepwarm:
    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def __call__(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return nursery().run(["-m", "bot", "staff", *words], self.environment)

    def hr1(self) -> dict[str, object]:
        (found,) = json.loads(self("list", "--json").stdout)
        assert found["code"] == "HR1"
        return dict(found)


def test_accounts_are_listed_and_changed(keepwarm: Keepwarm) -> None:
    assert keepwarm.hr1()["password"] is False
    assert "no password" in keepwarm("list").stdout
    assert keepwarm("away", "HR1", "2026-12-05").returncode == 0
    assert keepwarm.hr1()["away_until"] == "2026-12-04T16:00:00+00:00", "by the company's clock"
    assert keepwarm("away", "HR1", "-").returncode == 0
    assert keepwarm("locale", "HR1", "en").returncode == 0
    shown = keepwarm.hr1()
    assert (shown["away_until"], shown["locale"]) == (None, "en")
    assert "0 signed out" in keepwarm("sign-out", "HR1").stdout


def test_without_a_terminal_a_password_is_set_by_a_link(keepwarm: Keepwarm, settings: Settings) -> None:
    link = keepwarm("password", "HR1").stdout.strip()
    assert passwords.read_link(settings, link.rpartition("/")[2])[0] == "HR1"


@pytest.mark.parametrize(
    "words", [("password", "NO"), ("away", "HR1", "soon"), ("locale", "HR1", "fr"), ("sign-out", "NO")]
)
def test_what_makes_no_sense_is_refused_in_one_line(keepwarm: Keepwarm, words: tuple[str, ...]) -> None:
    done = keepwarm(*words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
