"""The cast with something to report about: messages, cases, signals, risk."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from bot.reports.model import ReportRequest, Table
from bot.settings import Settings
from bot.store import cases
from bot.store.db.database import Database
from bot.store.tables import addresses, candidates, contacts, inbound, outbound, risk_changes, signals, touches
from bot.store.tables import cases as case_table
from bot.store.visibility import Visibility
from tests.conftest import NOW

ALL = Visibility("A", "admin", everybody=True)
CANTON = Visibility("M", "manager", scope=frozenset({"广州"}))
DAY = timedelta(days=1)


class Office:
    """What happens to the cast, in a word."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self.database, self.settings = database, settings
        self._count = 0

    def asked(self, sight: Visibility = ALL, now: datetime = NOW, **more: Any) -> ReportRequest:
        return ReportRequest(sight, self.settings, now, **more)

    def table(self, report: Any, sight: Visibility = ALL, now: datetime = NOW, **more: Any) -> Table:
        return self.database.read(lambda c: report(c, self.asked(sight, now, **more)))

    def rows(self, report: Any, *args: Any, **more: Any) -> dict[Any, dict[str, Any]]:
        """By the first column: the others by their keys."""
        table = self.table(report, *args, **more)
        keys = [column.key for column in table.columns]
        return {row[0]: dict(zip(keys[1:], row[1:], strict=True)) for row in table.rows}

    def does(self, work: Any) -> Any:
        return self.database.write(work)

    def id_of(self, connection: Connection, code: str) -> int:
        return int(connection.execute(sa.select(candidates.c.id).where(candidates.c.code == code)).scalar_one())

    def bound(self, code: str, channel: str = "wechat", **more: Any) -> int:
        def bind(c: Connection) -> int:
            self._count += 1
            row = {"channel": channel, "address": b"x", "address_index": b"%016d" % self._count, "created_at": NOW}
            row |= {"candidate_id": self.id_of(c, code), **more}
            return int(c.execute(sa.insert(addresses).values(row).returning(addresses.c.id)).scalar_one())

        return int(self.does(bind))

    def said(self, code: str, via: str, cost: int = 0, parts: int = 1, state: str = "sent", at: datetime = NOW) -> None:
        address = self.bound(code, "sms" if via == "sms" else "wechat")

        def say(c: Connection) -> None:
            row = {
                "address_id": address,
                "candidate_id": self.id_of(c, code),
                "kind": "notice",
                "text": b"",
                "road": "push",
            }
            c.execute(
                sa.insert(outbound).values(
                    row | {"via": via, "cost": cost, "parts": parts, "state": state, "created_at": at}
                )
            )

        self.does(say)

    def wrote(self, code: str, at: datetime) -> None:
        address = self.bound(code)

        def write(c: Connection) -> None:
            row = {
                "channel": "wechat",
                "key": b"%016d" % address,
                "address_id": address,
                "candidate_id": self.id_of(c, code),
            }
            c.execute(sa.insert(inbound).values(row | {"turn": 1, "kind": "text", "received_at": at}))

        self.does(write)

    def notice(self, code: str, occasion: str, **more: Any) -> None:
        row = {
            "entry": "training_notice",
            "occasion": occasion,
            "kind": "notice",
            "begins": "notice.training",
            "due_at": NOW,
        }
        row |= {"state": "sent", "created_at": NOW} | more
        self.does(lambda c: c.execute(sa.insert(touches).values(row | {"candidate_id": self.id_of(c, code)})))

    def called(self, code: str, at: datetime, outcome: str = "reached") -> None:
        row = {"staff": "HR1", "how": "call", "outcome": outcome, "at": at}
        self.does(lambda c: c.execute(sa.insert(contacts).values(row | {"candidate_id": self.id_of(c, code)})))

    def case(self, code: str, *reasons: str, answered: timedelta | None = None, **more: Any) -> None:
        def open_(c: Connection) -> None:
            for reason in reasons:
                number = cases.open_case(c, self.id_of(c, code), None, reason, NOW)
            at = NOW + answered if answered is not None else None
            c.execute(sa.update(case_table).where(case_table.c.id == number).values(answered_at=at, **more))

        self.does(open_)

    def signal(self, code: str, name: str, points: int = 20, at: datetime = NOW) -> None:
        row = {"name": name, "at": at, "points": points, "evidence": {}, "fired_at": at}
        self.does(lambda c: c.execute(sa.insert(signals).values(row | {"candidate_id": self.id_of(c, code)})))

    def risk(self, code: str, level: str, points: int, *names: str) -> None:
        def set_(c: Connection) -> None:
            who = self.id_of(c, code)
            c.execute(
                sa.update(candidates).where(candidates.c.id == who).values(risk=level, risk_points=points, risk_at=NOW)
            )
            row = {"candidate_id": who, "level": level, "points": points, "signals": list(names), "at": NOW}
            c.execute(sa.insert(risk_changes).values(row))

        self.does(set_)


@pytest.fixture
def office(company: None, database: Database, settings: Settings) -> Office:
    return Office(database, settings)


MONDAY = date(2026, 11, 23)
