"""One turn of a conversation: hears, walks the flows, says. Pure: the world answers what is so and does what is done.

The order of hearing: hard rules, the answer to the open question, a meaning that can be answered, "did you mean",
not understood. A side question is answered and the open question asked again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from bot.engine.flow import END, PENDING, Branch, Effect, Flows
from bot.engine.talk import Frame, Talk

_LONGEST_WALK = 50  # steps in a turn: a loop in a flow ends in an error, not in silence
_DEEPEST = 4  # open questions that may wait below each other
WHICH = ("repair", "which")
NOT_UNDERSTOOD = ("repair", "not_understood")
STRANGER = ("binding", "stranger")


@dataclass(frozen=True, slots=True)
class Heard:
    """What came in, understood: an `event` (follow, scan, picture …), or a text with its meaning."""

    text: str = ""
    event: str = ""
    rule: str = ""
    value: str = ""
    intent: str = ""
    decision: str = "fallback"
    pair: tuple[str, ...] = ()
    first: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Said:
    """A key of the words to say, with what belongs in them beyond the facts."""

    flow: str
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn leaves: the talk as it stands now, what is said, and the road that was walked."""

    talk: Talk
    said: tuple[Said, ...]
    road: tuple[str, ...]


class World(Protocol):
    """What the engine may ask of the house."""

    def fact(self, name: str) -> str:
        """The present value of a fact that flows may ask for, as a word."""
        ...

    def do(self, effect: Effect, heard: Heard, saved: Mapping[str, Any]) -> str:
        """Does it, and answers with one of the effect's outcome words ("" if it has none)."""
        ...

    def choice(self, flow: str, names: tuple[str, ...], text: str) -> str:
        """Which of the choices the text names by its words, or ""."""
        ...

    def read(self, collector: str, heard: Heard) -> str:
        """The value that the text holds for this collector, or ""."""
        ...


def turn(flows: Flows, world: World, talk: Talk, heard: Heard) -> Turn:
    """Walks from what was heard to the next question or the end."""
    return _Walk(flows, world, talk, heard).go()


