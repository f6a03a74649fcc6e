"""What people wrote and nobody understood: what is alike together, masked, with the best guess."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Protocol

from bot.content import Content
from bot.store.views.not_understood import Missed
from bot.understanding import Decision, Meaning
from bot.understanding.text import has_han, normal
from bot.values import invites

_MASK = "…"
_DIGITS = 6  # so many in a row, or in a phone number's groups, may say who somebody is
_MAIL = re.compile(r"[^\s<>]+@[^\s<>]+\.[^\s<>]+")
_NUMBER = re.compile(rf"\+?\(?\d(?:[\s().-]{{0,2}}\d){{{_DIGITS - 1},}}")
_SPOKEN_NUMBER = re.compile(rf"[零〇一二两三四五六七八九幺]{{{_DIGITS},}}")
_TOKEN = re.compile(r"[^\W_](?:[^\W_]|-(?=[^\W_])){5,}", re.ASCII)

_NOTE = "# Written by people: read before you paste. Numbers and codes are masked, names are not."


class Classifier(Protocol):
    """Takes a text to mean something."""

    def meaning(self, text: str) -> Meaning: ...


@dataclass(frozen=True, slots=True)
class Unclear:
    """One way of asking, masked, as often as it came, with the best guess of today's understanding."""

    locale: str
    intent: str  # "" where there is no guess
    text: str
    times: int
    p: float
    decision: Decision
    last: datetime
    inbound_id: int = 0  # of the newest

    def as_json(self) -> dict[str, object]:
        return {
            "text": self.text,
            "times": self.times,
            "intent": self.intent or None,
            "p": round(self.p, 4),
            "decision": self.decision,
            "locale": self.locale,
            "last": self.last.isoformat(),
        }


def guessed(found: Sequence[Missed], understands: Classifier) -> list[Unclear]:
    """The most frequent first, then the newest. What has been taught since is understood by now and left out."""
    same: dict[str, list[Missed]] = {}
    for each in found:
        same.setdefault(normal(each.text), []).append(each)
    unclear = filter(None, (_unclear(each, understands) for each in same.values()))
    return sorted(unclear, key=lambda each: (each.times, each.last), reverse=True)


def masked(text: str) -> str:
    """The text without what may tell who wrote it or opens their record: numbers, codes, mail addresses."""
    for pattern in (_MAIL, _NUMBER, _SPOKEN_NUMBER):
        text = pattern.sub(_MASK, text)
    return _TOKEN.sub(lambda token: _MASK if _may_be_a_code(token[0]) else token[0], text)


def teachable(unclear: Iterable[Unclear], known: Content) -> Iterator[str]:
    """YAML: one document a file of messages/, whose groups go under its `ask:`; what has no guess is a comment."""
    yield _NOTE
    ordered = sorted(unclear, key=lambda each: (each.locale, each.intent))
    for (locale, flow), of_file in groupby(ordered, key=lambda each: (each.locale, each.intent.partition(".")[0])):
        if flow:
            yield from ("---", f"# messages/{locale}/{flow}.yaml", "ask:")
            for intent, group in groupby(of_file, key=lambda each: each.intent):
                yield from _group(intent, list(group), known.words[locale].about.get(intent, ""))
        else:
            yield from ("---", f"# {locale}: no guess")
            yield from (f"# {_line(each)}" for each in of_file)


def _unclear(same: Sequence[Missed], understands: Classifier) -> Unclear | None:
    newest = same[0]
    meant = understands.meaning(newest.text)
    if meant.decision == "answer":
        return None
    return Unclear(
        locale="zh" if has_han(newest.text) else "en",
        intent=meant.top[0][0] if meant.top else "",
        text=masked(" ".join(newest.text.split())),
        times=len(same),
        p=meant.p,
        decision=meant.decision,
        last=newest.at,
        inbound_id=newest.id,
    )


def _may_be_a_code(token: str) -> bool:
    """An invite of ours, or one that came with the import: a digit in it, or capitals only."""
    bare = token.replace("-", "")
    of_ours = len(bare) == invites.LENGTH and bare == bare.upper()
    return of_ours or any(letter.isdigit() for letter in bare)


def _group(intent: str, group: Sequence[Unclear], about: str) -> Iterator[str]:
    name = intent.partition(".")[2]
    yield f"  # {name} ({about}): asked {sum(each.times for each in group)} times in {len(group)} ways"
    yield f"  {name}:"
    for each in sorted(group, key=lambda each: (each.times, each.last), reverse=True):
        yield f"    - {_line(each)}"


def _line(each: Unclear) -> str:
    times = f"{each.times} times, " if each.times > 1 else ""
    return (
        f"{json.dumps(each.text, ensure_ascii=False)}  # {times}{each.decision}, p {each.p:.2f}, {each.last:%Y-%m-%d}"
    )
