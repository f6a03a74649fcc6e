"""Reads flows/*.yaml into the engine's flows. flows/README.md has the format."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot import yamltext
from bot.engine.flow import END, PENDING, Branch, Effect, Flow
from bot.errors import Fault
from bot.vocabulary import COLLECTORS, EFFECTS, EVENTS, FACTS, RULES
from bot.yamltext import Document, Where

_FLOW_KEYS = {"for", "entries", "rules", "events", "steps"}
_BRANCH_KEYS = {"if", "say", "do", "on", "choices", "collect", "otherwise", "next"}


def read_all(folder: Path, stages: tuple[str, ...]) -> tuple[dict[str, Flow], dict[str, Document], list[Fault]]:
    """Every flow of the folder that can be read, with its document, and what is wrong with any of them."""
    flows: dict[str, Flow] = {}
    documents: dict[str, Document] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.yaml")):
        reader = _Reader(yamltext.read(path, f"{folder.name}/{path.name}"), stages)
        documents[path.stem] = reader.document
        flows[path.stem] = reader.flow(path.stem)
        faults += reader.document.faults
    faults += [fault for name, flow in flows.items() for fault in _lost_roads(flow, flows, documents[name])]
    return flows, documents, faults


class _Reader:
    """One flow file; faults go to its document."""

    def __init__(self, document: Document, stages: tuple[str, ...]) -> None:
        self.document = document
        self.facts = {name: words or stages for name, words in FACTS.items()}

    def flow(self, name: str) -> Flow:
        data = self._mapping(self.document.data, ())
        self._known(data, _FLOW_KEYS, ())
        steps = {
            step: self._step(body, ("steps", step))
            for step, body in self._mapping(data.get("steps"), ("steps",)).items()
        }
        if not steps and not self.document.faults:
            self._fault((), "has no steps: a flow needs at least one")
        audience = data.get("for", "candidate")
        if audience not in ("candidate", "anyone"):
            self._fault(("for",), f"for: {audience!r} should be candidate or anyone")
        return Flow(
            name,
            steps,
            entries=self._starts(data, "entries", None),
            rules=self._starts(data, "rules", RULES),
            events=self._starts(data, "events", EVENTS),
            for_anyone=audience == "anyone",
        )

    def _starts(self, data: Mapping[str, Any], part: str, allowed: tuple[str, ...] | None) -> dict[str, str]:
        starts = self._mapping(data.get(part), (part,))
        for word in starts:
            if allowed is not None and word not in allowed:
                self._fault((part, word), f"{part}: {word!r} is not known: use one of {', '.join(allowed)}")
        return {word: str(step) for word, step in starts.items()}

    def _step(self, body: Any, where: Where) -> tuple[Branch, ...]:
        bodies = body if isinstance(body, list) else [body]
        branches = tuple(
            self._branch(self._mapping(part, inner), inner)
            for part, inner in ((part, (*where, n) if body is bodies else where) for n, part in enumerate(bodies))
        )
        for number, branch in enumerate(branches[:-1]):
            if not branch.when:
                self._fault((*where, number + 1), "is never reached: the branch above it has no if")
        if not branches:
            self._fault(where, "is an empty step: say something, do something, or name the next step")
        return branches

    def _branch(self, data: dict[str, Any], where: Where) -> Branch:
        self._known(data, _BRANCH_KEYS, where)
        branch = Branch(
            when=self._conditions(data.get("if"), (*where, "if")),
            say=self._words(data.get("say"), (*where, "say")),
            do=self._effects(data, where),
            choices={name: str(step) for name, step in self._mapping(data.get("choices"), (*where, "choices")).items()},
            collect=str(data.get("collect", "")),
            otherwise=str(data.get("otherwise", "")),
            next=str(data.get("next", END)),
        )
        if branch.collect and branch.collect not in COLLECTORS:
            self._fault((*where, "collect"), f"collect: {branch.collect!r} should be one of {', '.join(COLLECTORS)}")
        if branch.collect and branch.choices:
            self._fault(where, "asks twice: keep either choices or collect")
        if branch.asks and not branch.say:
            self._fault(where, "waits for an answer but asks nothing: add say")
        if branch.choices and "next" in data:
            self._fault((*where, "next"), "each choice names its own next step: remove this one")
        return branch

    def _conditions(self, data: Any, where: Where) -> dict[str, frozenset[str]]:
        conditions: dict[str, frozenset[str]] = {}
        for fact, wanted in self._mapping(data, where).items():
            values = self._words(wanted, (*where, fact))
            if fact not in self.facts:
                self._fault((*where, fact), f"if: no fact is called {fact!r}: use one of {', '.join(self.facts)}")
                continue
            for value in values:
                if value not in self.facts[fact]:
                    self._fault((*where, fact), f"if: {fact} is never {value!r}: use {', '.join(self.facts[fact])}")
            conditions[fact] = frozenset(values)
        return conditions

    def _effects(self, data: Mapping[str, Any], where: Where) -> tuple[Effect, ...]:
        effects = []
        for text in self._words(data.get("do"), (*where, "do")):
            name, _, argument = text.partition(" ")
            if name not in EFFECTS:
                self._fault((*where, "do"), f"do: no effect is called {name!r}: use one of {', '.join(EFFECTS)}")
            effects.append(Effect(name, argument))
        outcomes = {word: str(step) for word, step in self._mapping(data.get("on"), (*where, "on")).items()}
        if outcomes and not effects:
            self._fault((*where, "on"), "leads on from outcomes, but nothing is done: add do")
        elif outcomes:
            known = EFFECTS.get(effects[-1].name, ())
            for word in outcomes:
                if word not in known:
                    self._fault(
                        (*where, "on", word), f"on: {effects[-1].name} never ends in {word!r}: {', '.join(known)}"
                    )
            effects[-1] = replace(effects[-1], outcomes=outcomes)
        return tuple(effects)

    def _words(self, data: Any, where: Where) -> tuple[str, ...]:
        """One word or a list of them."""
        if isinstance(data, dict):
            self._fault(where, "should be a word or a list of words")
            return ()
        if isinstance(data, list):
            return tuple(str(item) for item in data)
        return (str(data),) if data else ()

    def _mapping(self, data: Any, where: Where) -> dict[str, Any]:
        if isinstance(data, dict):
            return data
        if data:
            self._fault(where, "should be a mapping (name: value)")
        return {}

    def _known(self, data: Mapping[str, Any], keys: set[str], where: Where) -> None:
        for key in data:
            if key not in keys:
                self._fault((*where, key), f"{key!r} is not known here: use {', '.join(sorted(keys))}")

    def _fault(self, where: Where, text: str) -> None:
        self.document.faults.append(self.document.fault(where, text))


def _lost_roads(flow: Flow, flows: Mapping[str, Flow], document: Document) -> list[Fault]:
    """Steps that are named but do not exist, and steps that exist but nobody can reach."""
    faults = []
    starts = [
        ((part, word), step) for part in ("entries", "rules", "events") for word, step in getattr(flow, part).items()
    ]
    named = starts + [
        (("steps", step), target) for step, branches in flow.steps.items() for target in _targets(branches)
    ]
    for where, target in named:
        if target not in (END, PENDING) and not _exists(target, flow, flows):
            faults.append(
                document.fault(where, f"leads to {target!r}, which is no step: use one of {', '.join(flow.steps)}")
            )
    reached = _reached(flow, flows, {step for _, step in starts})
    for step in flow.steps:
        if step not in reached:
            faults.append(document.fault(("steps", step), f"step {step!r} is never reached: lead to it or remove it"))
    return faults


def _targets(branches: tuple[Branch, ...]) -> list[str]:
    return [
        target
        for branch in branches
        for target in (
            branch.next,
            *filter(None, (branch.otherwise,)),
            *branch.choices.values(),
            *(step for effect in branch.do for step in effect.outcomes.values()),
        )
    ]


def _exists(target: str, flow: Flow, flows: Mapping[str, Flow]) -> bool:
    if "." not in target:
        return target in flow.steps
    name, _, step = target.partition(".")
    return name in flows and step in flows[name].steps


# The engine itself begins these.
_BUILT_IN = {"binding": {"stranger"}, "repair": {"which", "not_understood"}}


def _reached(flow: Flow, flows: Mapping[str, Flow], starts: set[str]) -> set[str]:
    elsewhere = {
        target.partition(".")[2]
        for other in flows.values()
        for branches in other.steps.values()
        for target in _targets(branches)
        if target.startswith(f"{flow.name}.")
    }
    waiting = list(starts | elsewhere | _BUILT_IN.get(flow.name, set()))
    reached: set[str] = set()
    while waiting:
        step = waiting.pop()
        if step in flow.steps and step not in reached:
            reached.add(step)
            waiting += _targets(flow.steps[step])
    return reached
