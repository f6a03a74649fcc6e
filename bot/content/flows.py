"""Reads flows/*.yaml into the engine's flows. flows/README.md has the format."""

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.engine.flow import END, Branch, Effect, Flow, Wait
from bot.errors import Fault
from bot.platform import yaml_text
from bot.platform.yaml_text import Document, Where
from bot.record.vocabulary import (
    CHANGES,
    COLLECTORS,
    DUE_FACT,
    DUE_STATES,
    EFFECTS,
    EVENTS,
    FACTS,
    FREE_FACTS,
    PROMISES,
    RULES,
    TASK_FACT,
    TASK_STATES,
    VALUES,
)

RHYTHM = "touchpoints.yaml"  # stands among the flows, and is none
_FLOW_KEYS = {"for", "offered", "urgent", "alarm", "aside", "entries", "rules", "events", "touches", "steps"} | {
    "acts",
    "requests",
}
_ASKING_KEYS = ("yes", "no", "save", "invalid", "otherwise", "picture", "wait", "once")
_BRANCH_KEYS = {*("if", "say", "do", "on", "choices", "collect", "call", "next"), *_ASKING_KEYS}
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
_LIMITS = {"1-5": re.compile(r"\d{1,3}-\d{1,3}"), "future": re.compile("future")}


def read_all(folder: Path, stages: tuple[str, ...]) -> tuple[dict[str, Flow], dict[str, Document], list[Fault]]:
    """Every flow of the folder that can be read, with its document, and what is wrong with any of them."""
    flows: dict[str, Flow] = {}
    documents: dict[str, Document] = {}
    faults: list[Fault] = []
    for path in sorted(path for path in folder.glob("*.yaml") if path.name != RHYTHM):
        reader = _FlowReader(yaml_text.read(path, f"{folder.name}/{path.name}"), stages)
        documents[path.stem] = reader.document
        flows[path.stem] = reader.flow(path.stem)
        faults += reader.document.faults
    return flows, documents, faults


