"""Lists of phrases as messages/<locale>/words.yaml writes them: `(a|b|)` offers alternatives, `…` stands for one to eight characters."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from bot.understanding.text import key, normal

_ALTERNATIVES = re.compile(r"\(([^()]*)\)")
_GAP = "…"


def expanded(entry: str) -> list[str]:
    """All the wordings that an entry stands for, in the form in which rules compare."""
    pieces = [piece.split("|") if odd else [piece] for odd, piece in _alternating(entry)]
    return [_key(" ".join("".join(choice).split())) for choice in product(*pieces)]


@dataclass(frozen=True, slots=True)
class Phrases:
    """A set of wordings; `key in phrases` tells whether a text in key form is one of them."""

    exact: frozenset[str]
    gapped: re.Pattern[str] | None

    @classmethod
    def of(cls, entries: Iterable[str]) -> "Phrases":
        wordings = {wording for entry in entries for wording in expanded(entry)} - {""}
        gapped = sorted(wording for wording in wordings if _GAP in wording)
        pattern = re.compile("|".join(_pattern(wording) for wording in gapped)) if gapped else None
        return cls(frozenset(wordings.difference(gapped)), pattern)

    def __contains__(self, text: object) -> bool:
        if text in self.exact:
            return True
        return isinstance(text, str) and self.gapped is not None and self.gapped.fullmatch(text) is not None


def _alternating(entry: str) -> Iterable[tuple[int, str]]:
    return ((position % 2, piece) for position, piece in enumerate(_ALTERNATIVES.split(entry)))


def _key(wording: str) -> str:
    return _GAP.join(key(normal(part)) if part.strip() else "" for part in wording.split(_GAP))


def _pattern(wording: str) -> str:
    return r"\s?.{1,8}\s?".join(re.escape(part) for part in wording.split(_GAP))
