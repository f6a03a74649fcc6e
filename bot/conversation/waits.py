"""How long open questions wait for an answer: each until a moment of its own, whatever was asked after it."""

from dataclasses import replace
from datetime import datetime

from bot.conversation.interpret import asked_by
from bot.engine.flow import END, Wait
from bot.engine.talk import Frame, Talk
from bot.runtime import Runtime


def wound(house: Runtime, talk: Talk, now: datetime, anew: bool) -> Talk:
    """Every open question knows until when it waits; `anew`: the person has just written, so that all begin again."""
    return replace(talk, frames=tuple(_wound(house, frame, now, anew) for frame in talk.frames))


def over_at(talk: Talk) -> datetime | None:
    """When the first of the open questions has waited long enough."""
    return min((frame.until for frame in talk.frames if frame.until), default=None)


def still_asked(house: Runtime, talk: Talk, now: datetime) -> Talk:
    """Without the questions that nobody has answered in time and that lead nowhere: they are not asked once more."""
    lasting = tuple(
        frame for frame in talk.frames if not (_is_over(frame, now) and _leads_to(house, frame) in (END, ""))
    )
    return replace(talk, frames=lasting)


def longest_unanswered_last(talk: Talk, now: datetime) -> Talk:
    """The question whose time is over on top, so that its road goes on; others stay below it."""
    over = [frame for frame in talk.frames if _is_over(frame, now)]
    first = min(over, key=lambda frame: frame.until or now, default=None)
    if first is None:
        return talk
    return replace(talk, frames=(*(frame for frame in talk.frames if frame is not first), first))


def _wound(house: Runtime, frame: Frame, now: datetime, anew: bool) -> Frame:
    wait = _wait(house, frame)
    if wait is None:
        return replace(frame, until=None)
    return frame if frame.until and not anew else replace(frame, until=now + wait.after)


def _is_over(frame: Frame, now: datetime) -> bool:
    return frame.until is not None and frame.until <= now


def _leads_to(house: Runtime, frame: Frame) -> str:
    wait = _wait(house, frame)
    return wait.next if wait else ""


def _wait(house: Runtime, frame: Frame) -> Wait | None:
    branch = asked_by(house, frame)
    return branch.wait if branch else None
