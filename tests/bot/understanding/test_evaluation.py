import numpy as np
import pytest

from bot.understanding.evaluation import RowError, auroc, examples, figures, oscr, outcome, predicted, rows, shares
from bot.understanding.meaning import Decision
from bot.understanding.training import train

LINES = ['{"text": "where is it", "intent": "where"}', "", '{"text": "when is it", "intent": "when"}', '{"text": "la la", "intent": "oos"}']  # fmt: skip


def test_rows_skip_empty_lines_and_out_of_scope_teaches_nothing() -> None:
    assert examples(list(rows(LINES)), "oos") == {"where": ["where is it"], "when": ["when is it"]}


@pytest.mark.parametrize("line", ["{", '{"text": "x"}', "[]", '{"text": 1, "intent": "a"}'])
def test_a_faulty_line_is_named(line: str) -> None:
    with pytest.raises(RowError) as refused:
        list(rows([LINES[0], line]))
    assert refused.value.line == 2


def test_auroc_counts_ties_half() -> None:
    assert auroc(np.array([1.0, 2.0]), np.array([0.0, 1.0])) == 0.875
    assert auroc(np.array([1.0]), np.array([])) is None


def test_oscr_of_a_perfect_split_is_one() -> None:
    assert oscr(np.array([3.0, 2.0, 1.0]), np.array([True, True, False]), np.array([True, True, False])) == 1.0


def test_a_rejected_row_in_scope_is_wrong() -> None:
    asked = list(rows(LINES))
    model = train(examples(asked, "oos"))
    accepting = figures(predicted(model, asked, None), "oos")
    rejecting = figures(predicted(model, asked, 1.1), "oos")
    assert (accepting["acc_argmax"], accepting["in_scope_acc"], accepting["oos_recall"]) == (1.0, 1.0, 0.0)
    assert (rejecting["acc_argmax"], rejecting["in_scope_acc"], rejecting["oos_recall"]) == (1.0, 0.0, 1.0)
    assert rejecting["policy"] == {"answer": 0.0, "ask": 0.0, "fallback": 1.0}


def test_predictions_are_the_same_bytes_each_time() -> None:
    asked = list(rows(LINES))
    once, again = ([each.json() for each in predicted(train(examples(asked, "oos")), asked, None)] for _ in range(2))
    assert once == again


@pytest.mark.parametrize(
    ("decision", "gold", "became"),
    [
        ("answer", "a", "right"),
        ("answer", "b", "wrong"),
        ("ask", "b", "right_pair"),
        ("ask", "c", "wrong_pair"),
        ("fallback", "a", "fallback"),
    ],
)
def test_what_became_of_a_message_follows_from_what_was_said(decision: Decision, gold: str, became: str) -> None:
    assert outcome(decision, (("a", 0.6), ("b", 0.3), ("c", 0.1)), gold) == became


def test_an_answer_by_a_rule_is_wrong_for_any_intent() -> None:
    assert outcome("answer", (), "a") == "wrong"


def test_shares_name_every_outcome() -> None:
    assert shares(["right", "right", "wrong", "fallback"]) == {
        "right": 0.5, "right_pair": 0.0, "wrong_pair": 0.0, "fallback": 0.25, "wrong": 0.25
    }  # fmt: skip
