"""Scores a model on a data set that it has not seen; understanding.md tells what each figure means.

The model is asked alone: no rules, no splitting at punctuation. Gold labels are read here and nowhere else.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from bot.understanding.meaning import ANSWER_FROM, Decision
from bot.understanding.model import Model, Verdict
from bot.understanding.text import normal

Flags = NDArray[np.bool_]
Scores = NDArray[np.float64]

# What becomes of a message whose meaning is known; "pair": we asked which of two was meant.
Outcome = Literal["right", "right_pair", "wrong_pair", "fallback", "wrong"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

_EXAMPLE = '{"text": "when do I start?", "intent": "start"}'


class EvaluationRow(NamedTuple):
    text: str
    intent: str


class RowError(ValueError):
    """A line of a data set cannot be used; `line` counts from 1."""

    def __init__(self, line: int, what: str) -> None:
        self.line = line
        super().__init__(f"{what}: a line looks like {_EXAMPLE}")


@dataclass(frozen=True, slots=True)
class Prediction:
    """What the model said to one row, and what became of it."""

    row: EvaluationRow
    verdict: Verdict
    decision: Decision
    seconds: float

    def json(self) -> str:
        line = {
            "text": self.row.text,
            "gold": self.row.intent,
            "top": [[intent, round(score, 6)] for intent, score in self.verdict.top],
            "p": round(self.verdict.p, 6),
            "accept_score": round(self.verdict.accept_score, 6),
            "decision": self.decision,
        }
        return json.dumps(line, ensure_ascii=False)


def rows(lines: Sequence[str]) -> Iterator[EvaluationRow]:
    """The rows of a JSONL file; empty lines are passed over, anything else wrong raises RowError."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield _row(number, line)


def examples(train: Sequence[EvaluationRow], oos_label: str) -> dict[str, list[str]]:
    """What training gets: the rows by intent. Out of scope is no intent; its rows teach nothing here."""
    found: dict[str, list[str]] = {}
    for text, intent in train:
        if intent != oos_label:
            found.setdefault(intent, []).append(text)
    return found


def predicted(model: Model, test: Sequence[EvaluationRow], threshold: float | None) -> list[Prediction]:
    """One prediction a row; what is less probable than the threshold falls back."""
    return [_prediction(model, row, threshold) for row in test]


def outcome(decision: Decision, top: Sequence[tuple[str, float]], gold: str) -> Outcome:
    """`top`: the intents that the message was taken for, best first."""
    named = [intent for intent, _ in top[:2]]
    if decision == "fallback":
        return "fallback"
    if decision == "ask":
        return "right_pair" if gold in named else "wrong_pair"
    return "right" if gold in named[:1] else "wrong"


def shares(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """The share of each outcome."""
    return {name: _rounded(outcomes.count(name) / max(len(outcomes), 1)) for name in OUTCOMES}


def figures(predictions: Sequence[Prediction], oos_label: str) -> dict[str, Any]:
    """The figures that follow from the predictions; those about out of scope are None if no row is."""
    inside = np.array([each.row.intent != oos_label for each in predictions], bool)
    first = np.array([each.verdict.top[0][0] == each.row.intent for each in predictions], bool)
    among_two = np.array(
        [each.row.intent in [intent for intent, _ in each.verdict.top[:2]] for each in predictions], bool
    )
    accepted = np.array([each.decision != "fallback" for each in predictions], bool)
    score = np.array([each.verdict.accept_score for each in predictions], float)
    return {
        "n_in": int(inside.sum()),
        "n_oos": int((~inside).sum()),
        "acc_argmax": _mean(first[inside]),
        "top2": _mean(among_two[inside]),
        "macro_f1": _macro_f1(predictions, oos_label),
        "in_scope_acc": _mean((first & accepted)[inside]),
        "oos_recall": _mean(~accepted[~inside]),
        "oos_precision": _mean(~inside[~accepted]) if (~inside).any() else None,
        "auroc": auroc(score[inside], score[~inside]),
        "oscr": oscr(score, inside, first),
        "policy": _policy(predictions),
    }


def latency(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    p50, p99 = np.percentile(np.array(seconds) * 1000, [50, 99])
    return {"p50": round(float(p50), 4), "p99": round(float(p99), 4)}


def timed(model: Model, test: Sequence[EvaluationRow], times: int) -> list[float]:
    """Seconds that each of so many messages took."""
    return [_timed(model, test[turn % len(test)].text)[1] for turn in range(times)]


def auroc(inside: Scores, outside: Scores) -> float | None:
    """The chance that a row in scope scores higher than one that is not; equal scores count half."""
    if not (len(inside) and len(outside)):
        return None
    ordered = np.sort(outside)
    below, not_above = np.searchsorted(ordered, inside, "left"), np.searchsorted(ordered, inside, "right")
    return _rounded(float((below + not_above).mean()) / 2 / len(outside))


def oscr(score: Scores, inside: Flags, right: Flags) -> float | None:
    """The area under right answers in scope (y) by accepted rows out of scope (x), over all thresholds."""
    if inside.all() or not inside.any():
        return None
    steps = np.unique(score)[::-1]
    y = [0.0, *(float((right & inside & (score >= step)).sum() / inside.sum()) for step in steps)]
    x = [0.0, *(float((~inside & (score >= step)).sum() / (~inside).sum()) for step in steps)]
    return _rounded(float(np.trapezoid(y, x)))


def _row(number: int, line: str) -> EvaluationRow:
    try:
        found = json.loads(line)
    except ValueError:
        raise RowError(number, "is not JSON") from None
    for key in EvaluationRow._fields:
        if not isinstance(found, dict) or not isinstance(found.get(key), str):
            raise RowError(number, f"has no {key!r} that is a text")
    return EvaluationRow(found["text"], found["intent"])


def _prediction(model: Model, row: EvaluationRow, threshold: float | None) -> Prediction:
    verdict, seconds = _timed(model, row.text)
    return Prediction(row, verdict, _decision(verdict.p, threshold), seconds)


def _timed(model: Model, text: str) -> tuple[Verdict, float]:
    start = time.perf_counter()
    verdict = model.judge(normal(text))
    return verdict, time.perf_counter() - start


def _decision(p: float, threshold: float | None) -> Decision:
    if threshold is not None and p < threshold:
        return "fallback"
    return "answer" if p >= ANSWER_FROM else "ask"


def _macro_f1(predictions: Sequence[Prediction], oos_label: str) -> float | None:
    """Over the intents in scope; a rejected row counts as predicted out of scope."""
    gold = [each.row.intent for each in predictions]
    said = [oos_label if each.decision == "fallback" else each.verdict.top[0][0] for each in predictions]
    scores = []
    for intent in sorted(set(gold) - {oos_label}):
        both = sum(g == s == intent for g, s in zip(gold, said, strict=True))
        scores.append(2 * both / (gold.count(intent) + said.count(intent)))
    return _rounded(sum(scores) / len(scores)) if scores else None


def _policy(predictions: Sequence[Prediction]) -> dict[str, float]:
    decisions = [each.decision for each in predictions]
    return {name: _rounded(decisions.count(name) / len(decisions)) for name in ("answer", "ask", "fallback")}


def _mean(flags: Flags) -> float | None:
    return _rounded(float(flags.mean())) if len(flags) else None


def _rounded(share: float) -> float:
    return round(share, 6)
