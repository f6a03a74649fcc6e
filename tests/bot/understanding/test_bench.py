"""The benchmark's own arithmetic; its figures are its own business."""

from random import Random

from bench.understanding import OOS, mistyped, recall_at, ten_each, traditional, with_fillers
from bot.understanding import Verdict
from bot.understanding.evaluation import EvaluationRow, Prediction


def _said(gold: str, score: float, intent: str = "a") -> Prediction:
    return Prediction(EvaluationRow("x", gold), Verdict(((intent, 1.0), ("z", 0.0)), 0.5, score), "answer", 0.0)


def test_recall_is_taken_where_so_many_in_scope_are_accepted_and_right() -> None:
    inside = [_said("a", score) for score in (9, 8, 7, 6)] + [_said("b", 5)]
    outside = [_said(OOS, score) for score in (8.5, 6.5, 1, 0)]
    assert recall_at([*inside, *outside], 0.6) == 0.75
    assert recall_at([*inside, *outside], 0.8) == 0.5
    assert recall_at([*inside, *outside], 0.9) == 0.0


def test_a_draw_of_ten_is_the_same_each_time() -> None:
    train = [EvaluationRow(f"{intent} {number}", intent) for intent in "ab" for number in range(30)]
    assert len(ten_each(train, 1)) == 20
    assert ten_each(train, 1) == ten_each(train, 1) != ten_each(train, 2)


def test_each_change_is_one_that_people_make() -> None:
    typed = mistyped(["再在"])
    assert typed("在哪", Random(0)) == "再哪"
    swapped = typed("where", Random(0))
    assert swapped != "where"
    assert sorted(swapped) == sorted("where")
    assert traditional("培训时间", Random(0)) == "培訓時間"
    assert "where" in with_fillers("en")("where", Random(0))
