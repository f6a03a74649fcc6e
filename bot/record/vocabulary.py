"""The words that flows and messages may use: facts, effects, collectors, placeholders. Anything else is a fault.

To add a fact or placeholder: name it here, fill it in bot/record/facts.py. To add an effect: name it here with its
outcomes, write it in bot/conversation/effects.py.
"""

from collections.abc import Mapping
from typing import Literal

# What `if:` may ask, with the words it may be answered with. Empty: the stages of config.yaml.
# A flow may also ask by the names under which it saved an answer.
FACTS: Mapping[str, tuple[str, ...]] = {
    "bound": ("yes", "no"),
    "open": ("yes", "no"),
    "stage": (),
    "date": ("none", "unknown", "planned", "published"),
    "when": ("none", "before", "tomorrow", "today", "during", "after"),
    "date_by": ("known", "unknown"),
    "place": ("known", "unknown"),
    "outline": ("known", "unknown"),
    "bring": ("known", "unknown"),
    "store": ("known", "unknown"),
    "next": ("known", "unknown"),
    "pushes": ("on", "off"),
    "owner": ("known", "unknown"),
    "channel": ("wechat", "sms", "email"),
    "met": ("yes", "no"),
    "talked": ("yes", "no"),
    "pending": ("yes", "no"),
    "missed": ("once", "twice"),
    "said": ("something", "nothing"),
    "asked": ("yes", "no"),
    "confirmed": ("yes", "no"),
    "address": ("known", "unknown"),
    "distance": ("known", "unknown"),
    "offer": ("none", "open", "over"),
    "manager": ("known", "unknown"),
    "links": ("yes", "no"),
    "helpline": ("known", "unknown"),
    "company_phone": ("known", "unknown"),
    "background_days": ("known", "unknown"),
    "film": ("known", "unknown"),
    "notices_only": ("yes", "no"),
    "tasks": ("open", "none"),
    "leaving": ("no", "once", "twice"),
    "stance": ("plain", "denies", "asks", "supposes", "reports", "other", "maybe"),
    "health": ("ill", "unsaid"),
    "how_late": ("said", "unsaid"),
    "back": ("open", "late", "no"),
    "undoes": (
        "confirmed",
        "unconfirmed",
        "withdrawn",
        "back",
        "stopped",
        "scored",
        "told",
        "alarmed",
        "earlier",
        "nothing",
    ),
}

# Facts that may have any value.
FREE_FACTS: frozenset[str] = frozenset({"city", "store_code", "position"})

# A fact for each task of the rhythm: task_id_copy, and how it may stand.
TASK_FACT = "task_"
TASK_STATES: tuple[str, ...] = ("open", "done", "none")

# And a fact of its day: due_id_copy, whether that lies ahead.
DUE_FACT = "due_"
DUE_STATES: tuple[str, ...] = ("ahead", "today", "past", "none")

# What `do:` may name, with the outcomes that `on:` may lead on from.
EFFECTS: Mapping[str, tuple[str, ...]] = {
    "promise": (),
    "open_case": (),
    "stop_pushes": ("silent", "already"),
    "resume_pushes": ("silent",),
    "wrong_number": (),
    "try_invite": ("bound", "mine", "other", "taken", "wrong", "limited"),
    "send_code": ("limited", "sms"),
    "send_code_to_record": ("limited", "no_phone"),
    "check_code": ("wrong", "expired"),
    "bind_proved": ("lost",),
    "confirm": (),
    "unconfirm": ("nothing",),
    "withdraw": (),
    "come_back": (),
    "speak": (),
    "notices_only": (),
    "task_done": (),
    "keep_checkin": (),
}

# Effects that change the record by what somebody says of themselves: never done upon a sentence that is not plain.
CHANGES: frozenset[str] = frozenset({"confirm", "unconfirm", "withdraw", "come_back", "notices_only", "task_done"})

# What a turn does that can be taken back with the next message ("I pressed the wrong one"), by the fact `undoes`: by
# the effect with its argument, else by the effect alone.
TOLD = "told"
UNDOES: Mapping[str, str] = {
    "confirm": "confirmed",
    "unconfirm": "unconfirmed",
    "withdraw": "withdrawn",
    "come_back": "back",
    "stop_pushes": "stopped",
    "notices_only": "stopped",
    "keep_checkin": "scored",
    "task_done": TOLD,
    "open_case": TOLD,
    "open_case danger": "alarmed",  # never taken back
    "open_case undone": "",
}

# What is left of it after messages that did nothing: HR still knows, and a danger stays one.
FADES: Mapping[str, str] = {TOLD: "earlier", "unconfirmed": "earlier", "earlier": "earlier", "alarmed": "alarmed"}

