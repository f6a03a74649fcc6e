"""What a flow is, once read: values that the engine walks. flows/README.md says how they are written."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

END = "end"
PENDING = "pending"  # what was asked before we knew who asks
AGAIN = "again"  # what was said last, once more
PLAINLY = "plainly"  # the same in plainer words, where there are some
FREE_WORDS = ("text", "place")  # collectors that take almost any words
TARGETS = (END, PENDING, AGAIN, PLAINLY)


@dataclass(frozen=True, slots=True)
class Effect:
    """Something the house shall do; `outcomes` leads on from each word it may answer."""

    name: str
    argument: str = ""
    outcomes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Wait:
    """How long a question stays open without a word from the person, and where the road goes then."""

    after: timedelta
    next: str


@dataclass(frozen=True, slots=True)
class Branch:
    """One way through a step: taken if every fact of `when` has one of the values named.

    `yes` and `no`: where a bare one leads that is none of the choices by its name.
    `limit`: what the collected value must satisfy. `save`: the name under which the answer is kept. `picture`: where a
    picture leads that is shown instead of an answer. `call`: a road walked first. `once`: a question that is not asked
    again.
    """

    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    say: tuple[str, ...] = ()
    do: tuple[Effect, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    yes: str = ""
    no: str = ""
    collect: str = ""
    limit: str = ""
    save: str = ""
    invalid: str = ""
    otherwise: str = ""
    picture: str = ""
    wait: Wait | None = None
    call: str = ""
    once: bool = False
    next: str = END

    @property
    def asks(self) -> bool:
        return bool(self.choices or self.collect)

    @property
    def saved(self) -> str:
        """Under which name the answer is kept, or ""."""
        return self.save or self.collect

    def answers_lead_to(self) -> Iterator[str]:
        """Where an answer, a wrong answer or none leads."""
        if self.asks:
            yield from filter(
                None, (*self.choices.values(), self.yes, self.no, self.invalid, self.otherwise, self.picture)
            )
            yield from (self.wait.next,) if self.wait else ()
            yield from (self.next,) if self.collect else ()

    def leads_to(self) -> Iterator[str]:
        """Where the walk goes on without waiting for an answer."""
        yield from (step for effect in self.do for step in effect.outcomes.values())
        if not self.asks:
            yield from filter(None, (self.call, self.next))


@dataclass(frozen=True, slots=True)
class Flow:
    """One road. `for_anyone`: also people who are not bound to a candidate may walk it. `urgent`: meanings that are
    heard even where any words would do as an answer; `alarm`: those, or rules, that are heard on a guess too, and end
    all else; `aside`: those that are no answer and change nothing. `acts`: steps that change the record, each with the
    step that asks first whoever has not plainly said it; `requests`: those of them that one also says by asking for
    them. `offered`: "did you mean" may name them. `touches`: steps that keepwarm may begin by itself."""

    name: str
    steps: Mapping[str, tuple[Branch, ...]]
    entries: Mapping[str, str] = field(default_factory=dict)
    rules: Mapping[str, str] = field(default_factory=dict)
    events: Mapping[str, str] = field(default_factory=dict)
    for_anyone: bool = False
    urgent: frozenset[str] = frozenset()
    alarm: frozenset[str] = frozenset()
    aside: frozenset[str] = frozenset()
    acts: Mapping[str, str] = field(default_factory=dict)
    requests: frozenset[str] = frozenset()
    offered: bool = True
    touches: frozenset[str] = frozenset()

    @property
    def branches(self) -> Iterator[Branch]:
        return (branch for step in self.steps.values() for branch in step)

    @property
    def saves(self) -> frozenset[str]:
        """The names of the answers that this flow keeps."""
        return frozenset(branch.saved for branch in self.branches if branch.saved)


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

    def asks_first(self, flow: str, step: str) -> tuple[str, str] | None:
        """Where somebody is asked before this step changes the record; None where it changes nothing."""
        known = self.by_name.get(flow)
        return (flow, known.acts[step]) if known and step in known.acts else None

    def meaning_done_by(self, step: str) -> str:
        """The meaning that begins at this `flow.step`, if that changes the record; else ""."""
        flow, _, name = step.partition(".")
        known = self.by_name[flow]
        meanings = (entry for entry, at in known.entries.items() if at == name and name in known.acts)
        return next((f"{flow}.{meaning}" for meaning in meanings), "")

    def is_alarm(self, heard: str) -> bool:
        """Whether this meaning or rule is heard before all else."""
        flow, _, name = heard.rpartition(".")
        at = flow or (self.on_rule(name) or ("",))[0]
        return at in self.by_name and name in self.by_name[at].alarm

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
