"""Whatever people write, in whatever order: nobody gets silence, a raw key, or somebody else's fact; and a human is near."""

import random
import re
from datetime import timedelta

import pytest

from bot.conversation import Runtime
from bot.engine.talk import Talk
from bot.proactive.timeouts import continue_timed_out
from bot.store import people
from bot.store.db.database import Database
from bot.store.signs import NO_SIGN
from tests import cast
from tests.talking import Person

TURNS = 1000
RAW = re.compile(r"\{\{|\}\}|\{%|\bNone\b(?! of)|<[a-z_]+ object|\b[a-z]+\.[a-z]+_[a-z_]+\b|\bflow\b")
NOISE = ("", "？", "😀😀", "[微笑]", "1", "2", "3", "4", "是", "不是", "不对", "好的", "ok", "123456", "https://x.cn", "a" * 3000, "汉" * 1500, "]]>", "{{ name }}", "ABCD1234", "13900000000", "🇨🇳\u200b", "哈" * 50, "不对，是周二", "no, the 5th", "什么意思", "再说一遍", "English please", "用繁體", "说中文", "从松江过去要两个小时", "下周三", "cancel")  # fmt: skip
HUMAN = ("转人工", "我要找真人", "I want to talk to a human", "真人", "can I speak to a real person")
SHOWN = ("picture", "voice", "video", "location", "link", "file", "sticker")


def secrets_of_others(who: str) -> list[str]:
    """Names, phones, invites and offers of everybody else in the cast."""
    rows = [line.split(",") for line in cast.CANDIDATES.splitlines()[1:]]
    own = next((row for row in rows if row[0] == who), [])
    found = [row[column] for row in rows if row[0] != who for column in (1, 2, 10, 13) if row[column]]
    return [secret for secret in found if not any(secret in cell for cell in own)]


@pytest.mark.parametrize("who", ["", "PUB", "UNKBY", "WITHDRAWN", "GRACE"])
def test_no_walk_through_the_flows_goes_wrong(house: Runtime, database: Database, person: Person, who: str) -> None:
    walk = random.Random(who)
    asks = [ask for asks in house.content.examples.values() for ask in asks]
    words = [word for words in house.content.words.values() for listed in words.rules.values() for word in listed]
    others = secrets_of_others(who)
    if who:
        person.is_bound_to(who)
    for number in range(TURNS):
        person.now += timedelta(minutes=4)  # nobody writes as fast as two machines that answer each other
        match walk.choices(("ask", "noise", "word", "two", "show", "silence", "human"), (8, 6, 2, 2, 1, 1, 1))[0]:
            case "ask":
                said = walk.choice(asks)
            case "noise":
                said = walk.choice(NOISE)
            case "word":
                said = walk.choice(words)
            case "two":
                said = f"{walk.choice(asks)}，{walk.choice(asks)}"
            case "human":
                said = walk.choice(HUMAN)
            case "show":
                person.shows(walk.choice(SHOWN), detail={"Label": "松江新城"})
                assert person.text
                continue
            case _:
                person.now += timedelta(hours=walk.choice((1, 3, 21)))
                database.write(lambda c: continue_timed_out(c, house, person.now))
                continue
        person.says(said)
        silent_by_right = (
            said.strip() == ""
            or house.understanding.own_words(said).kind in NO_SIGN
            or (person.outcome and person.outcome.heard and person.outcome.heard.rule == "stop")
        )
        assert person.text or silent_by_right, (number, said)
        assert not RAW.search(person.text.replace("keepwarm.example.com", "")), (number, said, person.text)
        assert not any(secret in person.text for secret in others), (number, said, person.text)
        if said in HUMAN:
            assert person.keys[0].startswith(("hr.human", "trouble.beside")), (number, said, person.keys)
        if walk.random() < 0.02:
            assert_can_be_left(house, database, person)


def assert_can_be_left(house: Runtime, database: Database, person: Person) -> None:
    """Whatever is open: 算了 closes it."""
    person.says("算了")
    known = database.read(lambda c: people.find(c, house.cipher, person.channel, person.address))
    assert known
    assert Talk.load(known.talk).frames == ()
