"""Where one person stands in the flows: a stack of open questions, kept as JSON between messages."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Frame:
    """An open question: the step that asked it, and which of the step's branches."""

    flow: str
    step: str
    branch: int = 0
    saved: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Talk:
    """`frames`: open questions, the newest last. `misses`: messages in a row that were not understood.
    `pending`: what was asked before we knew who asks. `offered`: opt-out letters that the last message offered."""

    frames: tuple[Frame, ...] = ()
    misses: int = 0
    locale: str = ""
    pending: str = ""
    offered: tuple[str, ...] = ()

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
        frames = [[frame.flow, frame.step, frame.branch, dict(frame.saved)] for frame in self.frames]
        return json.dumps([frames, self.misses, self.locale, self.pending, self.offered], ensure_ascii=False)

    @classmethod
    def load(cls, text: str) -> "Talk":
        if not text:
            return cls()
        frames, misses, locale, pending, offered = json.loads(text)
        return cls(tuple(Frame(*frame) for frame in frames), misses, locale, pending, tuple(offered))
