import pytest

from bot.understanding import Understanding, WordLists
from bot.understanding.rules import answer_first, corrected, ruling
from bot.understanding.text import normal

ANYTHING = frozenset({"yes_no", "number"})

ALWAYS = {
    "stop": ["退订", "TD", "td", "不要再发", "别再给我发消息了", "请不要再给我发短信了，谢谢", "好的。不要再发了", "唔好再send嘢俾我啦",
             "退訂", "退订🙏", "STOP", "stop!!!", "Stop texting me please", "don't text me anymore", "UNSUBSCRIBE",
             "stopall", "remove me from this list"],
    "start": ["恢复", "恢复推送", "恢復", "START", "unstop", "resume"],
    "human": ["转人工", "转人功", "砖人工", "人工", "真人", "請轉人工", "好的，转人工", "human", "agent", "Hi, I want to talk to a real person please"],
    "never_mind": ["算了", "算了，不问了", "取消吧?", "没事了", "Never mind!", "nvm", "forget it"],
    "wrong_number": ["打错了", "你发错人了", "我不是张三本人", "wrong number", "sorry wrong person"],
    "repeat": ["再说一遍", "再講一次", "?", "？？", "can you repeat that", "say that again"],
    "explain": ["什么意思", "啊？什么意思", "没看懂", "没听懂", "睇唔明", "什么意思啊，没看懂", "what do you mean", "I don't get it",
                "sorry, I don't understand"],
    "language": ["请说英文", "English please", "说中文", "用繁體", "can you speak chinese?", "我看不懂中文", "hi, english please"],
}  # fmt: skip
NEVER = {
    "stop": ["不要取消", "don't stop", "please don't stop texting me", "我不是要退订", "我不想退订", "怎么退订", "退订？怎么退", "退订会影响入职吗", "CANCEL my slot", "where does the bus stop", "the end of training"],
    "human": ["不用转人工", "别转人工", "不是要转人工", "no need for a human", "human resources", "is the agent nice"],
    "never_mind": ["不要取消", "我不是要取消", "算了我不来了", "算了，那什么时候培训"],
    "start": ["when do I start", "什么时候恢复上班"],
    "repeat": ["what now", "thank you again", "哈哈哈哈", "什么意思", "what do you mean"],
    "explain": ["背调是什么意思", "what do you mean by training", "我不懂培训在哪"],
    "language": ["培训是用英文吗", "do i need to speak english at work", "我英文不好，能来吗"],
    "wrong": ["不对，我问的是门店在哪", "地址不对", "is the date wrong"],
    "wrong_number": ["打错了，是周二", "我打错了，是12月3号", "打错字了，是2"],
}  # fmt: skip


def _rule(
    text: str, words: WordLists, expecting: frozenset[str] = frozenset(), offered: frozenset[str] = frozenset()
) -> str | None:
    found = ruling(normal(text), words, expecting, offered)
    return found and found.rule


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in ALWAYS.items() for text in texts])
def test_a_rule_decides_whatever_is_expected(rule: str, text: str, words: WordLists) -> None:
    assert _rule(text, words) == _rule(text, words, ANYTHING) == rule


@pytest.mark.parametrize("text", ["cancel", "END", "quit"])
def test_cancel_opts_out_unless_there_is_a_question_to_leave(text: str, words: WordLists) -> None:
    """Twilio itself obeys these words by SMS, before anybody asks us."""
    assert _rule(text, words) == "stop"
    assert _rule(text, words, ANYTHING) == "never_mind"


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in NEVER.items() for text in texts])
def test_a_sentence_that_only_mentions_the_word_is_left_to_the_model(rule: str, text: str, words: WordLists) -> None:
    assert _rule(text, words) != rule


@pytest.mark.parametrize("text", ["好的", "嗯嗯", "OK", "yes!", "👍", "[OK]"])
def test_a_bare_yes_counts_only_when_it_was_asked_for(
    text: str, words: WordLists, understanding: Understanding
) -> None:
    assert _rule(text, words, frozenset({"yes_no"})) == "yes"
    assert understanding.meaning(text).decision == "fallback"


@pytest.mark.parametrize("text", ["不用了", "不行", "没有", "no thanks", "nope"])
def test_a_bare_no_counts_only_when_it_was_asked_for(text: str, words: WordLists) -> None:
    assert _rule(text, words, frozenset({"yes_no"})) == "no"
    assert _rule(text, words) is None


@pytest.mark.parametrize(
    "text", ["2", "２", "②", "2️⃣", "2.", "二", "第二个", "我选2吧", "two", "the second one", "option 2"]
)
def test_a_number_is_read_however_it_is_written(text: str, understanding: Understanding) -> None:
    meant = understanding.meaning(text, expecting=frozenset({"number"}))
    assert (meant.rule, meant.value) == ("number", "2")
    assert understanding.meaning(text).rule is None


