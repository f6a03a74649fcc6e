"""stories.yaml, the file in which HR keeps what employees tell: each a step, in the order of the file."""

from pathlib import Path

import pytest

from bot.content.reader import read
from bot.engine.talk import MessageRef
from bot.settings import Settings

OWN = """
second:
  zh: 我是小林，在门店三个月了。
  en: I'm Lin, three months in the store.
first:
  zh: 我是阿杰，{{ company }}的厨师。
  en: I’m Jie, a cook of {{ company }}.
"""


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    """The shipped content with a stories.yaml of one's own."""
    (tmp_path / "stories.yaml").write_text(OWN, encoding="utf-8")
    return settings.model_copy(update={"stories": tmp_path / "stories.yaml"})


def test_a_story_is_a_step_that_ends_with_a_question(own: Settings) -> None:
    content, faults = read(own)
    assert faults == []
    assert content.stories == ("second", "first")
    (branch,) = content.flows.branches("stories", "second")
    assert (branch.say, branch.next) == (("second",), "story.ask")
    assert content.text("zh", MessageRef("stories", "second"), "wechat", {}) == "我是小林，在门店三个月了。"
    assert content.text("zh-Hant", MessageRef("stories", "second"), "wechat", {}) == "我是小林，在門店三個月了。"
    assert content.text("en", MessageRef("stories", "first"), "wechat", {"company": "X"}) == "I’m Jie, a cook of X."


def test_the_shipped_file_has_no_story_and_no_fault(own: Settings) -> None:
    content, faults = read(own.model_copy(update={"stories": own.flows.parent / "stories.yaml"}))
    assert (content.stories, faults) == ((), [])


def test_the_sample_company_tells_eight_that_are_short_enough_to_read(settings: Settings) -> None:
    content, _ = read(settings)
    texts = [content.text("zh", MessageRef("stories", name), "wechat", {}) for name in content.stories]
    assert len(texts) == 8
    assert all(60 <= len(text) <= 140 for text in texts), list(map(len, texts))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("  en: I'm Lin, three months in the store.\n", "", "the story second lacks en"),
        ("  zh: 我是小林，在门店三个月了。\n", "", "the story second lacks zh"),
        ("  en: I'm", "  fr: I'm", "'fr' is not known here: use zh, en"),
        ("三个月了", "三个月了" * 200, "characters long: 600 at most"),
        ("{{ company }}", "{{ firm }}", "{{ firm }}, which is no value"),
        ("{{ company }}", "{{ company", "is no template"),
        ("{{ company }}的", "", "lacks {{ company }}, which it has in"),
        ("  zh: 我是小林，在门店三个月了。", "  zh: [我是小林]", "should be one text"),
        ("second:", "first:", "'first' stands twice here"),
    ],
)
def test_a_fault_says_where_and_what_would_be_right(own: Settings, old: str, new: str, says: str) -> None:
    assert old in OWN
    own.stories.write_text(OWN.replace(old, new, 1), encoding="utf-8")
    found = [str(fault) for fault in read(own)[1]]
    assert any(says in fault and fault.startswith("stories.yaml:") for fault in found), found


def test_a_missing_file_is_a_fault(own: Settings) -> None:
    own.stories.unlink()
    assert any("stories.yaml:1: cannot be read" in str(fault) for fault in read(own)[1])
