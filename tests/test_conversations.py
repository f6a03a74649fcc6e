"""Golden talks: what is heard and which words answer, by key, so that copy can change freely.

`keepwarm chat --record FILE` writes a talk in this form (`hear`, `say`). Beside them a turn may name a text that the person
`reads`, the open `promises` after it, and the reason of the open `case`.
"""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot import yamltext
from bot.store.database import Database
from bot.store.tables import cases, promises
from tests.talking import Person

FOLDER = Path(__file__).parent / "conversations"
TALKS = [
    pytest.param(talk, id=f"{path.stem}-{number}-{talk['who']}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for number, talk in enumerate(yamltext.read(path).data, 1)
]


@pytest.mark.parametrize("talk", TALKS)
def test_the_talk_goes_as_written(talk: dict[str, Any], person: Person, database: Database) -> None:
    person.is_bound_to(talk["who"])
    for turn in talk["talk"]:
        person.says(turn["hear"])
        assert person.keys == list(turn["say"]), f"{turn['hear']!r}: {person.outcome}"
        assert turn.get("reads", "") in person.text
        if "promises" in turn:
            wanted = sa.select(promises.c.about).where(promises.c.state == "open")
            assert database.read(lambda c, wanted=wanted: sorted(c.execute(wanted).scalars())) == turn["promises"]
        if "case" in turn:
            assert database.read(lambda c: c.execute(sa.select(cases.c.reason)).scalars().all()) == [turn["case"]]
