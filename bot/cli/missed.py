"""`keepwarm understand --missed`: what people wrote and nobody understood, ready to be taught."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

import typer

from bot import clock, content, invites
from bot.cli.opened import actor, opened
from bot.content import Content
from bot.conversation.house import understanding
from bot.store import audit, missed
from bot.store.missed import Missed
from bot.understanding import Decision, Understanding
from bot.understanding.text import has_han, normal

_MASK = "…"
_DIGITS = 6  # so many in a row, or in a phone number's groups, may say who somebody is
_MAIL = re.compile(r"[^\s<>]+@[^\s<>]+\.[^\s<>]+")
_NUMBER = re.compile(rf"\+?\(?\d(?:[\s().-]{{0,2}}\d){{{_DIGITS - 1},}}")
_SPOKEN_NUMBER = re.compile(rf"[零〇一二两三四五六七八九幺]{{{_DIGITS},}}")
_TOKEN = re.compile(r"[^\W_](?:[^\W_]|-(?=[^\W_])){5,}", re.ASCII)

_NOTE = "# Written by people: read before you paste. Numbers and codes are masked, names are not."


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


def print_missed(ago: timedelta, as_json: bool) -> None:
    """Reads the store, notes the reading in the audit log, and prints."""
    with opened() as (loaded, database, cipher):
        known, now, who = content.load(loaded), clock.now(), actor()
        found = database.read(lambda connection: missed.since(connection, cipher, now - ago))
        unclear = guessed(found, understanding(loaded, known))
        detail = {"texts": len(found), "days": round(ago / timedelta(days=1), 2)}
        database.write(lambda connection: audit.record(connection, who, "understand.missed", None, now, detail))
    if as_json:
        typer.echo(json.dumps([each.as_json() for each in unclear], ensure_ascii=False))
    else:
        typer.echo("\n".join(teachable(unclear, known)))


def guessed(found: Sequence[Missed], understands: Understanding) -> list[Unclear]:
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


def _unclear(same: Sequence[Missed], understands: Understanding) -> Unclear | None:
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
