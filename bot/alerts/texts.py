"""How HR is told of cases: the texts of alerts, by the words of messages/*/alerts.yaml.

A text fits into what the shortest road takes. An SMS has no name, no reason and, to +86, no link.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from bot.cases import reasons
from bot.cases.reasons import reason
from bot.cases.summary import Brief
from bot.content.messages import Words
from bot.platform.log import broke

MOST = 10  # cases in one message
_FITS = 1900  # bytes of UTF-8; WeCom takes 2048, and the last lines need some
_log = structlog.get_logger()
_DAY, _TIME, _MOMENT = "%m-%d", "%H:%M", "%m-%d %H:%M"


@dataclass(frozen=True, slots=True)
class AlertNews:
    """What somebody has to hear: of a case, or (`brief` is None) of a channel that stands still. `who`: of whom it was
    expected. `shared`: several people hear it at once."""

    why: str
    urgency: int
    brief: Brief | None = None
    who: str = ""
    channel: str = ""
    shared: bool = False


@dataclass(frozen=True, slots=True)
class AlertReader:
    """Who reads it, and how. `answers`: whether they can write back. `bare`: without names, as in an SMS or where
    others read along; `linked`: whether links may be in it. `private`: a chat that this person alone reads. Only there
    are a name, a phone and words of somebody in danger; everywhere else it says that there is something urgent."""

    words: Words
    zone: ZoneInfo
    url: str
    answers: bool = False
    bare: bool = False
    linked: bool = True
    private: bool = False

    @property
    def texts(self) -> dict[str, str]:
        return self.words.desk["alerts"]

    def at(self, moment: datetime, now: datetime) -> str:
        """The time alone if it is of today."""
        here, today = moment.astimezone(self.zone), now.astimezone(self.zone)
        return here.strftime(_TIME if here.date() == today.date() else _MOMENT)

    def link(self, case_id: int | None = None) -> str:
        if not self.linked:
            return ""
        return f"{self.url}/hr/cases/{case_id}" if case_id else f"{self.url}/hr"

    def name(self, brief: Brief) -> str:
        if brief.in_danger and not self.private:
            return self.texts["danger_name"]
        return brief.initial(self.words) if self.bare else brief.called(self.words)


def alert(news: Sequence[AlertNews], reader: AlertReader, now: datetime) -> str:
    """All that somebody has to hear now, the most urgent first; what does not fit is counted."""
    head, blocks = _head(news, reader, now), [_block(one, reader, now) for one in news]
    if any(_is_told(one, reader) for one in news):  # first, so that a preview shows neither a name nor a word
        head = "\n".join([head, *reasons.crisis(reader.words)])
    shown = 0
    for block in blocks[:MOST]:
        if shown and len("\n".join([head, *blocks[:shown], block]).encode()) > _FITS:
            break
        shown += 1
    left = len(blocks) - shown
    more = [reader.texts["more"].format(count=left, link=reader.link())] if left else []
    return "\n".join([head, *blocks[:shown], *more, *_commands(news, reader)])


def short(news: Sequence[AlertNews], reader: AlertReader, now: datetime) -> str:
    """The same as an SMS."""
    first = news[0]
    if first.brief is None:
        return _block(first, reader, now)
    if first.brief.in_danger:
        link = reader.link(first.brief.case.id)
        return reader.texts["sms_danger"].format(case=first.brief.case.id, link=link).strip()
    key = "sms_one" if len(news) == 1 else "sms_many"
    said = reader.texts[key].format(
        case=first.brief.case.id,
        count=len(news),
        name=reader.name(first.brief),
        why=_why(first, reader),
        since=reader.at(first.brief.since, now),
        link=reader.link(first.brief.case.id if len(news) == 1 else None),
    )
    return said.strip()


def group(news: Sequence[AlertNews], who: Sequence[str], reader: AlertReader, now: datetime) -> str:
    """To whoever of HR is there: these people cannot be reached."""
    numbers = [f"#{one.brief.case.id} ({reader.name(one.brief)})" for one in news if one.brief][:MOST]
    comma = reader.words.formats["comma"]
    return reader.texts["group"].format(
        who=comma.join(dict.fromkeys(who)), cases=comma.join(numbers), at=reader.at(now, now), link=reader.link()
    )


def case_line(brief: Brief, reader: AlertReader, now: datetime) -> str:
    """One case in a list."""
    if brief.in_danger and not reader.private:
        since = reader.at(brief.since, now)
        return reader.texts["danger_line"].format(case=brief.case.id, since=since)
    return reader.texts["line"].format(
        case=brief.case.id,
        name=reader.name(brief),
        reason=reason(reader.words, brief.case.reason) if reader.bare else brief.reason(reader.words),
        since=reader.at(brief.since, now),
    )


def _head(news: Sequence[AlertNews], reader: AlertReader, now: datetime) -> str:
    first, at = news[0], reader.at(now, now)
    urgent = reader.texts["urgent"] if first.urgency == 0 else ""
    if first.brief is None:
        return urgent + reader.texts["head_house"].format(at=at)
    if len(news) == 1:
        return urgent + reader.texts["head_one"].format(case=first.brief.case.id, at=at)
    return urgent + reader.texts["head_many"].format(count=len(news), at=at)


def _block(one: AlertNews, reader: AlertReader, now: datetime) -> str:
    """What cannot be told whole is told by its number: one broken case keeps no other from being heard of."""
    try:
        return _told(one, reader, now)
    except Exception as error:
        case = one.brief.case.id if one.brief else None
        _log.error("alert_untold", case=case, reason=one.why, **broke(error))
        return f"#{case} {reader.link(case)}".rstrip()


def _told(one: AlertNews, reader: AlertReader, now: datetime) -> str:
    if one.brief is None:
        return reader.texts["stopped"].format(channel=one.channel)
    brief = one.brief
    if brief.in_danger:
        return _danger(one, brief, reader, now)
    return reader.texts["case"].format(
        case=brief.case.id,
        name=reader.name(brief),
        why=_why(one, reader),
        reason=brief.reason(reader.words),
        since=reader.at(brief.since, now),
        action=brief.action(reader.words),
        link=reader.link(brief.case.id),
    )


def _danger(one: AlertNews, brief: Brief, reader: AlertReader, now: datetime) -> str:
    values = {"case": brief.case.id, "link": reader.link(brief.case.id)}
    if not _is_told(one, reader):
        return reader.texts["danger_bare"].format(**values).rstrip()
    values |= {"name": brief.called(reader.words), "phone": brief.phone, "words": brief.words}
    return reader.texts["danger"].format(why=_why(one, reader), since=reader.at(brief.since, now), **values).rstrip()


def _is_told(one: AlertNews, reader: AlertReader) -> bool:
    """Whether who is in danger, and what they wrote, is told: to one person, where nobody reads along."""
    return one.brief is not None and one.brief.in_danger and reader.private and not one.shared


def _why(one: AlertNews, reader: AlertReader) -> str:
    who = one.who or reader.texts["nobody"]
    return reader.texts.get(f"why_{one.why}", one.why).format(who=who)


def _commands(news: Sequence[AlertNews], reader: AlertReader) -> list[str]:
    case = next((one.brief.case.id for one in news if one.brief), None)
    return [reader.texts["commands"].format(case=case)] if reader.answers and case else []
