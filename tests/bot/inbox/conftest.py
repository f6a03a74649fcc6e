"""A house with HR in it."""

from datetime import datetime
from pathlib import Path

import pytest

from bot.conversation import House
from bot.store.database import Database
from tests.bot.inbox import desk


@pytest.fixture
def staffed(house: House, database: Database, tmp_path: Path, now: datetime) -> House:
    desk.hire(tmp_path, house, database, now)
    return house
