"""One turn of a conversation: hears, walks the flows, says. Pure: the world answers what is so and does what is done.

The order of hearing: a correction of the last answer, hard rules, the answer to the open question, a meaning that can
be answered, "did you mean", not understood. A side question is answered and the open question asked again. Where a step
changes the record, whoever has not plainly said it is asked first.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, Protocol

from bot.engine.flow import AGAIN, END, FREE_WORDS, PENDING, PLAINLY, Branch, Effect, Flow, Flows
from bot.engine.talk import Frame, MessageRef, Return, Talk
from bot.record.vocabulary import FADES, TOLD, UNDOES

_LONGEST_WALK = 50  # steps in a turn: a loop in a flow ends in an error, not in silence
_DEEPEST = 4  # open questions that may wait below each other
_ALARMING = 0.6  # how sure a meaning must be that we would rather hear once too often
_LONGEST_UNCLEAR = 80  # characters of a message that may be the first half of a question
WHICH = ("repair", "which")
NOT_UNDERSTOOD = ("repair", "not_understood")
NO_FIT = ("repair", "no_fit")
STRANGER = ("binding", "stranger")
SILENCE = "silence"
TOUCH = "touch"  # keepwarm speaks first: `value` is the step, as `flow.step`
_CLOSES = ("stop", "wrong_number")  # rules after which the bot asks nothing and tells nothing more
# Rules that say by themselves whether somebody comes, or deny that it was said, and as which answer.
SAYS = {"coming": "yes", "cannot": "no", "unsaid": ""}
_BARE = ("number", "yes", "no", *SAYS)  # rules that hold for nothing but a bare answer
_MISTAKE = "mistake"
_GIVES_UP = ("never_mind", _MISTAKE)  # rules after which no question stays open
_PLAIN = "plain"
_CONFIRMED = UNDOES["confirm"]
_ALARMED = UNDOES["open_case danger"]
_ABOUT_THE_LAST = ("repeat", "explain", "language")  # rules that leave what was said last, and its question, in force


@dataclass(frozen=True, slots=True)
class Heard:
    """What came in, understood: an `event` (follow, scan, picture, silence …), or a text with its meaning.

    `also`: further meanings of the same message. `asks`: it is a question. `corrects`: it takes the last answer back.
    `lately`: what is open was asked a short time ago, and is not repeated by what we say by ourselves.
    """

    text: str = ""
    event: str = ""
    rule: str = ""
    value: str = ""
    intent: str = ""
    decision: str = "fallback"
    pair: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    asks: bool = False
    corrects: bool = False
    first: bool = False
    lately: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn leaves: the talk as it stands now, what is said, the road that was walked, the facts that it was
    chosen by, and how long its question waits for an answer."""

    talk: Talk
    said: tuple[MessageRef, ...]
    road: tuple[str, ...]
    facts: Mapping[str, str] = field(default_factory=dict)


class Collected(NamedTuple):
    """A value that a text holds, and whether it satisfies the limit."""

    value: str
    fits: bool


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

    def stance(self, step: str, asked_for: bool, heard: Heard, choice: tuple[str, str] | None) -> str:
        """How the text stands to what this step records: plain, or why not. `asked_for`: asking for it says it too;
        `choice`: the flow and name of the choice that it was taken for, whose words say it."""
        ...

    def lacks(self, said: MessageRef) -> bool:
        """Whether the words tell what is not known, or not any more."""
        ...

    def health(self, heard: Heard) -> str:
        """Whether the text says that its sender is ill: ill or unsaid."""
        ...

    def how_late(self, heard: Heard) -> str:
        """Whether the text says how late its sender is: said or unsaid."""
        ...

    def read(self, collector: str, limit: str, heard: Heard) -> Collected | None:
        """The value that was heard for this collector, or None."""
        ...


def turn(flows: Flows, world: World, talk: Talk, heard: Heard) -> Turn:
    """Walks from what was heard to the next question or the end."""
    return _Walk(flows, world, talk, heard).go()


