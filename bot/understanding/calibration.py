"""Learns from held-out examples when to believe the classifier, and what to expect of it."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.understanding.corpus import Corpus
from bot.understanding.evaluation import Outcome, outcome, shares
from bot.understanding.features import BLOCKS, FORGIVING
from bot.understanding.fit import Fitted, fit, weighted
from bot.understanding.meaning import decision
from bot.understanding.model import SHARPNESS, TOP, Confusion, Expected, Verdict, squeezed

_FOLDS = 4

_UNCALIBRATED = (0.0, 1.5, 1.5, 2.0), 0.5  # what larger sets learn, for sets too small to hold anything out
_STRANGE = 0.15  # share of messages that we expect to be about something else
_GIVEN_UP = 0.01  # share of right answers that the threshold may cost
_PAIRS = 20  # of meanings taken for each other that are worth keeping


class Calibration(NamedTuple):
    """As in Model: the weights of the evidence, the threshold, and what to expect; None where too little was there."""

    weights: tuple[float, ...]
    threshold: float
    expected: Expected | None


class HeldOut(NamedTuple):
    """What the classifiers of the folds say to examples that they have not seen."""

    rows: NDArray[np.int64]  # of the corpus
    evidence: NDArray[np.float64]
    top: NDArray[np.int64]  # the best intents' places in Corpus.intents
    belief: NDArray[np.float64]  # the share of each of them
    strange: NDArray[np.bool_]  # whether the whole intent was held out


def calibrated(corpus: Corpus, seed: int) -> Calibration:
    """Holds out whole intents, and examples of the others: learns to tell right from both kinds of wrong."""
    if len(corpus.intents) < 4:
        return Calibration(*_UNCALIBRATED, None)
    found = _held_out(corpus, seed)
    right = found.top[:, 0] == corpus.gold[found.rows]
    if not right.any():
        return Calibration(*_UNCALIBRATED, None)
    strange = found.strange
    weights = _logistic(
        found.evidence, right, np.where(strange, _STRANGE / strange.mean(), (1 - _STRANGE) / (~strange).mean())
    )
    scores = found.evidence @ np.array(weights[1:]) + weights[0]
    threshold = squeezed(float(np.quantile(scores[right], _GIVEN_UP)))
    return Calibration(weights, threshold, _expected(corpus, found, scores))


def _held_out(corpus: Corpus, seed: int) -> HeldOut:
    folds = min(_FOLDS, len(corpus.intents))
    intent_fold, example_fold = _folds(corpus, folds, np.random.default_rng(seed))
    parts = [_fold(corpus, fold, folds, intent_fold, example_fold, seed) for fold in range(folds)]
    return HeldOut(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True)))


def _folds(corpus: Corpus, folds: int, chance: np.random.Generator) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """By utterance: the fold in which its whole intent is held out, and the one in which itself is."""
    intent_fold = chance.permutation(len(corpus.intents)) % folds
    utterances = chance.permutation(len(corpus.utterances))
    example_fold = np.empty(len(utterances), np.int64)
    for place in range(len(corpus.intents)):
        own = utterances[corpus.gold[utterances] == place]
        example_fold[own] = np.arange(len(own)) % folds
    return intent_fold[corpus.gold[: len(utterances)]], example_fold


def _fold(
    corpus: Corpus, fold: int, folds: int, intent_fold: NDArray[np.int64], example_fold: NDArray[np.int64], seed: int
) -> HeldOut:
    """Utterances as written; with their copies a fold takes five times as long, and what is learned is the same."""
    strange = intent_fold == fold
    fitted = fit(corpus, np.flatnonzero(~strange & (example_fold != fold)), seed)
    asked = np.flatnonzero((~strange & (example_fold == fold)) | (strange & (example_fold == (fold + 1) % folds)))
    scores = weighted(corpus, asked, fitted.idf) @ fitted.coefficients + fitted.bias
    order = np.argsort(-scores, axis=1, kind="stable")[:, :TOP]
    best = np.take_along_axis(scores, order, axis=1)
    total = np.exp(SHARPNESS * (scores - best[:, :1])).sum(axis=1)
    return HeldOut(
        rows=asked,
        evidence=np.column_stack([best[:, 0], -np.log(total), _known(corpus, asked, fitted)]),
        top=fitted.places[order],
        belief=np.exp(SHARPNESS * (best - best[:, :1])) / total[:, None],
        strange=strange[asked],
    )


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


def _expected(corpus: Corpus, found: HeldOut, scores: NDArray[np.float64]) -> Expected:
    """What becomes of new ways of asking, each judged once."""
    outcomes: list[Outcome] = []
    taken: Counter[tuple[int, int]] = Counter()
    clearest: dict[tuple[int, int], tuple[float, int, int]] = {}
    for row, gold, verdict, best in _judged(corpus, found, scores):
        outcomes.append(outcome(decision(verdict), verdict.top, corpus.intents[gold]))
        if best != gold:
            pair = min(gold, best), max(gold, best)
            taken[pair] += 1
            clearest[pair] = max(clearest.get(pair, (-1.0, 0, 0)), (verdict.p, -row, best))
    ranked = sorted(taken, key=lambda pair: (-taken[pair], pair))[:_PAIRS]
    return Expected(
        asked=len(outcomes),
        shares=shares(outcomes),
        confusions=tuple(_confusion(corpus, taken[pair], *clearest[pair]) for pair in ranked),
    )


def _judged(corpus: Corpus, found: HeldOut, scores: NDArray[np.float64]) -> Iterator[tuple[int, int, Verdict, int]]:
    """Row, place of its intent, verdict, place of the best intent; of utterances whose intent the fold knew."""
    for place in np.flatnonzero(~found.strange):
        row, score = int(found.rows[place]), float(scores[place])
        named = [corpus.intents[intent] for intent in found.top[place]]
        top = tuple(zip(named, map(float, found.belief[place]), strict=True))
        yield row, int(corpus.gold[row]), Verdict(top, squeezed(score), score), int(found.top[place, 0])


def _confusion(corpus: Corpus, times: int, _p: float, row: int, best: int) -> Confusion:
    return Confusion(
        meant=corpus.intents[corpus.gold[-row]],
        taken_for=corpus.intents[best],
        times=times,
        example=corpus.utterances[-row],
    )
