"""Lists of phrases as messages/<locale>/words.yaml writes them.

`(a|b|)` offers alternatives, of which the last may be nothing; `…` stands for one to eight characters.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from bot.understanding.text import HAN, has_han, key, normal

_ALTERNATIVES = re.compile(r"\(([^()]*)\)")
_NOTHING = re.compile(r"(?!)")
_COMMA = re.compile(r"(?<!\d),")  # not the one within .{1,8}
_BREAK = rf"(?:\s*[,.;:!?。、；~-]+\s*|(?<=[{HAN}])\s+)"


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


@dataclass(frozen=True, slots=True)
class Openings:
    """Wordings with which a text opens; in them a comma stands for any break between two clauses."""

    patterns: tuple[re.Pattern[str], ...]

    @classmethod
    def of(cls, entries: Iterable[str]) -> "Openings":
        return cls(tuple(re.compile(_COMMA.sub(lambda _: _BREAK, pattern(entry))) for entry in entries))

    def after(self, text: str) -> str | None:
        """What follows the longest wording that opens a normal text; None if none does."""
        ends = [match.end() for each in self.patterns if (match := each.match(text))]
        return text[max(ends) :] if ends else None


@dataclass(frozen=True, slots=True)
class Questions:
    """Words that make a clause a question: Han ones wherever they stand, Latin ones where it begins or ends."""

    anywhere: re.Pattern[str]
    at_an_edge: re.Pattern[str]
    at_the_start: re.Pattern[str]
    at_the_end: re.Pattern[str]
    never: re.Pattern[str]

    @classmethod
    def of(
        cls, words: Iterable[str], openings: Iterable[str], particles: Iterable[str], never: Iterable[str]
    ) -> "Questions":
        """`openings` and `particles` count at one end of a clause; one of `never` does not count at all."""
        han, latin = _by_script(words)
        return cls(
            re.compile(_either(han)),
            re.compile(rf"^(?:{_either(latin)})\b|\b(?:{_either(latin)})$"),
            re.compile(rf"(?:{_either(map(pattern, openings))})\b"),
            re.compile(rf"(?:{_either(map(pattern, particles))})$"),
            anywhere(never),
        )

    def ask(self, form: str, core: str) -> bool:
        """Whether a clause is a question, given in key form and without what stands around its core."""
        rest, core = self.never.sub(" ", form).strip(), self.never.sub(" ", core).strip()
        if self.anywhere.search(rest) or self.at_the_end.search(rest):
            return True
        return any(self.at_the_start.match(text) or self.at_an_edge.search(text) for text in (rest, core))

    def begin(self, text: str) -> str:
        """What stands before the first Latin word that could begin a question, or ""."""
        starts = (place.start() for place in re.finditer(" ", text))
        return next((text[:start] for start in starts if self._begins(key(text[start:]))), "")

    def without(self, form: str) -> str:
        """What a clause is about: the clause without the words that ask."""
        return self.at_an_edge.sub("", self.at_the_end.sub("", self.anywhere.sub("", form))).strip()

    def _begins(self, form: str) -> bool:
        return bool(self.at_the_start.match(form) or self.at_an_edge.match(form))


def anywhere(entries: Iterable[str]) -> re.Pattern[str]:
    """Finds the wordings within a text; Latin ones only where they stand by themselves."""
    han, latin = _by_script(entries)
    return re.compile(rf"{_either(han)}|\b(?:{_either(latin)})\b")


def _by_script(entries: Iterable[str]) -> tuple[list[str], list[str]]:
    """Patterns of the entries with Han characters, and of those without."""
    scripts: tuple[list[str], list[str]] = ([], [])
    for entry in entries:
        scripts[not has_han(entry)].append(pattern(entry))
    return scripts


def _either(patterns: Iterable[str]) -> str:
    return "|".join(patterns) or _NOTHING.pattern


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
