"""All content of a deployment, read once at start: roads and words that fit each other, or every fault."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.content.flows import read_all
from bot.content.messages import Words, read_locale
from bot.content.templates import render
from bot.engine.flow import Branch, Flow, Flows
from bot.engine.turn import Said
from bot.errors import ContentError, Fault
from bot.settings import Settings
from bot.vocabulary import SPEAKING
from bot.yamltext import Document

NO_FLOW = ("shared", "words", "pages", "menu")
_MENU = (3, 5, 16)  # WeChat: buttons, entries of each, bytes of a button's name


@dataclass(frozen=True)
class Content:
    """The roads, and the words of each locale."""

    flows: Flows
    words: Mapping[str, Words]

    @property
    def examples(self) -> dict[str, list[str]]:
        """How people ask, of all locales together, by meaning."""
        found: dict[str, list[str]] = {}
        for locale in sorted(self.words):
            for intent, asks in self.words[locale].ask.items():
                found.setdefault(intent, []).extend(asks)
        return dict(sorted(found.items()))

    def only(self, locale: str) -> "Content":
        """The same roads with the words of one language."""
        return Content(self.flows, {locale: self.words[locale]})

    def text(self, locale: str, said: Said, channel: str, values: Mapping[str, Any]) -> str:
        """What a person reads: the words, then the choices as numbered lines."""
        words = self.words[locale]
        text = words.say[f"{said.flow}.{said.key}"]
        body = render(text.sms if channel == "sms" else text.wechat, {**values, **said.values})
        choices = [f"{n}. {self.label(locale, said.flow, name)}" for n, name in enumerate(said.choices, 1)]
        return "\n".join([body, *choices])

    def label(self, locale: str, flow: str, name: str) -> str:
        """How a choice is called; a choice that is a meaning is called what the meaning is about."""
        words = self.words[locale]
        return words.about[name] if name in words.about else words.choices[f"{flow}.{name}"][0]

    def chosen(self, flow: str, names: Sequence[str], normal: str) -> str:
        """Which choice a normalised text names, in any locale, or ""."""
        for name in names:
            for words in self.words.values():
                labels = (*words.choices.get(f"{flow}.{name}", ()), words.about.get(name, ""))
                if normal and normal in {label.lower() for label in labels}:
                    return name
        return ""


def load(settings: Settings) -> Content:
    """Raises ContentError with every fault of flows/ and messages/."""
    content, faults = read(settings)
    if faults:
        raise ContentError(faults)
    return content


def read(settings: Settings) -> tuple[Content, list[Fault]]:
    """What can be read, and all that is wrong with it."""
    flows, documents, faults = read_all(settings.flows, settings.stages.all)
    words: dict[str, Words] = {}
    for folder in sorted(path for path in settings.messages.glob("*") if path.is_dir()):
        words[folder.name], found = read_locale(folder)
        faults += found
    if not flows:
        faults.append(Fault(str(settings.flows), 1, "has no flows: it should hold <flow>.yaml files"))
    for locale in ("zh", "en"):
        if locale not in words:
            faults.append(Fault(str(settings.messages / locale), 1, "is missing: the words of this language"))
    faults += _unfit(flows, documents, words, settings)
    return Content(Flows(flows), words), sorted(set(faults))


def _unfit(
    flows: Mapping[str, Flow], documents: Mapping[str, Document], words: Mapping[str, Words], settings: Settings
) -> Iterator[Fault]:
    """Where roads and words do not meet."""
    for spoken in words.values():
        yield from _missing(flows, documents, spoken)
        yield from _unused(flows, spoken)
        yield from _bad_menu(spoken)
        for stage in settings.stages.all:
            if stage not in spoken.stages:
                yield spoken.fault("shared", ("stages",), f"stages: add {stage}: how people call this stage")
    yield from _disagreeing(words)
    yield from _pages_apart(words)
    yield from _asked_twice(words)


def _missing(flows: Mapping[str, Flow], documents: Mapping[str, Document], words: Words) -> Iterator[Fault]:
    for name, flow in flows.items():
        here, at = words.name_of(name), documents[name]
        for step, branches in flow.steps.items():
            for key in _keys_said(branches):
                if f"{name}.{key}" not in words.say:
                    yield at.fault(("steps", step), f"says {key}, which has no words: add say: {key} to {here}")
            for choice in (choice for branch in branches for choice in branch.choices):
                if not words.choices.get(f"{name}.{choice}"):
                    yield at.fault(
                        ("steps", step), f"offers {choice}, which has no words: add choices: {choice} to {here}"
                    )
        for entry in flow.entries:
            for part, found in (("about", words.about), ("ask", words.ask)):
                if not found.get(f"{name}.{entry}"):
                    yield at.fault(("entries", entry), f"{entry} has no words: add {part}: {entry} to {here}")


def _unused(flows: Mapping[str, Flow], words: Words) -> Iterator[Fault]:
    for stem in words.documents:
        if stem not in flows and stem not in NO_FLOW:
            yield words.fault(stem, (), f"belongs to no flow: flows/{stem}.yaml does not exist")
    used: dict[str, set[str]] = {"say": set(), "choices": set(), "ask": set(), "about": set()}
    for name, flow in flows.items():
        branches = [branch for step in flow.steps.values() for branch in step]
        used["say"] |= {f"{name}.{key}" for key in _keys_said(branches)}
        used["choices"] |= {f"{name}.{key}" for branch in branches for key in branch.choices}
        used["ask"] |= {f"{name}.{key}" for key in flow.entries}
    used["about"] = used["ask"]
    for part, keys in used.items():
        for whole in getattr(words, part):
            stem, _, key = whole.partition(".")
            if whole not in keys and stem in flows:
                yield words.fault(
                    stem, (part, key), f"{part}: {key} is used by no step of flows/{stem}.yaml: remove it"
                )


def _keys_said(branches: Iterable[Branch]) -> list[str]:
    spoken = [key for branch in branches for key in branch.say]
    sent = [effect.argument for branch in branches for effect in branch.do if effect.name in SPEAKING]
    return spoken + sent


def _bad_menu(words: Words) -> Iterator[Fault]:
    buttons, entries, name_bytes = _MENU
    if len(words.menu) > buttons:
        yield words.fault("menu", (), f"has {len(words.menu)} buttons: WeChat takes {buttons}")
    for name, intents in words.menu.items():
        if len(name.encode()) > name_bytes:
            yield words.fault("menu", (name,), f"{name!r} is too long: WeChat takes {name_bytes} bytes")
        if len(intents) > entries:
            yield words.fault("menu", (name,), f"{name!r} has {len(intents)} entries: WeChat takes {entries}")
        for number, intent in enumerate(intents):
            if intent not in words.about:
                yield words.fault(
                    "menu", (name, number), f"{intent!r} is no meaning: use one of {', '.join(words.about)}"
                )


def _disagreeing(words: Mapping[str, Words]) -> Iterator[Fault]:
    """What is said needs the same values in every language: a missing one is a fact that somebody does not hear."""
    if not {"zh", "en"} <= words.keys():
        return
    zh = words["zh"]
    for locale, other in words.items():
        for whole in zh.say.keys() & other.say.keys():
            stem, _, key = whole.partition(".")
            for name in sorted(zh.say[whole].placeholders ^ other.say[whole].placeholders):
                lacking = zh if name in other.say[whole].placeholders else other
                yield lacking.fault(
                    stem,
                    ("say", key),
                    f"{key} lacks {{{{ {name} }}}}, which it has in {zh.locale if lacking is other else locale}",
                )


def _pages_apart(words: Mapping[str, Words]) -> Iterator[Fault]:
    """The pages need every word in every language."""
    everything = {key for spoken in words.values() for key in spoken.pages}
    for spoken in words.values():
        for key in sorted(everything - spoken.pages.keys()):
            yield spoken.fault("pages", (), f"add {key}, which the other language has")


def _asked_twice(words: Mapping[str, Words]) -> Iterator[Fault]:
    """The same sentence cannot mean two things."""
    seen: dict[str, str] = {}
    for spoken in words.values():
        for intent, asks in spoken.ask.items():
            stem, _, name = intent.partition(".")
            for number, ask in enumerate(asks):
                other = seen.setdefault(ask.strip().lower(), intent)
                if other != intent:
                    yield spoken.fault(stem, ("ask", name, number), f"{ask!r} also stands under {other}: keep one")
