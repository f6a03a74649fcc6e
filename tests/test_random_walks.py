"""Whatever people write, in whatever order: nobody gets silence, a raw key, or somebody else's fact; and a human is near."""

import random
import re

import pytest

from bot.conversation import House
from bot.store.database import Database
from tests.talking import Person

TURNS = 100
RAW = re.compile(r"\{\{|\}\}|\{%|\bNone\b|<[a-z_]+ object|\b(training|stage|store|binding|repair)\.[a-z_]+")
NOISE = ("", "？", "😀😀", "[微笑]", "1", "2", "是", "不是", "好的", "ok", "123456", "https://x.cn", "a" * 3000, "汉" * 1500, "]]>", "{{ name }}", "ABCD1234", "13900000000", "🇨🇳\u200b", "哈" * 50)  # fmt: skip
OTHERS = ("李强", "陈静", "赵敏", "LIQIANG22", "13800000002")


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("who", ["", "PUB", "UNKBY", "WITHDRAWN"])
def test_no_walk_through_the_flows_goes_wrong(
    house: House, database: Database, person: Person, seed: int, who: str
) -> None:
    walk = random.Random(f"{seed}{who}")
    asks = [ask for asks in house.content.examples.values() for ask in asks]
    words = [word for words in house.content.words.values() for listed in words.rules.values() for word in listed]
    if who:
        person.is_bound_to(who)
    for _ in range(TURNS):
        said = walk.choice(
            [walk.choice(asks), walk.choice(NOISE), walk.choice(words), f"{walk.choice(asks)}，{walk.choice(asks)}"]
        )
        person.says(said)
        silent_by_right = said.strip() == "" or "stop" in str(person.outcome)
        assert person.text or silent_by_right, said
        assert not RAW.search(person.text), person.text
        assert not any(other in person.text for other in OTHERS), person.text
    person.says("恢复")
    assert "人工" in person.says("啦啦啦啦啦哇").text + person.says("转人工").text or "HR" in person.text
    assert person.keys[0].startswith("hr.human")
