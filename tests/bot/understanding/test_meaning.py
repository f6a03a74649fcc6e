import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from bot.understanding import Meaning, Understanding, WordLists, train

HELD_OUT = Path(__file__).parents[3] / "bench" / "data" / "own"  # by an author who has not seen the examples
ASKS = [
    {**json.loads(line), "locale": locale}
    for locale in ("zh", "en")
    for line in (HELD_OUT / f"asks.{locale}.jsonl").read_text(encoding="utf-8").splitlines()
]
IN_SCOPE = [ask for ask in ASKS if ask["intent"] != "oos"]

FEW = {"a.when": ["when is it", "什么时候"], "a.where": ["where is it", "在哪里"]}


def _right(meant: Meaning, intent: str) -> bool:
    if meant.decision == "ask":
        return intent in [name for name, _ in meant.top[:2]]
    return meant.decision == "answer" and meant.intent == intent


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_unseen_ways_of_asking_are_understood(locale: str, understanding: Understanding) -> None:
    """A floor against getting worse; bench/understanding measures against the goals."""
    meant = [(understanding.meaning(ask["text"]), ask["intent"]) for ask in IN_SCOPE if ask["locale"] == locale]
    assert sum(_right(*each) for each in meant) >= 0.9 * len(meant)
    assert sum(each.decision == "answer" and each.intent != intent for each, intent in meant) <= 0.04 * len(meant)


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_most_of_what_is_out_of_scope_gets_no_answer(locale: str, understanding: Understanding) -> None:
    """Or is told that it is none of our business."""
    strange = [understanding.meaning(ask["text"]) for ask in ASKS if (ask["intent"], ask["locale"]) == ("oos", locale)]
    refused = [meant.decision != "answer" or meant.intent == "smalltalk.offtopic" for meant in strange]
    assert sum(refused) >= 0.85 * len(strange)


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


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("什么时候培训？在哪？要带什么", ("training.when", "training.where", "training.bring")),
        ("什么时候培训，在哪，几天", ("training.when", "training.where", "training.how_long")),
        ("when is training and where is it", ("training.when", "training.where")),
        ("when and where is the training", ("training.when", "training.where")),
        ("門店喺邊度？幾時培訓？", ("store.mine", "training.when")),
    ],
)
def test_a_message_may_ask_several_things(text: str, intents: tuple[str, ...], understanding: Understanding) -> None:
    meant = understanding.meaning(text)
    assert (meant.intent, *meant.also) == intents
    assert meant.decision == "answer"


@pytest.mark.parametrize(
    "text",
    [
        "到底什么时候培训啊？几号啊？我都等半个月了",
        "我下周要去培训了，在哪里啊，找不到地址",
        "你好，在吗？什么时候培训",
        "can you tell me, please, when is the training? i have been waiting so long",
    ],
)
def test_one_question_in_many_words_stays_one(text: str, understanding: Understanding) -> None:
    assert understanding.meaning(text).also == ()


def test_hardly_any_single_question_gains_another(asks: dict[str, list[str]], understanding: Understanding) -> None:
    single = [ask["text"] for ask in IN_SCOPE] + [text for texts in asks.values() for text in texts]
    assert sum(bool(understanding.meaning(text).also) for text in single) < 0.01 * len(single)


@pytest.mark.parametrize(
    ("text", "rule", "also"),
    [
        ("可以的，地址在哪？", "yes", "training.where"),
        ("yes, where is the training?", "yes", "training.where"),
        ("ok where is the training", "yes", "training.where"),
        ("2，还有几点开始培训", "number", "training.when"),
    ],
)
def test_an_answer_may_come_with_a_question(text: str, rule: str, also: str, understanding: Understanding) -> None:
    meant = understanding.meaning(text, frozenset({"yes_no", "number"}))
    assert (meant.rule, meant.also, meant.intent) == (rule, (also,), None)
    assert understanding.meaning(text).rule is None


def test_an_answer_with_a_remark_is_left_to_the_model(understanding: Understanding) -> None:
    assert understanding.meaning("好的，但是我那天来不了", frozenset({"yes_no"})).rule is None


@pytest.mark.parametrize(
    "text",
    ["什么时候培训", "培训定了吗", "在哪", "培訓喺邊度", "有冇飯食", "包吃住不", "周二可以?", "tell me where", "is there lunch",
     "do i need id", "the training is when", "can you tell me the date"],
)  # fmt: skip
def test_a_question_asks(text: str, understanding: Understanding) -> None:
    assert understanding.meaning(text).asks


@pytest.mark.parametrize(
    "text",
    ["找到别的工作了", "没什么", "怎么都行", "我等了3天了", "还没呢", "多少有点担心", "周二开始吧", "我家有几个人不同意", "i will be there",
     "do not text", "i got another job", "what a nice day", "ok great"],
)  # fmt: skip
def test_a_statement_asks_nothing(text: str, understanding: Understanding) -> None:
    assert not understanding.meaning(text).asks


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
    assert len(meant.also) <= 2
    assert understanding.corrected(text) != ""


def test_understanding_works_without_any_words() -> None:
    bare = Understanding(train(FEW), WordLists.of())
    assert bare.meaning("什么时候").top[0][0] == "a.when"
    assert bare.corrected("no, tuesday") is None
    assert not bare.meaning("什么时候").asks
