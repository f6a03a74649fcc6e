"""Which language to answer in: that of the message, else of the talk, the candidate, the company."""

from bot.engine.talk import Talk
from bot.record.model import Candidate
from bot.runtime import Runtime
from bot.understanding.text import script

_LETTERS = 0x2E7F  # above it: Han, kana, full-width
_ENOUGH = 4  # Latin letters that show a language; fewer may be "ok", a code, a name


def language(house: Runtime, text: str, talk: Talk, candidate: Candidate | None) -> str:
    """A locale that we have words for. Chinese that could be in either script stays in the one that was spoken."""
    before = talk.chosen or talk.locale or (candidate.locale if candidate else None)
    if talk.chosen:
        return of_talk(house, talk, candidate)
    if _has_han(text):
        written = script(text)
        either = before if before and before.startswith("zh") else "zh"
        return _spoken(house, "zh-Hant" if written > 0 else "zh" if written < 0 else either)
    return _spoken(house, before if is_neutral(text) else "en")


def of_talk(house: Runtime, talk: Talk, candidate: Candidate | None) -> str:
    """The locale to speak in where nothing was said just now."""
    return _spoken(house, talk.chosen or talk.locale or (candidate.locale if candidate else None))


def is_neutral(text: str) -> bool:
    """Numbers, codes, emoji and a lone short word say nothing about a person's language."""
    words = [word for word in text.split() if word.isascii() and word.isalpha()]
    return not _has_han(text) and sum(map(len, words)) < _ENOUGH


def _has_han(text: str) -> bool:
    return any(ord(letter) > _LETTERS and letter.isalpha() for letter in text)


def _spoken(house: Runtime, locale: str | None) -> str:
    for known in (locale or "", (locale or "").partition("-")[0]):
        if known in house.content.words:
            return known
    return house.settings.company.locale
