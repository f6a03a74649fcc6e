"""Lists of phrases as messages/<locale>/words.yaml writes them.

`(a|b|)` offers alternatives, of which the last may be nothing; `…` stands for one to eight characters.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from bot.understanding.text import has_han, key, normal

_ALTERNATIVES = re.compile(r"\(([^()]*)\)")
_NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True, slots=True)
class Phrases:
    """A set of wordings; `form in phrases` tells whether a text in key form is one of them."""

    pattern: re.Pattern[str]

    @classmethod
    def of(cls, entries: Iterable[str]) -> "Phrases":
        patterns = [pattern(entry) for entry in entries]
        return cls(re.compile("|".join(patterns)) if patterns else _NOTHING)

    def __contains__(self, form: str) -> bool:
        return self.pattern.fullmatch(form) is not None


class Edges:
    """Wordings that may stand before or after what is meant, to be taken off a text."""

    def __init__(self, entries: Iterable[str], lone: bool = False) -> None:
        """With `lone`, a single Han character counts only where it touches no other letter."""
        self.wordings = tuple(dict.fromkeys(wording for entry in entries for wording in expanded(entry)))
        self._lone = lone
        self._by_first = _grouped(self.wordings, lambda wording: wording[:1])
        self._by_last = _grouped(self.wordings, lambda wording: wording[-1:])

    def off_front(self, text: str) -> str:
        likely = self._by_first.get(text[:1], ())
        return self._off(text, likely, text.startswith, lambda size: (text[size : size + 1], text[size:]))

    def off_end(self, text: str) -> str:
        likely = self._by_last.get(text[-1:], ())
        return self._off(text, likely, text.endswith, lambda size: (text[-size - 1 : -size], text[:-size]))

    def _off(
        self,
        text: str,
        likely: Sequence[str],
        touches: Callable[[str], bool],
        split: Callable[[int], tuple[str, str]],
    ) -> str:
        for wording in likely:
            if touches(wording):
                neighbour, rest = split(len(wording))
                if not neighbour.isalnum() or self._may_touch(wording):
                    return rest
        return text

    def _may_touch(self, wording: str) -> bool:
        return has_han(wording) and not (self._lone and len(wording) == 1)


def _grouped(wordings: Iterable[str], letter: Callable[[str], str]) -> dict[str, list[str]]:
    """The wordings by one of their letters, the longest first."""
    groups: dict[str, list[str]] = {}
    for wording in sorted(wordings, key=lambda wording: (-len(wording), wording)):
        groups.setdefault(letter(wording), []).append(wording)
    return groups


def expanded(entry: str) -> list[str]:
    """All the wordings that an entry stands for, in the form in which rules compare."""
    choices = product(*(piece.split("|") for piece in _pieces(entry)))
    return [wording for choice in choices if (wording := key(normal("".join(choice))))]


def pattern(entry: str) -> str:
    """A regular expression for all the wordings of an entry in key form; `#` stays as it is."""
    choices = (map(_literal, piece.split("|")) for piece in _pieces(entry))
    return "".join(f"(?:{'|'.join(choice)})" for choice in choices)


def _pieces(entry: str) -> list[str]:
    """What stands outside of parentheses and within them, by turns."""
    return _ALTERNATIVES.split(entry)


def _literal(piece: str) -> str:
    return " ?.{1,8} ?".join(map(_bare_literal, piece.split("…")))


def _bare_literal(piece: str) -> str:
    """Signs (an emoji that is a word by itself) stay; a space may be missing."""
    folded = normal(piece) if piece.strip() else ""
    edges = (" ?" if piece[:1].isspace() else "", " ?" if piece[-1:].isspace() else "")
    return edges[0] + re.escape(folded).replace(r"\ ", " ?").replace(r"\#", "#") + edges[1]
