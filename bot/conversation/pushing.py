"""What is said without being asked just now: a road is walked, and its words go out as one message."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy.engine import Connection

from bot.conversation.effects import EFFECTS
from bot.conversation.house import House
from bot.conversation.language import of_talk
from bot.conversation.roads import as_service, otherwise
from bot.conversation.world import World
from bot.engine.talk import Talk
from bot.engine.turn import Heard, Turn, turn
from bot.store import messages, people
from bot.store.messages import Spoken
from bot.store.people import Person


def world_of(connection: Connection, house: House, person: Person, now: datetime, touch_id: int | None = None) -> World:
    """The house as it is for somebody who has not written just now."""
    return World(connection, house, person, Talk.load(person.talk), EFFECTS, now, touch_id)


def push(
    world: World,
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
    walked = turn(house.content.flows, world, world.talk, heard)
    spoken = [_spoken(world, walked, kind, expires_at, template)] if walked.said and not quiet else []
    wait_until = world.now + walked.wait if walked.wait else None
    after = replace(walked.talk, locale=world.talk.locale)
    people.stands(connection, house.cipher, person, after.dump(), wait_until)
    rows = messages.keep_outbound(connection, house.cipher, person.id, world.candidate_id, None, spoken, world.now)
    return [*rows, *world.to_send]


def _spoken(world: World, walked: Turn, kind: str, expires_at: datetime | None, template: str) -> Spoken:
    """What is said, with how it is said by the roads that it may have to take."""
    text = "\n".join(world.text(said) for said in walked.said)
    keys = " ".join(f"{said.flow}.{said.key}" for said in walked.said)
    others = otherwise(world, walked.said, template) if kind == "notice" else as_service(world, walked.said)
    return Spoken(text, keys, kind, pushed=True, expires_at=expires_at, others=others, touch_id=world.touch_id)
