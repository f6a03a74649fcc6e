"""Reads flows/touchpoints.yaml, the rhythm that HR edits; every fault with its line. flows/README.md has the format."""

import hashlib
import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import time, timedelta
from pathlib import Path
from typing import Any

from bot.engine.flow import Flow
from bot.platform import yaml_text
from bot.platform.yaml_text import Document, Where
from bot.record.vocabulary import FACTS, FREE_FACTS, TEMPLATES
from bot.rhythm import Audience, Entry, Every, Expects, Rhythm, RhythmMoment
from bot.rhythm.entries import CASE, STORIES, bases, is_base

NAME = "touchpoints"
_KEYS = ("tasks", "wait", "entries")
_ENTRY_KEYS = (
    *("kind", "at", "every", "begins", "if", "only", "expects", "expires", "hours", "priority", "template", "skip"),
    *("also", "for"),
)
_FOR = ("stage", "store", "city", "source", "share")
_ONLY = ("bound", "unbound", "unseen", "fresh", "late")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MOMENT = re.compile(
    r"(?P<base>[a-z_]+(?: [a-z_0-9/]+)?)(?: (?P<sign>[+-]) ?(?P<n>\d+)(?P<unit>[mhd]))?(?: at (?P<at>\S+))?"
)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
_SPAN = re.compile(r"(\d+)\s*([mhd])")
_EXPECTS = re.compile(r"(answer|seen|confirm) within (\d+\s*[mhd])(?: else case ([a-z_]+))?")
_EXPIRES = {"notice": timedelta(days=3), "story": timedelta(days=2)}


def read_touchpoints(
    path: Path,
    flows: Mapping[str, Flow],
    stages: tuple[str, ...],
    stories: tuple[str, ...],
    read: Callable[[Path, str], Document] = yaml_text.read,
) -> tuple[Rhythm, Document]:
    """The rhythm, and its document with the faults. A folder without the file has no rhythm."""
    document = read(path, f"{path.parent.name}/{path.name}") if path.exists() else Document(path, path.name)
    return _TouchpointReader(document, flows, stages).rhythm(stories), document


