"""What a report is: some tables of figures, each cell of one kind. Words come later, by key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal
from zoneinfo import ZoneInfo

from bot.settings import Settings
from bot.store.visibility import Visibility

# text: as it is · code: a word by its key, else as it is · count · percent: 0 to 100 · money: millionths of the
# company's currency · span: seconds · day · week: its Monday
Kind = Literal["text", "code", "count", "percent", "money", "span", "day", "week"]


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """`key`: its heading is the word `column_<key>`. `codes`: what its codes' words begin with, if not the key."""

    key: str
    kind: Kind
    codes: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """`key`: its title is the word `table_<key>`. A cell is None where nothing is known. `chart`: the columns whose
    values the picture shows, the first one beside them; without any there is no picture. `total`: the first row is the
    sum."""

    key: str
    columns: Sequence[ReportColumn]
    rows: Sequence[Sequence[Any]]
    chart: tuple[str, str] | None = None
    total: bool = False


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What a report is about. `cohort`: only this one's code. `since`, `until`: whose wait (or what else) began from
    this day on, up to and with that day, by the company's calendar. `earlier_lost`: the company's figure of before."""

    sight: Visibility
    settings: Settings
    now: datetime
    cohort: str = ""
    since: date | None = None
    until: date | None = None

    @property
    def zone(self) -> ZoneInfo:
        return self.settings.company.zone


Words = Mapping[str, str]
EVERYBODY = "all"  # the row that sums up, a code
NOBODY = "none"  # the row of those without a cohort, a store, a reason: a code
