"""faq.yaml, the file that HR edits: answers by city, store and position, and faults that say what would be right."""

from pathlib import Path

import pytest

from bot.content.reader import read
from bot.engine.talk import MessageRef
from bot.settings import Settings

OWN = """
parking:
  about: {zh: 停车, en: Parking}
  ask: {zh: [有停车位吗], en: [is there parking]}
  answers:
    - for: {city: [上海, 北京], position: 服务员}
      zh: 停在{{ store }}后面。
      en: "Park behind {{ store }}."
    - zh: {text: 没有停车位, sms: 没有}
      en: There is none.
"""


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    """The shipped content with a faq.yaml of one's own."""
    (tmp_path / "faq.yaml").write_text(OWN, encoding="utf-8")
    return settings.model_copy(update={"faq": tmp_path / "faq.yaml"})


def test_an_entry_becomes_a_meaning_with_an_answer_a_branch(own: Settings) -> None:
    content, faults = read(own)
    assert faults == []
    closed, first, rest = content.flows.branches("faq", "parking")
    assert closed.next == "stage.closed"
    assert first.when == {"city": {"上海", "北京"}, "position": {"服务员"}}
    assert rest.when == {}
    assert content.examples["faq.parking"] == ["is there parking", "有停车位吗"]
    said = MessageRef("faq", "parking_1")
    assert content.text("zh", said, "wechat", {"store": "一店"}) == "停在一店后面。"
    assert content.text("zh-Hant", said, "wechat", {"store": "一店"}) == "停在一店後面。"
    assert content.text("en", said, "sms", {"store": "S1"}) == "Park behind S1."
    assert content.text("zh-Hant", MessageRef("faq", "parking_2"), "sms", {}) == "沒有"


def test_what_has_no_answer_asks_hr_and_is_promised(own: Settings) -> None:
    content, _ = read(own)
    *_, last = content.flows.branches("faq", "pay")
    assert [f"{effect.name} {effect.argument}" for effect in last.do] == ["promise faq.pay", "open_case faq.pay"]
    assert last.next == "unknown"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("      en: There is none.\n", "", "an answer of parking lacks en"),
        ("    - for: {city: [上海, 北京], position: 服务员}\n      zh", "    - zh", "is never told: the answer above it has no for"),
        ("city:", "town:", "for: 'town' is not known here: use city, store, position, stage"),
        ("city: [上海, 北京]", "stage: hired", "no stage is called 'hired'"),
        ("  about: {zh: 停车, en: Parking}\n", "", "parking needs about and ask in zh"),
        ("  ask: {zh: [有停车位吗], en: [is there parking]}\n", "", "parking needs about and ask in en"),
        ("{{ store }}后面", "{{ shop }}后面", "{{ shop }}, which is no value"),
        ("  answers:", "  answer:", "'answer' is not known here: use about, ask, answers"),
        ("parking:", "unknown:", "choose another"),
        ("there parking", "there parking” “", ""),
    ],
)  # fmt: skip
def test_a_fault_says_where_and_what_would_be_right(own: Settings, old: str, new: str, says: str) -> None:
    assert old in OWN
    own.faq.write_text(OWN.replace(old, new, 1), encoding="utf-8")
    found = [str(fault) for fault in read(own)[1]]
    assert any(says in fault and fault.startswith("faq.yaml:") for fault in found) if says else found == []


def test_a_missing_file_is_a_fault(own: Settings) -> None:
    own.faq.unlink()
    assert any("faq.yaml:1: cannot be read" in str(fault) for fault in read(own)[1])
