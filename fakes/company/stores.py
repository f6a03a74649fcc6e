"""500 stores over real cities, and two of them that a story needs: one too far from home, and a new one near it."""

from collections.abc import Iterator
from datetime import datetime
from random import Random

from fakes.company import names
from fakes.company.places import ROADS, SPOTS, City, cities
from fakes.company.sheets import Cells, on

COUNT = 500


def rows(now: datetime) -> list[Cells]:
    lot = Random("stores")
    drawn = [_store(city, number, now, lot) for city in cities() for number in range(1, city.stores + 1)]
    special = list(_of_the_story(now))
    return drawn[: COUNT - len(special)] + special


def codes(city: City) -> list[str]:
    return [f"{city.code}{number:03d}" for number in range(1, city.stores + 1)]


def _store(city: City, number: int, now: datetime, lot: Random) -> Cells:
    district = city.districts[number % len(city.districts)]
    spot = SPOTS[(number // len(city.districts)) % len(SPOTS)]
    local = f"8{lot.randrange(10 ** (city.local_digits - 1)):0{city.local_digits - 1}d}"
    return {
        "code": f"{city.code}{number:03d}",
        "name": f"暖记{city.name}{district}{spot}店",
        "city": city.name,
        "address": f"{city.name}市{district}区{lot.choice(ROADS)}{lot.randint(1, 999)}号",
        "lat": f"{city.lat + lot.uniform(-0.12, 0.12):.5f}",
        "lng": f"{city.lng + lot.uniform(-0.15, 0.15):.5f}",
        "openings": str(lot.choice((0, 0, 1, 1, 2, 2, 3, 4))),
        "manager": names.chinese(lot),
        "phone": f"{city.dial}-{local}",
        "opens_on": on(now, lot.randint(5, 40)) if lot.random() < 0.04 else "",
        "closes_on": "",
    }


def _of_the_story(now: datetime) -> Iterator[Cells]:
    shared = {"city": "上海", "closes_on": ""}
    yield shared | {
        "code": "SH901",
        "name": "暖记上海嘉定新城店",
        "address": "上海市嘉定区白银路58号",
        "lat": "31.33400",
        "lng": "121.24820",
        "openings": "2",
        "manager": "周建华",
        "phone": "021-58760901",
        "opens_on": "",
    }
    yield shared | {
        "code": "SH902",
        "name": "暖记上海临港店",
        "address": "上海市浦东新区环湖西一路99号",
        "lat": "30.90450",
        "lng": "121.92300",
        "openings": "6",
        "manager": "沈晓燕",
        "phone": "021-58760902",
        "opens_on": on(now, 10),
    }
