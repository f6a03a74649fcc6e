"""Reads messages/<locale>/*.yaml: what we say, how people ask, how choices are called."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2

from bot.content.templates import Templates, templates_for
from bot.errors import Fault
from bot.platform import yaml_text
from bot.platform.yaml_text import Document, Where

_PARTS = {"about", "ask", "plain", "say", "choices"}
_SHARED = {"formats", "stages", "tasks", "samples"}
_FORMATS = ("day", "time", "moment", "comma")
DESK = ("inbox", "alerts", "risk", "report")  # files of what HR reads: {placeholder}s, no templates
_FORMS = ("text", "sms", "plain", "again", "card", "link")


@dataclass(frozen=True)
class Text:
    """What one key says, by form: `text`, for SMS `sms`, in plainer words `plain`, as a question asked once more
    `again`; `card` and `link` make it a card."""

    forms: Mapping[str, str]
    templates: Templates
    placeholders: frozenset[str]

    def form(self, *wanted: str) -> jinja2.Template:
        """The first form wanted that it has, else the text."""
        name = next((name for name in wanted if name in self.forms), "text")
        return self.templates.compile(self.forms[name])

    def of(self, form: str) -> frozenset[str]:
        """The placeholders of one form, or of the text where there is none."""
        return self.templates.placeholders(self.forms.get(form, self.forms["text"]))


@dataclass
class Words:
    """Everything of one locale, by `flow.key`; `desk`: what HR reads, by file and key. `documents` know where each
    stands, `elsewhere` what stands in none."""

    locale: str
    templates: Templates
    formats: dict[str, str] = field(default_factory=dict)
    say: dict[str, Text] = field(default_factory=dict)
    ask: dict[str, tuple[str, ...]] = field(default_factory=dict)
    plain: dict[str, tuple[str, ...]] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)
    choices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    stages: dict[str, str] = field(default_factory=dict)
    tasks: dict[str, str] = field(default_factory=dict)
    samples: dict[str, Any] = field(default_factory=dict)
    rules: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ambiguous: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    desk: dict[str, dict[str, str]] = field(default_factory=dict)
    menu: dict[str, tuple[str, ...]] = field(default_factory=dict)
    documents: dict[str, Document] = field(default_factory=dict)
    write: Callable[[str], str] = str
    elsewhere: dict[Where, tuple[Document, Where]] = field(default_factory=dict)

    @property
    def labels(self) -> Mapping[str, str]:
        """How stages and tasks are called."""
        return self.tasks | self.stages

    def name_of(self, flow: str) -> str:
        document = self.documents.get(flow)
        return document.name if document else f"messages/{self.locale}/{flow}.yaml"

    def fault(self, flow: str, where: Where, text: str) -> Fault:
        if found := self.elsewhere.get((flow, *where)):
            return found[0].fault(found[1], text)
        document = self.documents.get(flow)
        return document.fault(where, text) if document else Fault(self.name_of(flow), 1, text)


Write = Callable[[str], str]


def read_locale(folder: Path) -> tuple[Words, list[Fault]]:
    """One locale's folder, with what is wrong in any of its files."""
    stems = ["shared", *(path.stem for path in sorted(folder.glob("*.yaml")) if path.stem != "shared")]
    return _worded(
        folder.name,
        {stem: yaml_text.read(folder / f"{stem}.yaml", f"messages/{folder.name}/{stem}.yaml") for stem in stems},
        str,
    )


def in_script(words: Words, locale: str, write: Write) -> Words:
    """The same words for another locale, each text as `write` writes it; how people ask stays with the first."""
    other, _ = _worded(locale, words.documents, write)
    other.rules, other.ask, other.plain = {}, {}, {}
    return other


