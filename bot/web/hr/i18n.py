"""How a page speaks: words of messages/<locale>/inbox.yaml, moments and spans as people say them."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from bot.cases import reasons
from bot.content.messages import Words
from bot.content.templates import written_at

SPOKEN = ("zh", "en")  # the languages of the inbox; Traditional script is its own writer's
_WORD = re.compile(r"[\w-]+")
_DEVICES = (
    ("MicroMessenger", "Edg", "Firefox", "Chrome", "Safari"),
    ("iPhone", "iPad", "Android", "Windows", "Macintosh", "Linux"),
)
_DAY, _HOUR, _MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


class Texts:
    """One language, and the zone in which moments are told."""

    def __init__(self, words: Words, zone: ZoneInfo, now: datetime) -> None:
        self.locale, self.zone, self.now = words.locale, zone, now
        self.words = words
        self._inbox: Mapping[str, str] = words.desk.get("inbox", {})

    def t(self, key: str, **values: Any) -> str:
        return self._inbox[key].format(**values)

    def has(self, key: str) -> bool:
        return key in self._inbox

    def one_of(self, group: str, code: str | None) -> str:
        """The word for a code of ours, `group_code`; a code that has none stands for itself."""
        return self._inbox.get(f"{group}_{code}", code or "")

    def reason(self, code: str) -> str:
        """Why a case was opened."""
        return reasons.reason(self.words, code)

    def stage(self, code: str) -> str:
        return self.words.stages.get(code, code)

    def task(self, code: str) -> str:
        return self.words.tasks.get(code, code)

    def meaning(self, intent: str) -> str:
        return self.words.about.get(intent, intent)

    def at(self, moment: datetime | None) -> str:
        """A moment, without the day where it is today."""
        if moment is None:
            return ""
        local = moment.astimezone(self.zone)
        today = local.date() == self.now.astimezone(self.zone).date()
        return written_at(local, self.words.formats["time"] if today else self.t("format_moment"), self.locale)

    def day(self, moment: datetime | None, zone: ZoneInfo | None = None) -> str:
        return self._written(moment, "day", zone)

    def full(self, moment: datetime | None, zone: ZoneInfo | None = None) -> str:
        """A moment with its weekday."""
        return self._written(moment, "moment", zone)

    def span(self, since: datetime | None) -> str:
        """How long ago."""
        if since is None:
            return ""
        gone = max(self.now - since, timedelta())
        for unit, name in ((_DAY, "span_days"), (_HOUR, "span_hours")):
            if gone >= unit:
                return self.t(name, n=gone // unit)
        return self.t("span_minutes", n=gone // _MINUTE)

    def local(self, moment: datetime) -> str:
        """As a browser's field for day and time has it."""
        return moment.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M")

    def device(self, agent: str | None) -> str:
        """What a browser says of itself, in two words."""
        found = [name for names in _DEVICES for name in names if name.casefold() in (agent or "").casefold()[:400]]
        return " · ".join(dict.fromkeys(found[:1] + found[-1:])) or self.t("unknown_device")

    def _written(self, moment: datetime | None, how: str, zone: ZoneInfo | None) -> str:
        if moment is None:
            return ""
        return written_at(moment.astimezone(zone or self.zone), self.words.formats[how], self.locale)


def chosen(own: str | None, asked: str, accepted: str, usual: str) -> str:
    """The language of a page: what was asked for now, else the person's own, the browser's, the company's."""
    for wish in (asked, own or "", *_WORD.findall(accepted.lower()), usual):
        language = str(wish).split("-")[0]
        if language in SPOKEN:
            return language
    return SPOKEN[0]
