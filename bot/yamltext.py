"""Reads YAML as words: every scalar stays text, a repeated key is a fault, every value knows its line."""

from collections.abc import Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.errors import Fault

Where = tuple[Hashable, ...]


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
        node = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.CSafeLoader)
    except OSError as error:
        document.faults.append(Fault(document.name, 1, f"cannot be read: {error.strerror}"))
    except UnicodeDecodeError:
        document.faults.append(Fault(document.name, 1, "is not UTF-8 text: save it as UTF-8"))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        document.faults.append(Fault(document.name, mark.line + 1 if mark else 1, f"is not YAML: {problem}"))
    else:
        document.data = _value(node, (), document) if node is not None else None
    return document


def _value(node: yaml.Node, where: Where, document: Document) -> Any:
    document.lines[where] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, where, document)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*where, index), document) for index, item in enumerate(node.value)]
    if isinstance(node, yaml.ScalarNode) and node.tag.endswith(":null") and node.value in ("", "~"):
        return ""
    return str(node.value)


def _mapping(node: yaml.MappingNode, where: Where, document: Document) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        inner = (*where, key)
        if key in found:
            first = document.lines[inner]
            text = f"{key!r} stands twice here (first on line {first}): keep one"
            document.faults.append(Fault(document.name, key_node.start_mark.line + 1, text))
            continue
        found[key] = _value(value_node, inner, document)
        document.lines[inner] = key_node.start_mark.line + 1
    return found
