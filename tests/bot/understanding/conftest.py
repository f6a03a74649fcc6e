"""The project's own ways of asking, learned once for all tests here."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.understanding import Model, Understanding, Words, train

MESSAGES = Path(__file__).parents[3] / "messages"
OURS = ("training", "stage", "store", "hr", "help", "hello", "privacy", "stop")


def read(path: Path) -> Mapping[str, Any]:
    return yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)


@pytest.fixture(scope="session")
def words() -> Words:
    return Words.of(*(read(MESSAGES / locale / "words.yaml") for locale in ("zh", "en")))


@pytest.fixture(scope="session")
def asks() -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for locale in ("zh", "en"):
        for flow in OURS:
            for name, utterances in read(MESSAGES / locale / f"{flow}.yaml")["ask"].items():
                found.setdefault(f"{flow}.{name}", []).extend(utterances)
    return found


@pytest.fixture(scope="session")
def model(asks: Mapping[str, list[str]], words: Words) -> Model:
    return train(asks, words=words)


@pytest.fixture(scope="session")
def understanding(model: Model, words: Words) -> Understanding:
    return Understanding(model, words)
