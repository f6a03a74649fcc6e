"""Why somebody may leave, and why a case was opened, in words that a person reads: those of messages/*/risk.yaml."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import structlog

from bot.content.messages import Words
from bot.platform.log import broke
from bot.record.vocabulary import PROMISES

_MOST = 3  # reasons in a sentence
_log = structlog.get_logger()


def signal_line(words: Words, name: str, evidence: Mapping[str, Any]) -> str:
    """One signal as a short phrase; one that cannot be told, perhaps of another version, is called by its name."""
    try:
        return words.desk["risk"][f"signal_{name}"].format_map(_filled(words, evidence))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        _log.error("signal_untold", kind=name, **broke(error))
        return name


def sentence(words: Words, signals: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The heaviest reasons in one sentence: name and evidence of each, the heaviest first."""
    lines = list(dict.fromkeys(signal_line(words, name, evidence) for name, evidence in signals))
    return words.formats["comma"].join(lines[:_MOST]) or words.desk["risk"]["nothing"]


def action(words: Words, signals: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """What HR could do about the heaviest."""
    texts = words.desk["risk"]
    name, evidence = signals[0] if signals else ("usual", {})
    kind = evidence.get("kind") if isinstance(evidence, Mapping) else None
    keys = (f"action_{name}_{kind}", f"action_{name}", "action_usual")
    return next(texts[key] for key in keys if key in texts)


def crisis(words: Words) -> list[str]:
    """What to do where somebody is in danger, step by step."""
    return words.desk["risk"]["crisis"].splitlines()


def reason(words: Words, name: str) -> str:
    """Why a case was opened. What no file names, like a question of the FAQ, is called what it is about."""
    return words.desk["risk"].get(f"case_{name}") or words.about.get(name) or words.about.get(f"faq.{name}") or name


def reasons(words: Words) -> list[str]:
    """All that have a name, as they stand in the file."""
    return [key.removeprefix("case_") for key in words.desk["risk"] if key.startswith("case_")]


def level(words: Words, name: str) -> str:
    return words.desk["risk"][f"level_{name}"]


def _filled(words: Words, evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Codes in the evidence as people call them."""
    filled = dict(evidence)
    if "kind" in filled:
        filled["kind"] = words.desk["risk"].get(f"kind_{filled['kind']}", filled["kind"])
    if "task" in filled:
        filled["task"] = words.tasks.get(filled["task"], filled["task"])
    if "about" in filled:
        about = filled["about"]
        filled["about"] = words.about.get(about) or words.about.get(
            PROMISES[about][2] if about in PROMISES else "", about
        )
    return filled