class _FlowReader:
    """One flow file; faults go to its document."""

    def __init__(self, document: Document, stages: tuple[str, ...]) -> None:
        self.document = document
        self.saves: set[str] = set()
        self.facts = {name: words or stages for name, words in FACTS.items()}

    def flow(self, name: str) -> Flow:
        data = self.document.mapping(self.document.data, ())
        self._known(data, _FLOW_KEYS, ())
        self.saves = set(self._saved_names(data))
        steps = {
            step: self._step(body, ("steps", step))
            for step, body in self.document.mapping(data.get("steps"), ("steps",)).items()
        }
        if not steps and not self.document.faults:
            self._fault((), "has no steps: a flow needs at least one")
        audience = data.get("for", "candidate")
        if audience not in ("candidate", "anyone"):
            self._fault(("for",), f"for: {audience!r} should be candidate or anyone")
        entries = self._starts(data, "entries", None)
        rules = self._starts(data, "rules", RULES)
        singled = {part: self._words(data.get(part), (part,)) for part in ("urgent", "alarm", "aside")}
        for part, meanings in singled.items():
            for meaning in meanings:
                if meaning not in entries and not (part == "alarm" and meaning in rules):
                    self._fault((part,), f"{part}: {meaning!r} is none of the entries: {', '.join(entries)}")
        acts = self._acts(data, steps)
        touches = self._words(data.get("touches"), ("touches",))
        for step in touches:
            if step not in steps:
                self._fault(("touches",), f"touches: {step!r} is none of the steps: {', '.join(steps)}")
        return Flow(
            name,
            steps,
            entries=entries,
            rules=rules,
            events=self._starts(data, "events", EVENTS),
            for_anyone=audience == "anyone",
            urgent=frozenset(singled["urgent"]),
            alarm=frozenset(singled["alarm"]),
            aside=frozenset(singled["aside"]),
            acts=acts,
            requests=frozenset(self._words(data.get("requests"), ("requests",))),
            offered=data.get("offered") != "no",
            touches=frozenset(touches),
        )

    def _acts(self, data: Mapping[str, Any], steps: Mapping[str, tuple[Branch, ...]]) -> dict[str, str]:
        """The steps that change the record. None that an answer or a meaning leads to may be left out."""
        acts = {step: str(first) for step, first in self.document.mapping(data.get("acts"), ("acts",)).items()}
        for step, first in acts.items():
            for named in (step, first):
                if named not in steps:
                    self._fault(("acts", step), f"acts: {named!r} is none of the steps: {', '.join(steps)}")
        for step in self._words(data.get("requests"), ("requests",)):
            if step not in acts:
                self._fault(("requests",), f"requests: {step!r} is none of the steps that act: {', '.join(acts)}")
        said = {*self.document.mapping(data.get("entries"), ("entries",)).values()}
        said |= {target for branches in steps.values() for branch in branches for target in branch.choices.values()}
        for step in said & steps.keys() - acts.keys():
            if done := {effect.name for branch in steps[step] for effect in branch.do} & CHANGES:
                what = (
                    f"{step} changes the record ({', '.join(sorted(done))}): name it under acts, with what asks first"
                )
                self._fault(("steps", step), what)
        return acts

    def _starts(self, data: Mapping[str, Any], part: str, allowed: tuple[str, ...] | None) -> dict[str, str]:
        starts = self.document.mapping(data.get(part), (part,))
        for word in starts:
            if allowed is not None and word not in allowed:
                self._fault((part, word), f"{part}: {word!r} is not known: use one of {', '.join(allowed)}")
        return {word: str(step) for word, step in starts.items()}

    def _step(self, body: Any, where: Where) -> tuple[Branch, ...]:
        bodies = body if isinstance(body, list) else [body]
        branches = tuple(
            self._branch(self.document.mapping(part, inner), inner)
            for part, inner in ((part, (*where, n) if body is bodies else where) for n, part in enumerate(bodies))
        )
        for number, branch in enumerate(branches[:-1]):
            if not branch.when:
                self._fault((*where, number + 1), "is never reached: the branch above it has no if")
        if branches and branches[-1].when:
            self._fault(where, "may fit nobody: end it with a branch that has no if")
        if not branches:
            self._fault(where, "is an empty step: say something, do something, or name the next step")
        return branches

    def _branch(self, data: dict[str, Any], where: Where) -> Branch:
        self._known(data, _BRANCH_KEYS, where)
        collect, _, limit = str(data.get("collect", "")).partition(" ")
        branch = Branch(
            when=self._conditions(data.get("if"), (*where, "if")),
            say=self._words(data.get("say"), (*where, "say")),
            do=self._effects(data, where),
            choices={
                name: str(step)
                for name, step in self.document.mapping(data.get("choices"), (*where, "choices")).items()
            },
            yes=str(data.get("yes", "")),
            no=str(data.get("no", "")),
            collect=collect,
            limit=limit,
            save=str(data.get("save", "")),
            invalid=str(data.get("invalid", "")),
            otherwise=str(data.get("otherwise", "")),
            picture=str(data.get("picture", "")),
            wait=self._wait(data, (*where, "wait")),
            call=str(data.get("call", "")),
            once=data.get("once") == "yes",
            next=str(data.get("next", END)),
        )
        self._check_question(branch, data, where)
        return branch

    def _check_question(self, branch: Branch, data: dict[str, Any], where: Where) -> None:
        if branch.collect:
            self._check_collector(branch, (*where, "collect"))
        if branch.collect and branch.choices:
            self._fault(where, "asks twice: keep either choices or collect")
        if branch.asks and not branch.say:
            self._fault(where, "waits for an answer but asks nothing: add say")
        if branch.choices and "next" in data:
            self._fault((*where, "next"), "each choice names its own next step: remove this one")
        if branch.asks and branch.call:
            self._fault((*where, "call"), "a question cannot call: call in the step that its answer leads to")
        for key in _ASKING_KEYS:
            if key in data and not branch.asks:
                self._fault((*where, key), f"{key} belongs to a question: add choices or collect")
        if branch.invalid and not branch.limit:
            self._fault((*where, "invalid"), "nothing is outside a limit here: write collect with one, like number 1-5")
        if "once" in data and data["once"] not in ("yes", "no"):
            self._fault((*where, "once"), f"once: {data['once']!r} should be yes or no")

    def _check_collector(self, branch: Branch, where: Where) -> None:
        if branch.collect not in COLLECTORS:
            self._fault(where, f"collect: {branch.collect!r} should be one of {', '.join(COLLECTORS)}")
            return
        wanted = COLLECTORS[branch.collect]
        if branch.limit and not (wanted and _LIMITS[wanted].fullmatch(branch.limit)):
            right = f"{branch.collect} {wanted}" if wanted else branch.collect
            self._fault(where, f"collect: {branch.limit!r} is no limit of {branch.collect}: write {right}")

    def _wait(self, data: Mapping[str, Any], where: Where) -> Wait | None:
        waits = self.document.mapping(data.get("wait"), where)
        if not waits:
            return None
        (text, step), *more = waits.items()
        found = re.fullmatch(r"([1-9]\d*)([mhd])", text)
        if not found or more:
            self._fault(where, f"wait: {text!r} should be one duration with its step, like {{20h: reminder}}")
            return None
        return Wait(timedelta(**{_UNITS[found[2]]: int(found[1])}), str(step))

    def _saved_names(self, data: Mapping[str, Any]) -> list[str]:
        """The names under which this flow keeps answers; none may hide a fact or a value."""
        found = []
        for step, body in self.document.mapping(data.get("steps"), ("steps",)).items():
            for branch in body if isinstance(body, list) else [body]:
                if not isinstance(branch, dict):
                    continue
                kind = str(branch.get("collect", "")).partition(" ")[0]
                name = str(branch.get("save", "") or kind)
                if name in VALUES or name in FACTS or name in FREE_FACTS or name.startswith((TASK_FACT, DUE_FACT)):
                    self._fault(("steps", step), f"save: {name} is a fact or a value already: choose another name")
                found += [name] if name else []
        return found

    def _states_of(self, fact: str) -> Collection[str] | None:
        """The words that a fact may be answered with, if it is one."""
        for prefix, states in ((TASK_FACT, TASK_STATES), (DUE_FACT, DUE_STATES)):
            if fact.startswith(prefix):
                return states
        return self.facts.get(fact)

    def _conditions(self, data: Any, where: Where) -> dict[str, frozenset[str]]:
        conditions: dict[str, frozenset[str]] = {}
        for fact, wanted in self.document.mapping(data, where).items():
            values = self._words(wanted, (*where, fact))
            known = self._states_of(fact)
            if known is None and fact not in FREE_FACTS and fact not in self.saves:
                self._fault((*where, fact), f"if: no fact is called {fact!r}: use one of {', '.join(self.facts)}")
                continue
            for value in values:
                if known is not None and value not in known:
                    self._fault((*where, fact), f"if: {fact} is never {value!r}: use {', '.join(known)}")
            conditions[fact] = frozenset(values)
        return conditions

    def _effects(self, data: Mapping[str, Any], where: Where) -> tuple[Effect, ...]:
        effects = []
        for text in self._words(data.get("do"), (*where, "do")):
            name, _, argument = text.partition(" ")
            if name not in EFFECTS:
                self._fault((*where, "do"), f"do: no effect is called {name!r}: use one of {', '.join(EFFECTS)}")
            if name == "promise" and argument not in PROMISES:
                self._fault((*where, "do"), f"do: promise {argument!r} could never be kept: {', '.join(PROMISES)}")
            effects.append(Effect(name, argument))
        outcomes = {word: str(step) for word, step in self.document.mapping(data.get("on"), (*where, "on")).items()}
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

    def _known(self, data: Mapping[str, Any], keys: set[str], where: Where) -> None:
        for key in data:
            if key not in keys:
                self._fault((*where, key), f"{key!r} is not known here: use {', '.join(sorted(keys))}")

    def _fault(self, where: Where, text: str) -> None:
        self.document.faults.append(self.document.fault(where, text))
