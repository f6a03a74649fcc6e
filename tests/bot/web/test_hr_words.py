"""The pages of HR find every word they say, and no word stands in messages/ for nothing."""

import re
from pathlib import Path

import pytest

from bot.cases import actions
from bot.content import Content
from bot.record import vocabulary
from bot.store import promises, touches

PAGES = Path("bot/web/templates/hr")
CODE = Path("bot/web/hr")
SPOKEN = re.compile(r"\bt\(\s*['\"](\w+)['\"]((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)")
GROUP = re.compile(r"one_of\(\s*(?:['\"](\w+)['\"])")
ROOMS = ("alerts", "cases", "cohorts", "risk", "staff", "staff_chat")
CASE_ROOMS = [file for room in ROOMS for file in Path("bot", room).glob("*.py")]
NOTES = (Path("bot/store/cases.py"),)
COMPUTED = {"audit_", "canned_", "event_", "refused_", "unusable_"}


def texts() -> dict[str, str]:
    files = [*PAGES.glob("*.html"), *CODE.glob("*.py")]
    return {file.name: file.read_text(encoding="utf-8") for file in files}


def said() -> dict[str, set[str]]:
    """Each key with the names of the values that it is given."""
    found: dict[str, set[str]] = {}
    for text in texts().values():
        for key, rest in SPOKEN.findall(text):
            if key.endswith("_"):
                continue  # one of several, put together
            found.setdefault(key, set()).update(re.findall(r"(\w+)=(?!=)", rest))
    return found


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_every_word_that_a_page_says_is_there_with_its_values(content: Content, locale: str) -> None:
    words = content.words[locale].desk["inbox"]
    for key, given in said().items():
        assert key in words, key
        asked = set(re.findall(r"\{(\w+)\}", words[key]))
        assert asked <= given, f"{key} needs {asked - given}"


def test_no_word_is_said_by_nobody(content: Content) -> None:
    groups = {f"{group}_" for text in texts().values() for group in GROUP.findall(text)} | COMPUTED
    elsewhere = {"span_days", "span_hours", "date", "cohort", "store", "stage"}
    unused = [
        key
        for key in content.words["zh"].desk["inbox"]
        if key not in said()
        and key not in elsewhere
        and not any(key.startswith(group) for group in groups)
        and not any(re.search(rf"['\"]{key}['\"]", text) for text in texts().values())
    ]
    assert unused == []


@pytest.mark.parametrize("group", ["state", "outcome", "urgency", "risk", "role", "called", "whose", "until"])
def test_every_code_of_ours_has_its_word(content: Content, group: str) -> None:
    from bot.staff import permissions
    from bot.store.views import case_list

    codes = {
        "state": case_list.STATES,
        "outcome": vocabulary.OUTCOMES,
        "urgency": range(4),
        "risk": ("low", "medium", "high"),
        "role": permissions.RIGHTS,
        "called": vocabulary.CALLED,
        "whose": case_list.WHOSE,
        "until": ("2h", "tomorrow"),
    }[group]
    for locale in ("zh", "en", "zh-Hant"):
        assert all(f"{group}_{code}" in content.words[locale].desk["inbox"] for code in codes)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_whatever_keepwarm_says_by_itself_has_its_word(content: Content, locale: str) -> None:
    others = (actions.BACK, touches.NUDGE, touches.NUDGE_OTHER, promises.OVERDUE, *touches.TRAINING)
    words = content.words[locale].desk["inbox"]
    assert [name for name in (*content.rhythm.entries, *others) if f"entry_{name}" not in words] == []


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_whatever_happens_to_a_case_has_its_word(content: Content, locale: str) -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in (*CASE_ROOMS, *NOTES))
    happens = set(re.findall(r"(?:_done|log_event)\([^\n]*?, \"([a-z_]+)\", (?:self\.)?now", written)) - {"called"}
    assert {"claimed", "said", "handed_back", "missed"} <= happens
    words = content.words[locale].desk["inbox"]
    assert [what for what in sorted(happens) if f"event_{what}" not in words] == []
