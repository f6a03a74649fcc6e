"""What the rules look at: what happened between one candidate and us, as plain values, oldest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

_ONE_TALK = timedelta(hours=12)  # what lies closer together is one contact


@dataclass(frozen=True, slots=True)
class MessageHeard:
    """A message of the candidate: what it was taken to mean; `missed`: nobody understood it."""

    at: datetime
    intent: str = ""
    missed: bool = False


@dataclass(frozen=True, slots=True)
class MessageSent:
    """What we said by ourselves and what arrived. `expects`: answer, seen, confirm or nothing; `news`: of the training;
    `met_at`: when what it expects came about."""

    at: datetime
    entry: str = ""
    expects: str = ""
    news: bool = False
    met_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Duty:
    """A task, or a promise of ours: `due_at` when it is or was due, `done_at` when it was done or kept."""

    name: str
    due_at: datetime | None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class History:
    """`waits`: in a stage before joining. `passed_at`: since when. `known_at`: since when we have a hand in it; of what
    was before nobody can tell what was missed. `spoken`: when a person of HR wrote to them or
    reached them. `acted`: when they did something on their page. `owed_by`: when HR's answer is, or was, due. `moved`:
    when their date was moved. `lost_at`: nothing arrives there (number gone, unfollowed), and `lost` how.
    `endangered`: HR has an open case of danger."""

    waits: bool = True
    passed_at: datetime | None = None
    known_at: datetime | None = None
    starts_at: datetime | None = None
    heard: Sequence[MessageHeard] = ()
    said: Sequence[MessageSent] = ()
    acted: Sequence[datetime] = ()
    spoken: Sequence[datetime] = ()
    checkins: Sequence[tuple[datetime, int]] = ()
    tasks: Sequence[Duty] = ()
    promises: Sequence[Duty] = ()
    moved: Sequence[datetime] = ()
    confirmed_at: datetime | None = None
    owed_by: datetime | None = None
    lost_at: datetime | None = None
    lost: str = ""
    stopped: bool = False
    endangered: bool = False

    @property
    def signs(self) -> Sequence[datetime]:
        """Every moment at which the candidate gave a sign."""
        return sorted((*(each.at for each in self.heard), *self.acted))

    @property
    def contacts(self) -> Sequence[datetime]:
        """When they answered or acted, or a person spoke with them; what lies close together is one."""
        found: list[datetime] = []
        for at in sorted((*self.signs, *self.spoken)):
            if not found or at - found[-1] > _ONE_TALK:
                found.append(at)
        return found

    def sign_after(self, moment: datetime) -> datetime | None:
        return next((at for at in self.signs if at > moment), None)
