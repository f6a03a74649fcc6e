"""The project's own ways of asking, learned once for all tests here."""

from collections.abc import Mapping

import pytest

from bot.content import Content
from bot.understanding import Model, Understanding, WordLists, train


@pytest.fixture(scope="session")
def words(content: Content) -> WordLists:
    return WordLists.of(*(spoken.rules for spoken in content.words.values()))


@pytest.fixture(scope="session")
def asks(content: Content) -> Mapping[str, list[str]]:
    return content.examples


@pytest.fixture(scope="session")
def model(asks: Mapping[str, list[str]], words: WordLists) -> Model:
    return train(asks, words=words)


@pytest.fixture(scope="session")
def understanding(model: Model, words: WordLists) -> Understanding:
    return Understanding(model, words)
