"""How somebody stands to what a sentence says: whether they say it of themselves, plainly, or deny, ask, suppose,
report it, hedge, or speak of somebody else.

The words that tell stand in messages/<locale>/words.yaml; wordings that say a meaning by themselves, also those that
hold a "not" ("I can't come"), under `plain:` of its flow. What is left beside them is judged, and judged strictly: a
word too many costs a question, a word too few a record of what nobody said.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

from bot.understanding.phrases import anywhere
from bot.understanding.text import key, sentences

PLAIN = "plain"
STANCES = (PLAIN, "denies", "asks", "supposes", "reports", "other", "maybe")


@dataclass(frozen=True, slots=True)
class Stances:
    """Words that show each stance, and those that only seem to. `unsaid`: denies that it was ever said."""

    unsaid: re.Pattern[str]
    denies: re.Pattern[str]
    supposes: re.Pattern[str]
    reports: re.Pattern[str]
    other: re.Pattern[str]
    maybe: re.Pattern[str]
    inquires: re.Pattern[str]  # asks to know something: no request
    harmless: re.Pattern[str]

    @classmethod
    def of(cls, listed: Callable[[str], Iterable[str]]) -> "Stances":
        names = ("unsaid", "denials", "conditions", "reports", "others", "hedges", "inquiries", "harmless")
        return cls(*(anywhere(listed(name)) for name in names))

    def read(self, normal: str, own: re.Pattern[str], asked_for: bool, ask: Callable[[str], bool]) -> str:
        """The stance of a normal text to a meaning: `own` finds what says it by itself. What may be `asked_for` ("can
        you call me?") is said plainly also by asking; `ask` tells whether a part asks at all."""
        parts = [self._rest(part, own) for part in sentences(normal)]
        rest = " / ".join(form for form, _, _ in parts)
        if self.unsaid.search(rest):
            return "denies"
        for name in ("supposes", "reports", "other", "denies", "maybe"):
            if getattr(self, name).search(rest):
                return name
        own_parts = [(form, part) for form, part, says in parts if says] or [(form, part) for form, part, _ in parts]
        asking = [form for form, part in own_parts if self._asks(form, part, asked_for, ask)]
        return "asks" if len(asking) == len(own_parts) and asking else PLAIN

    def _rest(self, part: str, own: re.Pattern[str]) -> tuple[str, str, bool]:
        """What stands beside the meaning itself and what is harmless; the part; and whether the meaning is in it."""
        form = self.harmless.sub(" ~ ", key(part))
        rest, count = own.subn(" ~ ", form)
        return rest, part, count > 0

    def _asks(self, form: str, part: str, asked_for: bool, ask: Callable[[str], bool]) -> bool:
        return bool(self.inquires.search(form)) if asked_for else ask(part)


@lru_cache(maxsize=256)
def found_by(wordings: tuple[str, ...]) -> re.Pattern[str]:
    """Finds what says a meaning by itself."""
    return anywhere(wordings)
