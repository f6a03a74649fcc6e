"""What no classifier may decide: opting out and in, wanting a person, and the bare answer to what we just asked.

The rules: stop, wrong_number, human, start, never_mind, language, mistake, number, unsaid, coming, cannot, no, yes,
repeat, explain, wrong, nod.
"""

import re
from datetime import date
from typing import NamedTuple

from bot.understanding.phrases import Phrases
from bot.understanding.text import clauses, first_clause, has_han, key
from bot.understanding.words import WordLists

_OPEN = frozenset({"yes_no", "number", "text", "value"})  # what only an open question expects
_ANY_DAY = date(2000, 1, 1)  # whether a text names a day does not hang on today
_OF_FIVE = re.compile(r"(\d{1,2}) ?/ ?(?:5|10)")  # "4/5": four of five
_FEW = {True: 6, False: 2}  # Han characters, or else words: as many as a value has


class Ruling(NamedTuple):
    rule: str
    value: str | None = None


def ruling(normal: str, words: WordLists, expecting: frozenset[str], last_offered: frozenset[str]) -> Ruling | None:
    """The rule that decides this normal text, if one does; the first in this order wins.

    Where "nod" is expected, a bare yes or no that answers nothing is one; otherwise no rule takes it. Where a "sure"
    answer is, "got it" is no yes.
    """
    said = _Forms(normal, words)
    if expecting & _OPEN and said.wholly(words.leave):
        return Ruling("never_mind")
    if said.somewhere(words.stop) or said.wholly(words.stop_alone) or _offered_letter(said, words, last_offered):
        return Ruling("stop")
    if said.somewhere(words.wrong_number) and not _value_of(corrected(normal, words), words):
        return Ruling("wrong_number")
    if said.somewhere(words.human):
        return Ruling("human")
    if said.wholly(words.start):
        return Ruling("start")
    if said.wholly(words.never_mind) or ("text" in expecting and said.declines(words)):
        return Ruling("never_mind")
    if locale := next((locale for locale, asked in words.languages.items() if said.in_a_clause(asked)), None):
        return Ruling("language", locale)
    if said.takes_back(words):
        return Ruling("mistake")
    return (
        _says_whether(said, words)
        or _expected(said, words, expecting)
        or _about_the_answer(said, words)
        or _nod(said, words, expecting)
    )


def answer_first(normal: str, words: WordLists, expecting: frozenset[str]) -> tuple[Ruling, str] | None:
    """The expected answer with which a normal text begins, and what is said after it."""
    head, rest = first_clause(normal)
    if rest:
        said = _Forms(head, words)
        answer = None if "?" in head or said.wholly(words.murmurs) else _expected(said, words, expecting)
    else:
        head = words.questions.begin(normal)  # "ok where is it"; but "not sure where it is" answers nothing
        rest = normal[len(head) :].strip()
        answer = _expected(_Forms(head, words), words, expecting - {"number"}) if head else None
        answer = answer if answer and answer.rule == "yes" else None
    return answer and (answer, rest)


def corrected(normal: str, words: WordLists) -> str | None:
    """What a normal text puts in the place of something said before: "no, tuesday" -> "tuesday"; None if nothing."""
    rest = _tidy(words.corrections.after(normal))
    if not rest and (rest := _tidy(words.corrections_short.after(normal))) and not _brief(rest, words):
        return None
    return rest if rest and not words.empty(rest) else None


def _tidy(rest: str | None) -> str:
    return (rest or "").strip(" ,.;:!。、；~-")


def _brief(rest: str, words: WordLists) -> bool:
    """Whether this little can be nothing but a value."""
    form = key(rest)
    size = len(form) if has_han(form) else len(form.split())
    return size <= _FEW[has_han(form)] and form not in words.no and not words.ask(rest)


def _value_of(rest: str | None, words: WordLists) -> bool:
    """Whether what is corrected is a number or a day: then it was a slip of the hand, and nobody is a stranger."""
    if rest is None:
        return False
    if key(rest).isdecimal():
        return True
    return bool(_Forms(rest, words).number()) or any(any(each.days(rest, _ANY_DAY)) for each in words.calendars)


