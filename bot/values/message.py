"""What every channel gives and takes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

# Characters that XML 1.0 cannot carry: a text with one would make the whole answer unreadable.
_ILLEGAL = dict.fromkeys([*range(0x00, 0x09), 0x0B, 0x0C, *range(0x0E, 0x20), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF])

STORY_ROAD = "service"  # what nobody asked for rides an open window of the chat, or waits
# By what a channel's messages go at first, and the channel of every road.
STAFF_ROADS = ("wecom", "wecom_robot", "dingtalk", "feishu")  # to HR alone; each a channel of its own
FIRST_ROAD = {"wechat": "service", "sms": "sms", "email": "email"} | {road: road for road in STAFF_ROADS}
CHANNEL_OF = {
    "service": "wechat",
    "template": "wechat",
    "subscription": "wechat",
    "sms": "sms",
    "email": "email",
    **{road: road for road in STAFF_ROADS},
}
_MORE = "…"  # ends what was shortened
_ENDS = ("\n", "。！？!?；;", "，、, ")  # where a text is best cut


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message or event from a person, verified and read.

    `key` tells repeats: the provider's message id, or what identifies an event. `kind`: text, event, or what else came
    (picture, voice, video, location, link, file). `event`: follow, unfollow, scan, menu, template_done, subscribed,
    subscription_sent, or "" for one we only keep.
    """

    channel: str
    address: str
    key: str
    kind: str
    text: str = ""
    event: str = ""
    scene: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    sent_at: datetime | None = None
    to: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """The body of the HTTP answer.

    `parts`: its texts, cut as messages of the channel; those from `fitting` on did not fit into the body. `tracked`:
    the provider tells what becomes of each part.
    """

    body: bytes
    content_type: str
    parts: tuple[str, ...] = ()
    fitting: int = 0
    tracked: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """A text with a title and a link, on channels that show such."""

    title: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class ChannelMessage:
    """One message on its way out, as a channel gets it.

    `id`: of its row, for providers that drop repeats by a key of ours. `via`: by what it goes: one of CHANNEL_OF.
    `form`: what this road needs beside the text: `menu` (head, choices), `card` (title, text,
    url, picture) or `picture` (media id) of a service message; `name`, `values`, `url` of a template; `subject` of an
    e-mail. `kind`: of its row. A story by any road but the chat cannot even be written: ValueError.
    """

    id: int
    address: str
    text: str
    via: str
    form: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "answer"

    def __post_init__(self) -> None:
        if self.kind == "story" and self.via != STORY_ROAD:
            raise ValueError(f"a story never goes by {self.via}")


@dataclass(frozen=True, slots=True)
class SendResult:
    """What a provider gave when it took a letter. `parts`: SMS that it costs. `status`: how far it is, in the
    provider's own word, where the provider was asked for it afterwards."""

    provider_id: str | None = None
    parts: int = 1
    status: str = ""


Compose = Callable[[Sequence[str], Card | None], Answer]  # `card`: the only text, as a card


def legible(text: str) -> str:
    """The text without what XML cannot carry."""
    return text.translate(_ILLEGAL)


def shortened(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8 and never half a character; what had to be cut ends with …, after a line, a
    sentence or a word if one ends near enough."""
    if len(text.encode()) <= limit:
        return text
    fitting = text.encode()[: max(0, limit - len(_MORE.encode()))].decode(errors="ignore")
    for ends in _ENDS:
        cut = max(fitting.rfind(end) for end in ends) + 1
        if cut > len(fitting) * 3 // 4:
            fitting = fitting[:cut]
            break
    return fitting.rstrip() + _MORE


def split_bytes(text: str, limit: int) -> list[str]:
    """Parts of at most `limit` bytes of UTF-8, cut between lines where possible, never inside a character."""
    parts = []
    while len(text.encode()) > limit:
        fitting = text.encode()[:limit].decode(errors="ignore")
        line_end = fitting.rfind("\n")
        cut = line_end if line_end > len(fitting) // 2 else len(fitting)
        parts.append(text[:cut].rstrip("\n"))
        text = text[cut:].lstrip("\n")
    return [*parts, text]
