"""Who does what, and when: one person's manner, drawn by a seeded lot. To add a manner: one line in MANNERS, and one
method that says what it does after a message.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
MANNERS = {  # of a hundred people
    "answers": 42,
    "reads": 15,
    "asks": 14,
    "silent": 12,
    "away": 6,
    "stops": 4,
    "unfollows": 3,
    "withdraws": 4,
}
_WAITING = ("interview_passed", "background_check", "training_notice", "onboarding_prep")
_NUMBERED = re.compile(r"^1[.．、]\s*\S", re.MULTILINE)
_LINK = re.compile(r"https?://[^\s<>\"，。；、）】]+")
_HERE = timezone(timedelta(hours=8))
_UP_AT, _UP_UNTIL = 7, 23  # o'clock
_PUSHED = ("custom", "template", "subscribe", "api")
_MOST_REPLIES = 2  # to what the bot says to a reply
_DAYS_BETWEEN = {"asks": (1.5, 2.5), "answers": (2, 6), "reads": (6, 12)}  # questions of their own
_TRAINING = ("培训安排", "training")  # in the title of the template that asks for an answer
_SAYS: dict[str, dict[str, Any]] = {
    "zh": {
        "when": ("什么时候培训",),
        "else": ("要带什么", "培训在哪里", "培训几天", "我的门店在哪", "现在到哪一步了", "要做什么准备"),
        "fine": "好的，收到",
        "come": "确认参加",
        "stop": "退订",
        "leave": ("我不来了", "3", "1", "1"),
    },
    "en": {
        "when": ("When does training start?",),
        "else": ("What should I bring?", "Where is the training?", "How long is the training?", "Which store am I at?"),
        "fine": "OK, got it",
        "come": "I confirm, I'll come",
        "stop": "STOP",
        "leave": ("I am not coming any more", "3", "1", "1"),
    },
}


@dataclass(frozen=True, order=True)
class Act:
    """Something a person does at a moment (unix seconds): an act of the simulated phone, or `open` for a link."""

    at: float
    code: str
    name: str
    fields: dict[str, Any] = field(compare=False)


class Manner:
    """One person: what they do by themselves, and what after a message of the bot's."""

    def __init__(self, person: dict[str, Any], seed: int) -> None:
        self.person = person
        self.code = str(person["code"])
        self._lot = Random(f"{seed}:{self.code}")
        self.name = self._lot.choices(list(MANNERS), list(MANNERS.values()))[0]
        self.channel = self._channel()
        self._says = _SAYS["en" if str(person.get("locale", "")).startswith("en") else "zh"]
        self._heard = 0  # messages that the bot sent by itself
        self._patience = self._lot.randint(2, 5)  # messages until somebody opts out or unfollows
        self._replies = 0  # in a row
        self._script: list[str] = []  # what is said next, whatever the bot answers
        self._gone = False

    @property
    def chat(self) -> str:
        return str(self.person["openid"] if self.channel == "wechat" else self.person["phone"])

    def begins(self, start: float) -> Iterator[Act]:
        """How the person comes into the chat, on the first day or the second, and what they do later by themselves."""
        if self.name == "away" or self.person.get("stage") not in _WAITING:
            return
        comes = self._awake(start + self._lot.uniform(0.1 * HOUR, 30 * HOUR))
        if self.channel == "wechat":
            invite = str(self.person.get("invite") or "")
            yield self._act(comes, "scan", scene=invite) if invite else self._act(comes, "follow")
        else:
            yield self._text(comes, "你好" if self._says is _SAYS["zh"] else "Hello")
        if self.name in _DAYS_BETWEEN:
            asked = self._says["when" if self.name == "asks" else "else"]
            for at in self._now_and_then(comes, *_DAYS_BETWEEN[self.name]):
                yield self._text(self._awake(at), self._lot.choice(asked))
        if self.name == "withdraws":
            yield self._act(self._awake(comes + self._lot.uniform(3, 15) * DAY), "leave")

    def does(self, act: Act) -> Act:
        """What the act is on the phone; a script begins with its first words."""
        if act.name != "leave":
            return act
        first, *self._script = self._says["leave"]
        return Act(act.at, act.code, "text", {"content": first})

    def hears(self, message: dict[str, Any]) -> Iterator[Act]:
        """What the person does after a message, at once or much later."""
        if self._gone or message["direction"] != "out" or message["via"] in ("wechat", "twilio"):
            return
        if self._script:
            yield self._text(message["time"] + self._lot.uniform(1, 4) * MINUTE, self._script.pop(0))
        elif message["via"] in _PUSHED:
            self._heard += 1
            self._replies = 0
            yield from self._told(message)
        elif self.name in ("answers", "asks") and _asks(message) and self._replies < _MOST_REPLIES:
            self._replies += 1
            yield self._text(message["time"] + self._lot.uniform(1, 4) * MINUTE, "1")

    def _told(self, message: dict[str, Any]) -> Iterator[Act]:
        later = self._awake(message["time"] + self._lot.uniform(5 * MINUTE, 5 * HOUR))
        link = _LINK.search(message.get("url") or message["content"])
        if self.name == "reads" and link:
            yield self._act(later, "open", url=link[0])
        elif self.name in ("answers", "asks", "withdraws") and _asks(message) and self._lot.random() < 0.85:
            yield self._text(later, "1")
        elif self.name in ("answers", "asks") and message["via"] == "template" and self._lot.random() < 0.6:
            about = any(word in message.get("title", "") for word in _TRAINING)
            yield self._text(later, self._says["come" if about else "fine"])
        elif self.name in ("stops", "unfollows") and self._heard >= self._patience:
            self._gone = True
            leaves = self.name == "unfollows" and self.channel == "wechat"
            yield self._act(later, "unfollow") if leaves else self._text(later, self._says["stop"])

    def _channel(self) -> str:
        """SMS for some of those who can text: numbers in mainland China cannot text to Twilio."""
        phone = str(self.person.get("phone") or "")
        texts = phone.startswith("+") and not phone.startswith("+86")
        return "sms" if texts and self._lot.random() < 0.6 else "wechat"

    def _now_and_then(self, since: float, least: float, most: float) -> Iterator[float]:
        """Moments so many days apart, for a month."""
        at = since
        while at < since + 30 * DAY:
            at += self._lot.uniform(least, most) * DAY
            yield at

    def _awake(self, at: float) -> float:
        """Nobody writes at night: what would fall there is done in the morning."""
        moment = datetime.fromtimestamp(at, UTC).astimezone(_HERE)
        if _UP_AT <= moment.hour < _UP_UNTIL:
            return at
        morning = moment.replace(hour=_UP_AT, minute=0, second=0, microsecond=0)
        morning += timedelta(days=1) if moment.hour >= _UP_UNTIL else timedelta()
        return morning.timestamp() + self._lot.uniform(0, 2 * HOUR)

    def _text(self, at: float, content: Any) -> Act:
        return self._act(at, "text", content=str(content))

    def _act(self, at: float, name: str, **fields: Any) -> Act:
        return Act(at, self.code, name, fields)


def _asks(message: dict[str, Any]) -> bool:
    return message["type"] == "msgmenu" or bool(_NUMBERED.search(message["content"]))


def manners(people: Sequence[dict[str, Any]], seed: int) -> list[Manner]:
    return [Manner(person, seed) for person in people if "wechat" in person["channels"]]
