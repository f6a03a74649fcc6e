"""Open pages hear that something changed, and nothing else; and not for longer than they may."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import sqlalchemy as sa

from bot.cases import actions
from bot.conversation import Runtime
from bot.store import cases
from bot.store.db.database import Database
from bot.store.tables import sessions
from bot.web.hr import live_updates
from tests.bot.web.desk import Browser, Office, let_in, serving


@pytest.fixture
def office(house: Runtime, database: Database, now: Any) -> Iterator[Office]:
    with serving(Office(house, database, now)) as office:
        let_in(office, "HR1")
        yield office


class Stream:
    """What one page hears."""

    def __init__(self, browser: Browser, query: str) -> None:
        headers = {"Accept": "text/event-stream"}
        url = f"{browser.office.url}/hr/events{query}"
        self.answer = browser.session.get(url, headers=headers, stream=True, timeout=20)
        self.heard: list[str] = []
        self.changed, self.ended = threading.Event(), threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            for line in self.answer.iter_lines(decode_unicode=True):
                self.heard.append(line)
                if line == "event: changed":
                    self.changed.set()
        except requests.RequestException:
            pass
        self.ended.set()


def version(office: Office, number: int = live_updates.LIST) -> str:
    return office.database.read(lambda c: live_updates.versions(c, [number]))[number]


def test_the_list_hears_of_a_new_case(office: Office) -> None:
    stream = Stream(office.person("HR1"), f"?v={version(office)}")
    assert not stream.changed.wait(0.3)
    office.case("PUB")
    assert stream.changed.wait(10)
    assert "PUB" not in "".join(stream.heard), "that something changed, never what"


def test_a_case_hears_of_itself_and_of_no_other(office: Office) -> None:
    mine, other = office.case("PUB"), office.case("TOM")
    stream = Stream(office.person("HR1"), f"?case={mine}&v={version(office, mine)}")
    office.database.write(lambda c: actions.claim(c, other, "HR1", office.now))
    assert not stream.changed.wait(0.4)
    office.database.write(lambda c: actions.claim(c, mine, "HR1", office.now))
    assert stream.changed.wait(10)


def test_what_changed_since_the_page_was_made_is_heard_at_once(office: Office) -> None:
    before = version(office)
    office.later(seconds=1)
    office.case("PUB")
    assert Stream(office.person("HR1"), f"?v={before}").changed.wait(10)


def test_one_person_has_only_so_many_streams(office: Office) -> None:
    browser = office.person("HR1")
    streams = [Stream(browser, "") for _ in range(live_updates.MOST)]
    assert all(stream.answer.status_code == 200 for stream in streams)
    assert Stream(browser, "").answer.status_code == 429


def test_a_page_that_was_left_gives_its_place_back_at_once(office: Office) -> None:
    browser = office.person("HR1")
    for _ in range(4 * live_updates.MOST):
        headers, url = {"Accept": "text/event-stream"}, f"{office.url}/hr/events"
        answer = browser.session.get(url, headers=headers, stream=True, timeout=20)
        assert answer.status_code == 200
        answer.close()


def test_who_is_signed_out_hears_nothing_more(office: Office) -> None:
    stream = Stream(office.person("HR1"), f"?v={version(office)}")
    office.do(sa.delete(sessions))
    office.case("PUB")
    assert stream.ended.wait(10)


def test_a_message_and_its_delivery_change_the_version_of_the_case(office: Office) -> None:
    number = office.case("PUB")
    before = version(office, number)
    office.database.write(lambda c: cases.change(c, number, office.now))
    assert version(office, number) != before
