"""Text as candidates type it, brought to one form: width, case, script, repeats and emoji set aside."""

import re
import unicodedata
from functools import cache, lru_cache
from typing import Any

from bot.understanding.contractions import in_full

LONGEST = 600  # characters; of a longer message its beginning and its end tell what it asks
_BEGINNING = 200  # of them

HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"

_HAN = re.compile(f"[{HAN}]")
EMOJI = re.compile(
    "[\u200b-\u200f\u2060\ufeff\ufe00-\ufe0f\u20e3\u2190-\u21ff\u2300-\u23ff\u2500-\u27bf\u2900-\u29ff\u2b00-\u2bff\U0001f000-\U0001faff]+"
)
_STICKER = re.compile(r"\[[^\[\]\d\n]{1,12}\]|/:[:a-z0-9@<>()|,'!*&$~^-]{1,6}")  # "[微笑]", and WeChat's older "/::)"
_SHADES = re.compile("[\U0001f3fb-\U0001f3ff\u200d\ufe0f\u2640\u2642]")  # of one emoji: skin, gender, style
_REPEATED_STICKER = re.compile(rf"({_STICKER.pattern})(?:\s*\1)+")
_REPEATED_SIGN = re.compile(r"([^\w\s])\1+")
_REPEATED_LETTER = re.compile(r"([^\W\d])\1{2,}")
_BREAK = rf"[,!;。、；…~\n]+|[.:](?!\d)|(?<!\d)[.:]|\s+-+\s+|(?<=[{HAN}])\s+(?=[{HAN}])"
_CLAUSE = re.compile(rf"{_BREAK}|\?+")
_SENTENCE = re.compile(rf"{_BREAK}|(?<=\?)(?!\?)")
_APOSTROPHE = re.compile(r"['’‘`´]")
_SIGN = re.compile(r"[^\w\s]|_")
_SPACE = re.compile(r"\s+")
_SHARED = frozenset("乾吒夥徵摺")  # Simplified text has them too, although they become others
_AT_THE_EDGES = " ,.!;:~。、；…-\n"
_SPACE_AT_HAN = re.compile(rf"(?<=[{HAN}])\s+|\s+(?=[{HAN}])")


def normal(text: str) -> str:
    """The text in one width, case and script, without emoji (unless there is nothing else), repeats shortened and
    contractions in full."""
    folded = folded_within(text).lower()
    spoken = EMOJI.sub(" ", _STICKER.sub(" ", folded))
    kept = spoken if _SIGN.sub("", spoken).strip() else _REPEATED_STICKER.sub(r"\1", _SHADES.sub("", folded))
    return _SPACE.sub(" ", in_full(_shorter(simplified(kept)))).strip()


def folded_within(text: str) -> str:
    """The text in one width. Cut before and after: one character may become eighteen."""
    return _within(unicodedata.normalize("NFKC", _within(text)))


def is_sticker(text: str) -> bool:
    """Whether the text is nothing but emoji and stickers."""
    spoken = EMOJI.sub("", _STICKER.sub("", text))
    return spoken != text and not spoken.strip()


def simplified(text: str) -> str:
    """Traditional characters as Simplified ones; text without Han costs nothing."""
    return text.translate(_scripts()) if has_han(text) else text


def traditional(text: str) -> bool:
    """Whether a text is written in Traditional script. Characters that both scripts use (后, 里, 面) say nothing."""
    return script(text) > 0


def script(text: str) -> int:
    """Above 0: Traditional script; below 0: Simplified; 0: could be either."""
    return sum(map(_script, text[:LONGEST]))


def has_han(text: str) -> bool:
    return _HAN.search(text) is not None


def clauses(text: str) -> list[str]:
    """The parts between punctuation, of a normal text."""
    return [part.strip() for part in _CLAUSE.split(text) if part and part.strip()]


def sentences(text: str) -> list[str]:
    """The clauses of a normal text, those that end in a question mark with it."""
    return [part.strip() for part in _SENTENCE.split(text) if part and part.strip()]


def first_clause(text: str) -> tuple[str, str]:
    """The first clause of a normal text and what follows it; a question mark stays with the first."""
    first, *_ = sentences(text) or [""]
    return first, text.partition(first)[2].strip(_AT_THE_EDGES) if first else ""


def key(text: str) -> str:
    """A normal text with its signs taken away: the form in which rules compare. A sticker alone is a word: "[强]"."""
    if _STICKER.fullmatch(text):
        return text
    bare = _SPACE.sub(" ", _SIGN.sub(" ", _APOSTROPHE.sub("", text))).strip()
    return _SPACE_AT_HAN.sub("", bare) or _SPACE.sub("", text)


def _within(text: str) -> str:
    """Who tells a long story asks at its end."""
    if len(text) <= LONGEST:
        return text
    return f"{text[:_BEGINNING]}\n{text[_BEGINNING + 1 - LONGEST :]}"


def _shorter(text: str) -> str:
    return _REPEATED_LETTER.sub(r"\1\1", _REPEATED_SIGN.sub(r"\1", text))


@lru_cache(maxsize=20_000)
def _script(character: str) -> int:
    """1 if only Traditional text has this character, -1 if only Simplified text has it, else 0."""
    if not has_han(character) or character in _SHARED:
        return 0
    if simplified(character) != character:
        return 1
    return -1 if _encodes("gb2312", character) and not _encodes("big5hkscs", character) else 0


def _encodes(charset: str, character: str) -> bool:
    try:
        return bool(character.encode(charset))
    except UnicodeEncodeError:
        return False


@cache
def _scripts() -> "_Scripts":
    from opencc import OpenCC

    return _Scripts(OpenCC("t2s"))


class _Scripts(dict[int, str]):
    """A table for str.translate that asks OpenCC once for each character it meets."""

    def __init__(self, converter: Any) -> None:
        super().__init__()
        self._converter = converter

    def __missing__(self, codepoint: int) -> str:
        character = chr(codepoint)
        self[codepoint] = self._converter.convert(character) if has_han(character) else character
        return self[codepoint]
