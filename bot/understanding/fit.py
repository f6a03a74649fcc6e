"""Fits one linear classifier to a corpus or a part of it.

Only here and in calibration.py is scikit-learn imported, and only when fitting: a serving process never pays for it.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.understanding.corpus import Corpus, Matrix
from bot.understanding.features import BLOCKS
from bot.understanding.model import block_weight

_TOLERANCE = 0.3  # closer fits take longer and are not better
_OWN = 3.0  # how much an example of an intent weighs against one of the many others


class Fitted(NamedTuple):
    idf: tuple[NDArray[np.float64], ...]  # by block; 0 where the feature was not seen
    coefficients: NDArray[np.float64]  # feature x intent
    bias: NDArray[np.float64]
    places: NDArray[np.int64]  # by column of `coefficients`: place in Corpus.intents


def fit(corpus: Corpus, rows: NDArray[np.int64], seed: int) -> Fitted:
    """Never in two threads at once: liblinear draws from one generator a process, and the seed would mean nothing."""
    from sklearn.svm import LinearSVC

    idf = tuple(_idf(counts[rows]) for counts in corpus.counts)
    gold = corpus.gold[rows]
    weights = dict.fromkeys(map(int, np.unique(gold)), _OWN)
    machine = LinearSVC(C=1.0, tol=_TOLERANCE, class_weight=weights, random_state=seed)
    machine.fit(weighted(corpus, rows, idf), gold)
    coefficients, bias = machine.coef_.T, np.atleast_1d(machine.intercept_)
    if coefficients.shape[1] == 1:  # two intents share one plane
        coefficients, bias = np.hstack([-coefficients, coefficients]), np.concatenate([-bias, bias])
    return Fitted(idf, coefficients, bias, machine.classes_)


def _idf(counts: Matrix) -> NDArray[np.float64]:
    seen = np.bincount(counts.indices, minlength=counts.shape[1])
    rarity = np.sqrt(np.log((1 + counts.shape[0]) / (1 + seen)) + 1)  # the plain logarithm overrates rare words
    return np.where(seen, rarity, 0.0)


def weighted(corpus: Corpus, rows: NDArray[np.int64], idf: Sequence[NDArray[np.float64]]) -> Matrix:
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
