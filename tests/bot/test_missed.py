"""What nobody understood is listed ready to be taught, without what tells who wrote it."""

import json
from datetime import timedelta

import pytest
import yaml
from typer.testing import CliRunner

from bot.cli import app as commands
from bot.conversation import Runtime
from bot.conversation.review import guessed, masked, teachable
from bot.platform import clock
from bot.runtime import Understands
from bot.store import audit
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from bot.store.views import not_understood
from bot.store.views.not_understood import Missed
from bot.understanding import Understanding
from tests.conftest import DATA_KEY, NOW
from tests.talking import Person


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("我的电话是13800138000，打我", "我的电话是…，打我"),
        ("call +86 138-0013-8000 pls", "call … pls"),
        ("１３８００１３８０００", "…"),
        ("一三八零零一三八", "…"),
        ("身份证110101199003071234行不", "身份证…行不"),
        ("my code is ABCD-2345 ok", "my code is … ok"),
        ("kwmt2345看不到", "…看不到"),
        ("KWMTPQRS", "…"),
        ("mail me at li.lei@example.com", "mail me at …"),
        ("培训3天在12:30吗, well-known tomorrow", "培训3天在12:30吗, well-known tomorrow"),
    ],
)
def test_numbers_codes_and_addresses_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_only_what_was_not_understood_is_listed(house: Runtime, database: Database, cipher: Cipher) -> None:
    known = Person(house, database, NOW).is_bound_to("PUB")
    for text in ("qwxz vbnm", "什么时候培训", "算了"):
        known.says(text)
    Person(house, database, NOW, address="o-stranger").says("mnbv xzqw")
    old = Person(house, database, NOW - timedelta(days=9), address="o-other")
    old.says("vbnm zxqw")
    found = database.read(lambda connection: not_understood.since(connection, cipher, NOW - timedelta(days=7)))
    assert [each.text for each in found] == ["mnbv xzqw", "qwxz vbnm"]


def test_the_same_question_counts_once_and_what_is_understood_by_now_is_gone(understands: Understanding) -> None:
    asked = [Missed("Qwxz vbnm", NOW), Missed("qwxz  vbnm", NOW - timedelta(1)), Missed("什么时候培训", NOW)]
    (only,) = guessed(asked, understands)
    assert (only.text, only.times, only.locale, only.last) == ("Qwxz vbnm", 2, "en", NOW)


def test_the_list_is_yaml_that_fits_under_ask(house: Runtime, understands: Understanding) -> None:
    unclear = guessed([Missed('qwxz "vbnm" 13800138000', NOW), Missed("好的", NOW)], understands)
    lines = "\n".join(teachable(unclear, house.content))
    (document,) = [found for found in yaml.safe_load_all(lines) if found]
    assert list(document["ask"].values()) == [['qwxz "vbnm" …']]
    assert '# "好的"' in lines
    assert "13800138000" not in json.dumps([each.as_json() for each in unclear])


def test_the_listing_is_audited_without_a_text(
    house: Runtime, database: Database, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Person(house, database, clock.now()).is_bound_to("PUB").says("qwxz vbnm")
    monkeypatch.setenv("KEEPWARM_DATABASE_URL", database_url)
    monkeypatch.setenv("KEEPWARM_DATA_KEY", DATA_KEY)
    monkeypatch.setattr("bot.cli.not_understood.understanding", lambda *_: house.understanding)
    listed = CliRunner().invoke(commands(), ["understand", "--missed", "--json"])
    assert [row["text"] for row in json.loads(listed.stdout)] == ["qwxz vbnm"]
    (entry, *_) = database.read(audit.newest)
    assert (entry["action"], entry["detail"]) == ("understand.missed", {"texts": 1, "days": 7.0})


@pytest.mark.parametrize("line", [["--missed", "some text"], ["--missed", "--since", "soon"]])
def test_a_listing_that_cannot_be_is_refused(line: list[str]) -> None:
    assert CliRunner().invoke(commands(), ["understand", *line]).exit_code == 2


@pytest.fixture
def understands(house: Runtime) -> Understands:
    return house.understanding
