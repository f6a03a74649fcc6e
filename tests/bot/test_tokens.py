"""`keepwarm token` makes a token that is shown once, and takes it back; `keepwarm report` prints and writes."""

import json
import subprocess
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa

from bot.store import tokens
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.tables import audit
from tests.nursery import nursery

pytestmark = pytest.mark.usefixtures("company")


def run(environment: dict[str, str], *line: str) -> "subprocess.CompletedProcess[str]":
    return nursery().run(["-m", "bot", *line], environment)


def test_a_token_is_shown_once_and_can_be_revoked(
    environment: dict[str, str], database: Database, cipher: Cipher
) -> None:
    token = run(environment, "token", "create", "ats", "--rights", "read", "--scope", "上海 K1").stdout.strip()
    holder = database.read(lambda c: tokens.find(c, cipher, token))
    assert holder is not None
    assert (holder.rights, holder.scope) == ({"read"}, {"上海", "K1"})
    listed = run(environment, "token", "list", "--json").stdout
    assert token not in listed
    assert [(line["name"], line["rights"]) for line in json.loads(listed)] == [("ats", ["read"])]
    assert run(environment, "token", "revoke", "ats").returncode == 0
    assert database.read(lambda c: tokens.find(c, cipher, token)) is None
    wanted = sa.select(audit.c.action).where(audit.c.action.like("token.%")).order_by(audit.c.id)
    assert database.read(lambda c: list(c.scalars(wanted))) == ["token.create", "token.revoke"]
    assert "revoked" in run(environment, "token", "list").stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("token", "create", "x", "--rights", "all"), "read or write"),
        (("token", "revoke", "x"), "no token x"),
        (("report", "summary", "--cohort", "NONE"), "NONE"),
        (("report", "cost", "--format", "xlsx"), "--out"),
    ],
)
def test_what_is_wrong_is_said_in_a_line(environment: dict[str, str], line: tuple[str, ...], said: str) -> None:
    done = run(environment, *line)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_name_is_given_once(environment: dict[str, str]) -> None:
    assert run(environment, "token", "create", "ats").returncode == 0
    assert run(environment, "token", "create", "ats").returncode == 2


def test_a_report_is_printed_and_written(environment: dict[str, str], tmp_path: Path) -> None:
    printed = run(environment, "report", "summary", "--locale", "en").stdout
    assert "Showed up" in printed
    assert "PUB" in printed
    file = tmp_path / "summary.xlsx"
    assert run(environment, "report", "summary", "--format", "xlsx", "--out", str(file)).returncode == 0
    assert len(openpyxl.load_workbook(file).worksheets) == 6
