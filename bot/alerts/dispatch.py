"""Tells HR: what is due for one person goes as one message by the first road that is open, at an hour when it may; what
no road carries climbs to the next person, and is never dropped.

What became of the messages is seen by bot.alerts.follow_up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from sqlalchemy.engine import Connection

from bot.alerts import digest, quiet_hours, texts
from bot.alerts.recipients import Colleagues
from bot.alerts.texts import AlertNews, AlertReader
from bot.cases.assignment import Teams
from bot.cases.office import Office, words_for
from bot.cases.sla import top
from bot.cases.summary import Brief, briefs
from bot.store import alerts, cases, people
from bot.store.alerts import Alert
from bot.store.messages import Draft, enqueue
from bot.values import phones

SAID = "alert"  # under which its texts are kept
DIGEST, STOPPED = "digest", "stopped"
NOT_REACHED: Final = "not_reached"
LOOK_AFTER = timedelta(minutes=1)  # when to see what became of a message
_AT_ONCE = 500
_AGAIN = timedelta(minutes=15)  # before everybody is tried anew with what reached nobody
_PROBE = timedelta(minutes=1)  # how long a message may try whether a channel goes again
_URGENT = 1  # up to this urgency it goes before notices to candidates
_PRIVATE = ("wecom",)  # the roads that end in a chat which one person alone reads
_FREE = ("new", "reopened", "handed_over", "handed_back", "warned_claim", "missed_claim", NOT_REACHED)
_OWED = ("warned_first", "missed_first", "warned_next", "missed_next")


def send_due(connection: Connection, office: Office, now: datetime) -> tuple[int, list[int]]:
    """Takes the alerts that are due; gives how many, and the rows for the outbox."""
    due = alerts.due(connection, now, _AT_ONCE)
    return (len(due), _Saying(connection, office, now).run(due)) if due else (0, [])


@dataclass(frozen=True, slots=True)
class _AlertMessage:
    """What one person is told by one road, and which alerts that says."""

    to: str
    road: str
    address: str
    said: Sequence[Alert]


class _Saying:
    """One batch."""

    def __init__(self, connection: Connection, office: Office, now: datetime) -> None:
        self.connection, self.office, self.now = connection, office, now
        self.teams = Teams(connection, office.settings, now)
        self.colleagues = Colleagues(connection, office.settings, office.cipher, now)
        self.briefs: Mapping[int, Brief] = {}
        self._shared: frozenset[tuple[int, int]] = frozenset()
        self._probed: set[str] = set()

    def run(self, due: Sequence[Alert]) -> list[int]:
        self.briefs = briefs(self.connection, self.office.cipher, {one.case_id for one in due if one.case_id})
        dangers = [number for number, brief in self.briefs.items() if brief.in_danger]
        self._shared = alerts.shared(self.connection, dangers)
        over = [one for one in due if self._is_over(one)]
        alerts.give_up(self.connection, [one.id for one in over], self.now)
        now, stuck = self._sorted([one for one in due if one not in over])
        rows = [self._say(parcel) for parcel in now]
        return [*rows, *self._climb(stuck)]

    def _is_over(self, alert: Alert) -> bool:
        """Nobody need hear of it any more: the case is done with, somebody has it, the answer was given."""
        if alert.why == STOPPED:
            return _channel(alert) not in self.colleagues.stopped
        if alert.case_id is None:
            return self._is_away(alert.staff)
        brief = self.briefs.get(alert.case_id)
        if brief is None or brief.case.state == "resolved":
            return True
        if alert.why in _FREE:
            return brief.case.claimed_by is not None
        return alert.why in _OWED and brief.case.unanswered_since is None

    def _is_away(self, code: str) -> bool:
        one = self.colleagues.by_code.get(code)
        return one is None or one.away

    def _sorted(self, due: Sequence[Alert]) -> tuple[list[_AlertMessage], list[Alert]]:
        """What goes now, person by person, and what has no road left; what may not go at this hour waits."""
        parcels: dict[tuple[str, str, str, str], list[Alert]] = {}
        stuck: list[Alert] = []
        for alert in due:
            to = self.teams.stand_in(alert.staff)
            until = quiet_hours.may_say(alert.urgency, alert.why == DIGEST, self.teams.hours(to), self.now)
            if until > self.now:
                alerts.postpone(self.connection, [alert.id], until)
            elif roads := self.colleagues.roads(to, alert.tried):
                parcels.setdefault((to, *roads[0], DIGEST if alert.why == DIGEST else ""), []).append(alert)
            else:
                stuck.append(alert)
        return [
            _AlertMessage(to, road, address, said) for (to, road, address, _), said in sorted(parcels.items())
        ], stuck

    def _say(self, parcel: _AlertMessage) -> int:
        text = self._text(parcel)
        urgency = min(one.urgency for one in parcel.said)
        row = self._queue(parcel.road, parcel.address, text, parcel.to, urgency)
        alerts.mark_sent(self.connection, [one.id for one in parcel.said], parcel.to, row, self.now + LOOK_AFTER)
        self._probe(parcel)
        return row

    def _probe(self, parcel: _AlertMessage) -> None:
        """A channel that stands still gets the same once a minute, to try whether it goes again: this person is told
        by another road anyhow. It says what may be said there."""
        for road, address in self.colleagues.blocked(parcel.to):
            if self.colleagues.stopped[road] <= self.now and road not in self._probed and road != "sms":
                self._probed.add(road)
                text = self._text(replace(parcel, road=road, address=address))
                self._queue(road, address, text, parcel.to, 2, self.now + _PROBE)

    def _queue(
        self, road: str, address: str, text: str, to: str, urgency: int, expires_at: datetime | None = None
    ) -> int:
        person = people.get_or_create(self.connection, self.office.cipher, road, address, self.now)
        if person.candidate_id is None and to:
            people.change(self.connection, person.id, staff=to)
        rank = 0 if urgency <= _URGENT else 1
        spoken = Draft(text, SAID, "alert", pushed=True, via=road, expires_at=expires_at, rank=rank)
        return enqueue(self.connection, self.office.cipher, person.id, None, None, [spoken], self.now)[0]

    def _text(self, parcel: _AlertMessage) -> str:
        reader = self._reader(parcel.to, parcel.road, parcel.address)
        if parcel.said[0].why == DIGEST:
            return digest.text(self.connection, self.office, self.colleagues, parcel.to, reader, self.now)
        news = self._news(parcel.said)
        return texts.short(news, reader, self.now) if reader.bare else texts.alert(news, reader, self.now)

    def _reader(self, to: str, road: str, address: str) -> AlertReader:
        settings, one = self.office.settings, self.colleagues.by_code[to]
        one_way = road == "sms" and phones.is_mainland(address)
        return AlertReader(
            words_for(self.office, one.locale),
            self.teams.hours(to).zone,
            settings.public_url,
            answers=(road == "wecom" and settings.wecom.hears) or (road == "sms" and not one_way),
            bare=road == "sms",
            private=road in _PRIVATE,
            linked=not one_way,
        )

    def _news(self, said: Sequence[Alert]) -> list[AlertNews]:
        """One of each case: the last that happened to it; the most urgent first."""
        of: dict[object, Alert] = {}
        for alert in sorted(said, key=lambda one: one.id):
            of[alert.case_id or alert.occasion] = alert
        return [self._one(alert) for alert in sorted(of.values(), key=lambda one: (one.urgency, one.id))]

    def _one(self, alert: Alert) -> AlertNews:
        brief = self.briefs.get(alert.case_id or 0)
        who = self.colleagues.name_of(brief.whose) if brief else ""
        shared = (alert.case_id or 0, alert.rung) in self._shared
        return AlertNews(alert.why, alert.urgency, brief, who, _channel(alert), shared)

    def _climb(self, stuck: Sequence[Alert]) -> list[int]:
        """Said once where whoever is there can hear it, and to the next person who can be reached."""
        for alert in stuck:
            if alert.case_id is None:
                self._nobody(alert, given_up=alert.why == DIGEST)
            elif not self._next_person(alert):
                self._nobody(alert)
        return self._to_groups([one for one in stuck if one.case_id and _is_new(one)])

    def _next_person(self, alert: Alert) -> bool:
        """Whether there is somebody above who can be told something at all."""
        brief = self.briefs[alert.case_id or 0]
        root = alert.occasion or str(alert.id)
        asked = alerts.heard_of(self.connection, brief.case.id, root) | {alert.staff}
        whose = brief.case.assigned or alert.staff
        for rung in range(alert.rung + 1, top(brief.case, self.office.settings.hr) + 1):
            above = [code for code in self.teams.ladder(brief.case, rung, whose) if code not in asked]
            reachable = [code for code in above if self.colleagues.roads(self.teams.stand_in(code))]
            if reachable:
                self._hand_on(alert, root, reachable, rung)
                return True
        return False

    def _hand_on(self, alert: Alert, root: str, to: Sequence[str], rung: int) -> None:
        case = {"case_id": alert.case_id, "rung": rung, "due_at": self.now, "created_at": self.now}
        for code in to:
            alerts.keep(self.connection, code, NOT_REACHED, root, alert.urgency, **case)
        alerts.give_up(self.connection, [alert.id], self.now)
        detail = {"who": alert.staff, "to": list(to), "rung": rung}
        cases.log_event(self.connection, alert.case_id or 0, "bot", NOT_REACHED, self.now, detail)

    def _nobody(self, alert: Alert, given_up: bool = False) -> None:
        if given_up:
            alerts.give_up(self.connection, [alert.id], self.now)
        else:
            alerts.mark_unreachable(self.connection, alert, self.now, self.now + _AGAIN)

    def _to_groups(self, stuck: Sequence[Alert]) -> list[int]:
        """In each group whose robot these people were not told by in vain just now."""
        rows: list[int] = []
        for road in self.colleagues.groups:
            those = [one for one in stuck if road not in one.tried]
            if those:
                names = [self.colleagues.name_of(one.staff) for one in those]
                text = texts.group(self._news(those), names, self._everybody, self.now)
                rows.append(self._queue(road, "", text, "", min(one.urgency for one in those)))
        return rows

    @cached_property
    def _everybody(self) -> AlertReader:
        company = self.office.settings.company
        return AlertReader(words_for(self.office, None), company.zone, self.office.settings.public_url, bare=True)


def _channel(alert: Alert) -> str:
    """Of one that says that a channel stands still."""
    return (alert.occasion or "").partition(" ")[0] if alert.why == STOPPED else ""


def _is_new(alert: Alert) -> bool:
    """It has not been said in the groups yet."""
    return alert.why != NOT_REACHED and alert.unreached_at is None
