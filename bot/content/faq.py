"""Reads faq.yaml, the file that HR edits: one answer a question, or several that differ by city, store and position.

It becomes the flow `faq`: an entry is a meaning, an answer a branch. How the shipped entries are asked stands in
messages/<locale>/faq.yaml; an entry of one's own says so itself.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.content.messages import Words, text_of, written
from bot.engine.flow import Branch, Effect, Flow
from bot.platform import yaml_text
from bot.platform.yaml_text import Document, Where

NAME = "faq"
_KEYS = ("about", "ask", "answers")
_FOR = {"city": "city", "store": "store_code", "position": "position", "stage": "stage"}
_UNKNOWN = "unknown"
_CLOSED = Branch(when={"open": frozenset({"no"})}, next="stage.closed")
_WRITTEN = ("zh", "en")


def read_faq(path: Path, words: Mapping[str, Words], stages: tuple[str, ...]) -> tuple[Flow, Document]:
    """The flow, with its texts put among the words of each locale; faults are the document's."""
    reader = _FaqReader(yaml_text.read(path, path.name), words, stages)
    return reader.flow(), reader.document


class _FaqReader:
    def __init__(self, document: Document, words: Mapping[str, Words], stages: tuple[str, ...]) -> None:
        self.document, self.words, self.stages = document, words, stages
        self.shipped = {
            intent.partition(".")[2]
            for spoken in words.values()
            for intent in (*spoken.ask, *spoken.about)
            if intent.startswith(f"{NAME}.")
        }

    def flow(self) -> Flow:
        entries = self.document.mapping(self.document.data, ())
        names = [*entries, *sorted(self.shipped - entries.keys())]
        steps = {name: self._step(name, self.document.mapping(entries.get(name), (name,))) for name in names}
        unknown = Branch(say=(_UNKNOWN,))
        return Flow(NAME, {**steps, _UNKNOWN: (unknown,)}, entries={name: name for name in names})

    def _step(self, name: str, entry: dict[str, Any]) -> tuple[Branch, ...]:
        for key in entry:
            if key not in _KEYS:
                self._fault((name, key), f"{key!r} is not known here: use {', '.join(_KEYS)}")
        if name == _UNKNOWN:
            self._fault((name,), f"{name!r} is the name of what is said where there is no answer: choose another")
        self._take_words(name, entry)
        answers = entry.get("answers")
        if not isinstance(answers, list):
            if answers:
                self._fault((name, "answers"), "should be a list: one “- ” an answer")
            answers = []
        branches = [
            self._branch(name, n, self.document.mapping(each, (name, "answers", n))) for n, each in enumerate(answers)
        ]
        for number, branch in enumerate(branches[:-1]):
            if not branch.when:
                self._fault((name, "answers", number + 1), "is never told: the answer above it has no for")
        told_to_all = bool(branches) and not branches[-1].when
        return (_CLOSED, *branches) if told_to_all else (_CLOSED, *branches, _asks_hr(name))

    def _branch(self, name: str, number: int, answer: dict[str, Any]) -> Branch:
        where = (name, "answers", number)
        key = f"{name}_{number + 1}"
        for word in answer:
            if word != "for" and word not in _WRITTEN:
                self._fault((*where, word), f"{word!r} is not known here: use for, {', '.join(_WRITTEN)}")
        for spoken in self._each_locale():
            said = answer.get(_source(spoken.locale), "")
            if not said:
                self._fault(where, f"an answer of {name} lacks {_source(spoken.locale)}")
                continue
            text = text_of(written(said, spoken.write), self.document, (*where, spoken.locale), spoken.templates)
            if text:
                spoken.say[f"{NAME}.{key}"] = text
                spoken.elsewhere[NAME, "say", key] = self.document, (*where, spoken.locale)
        return Branch(when=self._conditions(answer.get("for"), (*where, "for")), say=(key,))

    def _conditions(self, data: Any, where: Where) -> dict[str, frozenset[str]]:
        found = {}
        for word, values in self.document.mapping(data, where).items():
            if word not in _FOR:
                self._fault((*where, word), f"for: {word!r} is not known here: use {', '.join(_FOR)}")
                continue
            listed = values if isinstance(values, list) else [values]
            if word == "stage":
                for stage in listed:
                    if stage not in self.stages:
                        self._fault((*where, word), f"for: no stage is called {stage!r}: {', '.join(self.stages)}")
            found[_FOR[word]] = frozenset(map(str, listed))
        return found

    def _take_words(self, name: str, entry: Mapping[str, Any]) -> None:
        """How an entry of one's own is called and asked; for a shipped one these come on top of what ships."""
        intent = f"{NAME}.{name}"
        about, ask = (self.document.mapping(entry.get(part), (name, part)) for part in ("about", "ask"))
        for spoken in self._each_locale():
            source = _source(spoken.locale)
            if source in about:
                spoken.about[intent] = spoken.write(str(about[source]))
            if source in ask and spoken.locale == source:
                spoken.ask[intent] = (*spoken.ask.get(intent, ()), *map(str, _listed(ask[source])))
            if intent not in spoken.about or (spoken.locale == source and not spoken.ask.get(intent)):
                here = f"here, or to messages/{source}/{NAME}.yaml"
                self._fault(
                    (name,), f"{name} needs about and ask in {source}: add about: {{{source}: …}} and ask {here}"
                )

    def _each_locale(self) -> Iterator[Words]:
        yield from self.words.values()

    def _fault(self, where: Where, text: str) -> None:
        fault = self.document.fault(where, text)
        if fault not in self.document.faults:
            self.document.faults.append(fault)


def _source(locale: str) -> str:
    """The language that a locale is written from: zh-Hant from zh."""
    return locale.partition("-")[0]


def _listed(data: Any) -> Iterable[Any]:
    return data if isinstance(data, list) else [data]


def _asks_hr(name: str) -> Branch:
    """Nobody has written an answer yet: HR is asked, and we come back when there is one."""
    about = f"{NAME}.{name}"
    return Branch(do=(Effect("promise", about), Effect("open_case", about)), next=_UNKNOWN)
