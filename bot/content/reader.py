"""All content of a deployment, read once at start: roads and words that fit each other, or every fault."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from string import Formatter
from typing import Any

import jinja2

from bot.content.faq import NAME as FAQ
from bot.content.faq import read_faq
from bot.content.flow_checks import faults_of_roads
from bot.content.flows import RHYTHM, read_all
from bot.content.messages import DESK, Words, in_script, read_locale
from bot.content.samples import samples
from bot.content.stories import NAME as STORIES
from bot.content.stories import read_stories
from bot.content.templates import lacks, render
from bot.content.touchpoints import read_touchpoints
from bot.content.traditional import to_traditional
from bot.engine.flow import Branch, Flow, Flows
from bot.engine.talk import MessageRef
from bot.errors import ContentError, Fault
from bot.platform import yaml_text
from bot.platform.yaml_text import Document
from bot.record.vocabulary import LINKS, SPEAKING, VALUES
from bot.rhythm import Rhythm
from bot.settings import Settings
from bot.values import segments
from bot.values.message import Card

NO_FLOW = ("shared", "words", "pages", "menu", *DESK)
TRADITIONAL = "zh-Hant"  # written from zh, unless a text of its own stands in messages/zh-Hant/
_WRITTEN = ("zh", "en")  # every text stands in these
_MENU = (3, 5, 16)  # WeChat: buttons, entries of each, bytes of a button's name
MOST_PARTS = 3  # SMS that one answer may cost


@dataclass(frozen=True)
class Content:
    """The roads, the words of each locale, and the stories as HR's file has them in order: steps of the flow
    `stories`."""

    flows: Flows
    words: Mapping[str, Words]
    rhythm: Rhythm = field(default_factory=Rhythm)
    stories: tuple[str, ...] = ()

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
        return replace(self, words={locale: self.words[locale]})

    @cached_property
    def plainly(self) -> Mapping[str, tuple[str, ...]]:
        """By step that acts: what says by itself, in any language, that it shall."""
        steps = {step for words in self.words.values() for step in words.plain}
        return {step: _of_all(self.words.values(), step) for step in steps}

    @cached_property
    def saved(self) -> Mapping[str, str]:
        """Every name under which a flow keeps an answer: nothing, as long as the answer is not given."""
        return dict.fromkeys((name for flow in self.flows.by_name.values() for name in flow.saves), "")

    def text(self, locale: str, said: MessageRef, channel: str, values: Mapping[str, Any]) -> str:
        """What a person reads: the words, then the choices as numbered lines, then the link of a card."""
        form = self.words[locale].say[f"{said.flow}.{said.key}"].form(said.form, channel)
        body = render(form, self._filled(said, values))
        choices = [f"{n}. {self.label(locale, said.flow, name)}" for n, name in enumerate(said.choices, 1)]
        card = self.card(locale, said, values) if channel != "sms" else None
        return "\n".join([body, *choices, *([card.url] if card else [])])

    def lacks(self, locale: str, said: MessageRef, channel: str, values: Mapping[str, Any]) -> bool:
        """Whether the words would leave a gap where they tell something."""
        form = self.words[locale].say[f"{said.flow}.{said.key}"].form(said.form, channel)
        return lacks(form, self._filled(said, values))

    def card(self, locale: str, said: MessageRef, values: Mapping[str, Any]) -> Card | None:
        """What is said, as a card, if its words make one."""
        text = self.words[locale].say[f"{said.flow}.{said.key}"]
        if "card" not in text.forms or said.choices:
            return None
        title, body, url = (render(text.form(form), self._filled(said, values)) for form in ("card", "text", "link"))
        return Card(title, body, url) if url else None

    def _filled(self, said: MessageRef, values: Mapping[str, Any]) -> dict[str, Any]:
        return {**self.saved, **said.values, **values}

    def label(self, locale: str, flow: str, name: str) -> str:
        """How a choice is called; a choice that is a meaning is called what the meaning is about."""
        words = self.words[locale]
        return words.about[name] if name in words.about else words.choices[f"{flow}.{name}"][0]

    def labels(self, flow: str, name: str) -> list[str]:
        """Every way in which a choice is called, in any locale."""
        found = [label for words in self.words.values() for label in words.choices.get(f"{flow}.{name}", ())]
        return found + [words.about[name] for words in self.words.values() if name in words.about]


def _of_all(words: Iterable[Words], step: str) -> tuple[str, ...]:
    return tuple(wording for spoken in words for wording in spoken.plain.get(step, ()))


def load(settings: Settings) -> Content:
    """Raises ContentError with every fault of flows/ and messages/."""
    content, faults = read(settings)
    if faults:
        raise ContentError(faults)
    return content


def read(settings: Settings) -> tuple[Content, list[Fault]]:
    """What can be read, and all that is wrong with it."""
    flows, documents, faults = read_all(settings.flows, settings.stages.all)
    own = yaml_text.read(settings.messages / TRADITIONAL / "words.yaml", f"messages/{TRADITIONAL}/words.yaml")
    words, found = _all_words(settings, own)
    faults += found + own.faults
    if not flows:
        faults.append(Fault(str(settings.flows), 1, "has no flows: it should hold <flow>.yaml files"))
    for locale in _WRITTEN:
        if locale not in words:
            faults.append(Fault(str(settings.messages / locale), 1, "is missing: the words of this language"))
    for name, file in ((FAQ, settings.faq), (STORIES, settings.stories)):
        if name in flows:
            faults.append(documents[name].fault((), f"{name} is made from {file.name}: name this flow otherwise"))
    flows[FAQ], documents[FAQ] = read_faq(settings.faq, words, settings.stages.all)
    flows[STORIES], documents[STORIES] = read_stories(settings.stories, words)
    faults += documents[FAQ].faults + documents[STORIES].faults
    stories = tuple(flows[STORIES].steps)
    rhythm, document = read_touchpoints(settings.flows / RHYTHM, flows, settings.stages.all, stories)
    faults += document.faults
    for name, flow in flows.items():
        faults += faults_of_roads(flow, flows, documents[name])
    faults += _unfit(flows, documents, words, settings)
    return Content(Flows(flows), words, rhythm, stories), sorted(set(faults))


def _part(document: Document, name: str) -> Mapping[str, Any]:
    found = document.data.get(name) if isinstance(document.data, dict) else None
    return found if isinstance(found, dict) else {}


def _all_words(settings: Settings, traditional: Document) -> tuple[dict[str, Words], list[Fault]]:
    words: dict[str, Words] = {}
    faults: list[Fault] = []
    for folder in sorted(path for path in settings.messages.glob("*") if path.is_dir() and path.name != TRADITIONAL):
        words[folder.name], found = read_locale(folder)
        faults += found
    if "zh" in words:
        write = to_traditional(_part(traditional, "replaced"))
        words[TRADITIONAL] = in_script(words["zh"], TRADITIONAL, write)
        words[TRADITIONAL].ambiguous = {word: tuple(pair) for word, pair in _part(traditional, "ambiguous").items()}
    return words, faults


def _unfit(
    flows: Mapping[str, Flow], documents: Mapping[str, Document], words: Mapping[str, Words], settings: Settings
) -> Iterator[Fault]:
    """Where roads and words do not meet."""
    written = {locale: spoken for locale, spoken in words.items() if locale != TRADITIONAL}
    for spoken in written.values():
        yield from _missing(flows, documents, spoken)
        yield from _unused(flows, spoken)
        yield from _bad_menu(spoken)
        yield from _bad_values(flows, spoken)
        yield from _bad_links(flows, documents, spoken)
        for stage in settings.stages.all:
            if stage not in spoken.stages:
                yield spoken.fault("shared", ("stages",), f"stages: add {stage}: how people call this stage")
        for task in sorted(_tasks(flows) - spoken.tasks.keys()):
            yield spoken.fault("shared", ("tasks",), f"tasks: add {task}: how people call this task")
    for spoken in words.values():
        yield from _nowhere(flows, spoken)
    yield from _disagreeing(written)
    yield from _pages_apart(written)
    yield from _desks_apart(written)
    yield from _asked_twice(written)


def _tasks(flows: Mapping[str, Flow]) -> set[str]:
    """The tasks that some road says are done."""
    branches = (branch for flow in flows.values() for branch in flow.branches)
    return {effect.argument for branch in branches for effect in branch.do if effect.name == "task_done"}


def _bad_values(flows: Mapping[str, Flow], words: Words) -> Iterator[Fault]:
    """Placeholders that nothing fills, and texts that cost too many SMS."""
    for whole, text in words.say.items():
        stem, _, key = whole.partition(".")
        known = VALUES | (flows[stem].saves if stem in flows else frozenset())
        unknown = sorted(text.placeholders - known)
        for name in unknown:
            what = f"{key} names {{{{ {name} }}}}, which is no value: use one of {', '.join(sorted(known))}"
            yield words.fault(stem, ("say", key), what)
        if not unknown and stem != STORIES:  # those never go by SMS
            yield from _too_long(words, stem, key)


def _bad_links(flows: Mapping[str, Flow], documents: Mapping[str, Document], words: Words) -> Iterator[Fault]:
    """Links in what an SMS to mainland China might say: such an SMS is not delivered."""
    for name, flow in flows.items():
        for step, branches in flow.steps.items() if name not in (FAQ, STORIES) else ():
            for key in (key for branch in branches if "no" in branch.when.get("links", "no") for key in branch.say):
                text = words.say.get(f"{name}.{key}")
                for link in sorted(text.of("sms") & LINKS) if text else ():
                    what = f"{key} has {{{{ {link} }}}}, which no SMS to mainland China may have: say it"
                    yield documents[name].fault(("steps", step), f"{what} if: {{links: yes}}")


def _too_long(words: Words, stem: str, key: str) -> Iterator[Fault]:
    """Counted with the samples of messages/<locale>/shared.yaml; the longest of what a text may become."""
    try:
        text = words.say[f"{stem}.{key}"]
        values = samples(words.samples, text.placeholders)
        said = max((render(text.form(form, "sms"), values) for form in ("sms", "plain", "again")), key=segments.parts)
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        yield words.fault(stem, ("say", key), f"{key} cannot be filled with the samples of shared.yaml: {error}")
        return
    count = segments.parts(said)
    if count > MOST_PARTS:
        what = f"{key} costs {count} SMS ({len(said)} characters): give it a shorter text as sms"
        yield words.fault(stem, ("say", key), f"{what}, of {MOST_PARTS} at most")
    foreign = segments.foreign(said) if words.locale == "en" else ""
    if foreign:
        what = f"{key}: {' '.join(foreign)} more than doubles the price of an SMS: write it with plain letters"
        yield words.fault(stem, ("say", key), what)


def _missing(flows: Mapping[str, Flow], documents: Mapping[str, Document], words: Words) -> Iterator[Fault]:
    for name, flow in flows.items():
        here, at = words.name_of(name), documents[name]
        for step, branches in flow.steps.items():
            for key in _keys_said(branches):
                if f"{name}.{key}" not in words.say:
                    yield at.fault(("steps", step), f"says {key}, which has no words: add say: {key} to {here}")
            for choice in (choice for branch in branches for choice in branch.choices):
                if choice not in words.about and not words.choices.get(f"{name}.{choice}"):
                    yield at.fault(
                        ("steps", step), f"offers {choice}, which has no words: add choices: {choice} to {here}"
                    )
        for entry in flow.entries if name != FAQ else ():
            for part, found in (("about", words.about), ("ask", words.ask)):
                if not found.get(f"{name}.{entry}"):
                    yield at.fault(("entries", entry), f"{entry} has no words: add {part}: {entry} to {here}")


def _unused(flows: Mapping[str, Flow], words: Words) -> Iterator[Fault]:
    for stem in words.documents:
        if stem not in flows and stem not in NO_FLOW:
            yield words.fault(stem, (), f"belongs to no flow: flows/{stem}.yaml does not exist")
    used: dict[str, set[str]] = {part: set() for part in ("say", "choices", "ask", "about", "plain")}
    for name, flow in flows.items():
        used["say"] |= {f"{name}.{key}" for key in _keys_said(flow.branches)}
        used["choices"] |= {f"{name}.{key}" for branch in flow.branches for key in branch.choices}
        used["ask"] |= {f"{name}.{key}" for key in flow.entries}
        used["plain"] |= {f"{name}.{key}" for key in flow.acts}
    used["about"] = used["ask"]
    for part, keys in used.items():
        for whole in getattr(words, part):
            stem, _, key = whole.partition(".")
            if whole not in keys and stem in flows:
                yield words.fault(
                    stem, (part, key), f"{part}: {key} is used by no step of flows/{stem}.yaml: remove it"
                )


def _keys_said(branches: Iterable[Branch]) -> list[str]:
    return [
        key
        for branch in branches
        for key in (*branch.say, *(effect.argument for effect in branch.do if effect.name in SPEAKING))
    ]


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


def _nowhere(flows: Mapping[str, Flow], words: Words) -> Iterator[Fault]:
    """An ambiguous word offers meanings that some flow answers."""
    known = {f"{name}.{entry}" for name, flow in flows.items() for entry in flow.entries}
    for word, pair in words.ambiguous.items():
        for meaning in pair:
            if meaning not in known:
                yield words.fault("words", ("ambiguous", word), f"ambiguous: {meaning!r} is no meaning")


def _pages_apart(words: Mapping[str, Words]) -> Iterator[Fault]:
    """The pages need every word in every language."""
    everything = {key for spoken in words.values() for key in spoken.pages}
    for spoken in words.values():
        for key in sorted(everything - spoken.pages.keys()):
            yield spoken.fault("pages", (), f"add {key}, which the other language has")


def _desks_apart(words: Mapping[str, Words]) -> Iterator[Fault]:
    """What HR reads needs the same keys, with the same values in them, in every language."""
    for stem in DESK:
        everything = {key: text for spoken in words.values() for key, text in spoken.desk.get(stem, {}).items()}
        for spoken in words.values():
            here = spoken.desk.get(stem, {})
            for key in sorted(everything.keys() - here.keys()):
                yield spoken.fault(stem, (), f"add {key}, which the other language has")
            for key, text in here.items():
                if names_in(text) is None:
                    yield spoken.fault(stem, (key,), f"{key}: close each {{ with a }}: {{name}} names a value")
                elif names_in(text) != names_in(everything[key]):
                    yield spoken.fault(stem, (key,), f"{key} needs the same {{names}} in every language")


def names_in(text: str) -> frozenset[str] | None:
    """The {names} of a text that HR reads; None where it is none."""
    try:
        return frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)
    except ValueError:
        return None


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