def test_a_lone_letter_opts_out_only_where_it_was_offered(words: WordLists) -> None:
    assert _rule("T", words) is None
    assert _rule("t", words, offered=frozenset({"T", "TD"})) == "stop"
    assert _rule("n", words, offered=frozenset({"T"})) is None
    assert _rule("x", words, offered=frozenset({"X"})) is None


@pytest.mark.parametrize(
    ("text", "locale"),
    [
        ("请说英文", "en"),
        ("switch to English", "en"),
        ("你会说英文吗", "en"),
        ("说中文", "zh"),
        ("講中文", "zh-Hant"),
        ("can you speak chinese?", "zh"),
        ("用繁體", "zh-Hant"),
        ("用繁体字", "zh-Hant"),
        ("traditional chinese please", "zh-Hant"),
        ("i dont read chinese", "en"),
        ("看不懂英文", "zh"),
    ],
)
def test_a_language_that_is_asked_for_has_a_value(text: str, locale: str, understanding: Understanding) -> None:
    meant = understanding.meaning(text)
    assert (meant.rule, meant.value) == ("language", locale)


@pytest.mark.parametrize("text", ["不对", "不是这个", "唔啱", "no that's wrong", "that's not what I asked", "答非所问"])
def test_what_misses_the_point_is_wrong_unless_a_no_is_expected(text: str, words: WordLists) -> None:
    assert _rule(text, words) == "wrong"
    assert _rule(text, words, frozenset({"yes_no"})) in ("no", "wrong")
    assert _rule("不对", words, frozenset({"yes_no"})) == "no"


@pytest.mark.parametrize("text", ["係", "係呀", "好呀", "得", "冇問題", "啱"])
def test_a_cantonese_yes_is_one(text: str, words: WordLists) -> None:
    assert _rule(text, words, frozenset({"yes_no"})) == "yes"


@pytest.mark.parametrize("text", ["唔係", "唔得", "唔使", "未", "唔好", "别转人工", "不用转人工"])
def test_a_cantonese_or_negated_no_is_one(text: str, words: WordLists) -> None:
    assert _rule(text, words, frozenset({"yes_no"})) == "no"


@pytest.mark.parametrize("text", ["好的", "嗯", "不用了", "ok"])
def test_a_yes_that_answers_nothing_is_a_nod_where_nods_count(text: str, words: WordLists) -> None:
    assert _rule(text, words, frozenset({"nod"})) == "nod"
    assert _rule("不对", words, frozenset({"nod"})) == "wrong"


@pytest.mark.parametrize("text", ["不是不想来，就是有点担心", "可以吗？在哪", "good question", "2024年来的"])
def test_what_is_no_bare_answer_is_left_to_the_model(text: str, words: WordLists) -> None:
    assert _rule(text, words, ANYTHING) is None
    assert answer_first(normal(text), words, ANYTHING) is None


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("不对，是周二", "周二"),
        ("我说错了，是下周三", "下周三"),
        ("不是周一，是周二", "周二"),
        ("不是周一是周二", "周二"),
        ("唔係禮拜一，係禮拜二", "礼拜二"),
        ("打错了，是周二", "周二"),
        ("选错了，2", "2"),
        ("更正：12月3号", "12月3号"),
        ("不对，我问的是门店在哪", "门店在哪"),
        ("我问的是工资", "工资"),
        ("不，下周二", "下周二"),
        ("no, tuesday", "tuesday"),
        ("No. The 5th", "the 5th"),
        ("i meant the 5th", "the 5th"),
        ("sorry, not monday, tuesday", "tuesday"),
        ("not wednesday but thursday", "thursday"),
        ("I made a mistake, it's the 5th", "the 5th"),
    ],
)
def test_a_correction_names_what_is_meant_instead(text: str, rest: str, words: WordLists) -> None:
    assert corrected(normal(text), words) == rest


@pytest.mark.parametrize(
    "text",
    ["打错了", "不对", "no", "no, thanks", "不，谢谢", "不是不想来，就是有点担心", "no more questions", "没什么", "不对劲",
     "not sure, when is it", "sorry, when is it", "no, that's wrong", "no, stop", "不对，转人工", "打错了，是我妈的号", "更正我的信息", ""],
)  # fmt: skip
def test_what_corrects_nothing_is_no_correction(text: str, understanding: Understanding) -> None:
    assert understanding.corrected(text) is None


def test_a_slip_of_the_hand_makes_nobody_a_stranger(words: WordLists) -> None:
    assert _rule("打错了，是周二", words) is None
    assert _rule("打错了，是我妈的号", words) == "wrong_number"
