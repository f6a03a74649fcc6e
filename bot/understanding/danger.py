"""Words of despair and of threat, told from what only sounds like them; also between the lines, and a little at a time.

The wordings stand in messages/<locale>/words.yaml: `danger_idioms` are taken off first.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from bot.understanding.phrases import anywhere
from bot.understanding.text import key

DESPAIR, THREAT, UNSAFE, MENTION, LOW = "despair", "threat", "unsafe", "mention", "low"


class Danger(NamedTuple):
    """`kind`: of what the words tell, "" if of none. `rest`: the text without idioms that only sound like it.
    `better`: it tells that all is well, or that it was not meant so."""

    kind: str
    rest: str
    idiom: bool
    better: bool = False


@dataclass(frozen=True, slots=True)
class Dangers:
    """The wordings by kind, the gravest first."""

    idioms: re.Pattern[str]
    kinds: tuple[tuple[str, re.Pattern[str]], ...]
    better: re.Pattern[str]

    @classmethod
    def of(cls, listed: Callable[..., list[str]]) -> "Dangers":
        lists = {DESPAIR: "despair", THREAT: "threats", UNSAFE: "unsafe", MENTION: "mentions", LOW: "low"}
        kinds = tuple((kind, anywhere(listed(name))) for kind, name in lists.items())
        return cls(anywhere(listed("danger_idioms")), kinds, anywhere(listed("better")))


def danger(normal: str, dangers: Dangers) -> Danger:
    """What a normal text tells of danger."""
    form = key(normal)
    rest, idioms = dangers.idioms.subn(" ", form)
    kind = next((kind for kind, words in dangers.kinds if words.search(rest)), "")
    return Danger(kind, rest.strip(), idioms > 0, bool(dangers.better.search(form)))
