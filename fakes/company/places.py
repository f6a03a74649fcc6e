"""Real cities, with their districts, where the sample company has its stores; and what streets there are called."""

import csv
import functools
from dataclasses import dataclass
from pathlib import Path

ROADS = ("人民路", "中山路", "解放路", "建设路", "和平路", "新华路", "文化路", "长江路", "黄河路", "科技路", "滨江大道")
SPOTS = ("万达广场", "天街", "吾悦广场", "大悦城", "银泰城", "火车站", "大学城", "步行街", "科技园", "体育中心", "公园")


@dataclass(frozen=True)
class City:
    """`code` begins the codes of its stores. `dial`: its area code, before so many `local_digits`."""

    code: str
    name: str
    lat: float
    lng: float
    dial: str
    local_digits: int
    stores: int
    districts: tuple[str, ...]


@functools.cache
def cities() -> tuple[City, ...]:
    """Those with the most stores first."""
    with Path(__file__).with_name("cities.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_city(row) for row in csv.DictReader(file))


def _city(row: dict[str, str]) -> City:
    where = float(row["lat"]), float(row["lng"])
    districts = tuple(row["districts"].split("|"))
    return City(row["code"], row["name"], *where, row["dial"], int(row["local_digits"]), int(row["stores"]), districts)
