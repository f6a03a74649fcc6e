import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.understanding import Meaning, Understanding, Words, train

ASKS = [json.loads(line) for line in (Path(__file__).parent / "asks.jsonl").read_text(encoding="utf-8").splitlines()]
IN_SCOPE = [ask for ask in ASKS if ask["intent"] != "oos"]

FEW = {"a.when": ["when is it", "什么时候"], "a.where": ["where is it", "在哪里"]}


def _right(meant: Meaning, intent: str) -> bool:
    if meant.decision == "ask":
        return intent in [name for name, _ in meant.top[:2]]
    return meant.decision == "answer" and meant.intent == intent


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_unseen_ways_of_asking_are_understood(locale: str, understanding: Understanding) -> None:
    meant = [(understanding.meaning(ask["text"]), ask["intent"]) for ask in IN_SCOPE if ask["locale"] == locale]
    assert sum(_right(*each) for each in meant) >= 0.92 * len(meant)
    assert sum(each.decision == "answer" and each.intent != intent for each, intent in meant) <= 0.03 * len(meant)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_most_of_what_is_out_of_scope_gets_no_answer(locale: str, understanding: Understanding) -> None:
    """Measured 0.87 in both: a floor against getting worse, not a goal."""
    strange = [understanding.meaning(ask["text"]) for ask in ASKS if (ask["intent"], ask["locale"]) == ("oos", locale)]
    assert sum(meant.decision != "answer" for meant in strange) >= 0.8 * len(strange)


def test_no_unseen_ask_is_among_the_examples(asks: dict[str, list[str]]) -> None:
    assert not {ask["text"] for ask in ASKS} & {text for texts in asks.values() for text in texts}


def test_when_where_and_what_are_told_apart(understanding: Understanding) -> None:
    told = {
        "培训在哪": "training.where",
        "门店在哪": "store.mine",
        "培训啥内容": "training.outline",
        "培訓幾時": "training.when",
    }
    assert {text: understanding.meaning(text).intent for text in told} == told


def test_the_question_in_a_mixed_message_counts(understanding: Understanding) -> None:
    assert understanding.meaning("谢谢，那什么时候培训?").intent == "training.when"
    assert understanding.meaning("thanks! and where is the training?").intent == "training.where"


def test_a_fallback_names_no_intent(understanding: Understanding) -> None:
    meant = understanding.meaning("qwxz vbnm")
    assert (meant.decision, meant.intent, meant.rule) == ("fallback", None, None)


@settings(max_examples=200, deadline=None)
@given(text=some.text(max_size=700))
def test_any_text_has_a_meaning(text: str, understanding: Understanding) -> None:
    meant = understanding.meaning(text, frozenset({"yes_no", "number"}), frozenset({"T"}))
    assert meant.text == text
    assert 0 <= meant.p <= 1
    assert meant.decision in ("answer", "ask", "fallback")


def test_understanding_works_without_any_words() -> None:
    assert Understanding(train(FEW), Words.of()).meaning("什么时候").top[0][0] == "a.when"
