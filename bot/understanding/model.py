"""The trained model as it serves: a dict, a few arrays, and no scikit-learn."""

import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, log, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bot.understanding.features import BLOCKS, FORGIVING, Features, features

SHARPNESS = 3.0  # turns distances from the separating planes into shares
TOP = 3  # intents that a verdict names

_SHARES = {"word": 0.25, "letters": 0.75, "han": 0.5, "sound": 0.5}  # of a text in one script


class Evidence(NamedTuple):
    """What speaks for the best intent being right."""

    value: float  # its distance from the separating plane
    lead: float  # log of its share among all intents
    known: float  # share of the text that training had seen; a rare feature weighs more, an unknown one most


class Confusion(NamedTuple):
    """Two meanings that held-out ways of asking were taken for each other, and the clearest of these mistakes."""

    meant: str
    taken_for: str
    times: int  # both ways round
    example: str


class Expected(NamedTuple):
    """What becomes of new ways of asking, as far as held-out ones tell."""

    asked: int
    shares: Mapping[str, float]  # by Outcome
    confusions: tuple[Confusion, ...]  # the most frequent first


class Verdict(NamedTuple):
    """What the model makes of a text."""

    top: tuple[tuple[str, float], ...]  # up to three (intent, share of belief), best first
    p: float  # that the first is right, calibrated
    accept_score: float  # the same before it is squeezed into 0..1


@dataclass(frozen=True, eq=False)
class Model:
    """One linear classifier over weighted features, and the calibration that knows when not to believe it."""

    intents: tuple[str, ...]
    vocabularies: tuple[Mapping[str, int], ...]  # by block: feature -> row
    idf: NDArray[np.float32]  # by row
    coefficients: NDArray[np.float16]  # row x intent
    bias: NDArray[np.float32]  # by intent
    calibration: tuple[float, ...]  # constant, then one weight for each field of Evidence
    threshold: float  # the p that nearly all right answers reached in cross-validation
    sounds: Mapping[str, str]
    expected: Expected | None = None  # None: too few examples to hold any out

    def judge(self, text: str) -> Verdict:
        """The verdict on a normal text."""
        found = features(text, self.sounds)
        scores = self._scores(found)
        order = np.argsort(-scores, kind="stable")[:TOP]
        shares = np.exp(SHARPNESS * (scores - scores[order[0]]))
        total = float(shares.sum())
        evidence = Evidence(float(scores[order[0]]), -log(total), self._known(found))
        accept_score = self.calibration[0] + sum(w * e for w, e in zip(self.calibration[1:], evidence, strict=True))
        top = tuple((self.intents[place], float(shares[place]) / total) for place in order)
        return Verdict(top, squeezed(accept_score), accept_score)

    def dumped(self) -> bytes:
        """The model as one file; equal models give equal bytes."""
        head: dict[str, Any] = {"intents": self.intents, "calibration": self.calibration}
        head |= {"threshold": self.threshold, "sounds": dict(self.sounds), "expected": self.expected}
        arrays: dict[str, Any] = {
            "head": _bytes(json.dumps(head, ensure_ascii=False, sort_keys=True)),
            "idf": self.idf,
            "coefficients": self.coefficients,
            "bias": self.bias,
        }
        arrays |= {block: _bytes("\n".join(names)) for block, names in zip(BLOCKS, self.vocabularies, strict=True)}
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)
        return file.getvalue()

    @classmethod
    def loaded(cls, content: bytes) -> "Model":
        """The model that `dumped` wrote; ValueError, KeyError or zipfile.BadZipFile if it is something else."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            head: dict[str, Any] = json.loads(arrays["head"].tobytes())
            return cls(
                intents=tuple(head["intents"]),
                vocabularies=vocabularies([arrays[block].tobytes().decode().split("\n") for block in BLOCKS]),
                idf=arrays["idf"],
                coefficients=arrays["coefficients"],
                bias=arrays["bias"],
                calibration=tuple(head["calibration"]),
                threshold=head["threshold"],
                sounds=head["sounds"],
                expected=_expected(head["expected"]),
            )

    def _scores(self, found: Features) -> NDArray[np.float32]:
        weighed: dict[int, float] = {}
        for block, names, vocabulary in zip(BLOCKS, found.blocks, self.vocabularies, strict=True):
            if names:
                weighed |= self._weighed(_rows(names, vocabulary), block_weight(block, found.han))
        values = np.fromiter(weighed.values(), np.float32, len(weighed))
        scores: NDArray[np.float32] = values @ self.coefficients[list(weighed)].astype(np.float32)
        return scores + self.bias

    def _weighed(self, rows: Sequence[int], length: float) -> dict[int, float]:
        """A block's features by row, with values that make a vector of this length."""
        raw = {row: (1 + log(count)) * self._weights[row] for row, count in Counter(rows).items()}
        scale = length / (sqrt(sum(value * value for value in raw.values())) or 1)
        return {row: value * scale for row, value in raw.items()}

    def _known(self, found: Features) -> float:
        known = unknown = 0.0
        for block, names, vocabulary in zip(BLOCKS, found.blocks, self.vocabularies, strict=True):
            if block in FORGIVING:
                rows = _rows(names, vocabulary)
                known += sum(self._weights[row] for row in rows)
                unknown += (len(names) - len(rows)) * self._rarest
        return known / ((known + unknown) or 1)

    @cached_property
    def _weights(self) -> list[float]:
        """`idf` once more: Python takes single numbers from a list much faster than from an array."""
        return list(self.idf.tolist())

    @cached_property
    def _rarest(self) -> float:
        return float(self.idf.max())


def _rows(names: Sequence[str], vocabulary: Mapping[str, int]) -> list[int]:
    """The rows of those features that training had seen, as often as they occur."""
    return [row for row in map(vocabulary.get, names) if row is not None]


def block_weight(block: str, han: float) -> float:
    """How long the part of a text's vector is that comes from this block, when `han` of the text is Han."""
    return sqrt(_SHARES[block] * (han if block in ("han", "sound") else 1 - han))


def vocabularies(names: Sequence[Sequence[str]]) -> tuple[dict[str, int], ...]:
    """Rows for the blocks' features, one block after the other."""
    start, numbered = 0, []
    for block in names:
        numbered.append({name: start + place for place, name in enumerate(block) if name})
        start += len(numbered[-1])
    return tuple(numbered)


def squeezed(score: float) -> float:
    return 1 / (1 + exp(-max(-60.0, min(60.0, score))))


def _expected(found: Sequence[Any] | None) -> Expected | None:
    if found is None:
        return None
    asked, shares, confusions = found
    return Expected(asked, shares, tuple(Confusion(*each) for each in confusions))


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)
