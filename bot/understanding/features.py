"""The features of a text, one analyser for every language: no segmenter, no language to guess first.

Each script has a plain block and a block that forgives typing: Latin words beside the letters within them,
Han characters beside their sounds. The order of neighbouring letters counts for little: fast fingers swap them.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from bot.understanding.text import HAN

BLOCKS = ("word", "letters", "han", "sound")
FORGIVING = {"word": "letters", "han": "sound"}  # plain block -> the block that forgives typos in it

_RUN = re.compile(rf"(?P<han>[{HAN}]+)|[^\W_{HAN}]+(?:'[^\W\d_{HAN}]+)?")
_LONGEST_WORD = 24  # letters; what is longer is a link or a slip of the hand
_EDGE = " "


class Features(NamedTuple):
    """The features of one text by block, and how much of the text is Han, 0..1."""

    blocks: tuple[Sequence[str], Sequence[str], Sequence[str], Sequence[str]]  # in the order of BLOCKS
    han: float


def features(text: str, sounds: Mapping[str, str]) -> Features:
    """The features of a normal text; `sounds` maps a character to the one that stands for all that sound alike."""
    words: list[str] = []
    runs: list[str] = []
    for run in _RUN.finditer(text):
        if run["han"]:
            runs.append(run[0])
        else:
            words.append(run[0][:_LONGEST_WORD])
    blocks = (_words(words), _letters(words), _han(runs), _sounds(runs, sounds))
    return Features(blocks, _share(len("".join(runs)), len(words)))


def _share(characters: int, words: int) -> float:
    """How much of a text is Han; two characters say about as much as one word."""
    return characters / ((characters + 2 * words) or 1)


def _words(words: Sequence[str]) -> Sequence[str]:
    stirred = [*map(_stirred, words)]
    return [*stirred, *map(" ".join, pairwise(("", *stirred, "")))] if words else ()


@lru_cache(maxsize=20_000)
def _stirred(word: str) -> str:
    """The same for a word and for how fast fingers type it: "waht" has the letters of "what" after the first one."""
    return word[:1] + "".join(sorted(word[1:]))


def _letters(words: Sequence[str]) -> Sequence[str]:
    return [part for word in words for part in _within(word)]


@lru_cache(maxsize=20_000)
def _within(word: str) -> tuple[str, ...]:
    """Its parts of two to four letters, each in the order of the alphabet."""
    edged = f" {word} "
    parts = (edged[start : start + size] for size in range(2, 5) for start in range(len(edged) - size + 1))
    return tuple("".join(sorted(part)) for part in parts)


def _han(runs: Sequence[str]) -> Sequence[str]:
    return [part for run in runs for part in (*run, *_pairs(run))]


def _sounds(runs: Sequence[str], sounds: Mapping[str, str]) -> Sequence[str]:
    return _han(["".join(sounds.get(character, character) for character in run) for run in runs]) if sounds else ()


def _pairs(run: str) -> Sequence[str]:
    edged = f"{_EDGE}{run}{_EDGE}"
    return [edged[start : start + 2] for start in range(len(edged) - 1)]
