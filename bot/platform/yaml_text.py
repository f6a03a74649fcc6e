"""Reads YAML as words: every scalar stays text, a repeated key is a fault, every value knows its line.

It is read event by event, so that what would grow beyond bounds (depth, aliases, size) is refused before it is built.
What staff bring is read in a process of its own besides: `read_apart`.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.errors import Fault
from bot.platform import sandbox

Where = tuple[Hashable, ...]
Event = Any  # of PyYAML, which has no types

_MOST_BYTES = 1024 * 1024
_MOST_VALUES = 100_000
_DEEPEST = 50
_EMPTY = ("", "~")


@dataclass
class Document:
    """What a file says, and on which line it says it. `data` holds dict, list and str only."""

    path: Path
    name: str
    data: Any = None
    lines: dict[Where, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def line(self, where: Where) -> int:
        """The line of the deepest part of `where` that the file has."""
        while where and where not in self.lines:
            where = where[:-1]
        return self.lines.get(where, 1)

    def fault(self, where: Where, text: str) -> Fault:
        return Fault(self.name, self.line(where), text)

    def mapping(self, data: Any, where: Where) -> dict[str, Any]:
        """The mapping that `data` should be; if it is none, the empty one, and a fault unless it is empty too."""
        if isinstance(data, dict):
            return data
        if data:
            self.faults.append(self.fault(where, "should be a mapping (name: value)"))
        return {}


def read(path: Path, name: str | None = None) -> Document:
    """Reads one file. Unreadable or ill-formed YAML gives a document with `faults` and no data."""
    document = Document(path, name or str(path))
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise _Unreadable(1, f"has more than {_MOST_BYTES // 1024} KB: that is no file of settings or words")
        document.data = _Pass(document, path.read_text(encoding="utf-8-sig")).read()
    except OSError as error:
        _fail(document, 1, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError:
        _fail(document, 1, "is not UTF-8 text: save it as UTF-8")
    except _Unreadable as refused:
        _fail(document, refused.line, refused.text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        _fail(document, mark.line + 1 if mark else 1, f"is not YAML: {problem}")
    return document


def read_apart(path: Path, name: str | None = None) -> Document:
    """As `read`, in a process of its own with limits: for files that came from outside."""
    document = Document(path, name or str(path))
    try:
        (said,) = sandbox.lines(__name__, str(path))
    except sandbox.Broken as broken:
        return _fail(document, 1, f"cannot be read: {broken}")
    document.data = said["data"]
    document.lines = {tuple(where): line for where, line in said["lines"]}
    document.faults = [Fault(document.name, line, text) for line, text in said["faults"]]
    return document


class _Unreadable(Exception):
    """The file asks for too much, or for what we do not read."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line, self.text = line, text


class _Pass:
    """One pass over the events of a file."""

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._events: Iterator[Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._values = 0

    def read(self) -> Any:
        """The one document of the file; None where there is none."""
        data = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                if self._values:
                    raise _Unreadable(_line(event), "has a second document (---): keep one")
                data = self._value(next(self._events), (), 1)
        return data

    def _value(self, event: Event, where: Where, depth: int) -> Any:
        self._look(event, depth)
        self._document.lines[where] = _line(event)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(where, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return [self._value(item, (*where, number), depth + 1) for number, item in enumerate(self._items())]
        null = event.implicit[0] or str(event.tag).endswith(":null")
        return "" if null and event.value in _EMPTY else str(event.value)

    def _look(self, event: Event, depth: int) -> None:
        """Raises _Refused where the file grows beyond bounds."""
        self._values += 1
        if isinstance(event, yaml.AliasEvent) or event.anchor:
            raise _Unreadable(_line(event), "has an anchor or alias (&name, *name): write it out, or put it in quotes")
        if depth > _DEEPEST:
            raise _Unreadable(_line(event), f"is nested deeper than {_DEEPEST} levels")
        if self._values > _MOST_VALUES:
            raise _Unreadable(_line(event), f"has more than {_MOST_VALUES:,} values")

    def _items(self) -> Iterator[Event]:
        """The events at which the parts of a list or mapping begin."""
        for event in self._events:
            if isinstance(event, yaml.CollectionEndEvent):
                return
            yield event

    def _mapping(self, where: Where, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._items():
            key = self._key(event, depth)
            inner = (*where, key)
            if key in found:
                text = f"{key!r} stands twice here (first on line {self._document.lines[inner]}): keep one"
                self._document.faults.append(Fault(self._document.name, _line(event), text))
                self._skip(next(self._events), depth + 1)
                continue
            found[key] = self._value(next(self._events), inner, depth + 1)
            self._document.lines[inner] = _line(event)
        return found

    def _key(self, event: Event, depth: int) -> str:
        self._look(event, depth)
        if not isinstance(event, yaml.ScalarEvent):
            raise _Unreadable(_line(event), "has a list or mapping as a name: a name is a word")
        return str(event.value)

    def _skip(self, event: Event, depth: int) -> None:
        """Leaves out a value, with all that is in it."""
        self._look(event, depth)
        if not isinstance(event, yaml.ScalarEvent):
            for item in self._items():
                self._skip(item, depth + 1)


def _line(event: Event) -> int:
    return int(event.start_mark.line) + 1


def _fail(document: Document, line: int, text: str) -> Document:
    """Nothing of it counts but why."""
    document.data, document.lines = None, {}
    document.faults = [Fault(document.name, line, text)]
    return document


def _told(path: str) -> Iterator[Any]:
    """What `read_apart` is told."""
    found = read(Path(path))
    lines = [[list(where), line] for where, line in found.lines.items()]
    yield {"data": found.data, "lines": lines, "faults": [[fault.line, fault.text] for fault in found.faults]}


if __name__ == "__main__":
    sandbox.main(_told)