class _Walk:
    """The state of one turn while it lasts."""

    def __init__(self, flows: Flows, world: World, talk: Talk, heard: Heard) -> None:
        self.flows, self.world, self.talk, self.heard = flows, world, talk, heard
        self.said: list[MessageRef] = []
        self.road: list[str] = []
        self.facts: dict[str, str] = {}
        self.back: list[Return] = []
        self.start = ""
        self.stance = _PLAIN  # how what was heard stands to what it would change
        self.did = ""  # what this turn has done that can be taken back
        self.waits = False  # whether a question was open that is asked again
        self.asked: Frame | None = None  # the question that this turn opened last

    def go(self) -> Turn:
        """Hears; who writes for the first time, known by their number, is also told what this is."""
        before = self.talk
        self.talk = replace(before, frames=tuple(filter(self._still_there, before.frames)), unclear="", answered=None)
        self.waits = bool(self._lasting().frames)
        self._hear(before.answered)
        for intent in self.heard.also:
            if start := self._open_to(intent) or self.flows.on_rule(intent):
                self._begin(*self._asked_first(*start), aside=True)
        closes = self.heard.rule in _CLOSES
        if self.heard.first and not closes and (start := self.flows.on_event("first_contact")):
            self._begin(*start)
        if self.said and not closes:
            self._drop_what_is_gone()
        if self.talk.open and self.said and not ((closes or self.heard.lately) and self.talk.open is not self.asked):
            self._ask_last(self.talk.open)
        self._remember(before)
        return Turn(self.talk, tuple(self.said), tuple(self.road), self.facts)

    def _remember(self, before: Talk) -> None:
        by_itself = self.heard.event in (SILENCE, TOUCH)
        misses = 0 if self.talk.misses == before.misses and not by_itself else self.talk.misses
        again = self.heard.rule in _ABOUT_THE_LAST or not self.said
        last = before.last if again else tuple(self.said)
        faded = "" if self.heard.rule == _MISTAKE and before.did != _ALARMED else FADES.get(before.did, "")
        did = self.did or (before.did if by_itself else faded)
        self.talk = replace(self.talk, misses=misses, last=last, did=did)

    def _hear(self, answered: Frame | None) -> None:
        if self.heard.event:
            return self._event()
        if self._alarms() and (start := self._open_to(self.heard.intent)):
            return self._begin(*start, keep_open=False)
        if self.heard.corrects and answered and self._corrects(answered):
            return None
        if self.heard.rule == "ambiguous" and self._known(self.heard.pair):
            return self._which_of(self._known(self.heard.pair)[:2])
        if self.heard.rule == "nod" and (start := self._in_doubt()):
            return self._begin(*start)
        rule = self.flows.on_rule(self.heard.rule)
        if rule and self.heard.rule not in SAYS and not self._is_a_choice():
            ends = self.heard.rule in _GIVES_UP or self.flows.is_alarm(self.heard.rule)
            return self._begin(*rule, keep_open=not ends)
        if self._answers_one() or (self.talk.open and self._answers_freely(self.talk.open)):
            return None
        if rule:
            return self._not_known_yet() if self._is_stranger(rule[0]) else self._begin(*rule, keep_open=False)
        if self.heard.decision == "answer" and self.flows.entry(self.heard.intent):
            return self._meaning(self.heard.intent)
        guesses = [meaning for meaning in self._known(self.heard.pair) if self._flow_of(meaning).offered]
        if self.heard.decision == "ask" and guesses:
            return self._which_of(tuple(guesses[:2]))
        return self._not_understood()

    def _is_a_choice(self) -> bool:
        """Whether what would say "I did not mean it" names one of the answers that are offered ("take it back")."""
        branch = self._branch_of(self.talk.open) if self.talk.open and self.heard.rule == _MISTAKE else None
        return bool(branch and self.world.choice(self.talk.frames[-1].flow, tuple(branch.choices), self.heard.text))

    def _which_of(self, pair: tuple[str, ...]) -> None:
        """Somebody we do not know is not asked which of two things they may not hear yet."""
        return self._which(pair) if self._open_to(pair[0]) else self._meaning(pair[0])

    def _event(self) -> None:
        if self.heard.event == SILENCE:
            return self._silence()
        if self.heard.event == TOUCH:
            flow, _, step = self.heard.value.partition(".")
            return self._begin(flow, step)
        if self._takes_picture():
            return None
        if self.talk.open and self._branch_of(self.talk.open).collect and self._answers(self.talk.open):
            return None
        if start := self.flows.on_event(self.heard.event):
            self._begin(*start)
        return None

    def _takes_picture(self) -> bool:
        """Whether what was heard is a picture, and the open question knows what to do with one."""
        frame = self.talk.open
        step = self._branch_of(frame).picture if frame and self.heard.event == "picture" else ""
        if frame and step:
            self._answered(frame, step, "", "")
        return bool(step)

    def _silence(self) -> None:
        """The open question has waited long enough."""
        frame = self.talk.open
        wait = self._branch_of(frame).wait if frame else None
        if frame and wait:
            self.talk = self.talk.pop()
            self._goes_on(frame, wait.next, frame.saved)

    def _corrects(self, answered: Frame) -> bool:
        """Whether what was heard is another answer to the question answered last: then the road is walked anew."""
        if not self._still_there(answered):
            return False
        before = self.talk
        self.talk = replace(before, frames=(*(f for f in before.frames if f.flow != answered.flow), answered))
        if self._answers(answered):
            if before.did == _CONFIRMED != self.did:
                self.world.do(Effect("unconfirm"), self.heard, {})
            return True
        self.talk = before
        return False

    def _meaning(self, intent: str, choice: tuple[str, str] | None = None) -> None:
        """On where a meaning begins; `choice`: as what it was chosen, if it was."""
        start = self.flows.entry(intent)
        assert start
        if self._is_stranger(start[0]):
            self.talk = replace(self.talk, pending=intent)
            return self._not_known_yet()
        return self._begin(*self._asked_first(*start, choice), keep_open=not self._is("urgent"), aside=True)

    def _asked_first(self, flow: str, step: str, choice: tuple[str, str] | None = None) -> tuple[str, str]:
        """This step; or, if it changes the record and nobody has plainly said so, the one that asks."""
        first = self.flows.asks_first(flow, step)
        if first is None:
            return flow, step
        asked_for = step in self.flows.by_name[flow].requests
        self.stance = self._stance(f"{flow}.{step}", asked_for, choice)
        return (flow, step) if self.stance == _PLAIN else first

    def _in_doubt(self) -> tuple[str, str] | None:
        """Where somebody is asked who says "got it" to a question that a plain yes would answer."""
        branch = self._branch_of(self.talk.open) if self.talk.open else None
        flow, _, step = branch.yes.partition(".") if branch else ("", "", "")
        self.stance = "maybe"
        return self.flows.asks_first(flow, step)

    def _stance(self, step: str, asked_for: bool, choice: tuple[str, str] | None) -> str:
        """A bare answer is plain, and stays so where a question follows it."""
        bare = self.heard.rule in _BARE
        if bare and not self.heard.also:
            return _PLAIN
        found = self.world.stance(step, asked_for, self.heard, choice)
        return _PLAIN if bare and found in ("asks", "denies") else found

    def _open_to(self, intent: str) -> tuple[str, str] | None:
        """Where a meaning begins, if this person may walk there."""
        start = self.flows.entry(intent)
        return None if start and self._is_stranger(start[0]) else start

    def _known(self, intents: Iterable[str]) -> tuple[str, ...]:
        """Those that a flow answers: flows may have been edited since."""
        return tuple(intent for intent in intents if self.flows.entry(intent))

    def _flow_of(self, meaning: str) -> Flow:
        return self.flows.by_name[meaning.partition(".")[0]]

    def _is_stranger(self, flow: str) -> bool:
        return self._fact("bound") == "no" and not self.flows.by_name[flow].for_anyone

    def _not_known_yet(self) -> None:
        if self.talk.open and self.talk.open.flow == STRANGER[0]:
            return self._ask_again(self.talk.open)
        return self._begin(*STRANGER, keep_open=False)

    def _which(self, meanings: tuple[str, ...]) -> None:
        """Between two meanings, or none of them, the person chooses; the choice names are the intents themselves."""
        branch = self.flows.branches(*WHICH)[0]
        pair = (*meanings, *branch.choices)
        self.talk = replace(self._lasting(), unclear=self.heard.text[:_LONGEST_UNCLEAR])
        for key in branch.say:
            self._say(MessageRef(WHICH[0], key, {}, pair))
        self.road.append(".".join(WHICH))
        self._open(Frame(*WHICH, 0, {"pair": list(pair)}))

    def _not_understood(self) -> None:
        open_ = self.talk.open
        talk = self._lasting() if open_ and open_.flow == NOT_UNDERSTOOD[0] else self.talk
        self.talk = replace(talk, misses=self.talk.misses + 1, unclear=self.heard.text[:_LONGEST_UNCLEAR])
        if self.talk.open and self._branch_of(self.talk.open).otherwise:
            return self._otherwise(self.talk.open)
        if self._fact("bound") == "no":
            return self._not_known_yet()
        return self._begin(*(NO_FIT if self.talk.open else NOT_UNDERSTOOD), again=True)

    def _answers_one(self) -> bool:
        """Whether what was heard answers the open question, or one below it if those above are only asked once."""
        frames = self.talk.frames
        for depth in range(len(frames), 0, -1):
            self.talk = replace(self.talk, frames=frames[:depth])
            if self._answers(frames[depth - 1]):
                return True
            if not self._is_once(frames[depth - 1]):
                break
        self.talk = replace(self.talk, frames=frames)
        return False

    def _otherwise(self, frame: Frame) -> None:
        """On with an answer that fits none of the choices; it is kept as it was written."""
        branch = self._branch_of(frame)
        self._answered(frame, branch.otherwise, branch.save, self.heard.details.get("said", self.heard.text))

    def _answers_freely(self, frame: Frame) -> bool:
        """Whether a statement that fits none of the choices answers in words of the person's own: if it is about this
        road or about nothing clear, and if those words are kept, whatever it is about but what is urgent."""
        branch, heard = self._branch_of(frame), self.heard
        if heard.rule in SAYS or heard.asks or heard.decision == "fallback" or not branch.otherwise:
            return False
        same_flow = heard.intent.partition(".")[0] == frame.flow
        clear = heard.decision == "answer" and not self._is_own(frame)
        if clear and (self._is("urgent", "aside") or not (branch.save or same_flow)):
            return False
        self._otherwise(frame)
        return True

    def _answers(self, frame: Frame) -> bool:
        """Whether what was heard answers the question; if so the walk has gone on from it."""
        if (frame.flow, frame.step) == WHICH:
            return self._chose_meaning(frame)
        branch = self._branch_of(frame)
        found = self._chosen(frame, branch) if branch.choices else self._collected(frame, branch)
        if found is None:
            return False
        value, step = found
        self._answered(frame, step, branch.saved, value)
        return True

    def _answered(self, frame: Frame, step: str, name: str, value: str) -> None:
        """The question can be corrected for one message; its answer is kept if it has a name."""
        self.talk = replace(self.talk.pop(), answered=frame)
        self._goes_on(frame, step, {**frame.saved, name: value} if name else frame.saved)

    def _goes_on(self, frame: Frame, step: str, saved: Mapping[str, Any]) -> None:
        """On from an open question, on the road that it belongs to."""
        self.back, self.start = list(frame.back), frame.start
        self._goto(frame.flow, step, saved)

    def _chosen(self, frame: Frame, branch: Branch) -> tuple[str, str] | None:
        chosen = self._choice(frame.flow, tuple(branch.choices))
        bare = {"yes": branch.yes, "no": branch.no}.get(SAYS.get(self.heard.rule, self.heard.rule), "")
        step = branch.choices[chosen] if chosen else bare
        if not step:
            return None
        flow, _, name = step.rpartition(".")
        flow, name = self._asked_first(flow or frame.flow, name, (frame.flow, chosen) if chosen else None)
        return chosen, f"{flow}.{name}" if "." in step else name

    def _collected(self, frame: Frame, branch: Branch) -> tuple[str, str] | None:
        """What the text holds for the collector, and where that leads. A clear question about something else is no
        answer in free words, nor is what is urgent."""
        if branch.collect in FREE_WORDS and self.heard.rule in SAYS:
            return None
        other = self.heard.decision == "answer" and self.flows.entry(self.heard.intent) and not self._is_own(frame)
        if branch.collect in FREE_WORDS and other and (self.heard.asks or self._is("urgent", "aside")):
            return None
        found = self.world.read(branch.collect, branch.limit, self.heard)
        if found is None or not (found.fits or branch.invalid):
            return None
        return found.value, branch.next if found.fits else branch.invalid

    def _is_own(self, frame: Frame) -> bool:
        """Whether what was meant is what began the road of this question: said again, it answers."""
        start = self.flows.entry(self.heard.intent)
        return start is not None and ".".join(start) == frame.start

    def _alarms(self) -> bool:
        """Whether what was meant must be heard although it is but likely."""
        return self._is("alarm") and self.heard.details.get("p", 1) >= _ALARMING

    def _is(self, *kinds: str) -> bool:
        """Whether the flow of what was meant singles it out as one of these: `urgent`, `alarm`, `aside`."""
        flow, _, name = self.heard.intent.partition(".")
        known = self.flows.by_name.get(flow)
        return known is not None and any(name in getattr(known, kind) for kind in kinds)

    def _chose_meaning(self, frame: Frame) -> bool:
        others = self._branch_of(frame).choices
        chosen = self._choice(frame.flow, (*self._known(frame.saved["pair"]), *others))
        if chosen:
            self.talk = self.talk.pop()
        if chosen in others:
            self.talk = replace(self.talk, misses=self.talk.misses + 1)
            self._goto(frame.flow, others[chosen], {})
        elif chosen:
            self._meaning(chosen, (frame.flow, chosen))
        return bool(chosen)

    def _choice(self, flow: str, names: tuple[str, ...]) -> str:
        """By number, by its words, by any yes or no (yes_unbind), or by the meaning that it stands for."""
        heard = self.heard
        if heard.rule == "number" and heard.value.isdecimal() and 1 <= int(heard.value) <= len(names):
            return names[int(heard.value) - 1]
        if named := self.world.choice(flow, names, heard.text):
            return named
        for name in names:
            if heard.rule and name.partition("_")[0] == heard.rule:
                return name
        return heard.intent if self._means_one(names) else ""

    def _means_one(self, names: tuple[str, ...]) -> bool:
        return self.heard.decision == "answer" and self.heard.intent in names

    def _begin(self, flow: str, step: str, keep_open: bool = True, aside: bool = False, again: bool = False) -> None:
        """Starts a road; open questions wait below it. A flow that begins anew gives up its own open questions (one
        that begins `aside` only if it asks again), and a question that is asked once is given up by going on, unless
        it shall be asked `again`."""
        again = again or self.heard.rule in _ABOUT_THE_LAST
        lasting = self.talk.frames if again else self._lasting().frames
        asked = self.asked
        self.talk = replace(self.talk, frames=())
        self.back, self.start = [], f"{flow}.{step}"
        self._goto(flow, step, {})
        anew = {flow} if not aside else {frame.flow for frame in self.talk.frames}
        waiting = tuple(f for f in lasting if f.flow not in anew or f is asked or self._is_once(f)) if keep_open else ()
        self.talk = replace(self.talk, frames=(*waiting, *self.talk.frames)[-_DEEPEST:])

    def _lasting(self) -> Talk:
        """The talk without questions that are asked once, unless this turn has just asked them."""
        lasting = tuple(f for f in self.talk.frames if f is self.asked or not self._is_once(f))
        return replace(self.talk, frames=lasting[-_DEEPEST + 1 :])

    def _is_once(self, frame: Frame) -> bool:
        return (frame.flow, frame.step) == WHICH or self._branch_of(frame).once

    def _ask_last(self, frame: Frame) -> None:
        """The open question stands at the end of the answer, whatever else was said."""
        self._ask_again(frame)
        key = self._branch_of(frame).say[-1]
        self.said.sort(key=lambda said: (said.flow, said.key) == (frame.flow, key))

    def _drop_what_is_gone(self) -> None:
        """A question about what is not so any more, like a date that was cancelled, is not asked again."""
        while (open_ := self.talk.open) and open_ is not self.asked and any(map(self.world.lacks, self._asking(open_))):
            self.talk = self.talk.pop()

    def _ask_again(self, frame: Frame) -> None:
        for said in self._asking(frame):
            self._say(said)

    def _asking(self, frame: Frame) -> list[MessageRef]:
        """The question once more."""
        branch = self._branch_of(frame)
        choices = tuple(frame.saved.get("pair", ())) or tuple(branch.choices)
        return [MessageRef(frame.flow, key, frame.saved, choices, "again") for key in branch.say[-1:]]

    def _goto(self, flow: str, step: str, saved: Mapping[str, Any]) -> None:
        """Walks steps until a question is open or the road ends, and the roads that called it too."""
        for _ in range(_LONGEST_WALK):
            if step == END:
                if not self.back:
                    return None
                flow, step, saved = self._returned(saved)
                continue
            if step == PENDING:
                return self._pending()
            if step in (AGAIN, PLAINLY):
                return self._again("plain" if step == PLAINLY else "")
            if "." in step:
                flow, _, step = step.partition(".")
            number, branch = self._taken(flow, step, saved)
            self.road.append(f"{flow}.{step}")
            led = self._do(branch.do, saved)
            if led:
                step = led
                continue
            for key in branch.say:
                self._say(MessageRef(flow, key, saved, tuple(branch.choices)))
            if branch.asks:
                return self._open(Frame(flow, step, number, saved, tuple(self.back), self.start))
            if branch.call:
                self.back.append(Return(flow, branch.next, saved))
                step = branch.call
                continue
            step = branch.next
        raise RuntimeError(f"flow {flow} does not end: {' > '.join(self.road[-6:])}")

    def _returned(self, saved: Mapping[str, Any]) -> tuple[str, str, Mapping[str, Any]]:
        """On to the road that called, with what it and the called one have kept."""
        road = self.back.pop()
        return road.flow, road.step, {**road.saved, **saved}

    def _say(self, said: MessageRef) -> None:
        """Nothing is said twice in one answer."""
        if not any((said.flow, said.key) == (other.flow, other.key) for other in self.said):
            self.said.append(said)

    def _again(self, form: str) -> None:
        for said in self.talk.last:
            self._say(replace(said, form=form))

    def _do(self, effects: tuple[Effect, ...], saved: Mapping[str, Any]) -> str:
        for effect in effects:
            outcome = self.world.do(effect, self.heard, saved)
            if not outcome:
                self._has_done(effect)
            if outcome in effect.outcomes:
                return effect.outcomes[outcome]
        return ""

    def _has_done(self, effect: Effect) -> None:
        """Keeps what can be taken back; what changed the record counts before what HR was told beside it."""
        done = UNDOES.get(f"{effect.name} {effect.argument}", UNDOES.get(effect.name, ""))
        if done and self.did in ("", TOLD):
            self.did = done

    def _pending(self) -> None:
        """Answers what was asked before we knew who asks."""
        intent, self.talk = self.talk.pending, replace(self.talk, pending="")
        start = self._open_to(intent)
        if start:
            self._goto(*start, {})

    def _taken(self, flow: str, step: str, saved: Mapping[str, Any]) -> tuple[int, Branch]:
        branches = self.flows.branches(flow, step)
        for number, branch in enumerate(branches):
            if all(self._fact(name, saved) in values for name, values in branch.when.items()):
                return number, branch
        return len(branches) - 1, Branch()

    def _fact(self, name: str, saved: Mapping[str, Any] | None = None) -> str:
        if saved and name in saved:
            return str(saved[name])
        value = self._of_talk(name) or self.world.fact(name)
        self.facts[name] = value
        return value

    def _of_talk(self, name: str) -> str:
        """The facts that the talk itself knows."""
        if name == "missed":
            return "twice" if self.talk.misses > 1 else "once"
        if name == "asked":
            return "yes" if self.waits else "no"
        if name == "stance":
            return self.stance
        if name == "health":
            return self.world.health(self.heard)
        if name == "how_late":
            return self.world.how_late(self.heard)
        if name == "undoes":
            return self.talk.did or "nothing"
        if name == "said":
            return "something" if self.talk.last else "nothing"
        return ""

    def _branch_of(self, frame: Frame) -> Branch:
        return self.flows.branches(frame.flow, frame.step)[frame.branch]

    def _still_there(self, frame: Frame) -> bool:
        """A flow may have been edited while its question was open."""
        flow = self.flows.by_name.get(frame.flow)
        branches = flow.steps.get(frame.step, ()) if flow else ()
        return frame.branch < len(branches) and (branches[frame.branch].asks or (frame.flow, frame.step) == WHICH)

    def _open(self, frame: Frame) -> None:
        """A flow that asks anew, by whatever road it was reached, gives up its own open questions."""
        others = tuple(f for f in self.talk.frames if f.flow != frame.flow or f is self.asked or self._is_once(f))
        self.talk = replace(self.talk, frames=others).push(frame)
        self.asked = frame
