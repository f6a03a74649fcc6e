"""What every conversation needs at hand: settings, content, understanding, the cipher."""

from dataclasses import dataclass
from datetime import date
from typing import Protocol

from bot.content import Content, load
from bot.settings import Settings
from bot.store.db.cipher import Cipher
from bot.understanding import Meaning, Understanding, WordLists, load_or_train
from bot.understanding.danger import Danger
from bot.understanding.own_words import OwnWords


class Understands(Protocol):
    """Takes a text to mean something."""

    def meaning(
        self, text: str, expecting: frozenset[str] = frozenset(), last_offered: frozenset[str] = frozenset()
    ) -> Meaning: ...

    def corrected(self, text: str) -> str | None: ...

    def danger(self, text: str) -> Danger: ...

    def own_words(self, text: str) -> OwnWords: ...

    def tells_delay(self, text: str) -> bool: ...

    def tells_illness(self, text: str) -> bool: ...

    def stance(self, text: str, own: tuple[str, ...], asked_for: bool) -> str: ...

    def date(self, text: str, today: date) -> date | None: ...


@dataclass(frozen=True)
class Runtime:
    """Read once at start; never changes while the process lives."""

    settings: Settings
    content: Content
    understanding: Understands
    cipher: Cipher


def understanding(settings: Settings, content: Content) -> Understanding:
    """Trained on how people ask, or read from the cache of an earlier start."""
    words = WordLists.of(*(spoken.rules for spoken in content.words.values()))
    return Understanding(load_or_train(content.examples, settings.var / "understanding", words), words)


def build(settings: Settings, cipher: Cipher) -> Runtime:
    """Raises ContentError where flows or messages are wrong."""
    content = load(settings)
    return Runtime(settings, content, understanding(settings, content), cipher)
