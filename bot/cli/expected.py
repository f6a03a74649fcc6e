"""What `keepwarm check` says about the ways of asking: too few, too alike, and how well they should be understood."""

from collections.abc import Iterator
from typing import Any

from bot import content
from bot.content import Content
from bot.settings import Settings
from bot.understanding import Model, WordLists, load_or_train
from bot.understanding.model import Expected

_FEW = 10  # ways of asking for a meaning in a language; with fewer it is hardly learned
_PAIRS = 5


def report(settings: Settings) -> dict[str, Any]:
    """Costs a training where the ways of asking have changed, else nothing; content must be without faults."""
    known = content.load(settings)
    return {"few": _few(known)} | _expected(_model(settings, known).expected)


def lines(found: dict[str, Any]) -> Iterator[str]:
    """The report as `check` prints it."""
    for each in found["few"]:
        yield f"few: {each['locale']} has {each['asks']} ways of asking for {each['intent']}: write {_FEW} at least"
    if not found["shares"]:
        return
    yield (
        "understanding of new ways of asking, by cross-validation of {asked}: right {right:.1%}, "
        "asked between two {pair:.1%}, not understood {fallback:.1%}, wrong {wrong:.1%}"
    ).format(asked=found["asked"], pair=_pair(found["shares"]), **found["shares"])
    for each in found["confused"]:
        yield (
            f"confused {each['times']} times: {each['meant']} and {each['taken_for']}: "
            f"{each['example']!r} means {each['meant']}"
        )


def _model(settings: Settings, known: Content) -> Model:
    words = WordLists.of(*(spoken.rules for spoken in known.words.values()))
    return load_or_train(known.examples, settings.var / "understanding", words)


def _few(known: Content) -> list[dict[str, Any]]:
    return [
        {"locale": locale, "intent": intent, "asks": len(asks)}
        for locale, words in sorted(known.words.items())
        for intent, asks in sorted(words.ask.items())
        if len(asks) < _FEW
    ]


def _expected(expected: Expected | None) -> dict[str, Any]:
    if expected is None:
        return {"asked": 0, "shares": {}, "confused": []}
    pairs = [pair._asdict() for pair in expected.confusions[:_PAIRS]]
    return {"asked": expected.asked, "shares": dict(expected.shares), "confused": pairs}


def _pair(shares: dict[str, float]) -> float:
    return shares["right_pair"] + shares["wrong_pair"]
