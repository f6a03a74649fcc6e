"""A sample company, the same every time but for its dates: what the demo and the tests import.

`python -m fakes.company DIR` writes its files. To add a story: one entry in stories.yaml.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from fakes.company import candidates, cohorts, staff, stores
from fakes.company.sheets import write_csv
from fakes.company.stories import stories, told

FILES = ("stores", "staff", "cohorts", "candidates")  # in the order in which they refer to each other


def write(folder: Path, now: datetime, count: int = candidates.COUNT) -> None:
    """Writes stores.csv, staff.csv, cohorts.csv, candidates.csv and people.json; dates lie around `now`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_csv(folder / "stores.csv", stores.rows(now))
    write_csv(folder / "staff.csv", staff.rows(now))
    write_csv(folder / "cohorts.csv", cohorts.rows(now))
    write_csv(folder / "candidates.csv", candidates.rows(now, count))
    everyone = json.dumps([told(story) for story in stories()], ensure_ascii=False, indent=1)
    (folder / "people.json").write_text(everyone, encoding="utf-8")


def people(folder: Path) -> list[dict[str, Any]]:
    """Whom the phone simulator offers, one a story: code, name, story (zh, en), stage, locale, phone, invite, openid.

    Who uses SMS only has no openid; the stranger has no code; who changes to a new WeChat has a `new_openid` too.
    """
    everyone: list[dict[str, Any]] = json.loads((folder / "people.json").read_text(encoding="utf-8"))
    return everyone