def _worded(locale: str, documents: Mapping[str, Document], write: Write) -> tuple[Words, list[Fault]]:
    shared = documents["shared"]
    faults = list(shared.faults)
    data = written(shared.data, write) if isinstance(shared.data, dict) else {}
    faults += [
        shared.fault((key,), f"{key!r} is not known here: use {', '.join(sorted(_SHARED))}")
        for key in data
        if key not in _SHARED
    ]
    formats = _texts(data.get("formats"))
    faults += [shared.fault(("formats",), f"formats: add {name}") for name in _FORMATS if name not in formats]
    words = Words(
        locale,
        templates_for(locale, tuple(sorted(formats.items()))),
        formats=formats,
        stages=_texts(data.get("stages")),
    )
    words.write = write
    words.tasks = _texts(data.get("tasks"))
    words.samples = dict(_dict(data.get("samples")))
    words.documents |= documents
    for stem, document in documents.items():
        if stem != "shared":
            _read_file(stem, document, words, write)
            faults += document.faults
    return words, faults


def written(data: Any, write: Write) -> Any:
    """The same data with every text written in another script; keys stay."""
    if write is str:
        return data
    if isinstance(data, dict):
        return {key: written(item, write) for key, item in data.items()}
    if isinstance(data, list):
        return [written(item, write) for item in data]
    return write(data) if isinstance(data, str) else data


def _read_file(stem: str, document: Document, words: Words, write: Write) -> None:
    data = document.data if isinstance(document.data, dict) else {}
    if stem != "words":
        data = {part: body if part in ("ask", "plain") else written(body, write) for part, body in data.items()}
    if document.data and not data:
        document.faults.append(document.fault((), "should be a mapping (name: value)"))
    if stem == "words":
        words.ambiguous = {word: _listed(pair) for word, pair in _dict(data.get("ambiguous")).items()}
        words.rules = {name: _listed(items) for name, items in data.items() if name != "ambiguous"}
        return
    if stem == "pages":
        words.pages = _texts(data)
        return
    if stem in DESK:
        words.desk[stem] = _texts(data)
        return
    if stem == "menu":
        words.menu = {write(name): _listed(intents) for name, intents in _dict(document.data).items()}
        return
    for part in data:
        if part not in _PARTS:
            document.faults.append(
                document.fault((part,), f"{part!r} is not known here: use {', '.join(sorted(_PARTS))}")
            )
    words.about |= {f"{stem}.{name}": text for name, text in _texts(data.get("about")).items()}
    words.ask |= {f"{stem}.{name}": _listed(items) for name, items in _dict(data.get("ask")).items()}
    words.plain |= {f"{stem}.{name}": _listed(items) for name, items in _dict(data.get("plain")).items()}
    words.choices |= {f"{stem}.{name}": _listed(items) for name, items in _dict(data.get("choices")).items()}
    for key, said in _dict(data.get("say")).items():
        text = text_of(said, document, ("say", key), words.templates)
        if text:
            words.say[f"{stem}.{key}"] = text


def text_of(said: Any, document: Document, where: Where, templates: Templates) -> Text | None:
    """What a key says, compiled; faults go to the document."""
    forms = said if isinstance(said, dict) else {"text": said}
    for name in forms:
        if name not in _FORMS:
            what = f"{name!r} is no form of a text: use one of {', '.join(_FORMS)}"
            document.faults.append(document.fault((*where, name), what))
    if not isinstance(forms.get("text"), str) or not forms["text"].strip():
        document.faults.append(document.fault(where, f"{where[-1]} says nothing: write its text"))
        return None
    if ("card" in forms) != ("link" in forms):
        document.faults.append(document.fault(where, f"{where[-1]}: a card needs both card (its title) and link"))
    try:
        placeholders = frozenset().union(*(templates.placeholders(text) for text in forms.values()))
    except jinja2.TemplateError as error:
        document.faults.append(document.fault(where, f"{where[-1]} is no template: {error}"))
        return None
    return Text(forms, templates, placeholders)


def _dict(data: Any) -> Mapping[str, Any]:
    return data if isinstance(data, dict) else {}


def _texts(data: Any) -> dict[str, str]:
    return {name: str(text) for name, text in _dict(data).items()}


def _listed(data: Any) -> tuple[str, ...]:
    return tuple(map(str, data)) if isinstance(data, list) else (str(data),) if data else ()
