"""What a member of staff orders in chat: `claim 12`, `回复 12 …`. Pure: a text and the words of messages/*/alerts.yaml.

To add a command: its words (`say_<name>`) and its help (`help_<name>`) in messages/*/alerts.yaml, a line in COMMANDS,
and a function in bot.staff_chat.handlers. All languages are understood at once, whatever the writer reads.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.record.vocabulary import CALLED, OUTCOMES

# name: whether it needs the number of a case
COMMANDS: Mapping[str, bool] = {
    "claim": True,
    "reply": True,
    "ok": True,
    "call": True,
    "called": True,
    "missed": True,
    "snooze": True,
    "resolve": True,
    "back": True,
    "note": True,
    "who": False,
    "help": False,
}
SHOW = "show"  # a number alone
WEAK = frozenset({SHOW, "help", "who"})  # what a candidate may well write too
UNITS = {"unit_minute": timedelta(minutes=1), "unit_hour": timedelta(hours=1), "unit_day": timedelta(days=1)}
SHORTEST, LONGEST = timedelta(minutes=5), timedelta(days=14)
_BETWEEN = "/"  # several words for the same
_BLANKS = " \t\n:：,，、.。"
_WIDE = {ord("０") + digit: str(digit) for digit in range(10)} | {ord("＃"): "#", 0x3000: " "}
_NUMBER = re.compile(r"\s*[:：]?\s*#?\s*(\d{1,9})(?!\d)[\s:：,，、.。]*", re.ASCII)
_ALONE = re.compile(r"#?\s*(\d{1,9})", re.ASCII)
_SPAN = re.compile(r"(\d{1,4})\s*(.*)", re.ASCII | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Command:
    """`case_id`: None where it was left out. `rest`: what follows, as it was written. `outcome`: of a call or of the
    case, empty where none was said. `span`: of a pause."""

    name: str
    case_id: int | None = None
    rest: str = ""
    outcome: str = ""
    span: timedelta | None = None


Vocabulary = Mapping[str, str]  # word in small letters: what it stands for


def vocabulary(desks: Iterable[Mapping[str, str]], prefix: str) -> Vocabulary:
    """The words of all languages under keys that begin so; the value is the key without its prefix."""
    return {
        word.strip().lower(): key.removeprefix(prefix)
        for texts in desks
        for key, text in texts.items()
        if key.startswith(prefix)
        for word in text.split(_BETWEEN)
        if word.strip()
    }


def parse(text: str, desks: Iterable[Mapping[str, str]]) -> Command | None:
    """None for what is no command. `desks`: the texts of alerts.yaml in each language."""
    desks, text = list(desks), text.strip().translate(_WIDE)
    if alone := _ALONE.fullmatch(text):
        return Command(SHOW, int(alone[1]))
    name, rest = _leading(text, vocabulary(desks, "say_"))
    if not name:
        return None
    found = _NUMBER.match(rest)
    if found is None:
        return None if rest.strip(" \t\n?？!！.。") else Command(name)
    rest = rest[found.end() :].strip()
    if not COMMANDS[name]:
        return None if rest else Command(name, int(found[1]))
    return _detailed(name, int(found[1]), rest, desks)


def _detailed(name: str, case_id: int, rest: str, desks: list[Mapping[str, str]]) -> Command:
    """With what the command's own words say."""
    if name == "call":
        return _with_outcome(name, case_id, rest, vocabulary(desks, "outcome_"), CALLED)
    if name == "called":  # and yet nobody answered
        failed = [word for word, one in vocabulary(desks, "outcome_").items() if one == "no_answer"]
        nobody = any(word in rest.lower() for word in failed)
        return Command("call", case_id, rest, "no_answer") if nobody else Command(name, case_id, rest)
    if name == "resolve":
        return _with_outcome(name, case_id, rest, vocabulary(desks, "outcome_"), OUTCOMES)
    if name == "snooze":
        span, why = _span(rest, vocabulary(desks, "unit_"))
        return Command(name, case_id, why, span=span)
    return Command(name, case_id, rest)


def _with_outcome(name: str, case_id: int, rest: str, words: Vocabulary, known: tuple[str, ...]) -> Command:
    outcome, note = _leading(rest, {word: one for word, one in words.items() if one in known})
    return Command(name, case_id, note.strip(_BLANKS) if outcome else rest, outcome)


def _span(text: str, units: Vocabulary) -> tuple[timedelta | None, str]:
    """With what follows it. None for what is no span of time, or one too short or too long to mean it."""
    found = _SPAN.match(text)
    unit, rest = _leading(found[2], units) if found else ("", "")
    if not found or not unit:
        return None, text
    span = int(found[1]) * UNITS[f"unit_{unit}"]
    return (span, rest.strip(_BLANKS)) if SHORTEST <= span <= LONGEST else (None, text)


def _leading(text: str, words: Vocabulary) -> tuple[str, str]:
    """What the longest word stands for that the text begins with, and the rest; a word of letters ends where they
    end."""
    low = text.lower()
    for word in sorted(words, key=len, reverse=True):
        rest = text[len(word) :]
        if low.startswith(word) and not (word[-1].isascii() and rest[:1].isascii() and rest[:1].isalpha()):
            return words[word], rest
    return "", text
