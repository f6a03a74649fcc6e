"""What a flow is, once read: values that the engine walks. flows/README.md says how they are written."""

from collections.abc import Mapping
from dataclasses import dataclass, field

END = "end"
PENDING = "pending"


@dataclass(frozen=True, slots=True)
class Effect:
    """Something the house shall do; `outcomes` leads on from each word it may answer."""

    name: str
    argument: str = ""
    outcomes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Branch:
    """One way through a step: taken if every fact of `when` has one of the values named."""

    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    say: tuple[str, ...] = ()
    do: tuple[Effect, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    collect: str = ""
    otherwise: str = ""
    next: str = END

    @property
    def asks(self) -> bool:
        return bool(self.choices or self.collect)


@dataclass(frozen=True, slots=True)
class Flow:
    """One road. `for_anyone`: also people who are not bound to a candidate may walk it."""

    name: str
    steps: Mapping[str, tuple[Branch, ...]]
    entries: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    for_anyone: bool = False


@dataclass(frozen=True)
class Flows:
    """All roads, and where each meaning, rule and event begins: `flow.step`."""

    by_name: Mapping[str, Flow]

    def branches(self, flow: str, step: str) -> tuple[Branch, ...]:
        return self.by_name[flow].steps[step]

    def entry(self, intent: str) -> tuple[str, str] | None:
        """Where `flow.name` begins, or None if no flow knows it."""
        flow, _, name = intent.partition(".")
        known = self.by_name.get(flow)
        return (flow, known.entries[name]) if known and name in known.entries else None

    def on_rule(self, rule: str) -> tuple[str, str] | None:
        return _first(self.by_name, "rules", rule)

    def on_event(self, event: str) -> tuple[str, str] | None:
        return _first(self.by_name, "events", event)


def _first(flows: Mapping[str, Flow], part: str, word: str) -> tuple[str, str] | None:
    for flow in flows.values():
        step = getattr(flow, part).get(word)
        if step is not None:
            return flow.name, step
    return None