# What may be promised: kept when this fact has one of these values, by saying what this meaning says now. Beside them
# any meaning of the FAQ, kept when it has an answer.
PROMISES: Mapping[str, tuple[str, frozenset[str], str]] = {
    "cohort": ("date", frozenset({"planned", "published"}), "training.when"),
    "date": ("date", frozenset({"published"}), "training.when"),
    "place": ("place", frozenset({"known"}), "training.where"),
    "outline": ("outline", frozenset({"known"}), "training.outline"),
    "bring": ("bring", frozenset({"known"}), "training.bring"),
    "store": ("store", frozenset({"known"}), "store.mine"),
    "stage": ("stage", frozenset(), "stage.mine"),  # kept by any newer stage
}

# Effects whose argument is the key of a text that they send.
SPEAKING: frozenset[str] = frozenset({"send_code", "send_code_to_record"})

# What `collect:` may wait for, with what its limit looks like ("" if it takes none).
COLLECTORS: Mapping[str, str] = {
    "sms_code": "",
    "text": "",
    "place": "",
    "phone": "",
    "date": "future",
    "number": "1-5",
}

# What `{{ … }}` may name.
VALUES: frozenset[str] = frozenset(
    {
        "name",
        "company",
        "start",
        "end",
        "date_by",
        "days",
        "days_left",
        "place",
        "address",
        "outline",
        "bring",
        "store",
        "store_city",
        "store_address",
        "store_phone",
        "stage",
        "stage_since",
        "next_stage",
        "history",
        "owner",
        "answer_hours",
        "masked",
        "code",
        "code_minutes",
        "map_link",
        "distance_km",
        "offer",
        "offer_until",
        "position",
        "manager",
        "page_link",
        "helpline",
        "company_phone",
        "background_days",
        "waited_days",
        "seats",
        "openings",
        "invite",
        "film",
        "tasks",
        "task_due",
        "one_way",
    }
)

# Values that are web addresses: what holds one is not for an SMS to a number of mainland China.
LINKS: frozenset[str] = frozenset({"page_link", "map_link", "film"})

# The templates and subscription notices that may be set in config.yaml: a training's date and its changes, a reminder,
# a task, anything else.
TEMPLATES: tuple[str, ...] = ("training", "reminder", "task", "update")

# What may begin a road under `rules:` (a hard rule of understanding) …
RULES: tuple[str, ...] = (
    "stop",
    "start",
    "human",
    "never_mind",
    "wrong_number",
    "bot",
    "nod",
    "invite",
    "phone",
    "repeat",
    "explain",
    "wrong",
    "language",
    "unsafe",
    "low",
    "better",
    "beside",
    "kept_back",
    "coming",
    "cannot",
    "mistake",
    "unsaid",
)

# … and under `events:` (something that is not words).
EVENTS: tuple[str, ...] = (
    "follow",
    "scan",
    "first_contact",
    "picture",
    "voice",
    "video",
    "location",
    "link",
    "file",
    "sticker",
    "forwarded",
    "promise_kept",
)

# Meanings that are questions about the record: date, place, stage, store. They are answered also where a person of HR
# has the candidate and says nothing.
OF_THE_RECORD: frozenset[str] = frozenset(
    {
        "training.when",
        "training.where",
        "training.way",
        "training.outline",
        "training.bring",
        "training.how_long",
        "stage.mine",
        "stage.next",
        "store.mine",
        "store.distance",
    }
)

# How a case of HR's ends, and how a call went. Who has left is in the stage of those who have withdrawn.
LEFT, WITHDRAWN = "left", "withdrawn"
OUTCOMES: tuple[str, ...] = ("kept", "moved", "answered", LEFT, "unreachable", "mistake")
CALLED: tuple[str, ...] = ("reached", "no_answer")
# What happens to a case; each is told by `event_<name>` in messages/*/inbox.yaml.
Happening = Literal[
    "assigned",
    "called",
    "claimed",
    "handed_back",
    "handed_over",
    "missed",
    "not_reached",
    "noted",
    "reopened",
    "replied",
    "resolved",
    "said",
    "snoozed",
    "waiting",
    "warned",
    "woken",
]

# How soon HR has to look at a case, by its reason: 0 danger (around the clock), 1 at once, 2 today, 3 this week.
USUAL_URGENCY = 2
DANGER = 0  # somebody may come to harm: told day and night, dealt with one by one
URGENCY: Mapping[str, int] = {
    "danger": DANGER,
    "complaint": 1,
    "withdrawing": 1,
    "leaving": 1,
    "withdrawn": 1,
    "took_back": 1,
    "back": 1,
    "other_offer": 1,
    "no_show": 1,
    "human": 1,
    "insult": 1,
    "ill": 1,
    "cannot_come": 1,
    "late": 1,
    "door": 1,
    "risk": 1,
    "address": 3,
    "bring": 3,
    "erase": 3,
    "data": 3,
    "document": 3,
    "papers": 3,
    "task_overdue": 3,
    "checkin": 3,
    "loop": 3,
}
