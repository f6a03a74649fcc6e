"""Trains the model from ways of asking; `main` does it in a process of its own.

This module alone imports scikit-learn, and only when it trains: a serving process never pays for it.
"""

import json
import random
import sys
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.understanding.features import BLOCKS, FORGIVING, features
from bot.understanding.model import SHARPNESS, Model, block_weight, squeezed, vocabularies
from bot.understanding.phrases import Edges
from bot.understanding.text import has_han, normal
from bot.understanding.words import Words

ALGORITHM = 7  # raise it when the same examples give another model than before

_FOLDS = 5
_UNCALIBRATED = (0.0, 1.5, 1.5, 2.0), 0.5  # what larger sets learn, for sets too small to hold anything out

_STRANGE = 0.2  # share of messages that we expect to be about something else
_GIVEN_UP = 0.01  # share of right answers that the threshold may cost

Matrix = Any  # scipy.sparse has no types


class Corpus(NamedTuple):
    """The examples as counts of features, with what is needed to hold some of them out."""

    intents: tuple[str, ...]
    names: tuple[tuple[str, ...], ...]  # by block: the features, in the order of the columns
    counts: tuple[Matrix, ...]  # by block: example x feature
    totals: NDArray[np.float64]  # by example: how many plain features it has
    han: NDArray[np.float64]  # by example: how much of it is Han
    gold: NDArray[np.int64]  # by example: place in `intents`
    source: NDArray[np.int64]  # by example: the utterance that it is or wraps


class Fitted(NamedTuple):
    idf: tuple[NDArray[np.float64], ...]  # by block; 0 where the feature was not seen
    coefficients: NDArray[np.float64]  # feature x intent
    bias: NDArray[np.float64]
    places: NDArray[np.int64]  # by column of `coefficients`: place in Corpus.intents


def train(examples: Mapping[str, Sequence[str]], seed: int = 0, words: Words | None = None) -> Model:
    """The model for {intent: ways of asking}; ValueError for fewer than two intents.

    `words` gives the fillers that a second copy of each utterance is wrapped in, and the characters that sound alike.
    """
    sounds = {character: group[0] for group in (words.lists["sounds"] if words else ()) for character in group}
    corpus = _corpus(examples, sounds, words, random.Random(seed))  # noqa: S311
    fitted = _fit(corpus, np.arange(len(corpus.gold)), seed)
    calibration, threshold = _calibration(corpus, seed)
    return Model(
        intents=corpus.intents,
        vocabularies=vocabularies(corpus.names),
        idf=np.concatenate(fitted.idf).astype(np.float32),
        coefficients=fitted.coefficients.astype(np.float16),
        bias=fitted.bias.astype(np.float32),
        calibration=calibration,
        threshold=threshold,
        sounds=sounds,
    )


def main() -> None:
    """Reads {"examples", "seed", "words"} as JSON on stdin, writes the model on stdout."""
    asked = json.load(sys.stdin)
    words = Words.of(asked["words"]) if asked["words"] else None
    sys.stdout.buffer.write(train(asked["examples"], asked["seed"], words).dumped())


def _corpus(
    examples: Mapping[str, Sequence[str]], sounds: Mapping[str, str], words: Words | None, chance: random.Random
) -> Corpus:
    intents = tuple(sorted(intent for intent, utterances in examples.items() if utterances))
    if len(intents) < 2:
        raise ValueError(f"understanding needs examples of two intents at least, not of {len(intents)}")
    rows = [(place, normal(text)) for place, intent in enumerate(intents) for text in dict.fromkeys(examples[intent])]
    alike = {character: group for group in (words.lists["sounds"] if words else ()) for character in group}
    wrapped = [(place, _wrapped(text, words, alike, chance)) for place, text in rows] if words else []
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
        source=np.concatenate([np.arange(len(rows)), np.arange(len(wrapped))]),
    )