class _TouchpointReader:
    def __init__(self, document: Document, flows: Mapping[str, Flow], stages: tuple[str, ...]) -> None:
        self.document, self.flows, self.stages = document, flows, stages
        self.tasks: tuple[str, ...] = ()
        self.entries: tuple[str, ...] = ()
        self.facts = {name: words or stages for name, words in FACTS.items()}

    def rhythm(self, stories: tuple[str, ...]) -> Rhythm:
        data = self.document.mapping(self.document.data, ())
        self._known(data, _KEYS, ())
        tasks = self.document.mapping(data.get("tasks"), ("tasks",))
        self.tasks = tuple(tasks)
        due = {code: self._task(code, body) for code, body in tasks.items()}
        wait = self._span(data.get("wait", "21d"), ("wait",))
        entries = self.document.mapping(data.get("entries"), ("entries",))
        self.entries = tuple(entries)
        read = {name: self._entry(name, body) for name, body in entries.items()}
        kept = json.dumps([data, stories], ensure_ascii=False, sort_keys=True)
        version = hashlib.sha256(kept.encode()).hexdigest()[:12]
        return Rhythm(read, due, wait, tuple(f"{STORIES}.{name}" for name in stories), version)

    def _task(self, code: str, body: Any) -> RhythmMoment:
        where = ("tasks", code)
        data = self.document.mapping(body, where)
        self._known(data, ("due",), where)
        return self._moment(data.get("due", ""), (*where, "due"))

    def _entry(self, name: str, body: Any) -> Entry:
        where = ("entries", name)
        data = self.document.mapping(body, where)
        self._known(data, _ENTRY_KEYS, where)
        kind = data.get("kind", "")
        if kind not in ("notice", "story"):
            self._fault((*where, "kind"), f"kind: {kind!r} should be notice (must arrive) or story (nice to read)")
            kind = "story"
        entry = Entry(
            name,
            kind,
            tuple(self._moment(text, (*where, "at")) for text in _listed(data.get("at")) or ("",)),
            tuple(self._begins(_listed(data.get("begins")), (*where, "begins"))),
            every=self._every(data["every"], (*where, "every")) if "every" in data else None,
            when=self._conditions(data.get("if"), (*where, "if")),
            only=tuple(self._only(_listed(data.get("only")), (*where, "only"))),
            expects=self._expects(data.get("expects", "nothing"), (*where, "expects")),
            expires=self._expires(data.get("expires", ""), kind, (*where, "expires")),
            hours=self._hours(data["hours"], (*where, "hours")) if "hours" in data else None,
            priority=self._number(data.get("priority", "0"), (*where, "priority")),
            template=self._template(data.get("template", ""), kind, (*where, "template")),
            skip_holidays=self._skip(data.get("skip", ""), (*where, "skip")),
            mailed=self._also(data.get("also", ""), kind, (*where, "also")),
            audience=self._audience(data.get("for"), (*where, "for")),
        )
        return self._consistent(entry, where)

    def _consistent(self, entry: Entry, where: Where) -> Entry:
        if len(entry.begins) > 1 and entry.every is None:
            self._fault(where, "has several steps to begin: add every: 7d, so that each has its time")
        if entry.begins == (STORIES,) and entry.every is None:
            self._fault(where, "tells stories: add every: friday at 17:30")
        if not entry.begins:
            self._fault(where, "begins nothing: add begins: flow.step")
            return replace(entry, begins=("",))
        return entry

    def _moment(self, text: Any, where: Where) -> RhythmMoment:
        found = _MOMENT.fullmatch(str(text).strip())
        if not found or not is_base(found["base"], self.stages, self.tasks, self.entries):
            self._fault(where, f"{text!r} is no moment: write it like start - 3d at 10:00, from one of {bases()}")
            return RhythmMoment("start")
        offset = timedelta(**{_UNITS[found["unit"]]: int(found["n"])}) if found["n"] else timedelta(0)
        at = self._clock(found["at"], where) if found["at"] else None
        return RhythmMoment(found["base"], -offset if found["sign"] == "-" else offset, at)

    def _clock(self, text: str, where: Where) -> time:
        found = _CLOCK.fullmatch(text)
        if not found:
            self._fault(where, f"{text!r} is no time of day: write it like 17:30")
            return time(12)
        return time(int(found[1]), int(found[2]))

    def _every(self, text: Any, where: Where) -> Every:
        day, _, at = str(text).partition(" at ")
        if day in _DAYS and at:
            return Every(weekday=_DAYS.index(day), at=self._clock(at, where))
        if re.fullmatch(r"[1-9]\d{0,2}d", day) and not at:
            return Every(days=int(day[:-1]))
        self._fault(where, f"{text!r} is no rhythm: write it like 7d or friday at 17:30")
        return Every(days=7)

    def _begins(self, steps: list[str], where: Where) -> Iterator[str]:
        for text in steps:
            flow, _, step = text.partition(".")
            known = self.flows.get(flow)
            if text == STORIES or (text.startswith(CASE) and text.removeprefix(CASE).isidentifier()):
                yield text
            elif known is None or step not in known.steps:
                self._fault(where, f"{text!r} is no step of a flow: write it like notice.training, or case REASON")
            else:
                yield text

    def _conditions(self, data: Any, where: Where) -> dict[str, frozenset[str]]:
        found: dict[str, frozenset[str]] = {}
        for fact, words in self.document.mapping(data, where).items():
            allowed = self.facts.get(fact)
            if allowed is None and fact not in FREE_FACTS:
                self._fault((*where, fact), f"if: {fact!r} is no fact: use one of {', '.join(self.facts)}")
                continue
            wanted = _listed(words)
            for word in wanted:
                if allowed is not None and word not in allowed:
                    self._fault((*where, fact), f"if: {fact} is never {word!r}: use one of {', '.join(allowed)}")
            found[fact] = frozenset(wanted)
        return found

    def _only(self, words: list[str], where: Where) -> Iterator[str]:
        for word in words:
            if word in _ONLY or (word.startswith("open ") and word.removeprefix("open ") in self.tasks):
                yield word
            else:
                self._fault(where, f"only: {word!r} is not known: use {', '.join(_ONLY)} or open TASK")

    def _expects(self, text: Any, where: Where) -> Expects | None:
        if text == "nothing":
            return None
        found = _EXPECTS.fullmatch(str(text))
        if not found:
            self._fault(where, f"{text!r}: write it like seen within 24h else case unread, or nothing")
            return None
        return Expects(found[1], self._span(found[2], where), found[3] or "")  # type: ignore[arg-type]

    def _expires(self, text: Any, kind: str, where: Where) -> timedelta | RhythmMoment:
        if not text:
            return _EXPIRES[kind]
        return self._span(text, where) if _SPAN.fullmatch(str(text)) else self._moment(text, where)

    def _hours(self, text: Any, where: Where) -> tuple[int, int] | None:
        found = re.fullmatch(r"(\d{1,2})-(\d{1,2})", str(text))
        if not found or not 0 <= int(found[1]) < int(found[2]) <= 24:
            self._fault(where, f"{text!r} is no span of hours: write it like 7-21")
            return None
        return int(found[1]), int(found[2])

    def _number(self, text: Any, where: Where) -> int:
        if re.fullmatch(r"\d{1,3}", str(text)):
            return int(text)
        self._fault(where, f"{text!r} is no number from 0 to 999")
        return 0

    def _template(self, text: Any, kind: str, where: Where) -> str:
        if text and kind == "story":
            self._fault(where, "a story never goes as a template: WeChat allows these for what must be known only")
        elif text and text not in TEMPLATES:
            self._fault(where, f"template: {text!r} is not known: use one of {', '.join(TEMPLATES)}")
        return str(text) or ("update" if kind == "notice" else "")

    def _skip(self, text: Any, where: Where) -> bool:
        if text not in ("", "holidays"):
            self._fault(where, f"skip: {text!r} is not known: use holidays")
        return bool(text)

    def _also(self, text: Any, kind: str, where: Where) -> bool:
        if text not in ("", "email"):
            self._fault(where, f"also: {text!r} is not known: use email")
        if text and kind == "story":
            self._fault(where, "also: a story is not mailed")
        return bool(text)

    def _audience(self, data: Any, where: Where) -> Audience:
        given = self.document.mapping(data, where)
        self._known(given, _FOR, where)
        share = re.fullmatch(r"(\d{1,3})%", str(given.get("share", "100%")))
        if not share or int(share[1]) > 100:
            self._fault((*where, "share"), f"share: {given.get('share')!r} should be a share like 90%")
        stages = frozenset(_listed(given.get("stage")))
        for stage in sorted(stages - set(self.stages)):
            self._fault((*where, "stage"), f"for: no stage is called {stage!r}: {', '.join(self.stages)}")
        stores, cities, sources = (frozenset(_listed(given.get(word))) for word in ("store", "city", "source"))
        return Audience(stages, stores, cities, sources, int(share[1]) if share else 100)

    def _span(self, text: Any, where: Where) -> timedelta:
        found = _SPAN.fullmatch(str(text))
        if not found:
            self._fault(where, f"{text!r} is no span of time: use a number with m, h or d, like 24h")
            return timedelta(days=1)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})

    def _known(self, data: Mapping[str, Any], known: Collection[str], where: Where) -> None:
        for key in data:
            if key not in known:
                self._fault((*where, key), f"{key!r} is not known here: use {', '.join(known)}")

    def _fault(self, where: Where, text: str) -> None:
        self.document.faults.append(self.document.fault(where, text))


def _listed(data: Any) -> list[str]:
    if not data:
        return []
    return [str(each) for each in data] if isinstance(data, list) else [str(data)]
