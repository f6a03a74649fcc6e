"""What no classifier may decide: opting out and in, wanting a person, and the bare answer to what we just asked."""

from collections.abc import Iterable
from typing import NamedTuple

from bot.understanding.phrases import Phrases
from bot.understanding.text import clauses, key
from bot.understanding.words import Words


class Ruling(NamedTuple):
    rule: str
    value: str | None = None


def ruling(normal: str, words: Words, expecting: frozenset[str], last_offered: frozenset[str]) -> Ruling | None:
    """The rule that decides this normal text, if one does; the first in this order wins."""
    said = _Said(normal, words)
    if said.somewhere(words.stop) or said.wholly(words.stop_alone) or _offered_letter(said, words, last_offered):
        return Ruling("stop")
    if said.somewhere(words.wrong_number):
        return Ruling("wrong_number")
    if said.somewhere(words.human):
        return Ruling("human")
    if said.wholly(words.start):
        return Ruling("start")
    if said.wholly(words.never_mind):
        return Ruling("never_mind")
    return _expected(said, words, expecting) or (Ruling("repeat") if said.wholly(words.repeat) else None)


def _expected(said: "_Said", words: Words, expecting: frozenset[str]) -> Ruling | None:
    if "number" in expecting and (number := said.number()):
        return Ruling("number", number)
    if "yes_no" not in expecting:
        return None
    if said.wholly(words.no):
        return Ruling("no")
    return Ruling("yes") if said.wholly(words.yes) else None


def _offered_letter(said: "_Said", words: Words, last_offered: frozenset[str]) -> bool:
    offered = {letter.lower() for letter in last_offered} & words.stop_letters
    return any(form in offered for form in said.forms)


class _Said:
    """A normal text in the forms in which it is compared with word lists."""

    def __init__(self, normal: str, words: Words) -> None:
        self._words = words
        self._parts = clauses(normal)
        self._asks = "?" in normal
        whole = key(normal)
        self.forms = tuple(dict.fromkeys((whole, words.core(whole))))

    def wholly(self, phrases: Phrases) -> bool:
        """The message is one of the phrases, or nothing but such phrases one after another."""
        if any(form in phrases for form in self.forms):
            return True
        return len(self._parts) > 1 and all(any(form in phrases for form in forms) for forms in self._by_clause())

    def somewhere(self, phrases: Phrases) -> bool:
        """The message or, unless it asks something, one of its clauses is one of the phrases."""
        if self.wholly(phrases):
            return True
        return not self._asks and any(form in phrases for forms in self._by_clause() for form in forms)

    def number(self) -> str | None:
        for form in self.forms:
            if match := self._words.number.fullmatch(form):
                return self._words.numbers.get(match["n"]) or str(int(match["n"]))
        return None

    def _by_clause(self) -> Iterable[tuple[str, str]]:
        bare = (key(part) for part in self._parts)
        return [(part, self._words.core(part)) for part in bare]
