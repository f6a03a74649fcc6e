"""What a message means: a rule's verdict if a rule decides, else the model's, with what to do about its doubt."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from bot.understanding.model import Model, Verdict
from bot.understanding.rules import Ruling, bare, ruling
from bot.understanding.text import clauses, normal
from bot.understanding.words import Words

Decision = Literal["answer", "ask", "fallback"]

ANSWER_FROM = 0.7
ASK_FROM = 0.3
CLOSE = 0.4  # a second intent with this much of the first one's belief: ask which

_MOST_CLAUSES = 6
_REMEMBERED = 4096  # meanings of short texts
_SHORT = 40  # characters


@dataclass(frozen=True, slots=True)
class Meaning:
    """What we take a message to mean, and how sure we are."""

    text: str  # as it came
    normal: str
    intent: str | None  # "training.when"; None on fallback and when a rule decided
    p: float  # 0..1, calibrated
    decision: Decision
    top: tuple[tuple[str, float], ...]  # up to three (intent, score), best first
    rule: str | None = None  # stop, start, human, never_mind, wrong_number, yes, no, number, repeat
    value: str | None = None  # of the rule "number": "2"


class Understanding:
    """Understands one message at a time; knows nothing of who wrote it or what was said before."""

    def __init__(self, model: Model, words: Words) -> None:
        self._model = model
        self._words = words
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._understood)

    def meaning(
        self, text: str, expecting: frozenset[str] = frozenset(), last_offered: frozenset[str] = frozenset()
    ) -> Meaning:
        """`expecting`: what the open question waits for, of yes_no, number, text. `last_offered`: the letters that the
        last message offered for opting out. Many people ask in the same few words: short ones are remembered while the
        process lives."""
        understand = self._remembered if len(text) <= _SHORT else self._understood
        return understand(text, expecting, last_offered)

    def _understood(self, text: str, expecting: frozenset[str], last_offered: frozenset[str]) -> Meaning:
        plain = normal(text)
        if ruled := ruling(plain, self._words, expecting, last_offered):
            return _by_rule(text, plain, ruled)
        if bare(plain, self._words):
            return Meaning(text, plain, None, 0.0, "fallback", ())
        return _by_model(text, plain, self._verdict(plain))

    def _verdict(self, plain: str) -> Verdict:
        """The verdict on the text or on it without courtesy; on a clause if they are not clear but the clause is."""
        asked = self._words.without_courtesy(plain)
        whole = max(map(self._model.judge, {asked: 0, plain: 0}), key=_probability)
        if decision(whole) == "answer":
            return whole
        parts = [part for part in clauses(asked)[:_MOST_CLAUSES] if not self._words.empty(part)]
        best = max(map(self._model.judge, parts), key=_probability, default=whole)
        return best if decision(best) == "answer" else whole


def _probability(found: Verdict) -> float:
    return found.p


def decision(found: Verdict) -> Decision:
    """What to do with an answer that is right with this probability, when another may be close."""
    if found.p >= ANSWER_FROM:
        (_, first), (_, second), *_ = found.top
        return "ask" if second > CLOSE * first else "answer"
    return "ask" if found.p >= ASK_FROM else "fallback"


def _by_rule(text: str, plain: str, ruled: Ruling) -> Meaning:
    return Meaning(text, plain, None, 1.0, "answer", (), ruled.rule, ruled.value)


def _by_model(text: str, plain: str, found: Verdict) -> Meaning:
    decided = decision(found)
    return Meaning(text, plain, None if decided == "fallback" else found.top[0][0], found.p, decided, found.top)
