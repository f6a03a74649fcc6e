import re

import pytest

from bot.content import Content
from bot.understanding import WordLists
from bot.understanding.phrases import Phrases, expanded
from bot.understanding.text import LONGEST, clauses, first_clause, key, normal, sentences, traditional


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("請問幾時培訓", "请问几时培训"),
        ("ＷＨＥＮ　１０", "when 10"),
        ("培训😭😭[流泪]在哪", "培训 在哪"),
        ("好好好好好", "好好"),
        ("在哪？？？", "在哪?"),
        ("1000", "1000"),
        ("👍", "👍"),
    ],
)
def test_what_differs_only_in_typing_becomes_the_same(typed: str, plain: str) -> None:
    assert normal(typed) == plain


def test_courtesy_goes_only_if_a_question_stays(words: WordLists) -> None:
    assert words.without_courtesy(normal("谢谢，那什么时候培训?")).startswith("那什么时候培训")
    assert words.without_courtesy("谢谢") == "谢谢"
    assert words.without_courtesy("highest pay") == "highest pay"


def test_clauses_split_at_punctuation_but_not_within_times() -> None:
    assert clauses("谢谢,9:30到吗?在哪") == ["谢谢", "9:30到吗", "在哪"]


def test_a_question_mark_stays_with_what_it_asks() -> None:
    assert sentences("谢谢,9:30到吗?在哪") == ["谢谢", "9:30到吗?", "在哪"]
    assert first_clause("可以,在哪? 几点") == ("可以", "在哪? 几点")
    assert first_clause("可以?在哪") == ("可以?", "在哪")
    assert first_clause("?!") == ("?", "")
    assert first_clause("") == ("", "")


@pytest.mark.parametrize(("text", "shown"), [
    ("請問幾時培訓", True), ("係咩", True), ("後天", True), ("体育館門口", True), ("皇后大道", False), ("里面", False), ("乾杯", False),
    ("请问什么时候培训", False), ("发型后面", False), ("hello", False), ("", False), ("😭", False),
])  # fmt: skip
def test_traditional_script_shows_in_characters_that_simplified_text_lacks(text: str, shown: bool) -> None:
    assert traditional(text) is shown


def test_a_key_has_no_signs() -> None:
    assert key("don't stop!") == "dont stop"
    assert key("退 订。") == "退订"


def test_an_entry_stands_for_all_its_wordings() -> None:
    assert expanded("(再|)说(吧|)") == ["再说吧", "再说", "说吧", "说"]
    phrases = Phrases.of(["我不是…本人", "(do not|dont) text( me|)"])
    assert "我不是张三本人" in phrases
    assert normal("don't text") in phrases
    assert "do not text me now" not in phrases


@pytest.mark.parametrize("locale", ["zh", "en"])
def test_alternatives_never_stand_within_alternatives(locale: str, content: Content) -> None:
    entries = [entry for listed in content.words[locale].rules.values() for entry in listed]
    assert not [entry for entry in entries if re.search(r"[()]", re.sub(r"\([^()]*\)", "", entry))]


@pytest.mark.parametrize(("typed", "full"), [
    ("I can’t come", "i can not come"), ("i can't come", "i can not come"), ("i cant come", "i can not come"),
    ("I cannot come", "i can not come"), ("I can not come", "i can not come"), ("won’t", "will not"), ("wont", "will not"),
    ("I'll be there", "i will be there"), ("I’ll be there", "i will be there"), ("ill be there", "i will be there"),
    ("yes ill come", "yes i will come"), ("ill", "ill"), ("I'm ill", "i am ill"), ("im ill", "i am ill"),
    ("i am ill do not wait", "i am ill do not wait"), ("don’t", "do not"), ("it's fine", "it is fine"), ("its fine", "it is fine"),
    ("my id card", "my id card"), ("id like that", "i would like that"), ("let's see", "let us see"),
])  # fmt: skip
def test_a_contraction_is_one_form_however_it_is_typed(typed: str, full: str) -> None:
    assert normal(typed) == full


@pytest.mark.parametrize(("typed", "form"), [
    ("👍🏻", "👍"), ("👌🏽", "👌"), ("👍🏻👍🏻", "👍"), ("🙅🏻‍♀️", "🙅"), ("[强]", "[强]"), ("[强][强]", "[强]"), ("/:strong", "/:strong"),
])  # fmt: skip
def test_an_emoji_alone_is_a_word_whatever_its_shade(typed: str, form: str) -> None:
    assert key(normal(typed)) == form


@pytest.mark.parametrize("text", ["\ufdfa" * 600, "\ufdfa" * 20_000, "㍿" * 600, "a" * 20_000])
def test_one_character_that_becomes_many_costs_no_more_than_others(text: str) -> None:
    assert len(normal(text)) <= LONGEST


def test_of_a_long_message_the_beginning_and_the_end_are_read() -> None:
    found = normal("头" + "中" * 2_000 + "尾")
    assert (found[0], found[-1]) == ("头", "尾")
