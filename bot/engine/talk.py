"""Where one person stands in the flows: a stack of open questions, kept as JSON between messages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class MessageRef:
    """A key of the words to say, with what belongs in them beyond the facts. `form`: plain (what does that mean?) or
    again (a question asked once more), where there are such words."""

    flow: str
    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    choices: tuple[str, ...] = ()
    form: str = ""


@dataclass(frozen=True, slots=True)
class Return:
    """Where a road goes on when the one that it called has ended."""

    flow: str
    step: str
    saved: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """An open question: the step that asked it, and which of the step's branches. `back`: the roads that called.
    `start`: where its road began, as `flow.step`. `until`: how long it waits for an answer, if it does not for ever."""

    flow: str
    step: str
    branch: int = 0
    saved: Mapping[str, Any] = field(default_factory=dict)
    back: tuple[Return, ...] = ()
    start: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Talk:
    """`frames`: open questions, the newest last. `misses`: messages in a row that were not understood.
    `pending`: what was asked before we knew who asks. `offered`: opt-out letters that the last message offered.
    `chosen`: a language that was asked for. `unclear`: the last message, if it was not understood. `last`: what was
    said last. `answered`: the question that the last message answered, as long as it can be corrected. `low`: messages
    that told of a low mood, lately. `did`: what the last turn did that can be taken back, of
    bot.record.vocabulary.UNDOES, or what is left of it (FADES)."""

    frames: tuple[Frame, ...] = ()
    misses: int = 0
    locale: str = ""
    pending: str = ""
    offered: tuple[str, ...] = ()
    chosen: str = ""
    unclear: str = ""
    last: tuple[MessageRef, ...] = ()
    answered: Frame | None = None
    low: int = 0
    did: str = ""

    @property
    def open(self) -> Frame | None:
        return self.frames[-1] if self.frames else None

    def push(self, frame: Frame) -> "Talk":
        return replace(self, frames=(*self.frames, frame))

    def pop(self) -> "Talk":
        return replace(self, frames=self.frames[:-1])

    def dump(self) -> str:
        """JSON; a talk that stands nowhere is the empty text."""
        if self == Talk():
            return ""
        kept = {
            "frames": [_frame_out(frame) for frame in self.frames],
            "misses": self.misses,
            "locale": self.locale,
            "pending": self.pending,
            "offered": self.offered,
            "chosen": self.chosen,
            "unclear": self.unclear,
            "last": [[said.flow, said.key, dict(said.values), said.choices] for said in self.last],
            "did": self.did,
            "answered": _frame_out(self.answered) if self.answered else None,
            "low": self.low,
        }
        return json.dumps({name: value for name, value in kept.items() if value}, ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> "Talk":
        """Reads what `dump` wrote, also in the form of version 0.1."""
        if not text:
            return cls()
        found = json.loads(text)
        if isinstance(found, list):
            found = dict(zip(("frames", "misses", "locale", "pending", "offered"), found, strict=True))
        return cls(
            frames=tuple(_frame_in(each) for each in found.pop("frames", ())),
            offered=tuple(found.pop("offered", ())),
            last=tuple(
                MessageRef(flow, key, values, tuple(named)) for flow, key, values, named in found.pop("last", ())
            ),
            answered=_frame_in(answered) if (answered := found.pop("answered", None)) else None,
            **found,
        )


def _frame_out(frame: Frame) -> list[Any]:
    back = [[road.flow, road.step, dict(road.saved)] for road in frame.back]
    until = [frame.until.isoformat()] if frame.until else []
    return [frame.flow, frame.step, frame.branch, dict(frame.saved), back, frame.start, *until]


def _frame_in(kept: Sequence[Any]) -> Frame:
    flow, step, branch, saved, *more = kept
    missing: Sequence[Any] = ([], "", "")
    back, start, until = (*more, *missing[len(more) :])
    at = datetime.fromisoformat(until) if until else None
    return Frame(flow, step, branch, saved, tuple(Return(*road) for road in back), start, at)
