"""What goes in and out of the API. The fields of what is put are the columns of the import files."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from bot.imports import cells
from bot.imports.file_type import Kind

BIGGEST_ID = 2**63 - 1
_MOST = 500  # of a list in one answer
_LONGEST = 2_000  # characters of a note


def _clean(text: str) -> str:
    """No database and no XML takes these."""
    if any((ord(sign) < 32 and sign not in "\t\r\n") or 0xD800 <= ord(sign) <= 0xDFFF for sign in text):
        raise ValueError("has control characters, or half of a surrogate pair: leave them out")
    return text


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("says nothing: write what is to be read")
    return text


Clean = Annotated[str, AfterValidator(_clean)]
Note = Annotated[Clean, Field(max_length=_LONGEST)]
Code = Annotated[Clean, Field(min_length=1, max_length=64)]
Limit = Annotated[int, Field(ge=1, le=_MOST, description="How many at most.")]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Out(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PageQuery(_In):
    """A list, page by page."""

    after: Clean = Field(default="", max_length=64, description="The `next` of the page before.")
    limit: Limit = 100


class CandidateQuery(PageQuery):
    """Only those; all that are named must be so."""

    stage: Code | None = None
    cohort: Code | None = None
    store: Code | None = None
    owner: Code | None = None
    risk: Literal["low", "medium", "high"] | None = None


class CaseQuery(_In):
    """Cases, page by page."""

    after: int = Field(default=0, ge=0, le=BIGGEST_ID, description="The `next` of the page before.")
    limit: Limit = 100
    state: Literal["new", "claimed", "waiting", "snoozed", "resolved"] | None = None
    candidate: Code | None = None


class EventQuery(_In):
    """Events in order, from one on."""

    after: int = Field(default=0, ge=0, le=BIGGEST_ID, description="The id of the last event that is known already.")
    limit: Limit = 100
    kind: Code | None = None


class StageIn(_In):
    """Where the candidate is from now on."""

    stage: Code


class ResolveIn(_In):
    """`staff`: the code of the person of HR in whose name it is done. Who has left is moved to withdrawn, unless
    `keep_stage`."""

    staff: Code
    keep_stage: bool = False
    outcome: Literal["kept", "moved", "answered", "left", "unreachable", "mistake"]
    note: Note = ""


class NoteIn(_In):
    """For colleagues only: the candidate never sees it."""

    staff: Code
    text: Annotated[Note, AfterValidator(_filled)]


class AssignIn(_In):
    """`staff` hands the case over to `to`."""

    staff: Code
    to: Code
    note: Note = ""


class HookIn(_In):
    """Where events are to be posted to. No kinds: all of them."""

    url: Annotated[Clean, Field(max_length=2_000)]
    kinds: list[Literal["risk.changed", "case.opened", "case.changed", "stage.changed"]] = Field(
        default=[], max_length=10
    )


class Written(_Out):
    """What became of it. No personal data: a token that may only write reads none."""

    code: str
    outcome: Literal["created", "updated", "unchanged"]
    warnings: list[str] = []


class Store(_Out):
    """A store."""

    code: str
    name: str
    city: str | None
    address: str | None
    lat: float | None
    lng: float | None
    openings: int | None
    manager: str | None
    phone: str | None
    opens_on: date | None
    closes_on: date | None
    updated_at: datetime


class Cohort(_Out):
    """People trained together."""

    code: str
    name: str
    starts_at: datetime | None
    ends_at: datetime | None
    place: str | None
    address: str | None
    lat: float | None
    lng: float | None
    seats: int | None
    outline: list[str]
    bring: list[str]
    date_state: str
    date_by: datetime | None
    timezone: str | None
    version: int
    updated_at: datetime


class CandidateLine(_Out):
    """A candidate in a list."""

    code: str
    name: str
    stage: str
    stage_at: datetime
    cohort: str | None
    store: str | None
    owner: str | None
    risk: str
    updated_at: datetime


class Candidate(CandidateLine):
    """A candidate. `stages`: when each was entered. `bound`: the channels where they can be written to."""

    phone: str | None
    email: str | None
    locale: str | None
    timezone: str | None
    stages: dict[str, datetime]
    home_address: str | None
    source: str | None
    position: str | None
    offer: str | None
    offer_until: datetime | None
    invite: str
    bound: list[str]
    risk_points: int
    released_at: datetime | None


class CaseLine(_Out):
    """A case in a list. `urgency`: 0 danger, 1 at once, 2 today, 3 this week."""

    id: int
    candidate: str | None
    state: str
    reason: str
    urgency: int
    opened_at: datetime
    updated_at: datetime
    assigned: str | None
    claimed_by: str | None
    answered_at: datetime | None
    resolved_at: datetime | None
    outcome: str | None


class Reason(_Out):
    """A reason that joined a case."""

    reason: str
    at: datetime


class Step(_Out):
    """Something that happened to a case; words of people are not in it."""

    at: datetime
    actor: str
    what: str
    detail: dict[str, Any] | None


class Case(CaseLine):
    """A case with all that joined it and happened to it."""

    reasons: list[Reason]
    steps: list[Step]


class Event(_Out):
    """Something that happened. `data`: codes only."""

    id: int
    kind: str
    at: datetime
    data: dict[str, Any]


class Hook(_Out):
    """Where events are posted to. `stopped_at`: since when nothing is, because it failed for three days."""

    id: int
    url: str
    kinds: list[str]
    created_at: datetime
    stopped_at: datetime | None
    waiting: int


class HookMade(Hook):
    """`secret`: signs what is posted; it is shown this once."""

    secret: str


class Stores(_Out):
    """A page of stores."""

    items: list[Store]
    next: str | None


class Cohorts(_Out):
    """A page of cohorts."""

    items: list[Cohort]
    next: str | None


class Candidates(_Out):
    """A page of candidates."""

    items: list[CandidateLine]
    next: str | None


class Cases(_Out):
    """A page of cases."""

    items: list[CaseLine]
    next: int | None


class Events(_Out):
    """A page of events. `next`: the `after` of the next page, also when nothing is there yet."""

    items: list[Event]
    next: int


class Hooks(_Out):
    """All hooks."""

    items: list[Hook]


_NUMBERS: Mapping[cells.Reader, Any] = {
    cells.count: int | Clean,
    cells.latitude: float | Clean,
    cells.longitude: float | Clean,
    cells.items: list[Clean] | Clean,
}


def body_of(kind: type[Kind], stages: tuple[str, ...]) -> type[BaseModel]:
    """The columns of a kind of file as fields. What is left out or empty changes nothing, null clears."""
    fields: dict[str, Any] = {}
    for name, column in kind.all_columns(stages).items():
        if name != "code":
            value = _NUMBERS.get(column.read, Clean)
            fields[name] = (value, "") if column.kept else (value | None, "")
    made = create_model(f"{kind.name[:-1].capitalize()}In", __base__=_In, **fields)
    made.__doc__ = "As in the import files. What is left out or empty changes nothing; null clears."
    return made
