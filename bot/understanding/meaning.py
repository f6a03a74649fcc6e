"""What a message means: a rule's verdict if a rule decides, else the model's, with what to do about its doubt."""

import datetime
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Literal

from bot.understanding import rules
from bot.understanding.danger import Danger, danger
from bot.understanding.dates import read_date
from bot.understanding.model import Model, Verdict
from bot.understanding.own_words import OwnWords, own_words
from bot.understanding.rules import Ruling, answer_first, bare, ruling
from bot.understanding.stance import found_by
from bot.understanding.text import clauses, has_han, key, normal, sentences, traditional
from bot.understanding.words import WordLists

Decision = Literal["answer", "ask", "fallback"]

ANSWER_FROM = 0.7
ASK_FROM = 0.3
CLOSE = 0.4  # a second intent with this much of the first one's belief: ask which
ALSO_FROM = 0.75  # a question beside another counts only if it is as clear as this

_MOST_CLAUSES = 6
_MOST_MEANINGS = 4
_BARE = {True: 5, False: 3}  # a question of no more Han characters, or else words, may leave out what it is about
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
    rule: str | None = None  # the first of bot.understanding.rules that decided it
    value: str | None = None  # of the rule "number": "2"; of "language": "zh", "zh-Hant" or "en"
    asks: bool = False  # whether it is a question
    also: tuple[str, ...] = ()  # what else it clearly asks; beside a yes, no or number all that it asks


