"""What is said without being asked just now: a road is walked, and its words go out as one message."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from bot.conversation import waits
from bot.conversation.effects import EFFECTS
from bot.conversation.language import of_talk
from bot.conversation.turn_context import TurnContext
from bot.engine.talk import Talk
from bot.engine.turn import SILENCE, Heard, Turn, turn
from bot.proactive.renditions import as_service, otherwise, unanswerable
from bot.runtime import Runtime
from bot.store import messages, people
from bot.store.messages import Draft
from bot.store.people import Person

_LATELY = timedelta(hours=6)  # so long after their last message an open question is not repeated


def world_of(
    connection: Connection, house: Runtime, person: Person, now: datetime, touch_id: int | None = None
) -> TurnContext:
    """The house as it is for somebody who has not written just now."""
    return TurnContext(connection, house, person, Talk.load(person.talk), EFFECTS, now, touch_id)


def push(
    world: TurnContext,
    heard: Heard,
    kind: str,
    expires_at: datetime | None = None,
    quiet: bool = False,
    template: str = "update",
) -> list[int]:
    """Walks, keeps the talk, queues what is said; gives the rows for the outbox to send. `quiet`: says nothing, but
    does what the road does. `template`: by which a notice goes where no chat is open."""
    house, person, connection = world.house, world.person, world.connection
    world.locale = of_talk(house, world.talk, world.candidate)
    wrote = person.last_at is not None and world.now < person.last_at + _LATELY
    heard = replace(heard, lately=wrote and heard.event != SILENCE)
    walked = turn(house.content.flows, world, _standing(world, heard), heard)
    spoken = [_spoken(world, walked, kind, expires_at, template)] if walked.said and not quiet else []
    after = waits.wound(house, replace(walked.talk, locale=world.talk.locale), world.now, anew=False)
    people.stands(connection, house.cipher, person, after.dump(), waits.over_at(after))
    rows = messages.enqueue(connection, house.cipher, person.id, world.candidate_id, None, spoken, world.now)
    return [*rows, *world.to_send]


def _standing(world: TurnContext, heard: Heard) -> Talk:
    """What is still open when we speak by ourselves: a question that was left is not asked again with it."""
    if heard.event == SILENCE:
        return waits.longest_unanswered_last(world.talk, world.now)
    return waits.still_asked(world.house, world.talk, world.now)


def _spoken(world: TurnContext, walked: Turn, kind: str, expires_at: datetime | None, template: str) -> Draft:
    """What is said, with how it is said by the roads that it may have to take."""
    text = unanswerable(world, walked.said) if world.is_one_way else "\n".join(world.text(said) for said in walked.said)
    keys = " ".join(f"{said.flow}.{said.key}" for said in walked.said)
    others = otherwise(world, walked.said, template) if kind == "notice" else as_service(world, walked.said)
    return Draft(text, keys, kind, pushed=True, expires_at=expires_at, others=others, touch_id=world.touch_id)