class _Walk:
    """The state of one turn while it lasts."""

    def __init__(self, flows: Flows, world: World, talk: Talk, heard: Heard) -> None:
        self.flows, self.world, self.talk, self.heard = flows, world, talk, heard
        self.said: list[Said] = []
        self.road: list[str] = []

    def go(self) -> Turn:
        """Hears; who writes for the first time, known by their number, is also told what this is."""
        before = self.talk.misses
        self.talk = replace(self.talk, frames=tuple(filter(self._still_there, self.talk.frames)))
        self._hear()
        if self.heard.first and (start := self.flows.on_event("first_contact")):
            self._begin(*start, keep_open=True)
        if self.talk.misses == before:
            self.talk = replace(self.talk, misses=0)
        return Turn(self.talk, tuple(self.said), tuple(self.road))

    def _hear(self) -> None:
        if self.heard.event:
            return self._event()
        if rule := self.flows.on_rule(self.heard.rule):
            return self._begin(*rule, keep_open=self.heard.rule != "never_mind")
        if self.talk.open and self._answers(self.talk.open):
            return None
        if self.heard.decision == "answer" and self.flows.entry(self.heard.intent):
            return self._meaning(self.heard.intent)
        if self.heard.decision == "ask" and len(self._known(self.heard.pair)) > 1:
            return self._which()
        return self._not_understood()

    def _event(self) -> None:
        start = self.flows.on_event(self.heard.event)
        if start:
            self._begin(*start, keep_open=True)

    def _meaning(self, intent: str) -> None:
        start = self.flows.entry(intent)
        assert start
        if self._is_stranger(start[0]):
            self.talk = replace(self.talk, pending=intent)
            return self._not_known_yet()
        return self._begin(*start, keep_open=True)

    def _known(self, intents: Iterable[str]) -> tuple[str, ...]:
        """Those that a flow answers: flows may have been edited since."""
        return tuple(intent for intent in intents if self.flows.entry(intent))

    def _is_stranger(self, flow: str) -> bool:
        return self.world.fact("bound") == "no" and not self.flows.by_name[flow].for_anyone

    def _not_known_yet(self) -> None:
        if self.talk.open and self.talk.open.flow == STRANGER[0]:
            return self._ask_again(self.talk.open)
        return self._begin(*STRANGER, keep_open=False)

    def _which(self) -> None:
        """Between two meanings the person chooses; the choice names are the intents themselves."""
        branch = self.flows.branches(*WHICH)[0]
        pair = self._known(self.heard.pair)[:2]
        self.talk = replace(self.talk, frames=_without_which(self.talk.frames)[-_DEEPEST + 1 :])
        self.said += [Said(WHICH[0], key, {}, pair) for key in branch.say]
        self.road.append(".".join(WHICH))
        self._open(Frame(*WHICH, 0, {"pair": list(pair)}))

    def _not_understood(self) -> None:
        misses = self.talk.misses + 1
        self.talk = replace(self.talk, misses=misses)
        if self.talk.open:
            otherwise = self._branch_of(self.talk.open).otherwise
            if otherwise:
                return self._begin(self.talk.open.flow, otherwise, keep_open=False)
        if self.world.fact("bound") == "no":
            return self._not_known_yet()
        return self._begin(*NOT_UNDERSTOOD, keep_open=True)

    def _answers(self, frame: Frame) -> bool:
        """Whether the text answers the open question; if so the walk has gone on from it."""
        if (frame.flow, frame.step) == WHICH:
            return self._chose_meaning(frame)
        branch = self._branch_of(frame)
        if branch.choices:
            chosen = self._choice(frame.flow, tuple(branch.choices))
            if chosen:
                self.talk = self.talk.pop()
                self._goto(frame.flow, branch.choices[chosen], frame.saved)
            return bool(chosen)
        found = self.world.read(branch.collect, self.heard)
        if found:
            self.talk = self.talk.pop()
            self._goto(frame.flow, branch.next, {**frame.saved, branch.collect: found})
        return bool(found)

    def _chose_meaning(self, frame: Frame) -> bool:
        pair = self._known(frame.saved["pair"])
        chosen = self._choice(frame.flow, pair)
        if chosen:
            self.talk = self.talk.pop()
            self._meaning(chosen)
        return bool(chosen)

    def _choice(self, flow: str, names: tuple[str, ...]) -> str:
        if self.heard.rule == "number" and self.heard.value.isdecimal() and 1 <= int(self.heard.value) <= len(names):
            return names[int(self.heard.value) - 1]
        for name in names:
            if self.heard.rule and name.partition("_")[0] == self.heard.rule:  # yes, yes_unbind
                return name
        return self.world.choice(flow, names, self.heard.text)

    def _begin(self, flow: str, step: str, keep_open: bool) -> None:
        """Starts a road; open questions wait below it, and the newest is asked again at its end. A flow that begins
        anew gives up its own open questions."""
        waiting = tuple(frame for frame in self.talk.frames if frame.flow != flow) if keep_open else ()
        self.talk = replace(self.talk, frames=())
        self._goto(flow, step, {})
        if self.talk.frames:
            self.talk = replace(self.talk, frames=(*_without_which(waiting), *self.talk.frames)[-_DEEPEST:])
        elif waiting:
            self._return_to(waiting)

    def _return_to(self, waiting: tuple[Frame, ...]) -> None:
        waiting = _without_which(waiting)
        self.talk = replace(self.talk, frames=waiting)
        if waiting and self.said:
            self._ask_again(waiting[-1])

    def _ask_again(self, frame: Frame) -> None:
        branch = self._branch_of(frame)
        choices = tuple(branch.choices)
        self.said += [Said(frame.flow, key, frame.saved, choices) for key in branch.say[-1:]]

    def _goto(self, flow: str, step: str, saved: Mapping[str, Any]) -> None:
        """Walks steps until a question is open or the road ends."""
        for _ in range(_LONGEST_WALK):
            if step == END:
                return None
            if step == PENDING:
                return self._pending()
            if "." in step:
                flow, _, step = step.partition(".")
            number, branch = self._taken(flow, step)
            self.road.append(f"{flow}.{step}")
            led = self._do(branch.do, saved)
            if led:
                step = led
                continue
            self.said += [Said(flow, key, saved, tuple(branch.choices)) for key in branch.say]
            if branch.asks:
                return self._open(Frame(flow, step, number, saved))
            step = branch.next
        raise RuntimeError(f"flow {flow} does not end: {' > '.join(self.road[-6:])}")

    def _do(self, effects: tuple[Effect, ...], saved: Mapping[str, Any]) -> str:
        for effect in effects:
            outcome = self.world.do(effect, self.heard, saved)
            if outcome in effect.outcomes:
                return effect.outcomes[outcome]
        return ""

    def _pending(self) -> None:
        """Answers what was asked before we knew who asks."""
        intent, self.talk = self.talk.pending, replace(self.talk, pending="")
        start = self.flows.entry(intent)
        if start and not self._is_stranger(start[0]):
            self._goto(*start, {})

    def _taken(self, flow: str, step: str) -> tuple[int, Branch]:
        branches = self.flows.branches(flow, step)
        for number, branch in enumerate(branches):
            if all(self._fact(name) in values for name, values in branch.when.items()):
                return number, branch
        return len(branches) - 1, Branch()

    def _fact(self, name: str) -> str:
        if name == "missed":
            return "twice" if self.talk.misses > 1 else "once"
        return self.world.fact(name)

    def _branch_of(self, frame: Frame) -> Branch:
        return self.flows.branches(frame.flow, frame.step)[frame.branch]

    def _still_there(self, frame: Frame) -> bool:
        """A flow may have been edited while its question was open."""
        flow = self.flows.by_name.get(frame.flow)
        branches = flow.steps.get(frame.step, ()) if flow else ()
        return frame.branch < len(branches) and (branches[frame.branch].asks or (frame.flow, frame.step) == WHICH)

    def _open(self, frame: Frame) -> None:
        self.talk = self.talk.push(frame)


def _without_which(frames: tuple[Frame, ...]) -> tuple[Frame, ...]:
    """ "Did you mean" is asked once: whoever goes on with something else has answered it."""
    return tuple(frame for frame in frames if (frame.flow, frame.step) != WHICH)