class Understanding:
    """Understands one message at a time; knows nothing of who wrote it or what was said before."""

    def __init__(self, model: Model, words: WordLists) -> None:
        self._model = model
        self._words = words
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._understood)

    def meaning(
        self, text: str, expecting: frozenset[str] = frozenset(), last_offered: frozenset[str] = frozenset()
    ) -> Meaning:
        """`expecting`: what the open question waits for, of yes_no, sure, number, text; with "nod" a bare yes or no
        counts as the rule "nod" though nothing asked for it. `last_offered`: the letters that the last message offered
        for opting out. Many people ask in the same few words: short ones are remembered while the process lives."""
        understand = self._remembered if len(text) <= _SHORT else self._understood
        return understand(text, expecting, last_offered)

    def corrected(self, text: str) -> str | None:
        """The normal form of what a text puts in the place of something said before; None if it corrects nothing."""
        plain = normal(text)
        ruled = ruling(plain, self._words, frozenset(), frozenset())
        return None if ruled else rules.corrected(plain, self._words)

    def stance(self, text: str, own: tuple[str, ...], asked_for: bool) -> str:
        """How a text stands to a meaning that these wordings say by themselves: one of STANCES."""
        return self._words.stances.read(normal(text), found_by(own), asked_for, self._words.ask)

    def tells_illness(self, text: str) -> bool:
        """Whether a text says that its sender is ill."""
        return self._words.tells_illness(normal(text))

    def tells_delay(self, text: str) -> bool:
        """Whether a text says how late somebody is."""
        return self._words.delays.search(key(normal(text))) is not None

    def date(self, text: str, today: datetime.date) -> datetime.date | None:
        """The one day that a text names."""
        return read_date(text, today, self._words)

    def danger(self, text: str) -> Danger:
        """What a text tells of danger."""
        return danger(normal(text), self._words.dangers)

    def own_words(self, text: str) -> OwnWords:
        """What of a text its sender wrote."""
        return own_words(text, self._words.not_own, lambda words: self._words.ask(normal(words)))

    def _understood(self, text: str, expecting: frozenset[str], last_offered: frozenset[str]) -> Meaning:
        plain = normal(text)
        asks = self._words.ask(plain)
        if ruled := ruling(plain, self._words, expecting, last_offered):
            return _by_rule(text, plain, ruled, asks)
        if answered := self._answered_and_asked(plain, expecting):
            return _by_rule(text, plain, answered[0], True, answered[1])
        if bare(plain, self._words):
            return Meaning(text, plain, None, 0.0, "fallback", (), asks=asks)
        return self._by_model(text, plain, asks)

    def _answered_and_asked(self, plain: str, expecting: frozenset[str]) -> tuple[Ruling, tuple[str, ...]] | None:
        """An answer to our question and clear questions after it: "yes, where is it?"."""
        answered = answer_first(plain, self._words, expecting)
        if answered is None or not self._words.ask(answered[1]):
            return None
        asked = self._by_model(answered[1], answered[1], True)
        if asked.decision != "answer" or asked.intent is None:
            return None
        return answered[0], (asked.intent, *asked.also)[: _MOST_MEANINGS - 1]

    def _by_model(self, text: str, plain: str, asks: bool) -> Meaning:
        told = [part for part in sentences(plain) if not self._words.tells_state(part)]
        if not told:
            return Meaning(text, plain, None, 0.0, "fallback", (), asks=asks)
        if len(told) < len(sentences(plain)):
            return replace(self._by_model(text, ", ".join(told), asks), normal=plain)
        meant = self._words.contrast.after(plain)
        whole = self._verdict(meant or plain)
        if meant and decision(whole) == "fallback":
            whole = self._verdict(plain)
        several = self._several(plain, whole)
        found = next(iter(several.values()), whole)
        decided = decision(found)
        intent = None if decided == "fallback" else found.top[0][0]
        return Meaning(text, plain, intent, found.p, decided, found.top, asks=asks, also=tuple(several)[1:])

    def _several(self, plain: str, whole: Verdict) -> dict[str, Verdict]:
        """The clear questions of a message by intent; none if there is but one, or if the whole is about another."""
        parts = self._questions(plain)
        if len(parts) < 2:
            return {}
        found: dict[str, Verdict] = {}
        for place, part in enumerate(parts):
            verdict = self._in_company(part, [*parts[:place], *parts[place + 1 :]])
            if verdict.p >= ALSO_FROM and decision(verdict) == "answer":
                found.setdefault(verdict.top[0][0], verdict)
        if len(found) < 2 or (decision(whole) == "answer" and whole.top[0][0] not in found):
            return {}
        return dict(islice(found.items(), _MOST_MEANINGS))

    def _questions(self, plain: str) -> list[str]:
        """The parts of a message that ask something by themselves."""
        asked = sentences(self._words.without_courtesy(plain))
        parts = [part.strip() for sentence in asked for part in self._words.joints.split(sentence)]
        return [part for part in parts if self._words.ask(part) and not self._words.empty(part)][:_MOST_CLAUSES]

    def _in_company(self, part: str, others: list[str]) -> Verdict:
        """The verdict on a question; one of few words may be meant together with what another is about."""
        tried = [part]
        if _short(part):
            topics = (self._words.topic(other) for other in others)
            topic = next((topic for topic in topics if topic), "")
            tried.append(topic + part if has_han(part) else f"{topic} {part}")
        return max(map(self._model.judge, tried), key=_probability)

    def _verdict(self, plain: str) -> Verdict:
        """The verdict on the text or on it without courtesy; on a clause if they are not clear but the clause is."""
        asked = self._words.without_courtesy(plain)
        if told := self._of_a_story(asked):
            return told
        whole = max(map(self._model.judge, {asked: 0, plain: 0}), key=_probability)
        if decision(whole) == "answer":
            return whole
        parts = [part for part in clauses(asked)[:_MOST_CLAUSES] if not self._words.empty(part)]
        best = max(map(self._model.judge, parts), key=_probability, default=whole)
        return best if decision(best) == "answer" else whole

    def _of_a_story(self, asked: str) -> Verdict | None:
        """The verdict on a text of many clauses, which as a whole is like nothing that was learned: on the question
        that it ends with, else on the clearest of its last clauses; None for a shorter text."""
        parts = [part for part in sentences(asked) if not self._words.empty(part)]
        if len(parts) <= 2 * _MOST_CLAUSES:
            return None
        last = self._model.judge(parts[-1])
        if self._words.ask(parts[-1]) and decision(last) == "answer":
            return last
        return max(map(self._model.judge, parts[-_MOST_CLAUSES:]), key=_probability)


def _probability(found: Verdict) -> float:
    return found.p


def decision(found: Verdict) -> Decision:
    """What to do with an answer that is right with this probability, when another may be close."""
    if found.p >= ANSWER_FROM:
        (_, first), (_, second), *_ = found.top
        return "ask" if second > CLOSE * first else "answer"
    return "ask" if found.p >= ASK_FROM else "fallback"


def _by_rule(text: str, plain: str, ruled: Ruling, asks: bool, also: tuple[str, ...] = ()) -> Meaning:
    value = "zh-Hant" if ruled == ("language", "zh") and traditional(text) else ruled.value
    return Meaning(text, plain, None, 1.0, "answer", (), ruled.rule, value, asks, also)


def _short(part: str) -> bool:
    form = key(part)
    return (len(form) if has_han(form) else len(form.split())) <= _BARE[has_han(form)]
