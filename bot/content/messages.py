"""Reads messages/<locale>/*.yaml: what we say, how people ask, how choices are called."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2

from bot import yamltext
from bot.content.templates import Templates
from bot.errors import Fault
from bot.vocabulary import VALUES
from bot.yamltext import Document, Where

_PARTS = {"about", "ask", "say", "choices"}
_SHARED = {"formats", "stages"}
_FORMATS = ("day", "time", "moment", "comma")
_CHANNELS = ("text", "sms")


@dataclass(frozen=True)
class Text:
    """What one key says on each channel."""

    wechat: jinja2.Template
    sms: jinja2.Template
    placeholders: frozenset[str]


@dataclass
class Words:
    """Everything of one locale, by `flow.key`; `documents` know where each stands."""

    locale: str
    templates: Templates
    formats: dict[str, str] = field(default_factory=dict)
    say: dict[str, Text] = field(default_factory=dict)
    ask: dict[str, tuple[str, ...]] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)
    rules: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    menu: dict[str, tuple[str, ...]] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)

    def name_of(self, flow: str) -> str:
        document = self.documents.get(flow)
        return document.name if document else f"messages/{self.locale}/{flow}.yaml"

    def fault(self, flow: str, where: Where, text: str) -> Fault:
        document = self.documents.get(flow)
        return document.fault(where, text) if document else Fault(self.name_of(flow), 1, text)


def read_locale(folder: Path) -> tuple[Words, list[Fault]]:
    """One locale's folder, with what is wrong in any of its files."""
    shared = yamltext.read(folder / "shared.yaml", f"messages/{folder.name}/shared.yaml")
    faults = list(shared.faults)
    data = shared.data if isinstance(shared.data, dict) else {}
    faults += [
        shared.fault((key,), f"{key!r} is not known here: use {', '.join(sorted(_SHARED))}")
        for key in data
        if key not in _SHARED
    ]
    formats = _texts(data.get("formats"))
    faults += [shared.fault(("formats",), f"formats: add {name}") for name in _FORMATS if name not in formats]
    words = Words(folder.name, Templates(folder.name, formats), formats=formats, stages=_texts(data.get("stages")))
    words.documents["shared"] = shared
    for path in sorted(folder.glob("*.yaml")):
        if path.stem != "shared":
            document = yamltext.read(path, f"messages/{folder.name}/{path.name}")
            words.documents[path.stem] = document
            _read_file(path.stem, document, words)
            faults += document.faults
    return words, faults


def _read_file(stem: str, document: Document, words: Words) -> None:
    data = document.data if isinstance(document.data, dict) else {}
    if document.data and not data:
        document.faults.append(document.fault((), "should be a mapping (name: value)"))
    if stem == "words":
        words.rules = {name: _listed(items) for name, items in data.items()}
        return
    if stem == "pages":
        words.pages = _texts(data)
        return
    if stem == "menu":
        words.menu = {name: _listed(intents) for name, intents in data.items()}
        return
    for part in data:
        if part not in _PARTS:
            document.faults.append(
                document.fault((part,), f"{part!r} is not known here: use {', '.join(sorted(_PARTS))}")
            )
    words.about |= {f"{stem}.{name}": text for name, text in _texts(data.get("about")).items()}
    words.ask |= {f"{stem}.{name}": _listed(items) for name, items in _dict(data.get("ask")).items()}
    words.choices |= {f"{stem}.{name}": _listed(items) for name, items in _dict(data.get("choices")).items()}
    for key, said in _dict(data.get("say")).items():
        text = _text(said, document, ("say", key), words.templates)
        if text:
            words.say[f"{stem}.{key}"] = text


def _text(said: Any, document: Document, where: Where, templates: Templates) -> Text | None:
    by_channel = said if isinstance(said, dict) else {"text": said}
    for name in by_channel:
        if name not in _CHANNELS:
            document.faults.append(document.fault((*where, name), f"{name!r} is no channel's text: use text and sms"))
    if not isinstance(by_channel.get("text"), str) or not by_channel["text"].strip():
        document.faults.append(document.fault(where, f"{where[-1]} says nothing: write its text"))
        return None
    try:
        placeholders = frozenset().union(*(templates.placeholders(text) for text in by_channel.values()))
        compiled = {name: templates.compile(text) for name, text in by_channel.items()}
    except jinja2.TemplateError as error:
        document.faults.append(document.fault(where, f"{where[-1]} is no template: {error}"))
        return None
    for name in sorted(placeholders - VALUES):
        what = f"{where[-1]} names {{{{ {name} }}}}, which is no value: use one of {', '.join(sorted(VALUES))}"
        document.faults.append(document.fault(where, what))
    return Text(compiled["text"], compiled.get("sms", compiled["text"]), placeholders)


def _dict(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}


def _texts(data: Any) -> dict[str, str]:
    return {name: str(text) for name, text in _dict(data).items()}


def _listed(data: Any) -> tuple[str, ...]:
    return tuple(map(str, data)) if isinstance(data, list) else (str(data),) if data else ()
