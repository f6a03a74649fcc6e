import pytest

from bot.understanding import Understanding, Words
from bot.understanding.rules import ruling
from bot.understanding.text import normal

ANYTHING = frozenset({"yes_no", "number"})

ALWAYS = {
    "stop": ["退订", "TD", "td", "不要再发", "别再给我发消息了", "请不要再给我发短信了，谢谢", "好的。不要再发了", "唔好再send嘢俾我啦",
             "退訂", "退订🙏", "STOP", "stop!!!", "Stop texting me please", "don't text me anymore", "UNSUBSCRIBE",
             "cancel", "END", "quit", "stopall", "remove me from this list"],
    "start": ["恢复", "恢复推送", "恢復", "START", "unstop", "resume"],
    "human": ["转人工", "人工", "真人", "請轉人工", "好的，转人工", "human", "agent", "Hi, I want to talk to a real person please"],
    "never_mind": ["算了", "算了，不问了", "取消吧?", "没事了", "Never mind!", "nvm", "forget it"],
    "wrong_number": ["打错了", "你发错人了", "我不是张三本人", "wrong number", "sorry wrong person"],
    "repeat": ["再说一遍", "没听懂", "?", "？？", "can you repeat that"],
}  # fmt: skip
NEVER = {
    "stop": ["我不想退订", "怎么退订", "退订？怎么退", "退订会影响入职吗", "CANCEL my slot", "where does the bus stop", "the end of training"],
    "human": ["不用转人工", "human resources", "is the agent nice"],
    "never_mind": ["算了我不来了", "算了，那什么时候培训"],
    "start": ["when do I start", "什么时候恢复上班"],
    "repeat": ["what now", "thank you again", "哈哈哈哈"],
}  # fmt: skip


def _rule(
    text: str, words: Words, expecting: frozenset[str] = frozenset(), offered: frozenset[str] = frozenset()
) -> str | None:
    found = ruling(normal(text), words, expecting, offered)
    return found and found.rule


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in ALWAYS.items() for text in texts])
def test_a_rule_decides_whatever_is_expected(rule: str, text: str, words: Words) -> None:
    assert _rule(text, words) == _rule(text, words, ANYTHING) == rule


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in NEVER.items() for text in texts])
def test_a_sentence_that_only_mentions_the_word_is_left_to_the_model(rule: str, text: str, words: Words) -> None:
    assert _rule(text, words) != rule


@pytest.mark.parametrize("text", ["好的", "嗯嗯", "OK", "yes!", "👍", "[OK]"])
def test_a_bare_yes_counts_only_when_it_was_asked_for(text: str, words: Words, understanding: Understanding) -> None:
    assert _rule(text, words, frozenset({"yes_no"})) == "yes"
    assert understanding.meaning(text).decision == "fallback"


@pytest.mark.parametrize("text", ["不用了", "不行", "没有", "no thanks", "nope"])
def test_a_bare_no_counts_only_when_it_was_asked_for(text: str, words: Words) -> None:
    assert _rule(text, words, frozenset({"yes_no"})) == "no"
    assert _rule(text, words) is None


@pytest.mark.parametrize(
    "text", ["2", "２", "②", "2️⃣", "2.", "二", "第二个", "我选2吧", "two", "the second one", "option 2"]
)
def test_a_number_is_read_however_it_is_written(text: str, understanding: Understanding) -> None:
    meant = understanding.meaning(text, expecting=frozenset({"number"}))
    assert (meant.rule, meant.value) == ("number", "2")
    assert understanding.meaning(text).rule is None


def test_a_lone_letter_opts_out_only_where_it_was_offered(words: Words) -> None:
    assert _rule("T", words) is None
    assert _rule("t", words, offered=frozenset({"T", "TD"})) == "stop"
    assert _rule("n", words, offered=frozenset({"T"})) is None
    assert _rule("x", words, offered=frozenset({"X"})) is None
