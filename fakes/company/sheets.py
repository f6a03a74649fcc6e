"""How the sample files are written: CSV as HR systems export it, times in the company's zone."""

import csv
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
_NIGHT = timedelta(hours=16)  # from 17:00 to 9:00

Cells = dict[str, str]


def write_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), restval="")
        writer.writeheader()
        writer.writerows(rows)


def at(now: datetime, days: float, clock: str = "09:00") -> str:
    """The time `clock` so many days from now, as a person writes it."""
    return f"{on(now, days)} {clock}"


def on(now: datetime, days: float) -> str:
    return f"{(now.astimezone(ZONE) + timedelta(days=days)):%Y-%m-%d}"


def ago(now: datetime, hours: float) -> str:
    """The time so many hours before now; what falls outside office hours lies, in the same order, before they ended.
    Never after now."""
    moment = now.astimezone(ZONE) - timedelta(hours=hours)
    evening = (moment - timedelta(hours=9)).replace(hour=17, minute=0)
    if moment - evening < _NIGHT:
        moment = min(evening + (moment - evening) / (_NIGHT / timedelta(hours=1)), now.astimezone(ZONE))
    return f"{moment:%Y-%m-%d %H:%M}"