def _wrapped(text: str, words: Words, sounds: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    """The utterance as a chatty person in a hurry types it, in the words of its own script."""
    before, after = _around(words, has_han(text))
    gap = "" if has_han(text) else " "
    slipped = _slipped(text, sounds, chance)
    return gap.join((chance.choice(before), slipped, chance.choice(after))).strip()


@lru_cache(maxsize=2)
def _around(words: Words, han: bool) -> tuple[list[str], list[str]]:
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


def _fit(corpus: Corpus, rows: NDArray[np.int64], seed: int) -> Fitted:
    """Never in two threads at once: liblinear draws from one generator a process, and the seed would mean nothing."""
    from sklearn.svm import LinearSVC

    idf = tuple(_idf(counts[rows]) for counts in corpus.counts)
    machine = LinearSVC(C=1.0, tol=0.01, random_state=seed).fit(_weighted(corpus, rows, idf), corpus.gold[rows])
    coefficients, bias = machine.coef_.T, np.atleast_1d(machine.intercept_)
    if coefficients.shape[1] == 1:  # two intents share one plane
        coefficients, bias = np.hstack([-coefficients, coefficients]), np.concatenate([-bias, bias])
    return Fitted(idf, coefficients, bias, machine.classes_)


def _idf(counts: Matrix) -> NDArray[np.float64]:
    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.sqrt(np.log((1 + counts.shape[0]) / (1 + seen)) + 1)  # the plain logarithm overrates rare words
    return np.where(seen, rarity, 0.0)


def _weighted(corpus: Corpus, rows: NDArray[np.int64], idf: Sequence[NDArray[np.float64]]) -> Matrix:
    """The vectors that Model computes when it serves, for many examples at once."""
    from scipy.sparse import hstack

    return hstack([_block(corpus, place, rows, idf[place]) for place in range(len(BLOCKS))]).tocsr()


def _block(corpus: Corpus, place: int, rows: NDArray[np.int64], idf: NDArray[np.float64]) -> Matrix:
    from scipy.sparse import diags

    counts = corpus.counts[place][rows]
    counts.data = 1 + np.log(counts.data)
    raw = counts @ diags(idf)
    length = np.sqrt(np.asarray(raw.multiply(raw).sum(axis=1)).ravel())
    weight = np.array([block_weight(BLOCKS[place], share) for share in corpus.han[rows]])
    return diags(weight / np.where(length > 0, length, 1.0)) @ raw


def _calibration(corpus: Corpus, seed: int) -> tuple[tuple[float, ...], float]:
    """Holds out whole intents, and examples of the others: learns to tell right from both kinds of wrong."""
    if len(corpus.intents) < 4:
        return _UNCALIBRATED
    folds = min(_FOLDS, len(corpus.intents))
    intent_fold, example_fold = _folds(corpus, folds, np.random.default_rng(seed))
    parts = [_held_out(corpus, fold, folds, intent_fold, example_fold, seed) for fold in range(folds)]
    evidence, right, strange = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    if right.all() or not right.any() or not strange.any():
        return _UNCALIBRATED
    weights = _logistic(
        evidence, right, np.where(strange, _STRANGE / strange.mean(), (1 - _STRANGE) / (~strange).mean())
    )
    scores = evidence @ np.array(weights[1:]) + weights[0]
    return weights, squeezed(float(np.quantile(scores[right], _GIVEN_UP)))


def _folds(corpus: Corpus, folds: int, chance: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """By example: the fold in which its whole intent is held out, and the one in which itself is."""
    intent_fold = chance.permutation(len(corpus.intents)) % folds
    utterances = chance.permutation(int(corpus.source.max()) + 1)
    example_fold = np.empty(len(utterances), np.int64)
    for place in range(len(corpus.intents)):
        own = utterances[corpus.gold[utterances] == place]
        example_fold[own] = np.arange(len(own)) % folds
    return intent_fold[corpus.gold], example_fold[corpus.source]


def _held_out(
    corpus: Corpus, fold: int, folds: int, intent_fold: NDArray[np.int64], example_fold: NDArray[np.int64], seed: int
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """For each held-out example: the evidence, whether the answer was right, whether its whole intent was held out."""
    strange = intent_fold == fold
    fitted = _fit(corpus, np.flatnonzero(~strange & (example_fold != fold)), seed)
    asked = np.flatnonzero((~strange & (example_fold == fold)) | (strange & (example_fold == (fold + 1) % folds)))
    scores = _weighted(corpus, asked, fitted.idf) @ fitted.coefficients + fitted.bias
    right = fitted.places[scores.argmax(axis=1)] == corpus.gold[asked]
    return np.column_stack([*_doubts(scores), _known(corpus, asked, fitted)]), right, strange[asked]


def _doubts(scores: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    best = scores.max(axis=1)
    return best, -np.log(np.exp(SHARPNESS * (scores - best[:, None])).sum(axis=1))


def _known(corpus: Corpus, rows: NDArray[np.int64], fitted: Fitted) -> NDArray[np.float64]:
    plain = [place for place, block in enumerate(BLOCKS) if block in FORGIVING]
    known = sum(corpus.counts[place][rows] @ fitted.idf[place] for place in plain)
    seen = sum(corpus.counts[place][rows] @ (fitted.idf[place] > 0) for place in plain)
    unknown = (corpus.totals[rows] - seen) * max(idf.max(initial=0.0) for idf in fitted.idf)
    return np.asarray(known / np.maximum(known + unknown, 1e-9))


def _logistic(
    evidence: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64]
) -> tuple[float, ...]:
    from sklearn.linear_model import LogisticRegression

    middle, spread = evidence.mean(axis=0), evidence.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    fitted = LogisticRegression(C=10.0).fit((evidence - middle) / spread, right, weight)
    weights = fitted.coef_[0] / spread
    return (float(fitted.intercept_[0] - weights @ middle), *map(float, weights))


if __name__ == "__main__":
    main()