def _says_whether(said: "_Forms", words: WordLists) -> Ruling | None:
    """Whether somebody denies having said that they come; says that they come, or that they cannot, beside which a
    plain yes or no may stand."""
    if said.in_a_clause(words.unsaid):
        return Ruling("unsaid")
    if said.asks:
        return None
    if said.in_a_clause(words.coming) and said.each((words.coming, words.yes)):
        return Ruling("coming")
    if said.in_a_clause(words.cannot) and said.each((words.cannot, words.no)):
        return Ruling("cannot")
    return None


def _about_the_answer(said: "_Forms", words: WordLists) -> Ruling | None:
    """What somebody says of our last answer itself."""
    if said.plain in words.repeat:
        return Ruling("repeat")
    if said.wholly(words.explain):
        return Ruling("explain")
    return Ruling("wrong") if said.wholly(words.wrong) else None


def _nod(said: "_Forms", words: WordLists, expecting: frozenset[str]) -> Ruling | None:
    """What says by itself whether somebody comes ("I'll be there") is more than a nod."""
    if "murmur" in expecting and said.wholly(words.murmurs):
        return Ruling("nod")
    nods = "nod" in expecting and any(map(said.wholly, (words.yes, words.no, words.states)))
    return Ruling("nod") if nods and not said.wholly(words.plans) else None


def _expected(said: "_Forms", words: WordLists, expecting: frozenset[str]) -> Ruling | None:
    if "number" in expecting and (number := said.number()):
        return Ruling("number", number)
    if "yes_no" not in expecting or ("sure" in expecting and said.wholly(words.murmurs)):
        return None
    if said.wholly(words.no):
        return Ruling("no")
    return Ruling("yes") if said.wholly(words.yes) else None


def _offered_letter(said: "_Forms", words: WordLists, last_offered: frozenset[str]) -> bool:
    offered = {letter.lower() for letter in last_offered} & words.stop_letters
    return any(form in offered for form in said.forms)


def bare(normal: str, words: WordLists) -> bool:
    """Whether the text only answers a question; when none is open it means nothing."""
    form = key(normal)
    answers = (form in words.yes or form in words.no) and form not in words.plans
    return answers or any(frame.fullmatch(form) for frame in words.number_frames)


class _Forms:
    """A normal text in the forms in which it is compared with word lists."""

    def __init__(self, normal: str, words: WordLists) -> None:
        self._words, self._text = words, normal
        self.asks = "?" in normal
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
        if self.asks:
            return self.wholly(phrases)
        return _either(self.forms, phrases) or self.in_a_clause(phrases)

    def each(self, lists: tuple[Phrases, ...]) -> bool:
        """Every clause is one of the phrases of some of the lists."""
        return all(any(_either(forms, phrases) for phrases in lists) for forms in self._parts)

    def declines(self, words: WordLists) -> bool:
        """Each clause says no or never mind: "算了，不用打了", "no thanks"; not what says whether somebody comes."""
        refusals = [any(_either(forms, each) for each in (words.no, words.never_mind)) for forms in self._parts]
        return bool(refusals) and all(refusals) and not any(_either(forms, words.plans) for forms in self._parts)

    def takes_back(self, words: WordLists) -> bool:
        """Says that the last was not meant, and beside it at most sorry, yes or no ("sorry, wrong button"); not what
        says whether somebody comes."""
        if self.wholly(words.mistake):
            return True
        beside = (words.mistake, words.excuses, words.yes, words.no, words.wrong)
        parts = [forms for forms in self._parts if forms[0] not in words.around and forms[-1] not in words.around]
        return (
            not self.asks
            and any(_either(forms, words.mistake) for forms in parts)
            and all(any(_either(forms, each) for each in beside) for forms in parts)
            and not any(_either(forms, words.plans) for forms in parts)
        )

    def in_a_clause(self, phrases: Phrases) -> bool:
        """One of the clauses is one of the phrases, also in a question."""
        return any(_either(forms, phrases) for forms in self._parts)

    def number(self) -> str | None:
        if share := _OF_FIVE.fullmatch(self._text):
            return str(int(share[1]))
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
