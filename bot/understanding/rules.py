"""What no classifier may decide: opting out and in, wanting a person, and the bare answer to what we just asked."""

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
    return _expected(said, words, expecting) or (Ruling("repeat") if said.plain in words.repeat else None)


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


def bare(normal: str, words: Words) -> bool:
    """Whether the text only answers a question; when none is open it means nothing."""
    form = key(normal)
    return form in words.yes or form in words.no or any(frame.fullmatch(form) for frame in words.number_frames)


class _Said:
    """A normal text in the forms in which it is compared with word lists."""

    def __init__(self, normal: str, words: Words) -> None:
        self._words = words
        self._asks = "?" in normal
        self._parts = [self._forms(part) for part in clauses(normal)]
        self.plain = key(normal)
        self.forms = self._parts[0] if len(self._parts) == 1 else self._forms(normal)

    def wholly(self, phrases: Phrases) -> bool:
        """The message is one of the phrases, or nothing but such phrases one after another."""
        return _either(self.forms, phrases) or (
            len(self._parts) > 1 and all(_either(forms, phrases) for forms in self._parts)
        )

    def somewhere(self, phrases: Phrases) -> bool:
        """The message or, unless it asks something, one of its clauses is one of the phrases."""
        if self._asks:
            return self.wholly(phrases)
        return _either(self.forms, phrases) or any(_either(forms, phrases) for forms in self._parts)

    def number(self) -> str | None:
        for form in self.forms:
            for frame in self._words.number_frames:
                if match := frame.fullmatch(form):
                    return self._words.numbers.get(match[1]) or str(int(match[1]))
        return None

    def _forms(self, text: str) -> tuple[str, ...]:
        whole = key(text)
        return tuple(dict.fromkeys((whole, self._words.core(whole))))


def _either(forms: tuple[str, ...], phrases: Phrases) -> bool:
    return any(form in phrases for form in forms)
