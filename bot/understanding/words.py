"""The words that rules obey and that normalising sets aside, read from the mappings of messages/<locale>/words.yaml."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.understanding.phrases import Phrases, expanded
from bot.understanding.text import HAN, has_han, key

_NOTHING = re.compile(r"(?!)")


@dataclass(frozen=True)
class Words:
    """Every list of words.yaml, the languages together: nobody tells us which one the next message will be in."""

    stop: Phrases  # opts out, also as one clause of many
    stop_alone: Phrases  # opts out only as the whole message: "end", "quit"
    stop_letters: frozenset[str]  # opts out only where the last message offered the letter
    start: Phrases
    human: Phrases
    never_mind: Phrases
    wrong_number: Phrases
    yes: Phrases
    no: Phrases
    repeat: Phrases
    greetings: tuple[str, ...]
    thanks: tuple[str, ...]
    fillers: tuple[str, ...]  # said before what is meant: "请问", "um"
    particles: tuple[str, ...]  # said after it: "呀", "please"
    sounds: tuple[str, ...]  # each a string of characters that sound alike
    numbers: Mapping[str, str]  # "二" -> "2"
    number: re.Pattern[str]  # what an answer with a number looks like; its group `n` is the number
    opening: re.Pattern[str]
    closing: re.Pattern[str]
    courtesy_before: re.Pattern[str]
    courtesy_after: re.Pattern[str]

    @classmethod
    def of(cls, *mappings: Mapping[str, Sequence[str]]) -> "Words":
        def listed(name: str) -> list[str]:
            return [str(entry) for mapping in mappings for entry in mapping.get(name, ())]

        def spoken(*names: str) -> tuple[str, ...]:
            return tuple(dict.fromkeys(wording for name in names for entry in listed(name) for wording in expanded(entry)))

        numbers = dict(_numbers(mappings))
        return cls(
            stop=Phrases.of(listed("stop")),
            stop_alone=Phrases.of(listed("stop_alone")),
            stop_letters=frozenset(spoken("stop_letters")),
            start=Phrases.of(listed("start")),
            human=Phrases.of(listed("human")),
            never_mind=Phrases.of(listed("never_mind")),
            wrong_number=Phrases.of(listed("wrong_number")),
            yes=Phrases.of(listed("yes")),
            no=Phrases.of(listed("no")),
            repeat=Phrases.of(listed("repeat")),
            greetings=spoken("greetings"),
            thanks=spoken("thanks"),
            fillers=spoken("fillers"),
            particles=spoken("particles"),
            sounds=tuple(listed("sounds")),
            numbers=numbers,
            number=_number(spoken("number_frames"), numbers),
            opening=_before(spoken("greetings", "thanks", "fillers")),
            closing=_after(spoken("greetings", "thanks", "particles")),
            courtesy_before=_before(spoken("greetings", "thanks")),
            courtesy_after=_after(spoken("greetings", "thanks")),
        )

    def core(self, text: str) -> str:
        """A text in key form without the words around what is meant; what consists of such words alone stays."""
        for pattern in (self.opening, self.closing) * 3:
            text = pattern.sub("", text, count=1).strip() or text
        return text

    def without_courtesy(self, text: str) -> str:
        """A normal text without greeting and thanks at its ends, if enough to ask something is left."""
        for pattern in (self.courtesy_before, self.courtesy_after) * 2:
            rest = pattern.sub("", text, count=1)
            text = rest if _says_something(rest) else text
        return text


def _says_something(text: str) -> bool:
    bare = key(text)
    return len(bare) > 2 and bare[0].isalnum()


def _numbers(mappings: Iterable[Mapping[str, Sequence[str]]]) -> Iterable[tuple[str, str]]:
    """The place in the list is the number: `numbers: ["零", "一", "(二|两)", …]`."""
    for mapping in mappings:
        for value, entry in enumerate(mapping.get("numbers", ())):
            yield from ((wording, str(value)) for wording in expanded(str(entry)))


def _number(frames: Iterable[str], numbers: Mapping[str, str]) -> re.Pattern[str]:
    spoken = _any_of(numbers)
    number = rf"(?P<n>\d{{1,3}}|{spoken})" if numbers else r"(?P<n>\d{1,3})"
    before, after = [], []
    for frame in frames:
        start, _, end = frame.partition("#")
        before.append(re.escape(start.strip()))
        after.append(re.escape(end.strip()))
    return re.compile(rf"(?:{'|'.join(dict.fromkeys(before))})\s?{number}\s?(?:{'|'.join(dict.fromkeys(after))})")


def _before(wordings: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"\A[\W_]*(?:{_bounded(wordings)})[\W_]*") if wordings else _NOTHING


def _after(wordings: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"[\s,.!~;，。！；]*(?:{_bounded(wordings)})[\s,.!~;，。！；]*\Z") if wordings else _NOTHING


def _bounded(wordings: Iterable[str]) -> str:
    """Latin words must not end within a word; a single Han character must stand alone."""
    return "|".join(
        re.escape(wording) if has_han(wording) and len(wording) > 1 else rf"(?<![{HAN}\w]){re.escape(wording)}(?![{HAN}\w])"
        for wording in sorted(wordings, key=len, reverse=True)
    )


def _any_of(wordings: Iterable[str]) -> str:
    return "|".join(re.escape(wording) for wording in sorted(wordings, key=len, reverse=True))
