"""`/hr/flows`: what the bot answers and the rhythm in which it speaks, to read; and what another rhythm would alter."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jinja2

from bot.content.faq import NAME as FAQ
from bot.content.templates import render
from bot.content.touchpoints import read_touchpoints
from bot.engine.flow import Branch
from bot.platform import yaml_text
from bot.proactive.preview import Comparison, PreviewLine, coming
from bot.rhythm import Entry, Rhythm
from bot.store.views import candidate_list
from bot.web.hr.request import Page, Reply, StaffRequest

BIGGEST = 256 * 1024
_AHEAD = timedelta(days=30)
_MOST = 200  # candidates for whom a change is reckoned
_SHOWN = 100


def show(visit: StaffRequest) -> Reply:
    return _page(visit, {})


def preview(visit: StaffRequest) -> Reply:
    """What a touchpoints.yaml, pasted or brought, would alter in the next thirty days for candidates of theirs."""
    brought = visit.asked.files.get("file")
    text = brought.body.decode("utf-8-sig", "replace") if brought and brought.body else visit.asked.form.get("text", "")
    if not text.strip():
        return _page(visit, {"pasted": ""}, 400)
    rhythm, faults = _read(visit, text)
    if faults:
        return _page(visit, {"pasted": text, "faults": faults}, 400)
    lines, people = _altered(visit, rhythm)
    counts = Counter((line.change, line.entry) for line in lines)
    shown = {"lines": lines[:_SHOWN], "more": max(0, len(lines) - _SHOWN), "people": people}
    return _page(visit, shown | {"pasted": text, "counts": sorted(counts.items()), "compared": True})


def _read(visit: StaffRequest, text: str) -> tuple[Rhythm, list[str]]:
    content = visit.desk.house.content
    with TemporaryDirectory() as folder:
        path = Path(folder) / "touchpoints.yaml"
        path.write_text(text, encoding="utf-8")
        stages = visit.desk.house.settings.stages.all
        flows, stories = content.flows.by_name, content.stories
        rhythm, document = read_touchpoints(path, flows, stages, stories, yaml_text.read_apart)
    return rhythm, [f"{fault.line}: {fault.text}" for fault in sorted(document.faults)]


def _altered(visit: StaffRequest, rhythm: Rhythm) -> tuple[list[PreviewLine], int]:
    house = visit.desk.house
    closed = house.settings.stages.closed
    ids = visit.read(lambda connection: candidate_list.open_ids(connection, visit.sight, closed, _MOST))
    change = Comparison(rhythm)
    current, database = house.content.rhythm, visit.desk.database
    return list(coming(current, house.settings, database, visit.cipher, ids, visit.now, _AHEAD, change)), len(ids)


def _page(visit: StaffRequest, extra: dict[str, Any], status: int = 200) -> Page:
    own = {"pasted": "", "faults": [], "lines": [], "counts": [], "more": 0, "people": 0, "compared": False}
    entries = [_entry(entry) for entry in visit.desk.house.content.rhythm.entries.values()]
    return Page("hr/flows.html", own | {"answers": _answers(visit), "entries": entries} | extra, status)


def _answers(visit: StaffRequest) -> list[dict[str, Any]]:
    """Each question of faq.yaml with its answers, and for whom each is."""
    content, words = visit.desk.house.content, visit.speech.words
    steps = content.flows.by_name[FAQ].steps if FAQ in content.flows.by_name else {}
    return [
        {"about": words.about[f"{FAQ}.{name}"], "answers": [_answer(visit, one) for one in branches if _is_own(one)]}
        for name, branches in steps.items()
        if f"{FAQ}.{name}" in words.about
    ]


def _is_own(branch: Branch) -> bool:
    return bool(branch.say) and not branch.do and branch.say != ("unknown",)


def _answer(visit: StaffRequest, branch: Branch) -> dict[str, str]:
    words = visit.speech.words
    template = words.say[f"{FAQ}.{branch.say[0]}"].form("text")
    try:
        text = render(template, {})
    except jinja2.UndefinedError:
        text = words.say[f"{FAQ}.{branch.say[0]}"].forms["text"]
    whom = ", ".join("/".join(sorted(values)) for values in branch.when.values())
    return {"text": text, "whom": whom}


def _entry(entry: Entry) -> dict[str, Any]:
    moments = [_moment(moment) for moment in entry.moments]
    only = [*entry.only, *("/".join(sorted(values)) for values in entry.when.values())]
    return {"name": entry.name, "kind": entry.kind, "moments": moments, "begins": entry.begins, "only": only}


def _moment(moment: Any) -> str:
    """As touchpoints.yaml writes it."""
    offset: timedelta = moment.offset
    hours = round(offset.total_seconds() / 3600)
    span = f"{abs(hours) // 24}d" if hours and hours % 24 == 0 else f"{abs(hours)}h"
    shifted = f" {'+' if hours > 0 else '-'} {span}" if hours else ""
    return f"{moment.base}{shifted}{f' {moment.at:%H:%M}' if moment.at else ''}"
