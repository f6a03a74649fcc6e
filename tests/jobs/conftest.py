"""A desk of the whole cast on a fake WeChat, by a clock that stands until the test moves it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.conversation import Runtime
from bot.outbox import open_outbox
from bot.platform import clock
from bot.store.db.cipher import Cipher
from bot.store.db.database import Database
from fakes.launch import Fake, launched
from jobs.context import JobContext
from tests.conftest import NOW, as_new


@pytest.fixture(scope="session")
def _wechat() -> Iterator[Fake]:
    with launched("wechat", "--app-secret", "app-secret", "--token", "token") as fake:
        yield fake


@pytest.fixture
def wechat(_wechat: Fake) -> Fake:
    as_new(_wechat).post("/_fake/clock", stand=NOW.timestamp())
    return _wechat


@pytest.fixture
def desk(house: Runtime, database: Database, cipher: Cipher, wechat: Fake, shared_clock: Path) -> JobContext:
    clock.stand(NOW)
    account = house.settings.wechat.model_copy(update={"api_url": wechat.url})
    settings = house.settings.model_copy(update={"wechat": account})
    outbox = open_outbox(settings, database, cipher, None, clock.now)
    return JobContext(settings, database, cipher, outbox, replace(house, settings=settings))
