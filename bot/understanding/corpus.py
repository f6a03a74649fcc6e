"""The ways of asking as counts of features, most of them once more as a chatty person in a hurry types them.

Two in three are copied: with all, training takes a third longer and no more is understood.
"""

import random
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.understanding.features import BLOCKS, FORGIVING, features
from bot.understanding.phrases import Edges
from bot.understanding.text import has_han, normal
from bot.understanding.words import WordLists

Matrix = Any  # scipy.sparse has no types


class Corpus(NamedTuple):
    """The examples as counts of features: first the utterances as written, then copies of two in three."""

    intents: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]  # by block: the features, in the order of the columns
    counts: tuple[Matrix, ...]  # by block: example x feature
    totals: NDArray[np.float64]  # by example: how many plain features it has
    han: NDArray[np.float64]  # by example: how much of it is Han
    gold: NDArray[np.int64]  # by example: place in `intents`
    utterances: tuple[str, ...]


def corpus(
    examples: Mapping[str, Sequence[str]], sounds: Mapping[str, str], words: WordLists | None, chance: random.Random
) -> Corpus:
    """ValueError for fewer than two intents. `sounds` maps a character to the one that stands for its sound."""
    intents = tuple(sorted(intent for intent, utterances in examples.items() if utterances))
    if len(intents) < 2:
        raise ValueError(f"understanding needs examples of two intents at least, not of {len(intents)}")
    written = [(place, text) for place, intent in enumerate(intents) for text in dict.fromkeys(examples[intent])]
    rows = [(place, normal(text)) for place, text in written]
    alike = {character: group for group in (words.lists["sounds"] if words else ()) for character in group}
    copied = [row for number, row in enumerate(rows) if number % 3] if words else []
    wrapped = [(place, _wrapped(text, words, alike, chance)) for place, text in copied] if words else []
    found = [features(text, sounds) for _, text in (*rows, *wrapped)]
    names, counts = zip(*(_counted([row.blocks[place] for row in found]) for place in range(len(BLOCKS))), strict=True)
    plain = [place for place, block in enumerate(BLOCKS) if block in FORGIVING]
    return Corpus(
        intents=intents,
        names=names,
        counts=counts,
        totals=np.array([sum(len(row.blocks[place]) for place in plain) for row in found], np.float64),
        han=np.array([row.han for row in found]),
        gold=np.array([place for place, _ in (*rows, *wrapped)]),
        utterances=tuple(text for _, text in written),
    )


def _wrapped(text: str, words: WordLists, sounds: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    """The utterance as a chatty person in a hurry types it, in the words of its own script."""
    before, after = _around(words, has_han(text))
    gap = "" if has_han(text) else " "
    slipped = _slipped(text, sounds, chance)
    return gap.join((chance.choice(before), slipped, chance.choice(after))).strip()


@lru_cache(maxsize=2)
def _around(words: WordLists, han: bool) -> tuple[list[str], list[str]]:
    """What may be said before and after, in the words of one script."""

    def of(edges: Edges) -> list[str]:
        return [wording for wording in edges.wordings if has_han(wording) == han] or [""]

    return of(words.before), of(words.after)


def _slipped(text: str, sounds: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    """One character typed as another of the same sound, or one letter within a word left out or swapped."""
    places = [place for place, character in enumerate(text) if character in sounds] or [
        place for place in range(1, len(text) - 1) if text[place - 1 : place + 2].isalpha() and text.isascii()
    ]
    if not places:
        return text
    place = chance.choice(places)
    before, here, after = text[:place], text[place], text[place + 1 :]
    if here in sounds:
        return before + chance.choice(sounds[here]) + after
    return before + after if chance.random() < 0.5 else before + after[0] + here + after[1:]


def _counted(rows: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], Matrix]:
    from scipy.sparse import csr_matrix

    columns: dict[str, int] = {}
    indices = [columns.setdefault(name, len(columns)) for row in rows for name in row]
    ends = np.cumsum([0, *map(len, rows)])
    counts = csr_matrix((np.ones(len(indices)), indices, ends), shape=(len(rows), len(columns)))
    counts.sum_duplicates()
    return tuple(columns), counts
