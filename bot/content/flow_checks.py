"""Proves of every flow that its roads lead somewhere: steps exist, are reached, end, and nobody meets silence."""

from collections.abc import Iterable, Iterator, Mapping

from bot.engine.flow import TARGETS, Branch, Flow
from bot.errors import Fault
from bot.platform.yaml_text import Document

# These begin by themselves; a faq.yaml whose answers are all there needs no “unknown”, and no stories no question.
_BUILT_IN = {
    "binding": {"stranger"},
    "repair": {"which", "not_understood", "no_fit"},
    "faq": {"unknown"},
    "story": {"ask"},
}
_SILENT = "silent"  # the outcome that says: somebody else has answered
_STARTS = ("entries", "rules", "events")

Step = tuple[str, str]  # flow, step


def faults_of_roads(flow: Flow, flows: Mapping[str, Flow], document: Document) -> Iterator[Fault]:
    """What is wrong with the roads of one flow, given all others."""
    lost = list(_lost(flow, flows, document))
    yield from lost
    if lost:
        return
    for step in flow.steps.keys() - _reached(flow, flows):
        yield document.fault(("steps", step), f"step {step!r} is never reached: lead to it or remove it")
    for step in flow.steps:
        if _circle(flow.name, step, flows):
            yield document.fault(
                ("steps", step), f"step {step!r} leads back to itself without asking: it would not end"
            )
    for name in _endless(flow, flows):
        yield document.fault(("steps", name), f"step {name!r} never ends: give one of its roads an end")
    for part, word, step in _starts(flow):
        if _may_be_silent((flow.name, step), flows, frozenset()):
            yield document.fault((part, word), f"{word} may end in silence: let every road from {step!r} say something")
    for name, branches in flow.steps.items():
        for target in sorted({target for branch in branches for target in _answered(branch)}):
            if _may_be_silent(_at(target, flow.name), flows, frozenset()):
                yield document.fault(("steps", name), f"an answer here may meet silence: let {target!r} say something")


def _lost(flow: Flow, flows: Mapping[str, Flow], document: Document) -> Iterator[Fault]:
    named = [((part, word), step) for part, word, step in _starts(flow)]
    named += [(("acts", step), first) for step, first in flow.acts.items()]
    named += [(("steps", step), target) for step, branches in flow.steps.items() for target in _targets(branches)]
    for where, target in named:
        if target not in TARGETS and not _exists(target, flow, flows):
            yield document.fault(where, f"leads to {target!r}, which is no step: use one of {', '.join(flow.steps)}")


def _starts(flow: Flow) -> Iterator[tuple[str, str, str]]:
    for part in _STARTS:
        for word, step in getattr(flow, part).items():
            yield part, word, step


def _targets(branches: Iterable[Branch]) -> list[str]:
    return [
        target
        for branch in branches
        for target in (*branch.leads_to(), *branch.answers_lead_to(), *filter(None, (branch.call, branch.next)))
    ]


def _answered(branch: Branch) -> Iterator[str]:
    """Where an answer leads; not where silence does, which may stay silent."""
    waits = branch.wait.next if branch.wait else ""
    yield from (target for target in branch.answers_lead_to() if target != waits)


def _at(target: str, flow: str) -> Step:
    if "." not in target:
        return flow, target
    name, _, step = target.partition(".")
    return name, step


def _exists(target: str, flow: Flow, flows: Mapping[str, Flow]) -> bool:
    name, step = _at(target, flow.name)
    return name in flows and step in flows[name].steps


def _reached(flow: Flow, flows: Mapping[str, Flow]) -> set[str]:
    elsewhere = {
        _at(target, other.name)[1]
        for other in flows.values()
        for target in _targets(other.branches)
        if target.startswith(f"{flow.name}.")
    }
    waiting = [
        *(step for _, _, step in _starts(flow)),
        *elsewhere,
        *flow.acts.values(),
        *flow.touches,
        *_BUILT_IN.get(flow.name, ()),
    ]
    reached: set[str] = set()
    while waiting:
        step = waiting.pop()
        if step in flow.steps and step not in reached:
            reached.add(step)
            waiting += _targets(flow.steps[step])
    return reached


def _walks_to(step: Step, flows: Mapping[str, Flow]) -> Iterator[Step]:
    """The steps that follow without an answer in between, in any flow."""
    flow, name = step
    for branch in flows[flow].steps.get(name, ()) if flow in flows else ():
        yield from (_at(target, flow) for target in branch.leads_to() if target not in TARGETS)


def _circle(flow: str, step: str, flows: Mapping[str, Flow]) -> bool:
    """Whether a walk from this step may come back to it before anybody is asked."""
    waiting, seen = list(_walks_to((flow, step), flows)), set[Step]()
    while waiting:
        here = waiting.pop()
        if here == (flow, step):
            return True
        if here not in seen:
            seen.add(here)
            waiting += _walks_to(here, flows)
    return False


def _endless(flow: Flow, flows: Mapping[str, Flow]) -> list[str]:
    """Steps from which no road ends, whatever is answered."""
    ending = {
        (name, step)
        for name, each in flows.items()
        for step, branches in each.steps.items()
        if any(target in TARGETS for target in _targets(branches))
    }
    grew = True
    while grew:
        more = {
            (name, step)
            for name, each in flows.items()
            for step, branches in each.steps.items()
            if (name, step) not in ending and any(_at(t, name) in ending for t in _targets(branches))
        }
        ending |= more
        grew = bool(more)
    return [step for step in flow.steps if (flow.name, step) not in ending]


def _may_be_silent(start: Step, flows: Mapping[str, Flow], seen: frozenset[Step]) -> bool:
    """Whether some walk from here ends without a word. What the engine says by itself (again, pending) counts."""
    flow, step = start
    if step in TARGETS:
        return step == "end"
    if start in seen or flow not in flows or step not in flows[flow].steps:
        return False
    return any(_is_silent(branch, flow, flows, seen | {start}) for branch in flows[flow].steps[step])


def _is_silent(branch: Branch, flow: str, flows: Mapping[str, Flow], seen: frozenset[Step]) -> bool:
    led = [step for effect in branch.do for word, step in effect.outcomes.items() if word != _SILENT]
    if any(_may_be_silent(_at(step, flow), flows, seen) for step in led):
        return True
    if branch.say:
        return False
    called = _may_be_silent(_at(branch.call, flow), flows, seen) if branch.call else True
    return called and _may_be_silent(_at(branch.next, flow), flows, seen)
