"""What `keepwarm check` says where nothing is wrong."""

from dataclasses import replace

import pytest

from bot.cli import expected
from bot.content import Content
from bot.settings import Settings
from bot.understanding.model import Confusion, Expected, Model

SHARES = {"right": 0.7, "right_pair": 0.15, "wrong_pair": 0.05, "fallback": 0.08, "wrong": 0.02}
PAIRS = tuple(Confusion("store.far", "store.mine", times, "too far") for times in range(9, 2, -1))


@pytest.fixture
def learned(content: Content, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of which only the expectation is known, and content with few ways of asking for one meaning."""
    zh = content.words["zh"]
    few = {**content.words, "zh": replace(zh, ask={**zh.ask, "training.when": ("几号",)})}
    monkeypatch.setattr("bot.content.load", lambda _: replace(content, words=few))
    model = object.__new__(Model)
    object.__setattr__(model, "expected", Expected(500, SHARES, PAIRS))
    monkeypatch.setattr("bot.cli.expected.load_or_train", lambda *_: model)


@pytest.mark.usefixtures("learned")
def test_what_is_too_rare_or_too_alike_is_named_with_what_to_expect(settings: Settings) -> None:
    found = expected.report(settings)
    assert found["few"] == [{"locale": "zh", "intent": "training.when", "asks": 1}]
    few, shares, *confused = expected.lines(found)
    assert "zh has 1 ways of asking for training.when" in few
    assert "500: right 70.0%, asked between two 20.0%, not understood 8.0%, wrong 2.0%" in shares
    assert len(confused) == 5
    assert confused[0] == "confused 9 times: store.far and store.mine: 'too far' means store.far"
