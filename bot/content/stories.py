"""Reads stories.yaml, the file in which HR keeps what employees tell, in the order in which candidates hear it.

It becomes the flow `stories`: a story is a step, and each goes on to the question that flows/story.yaml asks.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.content.messages import Words, text_of, written
from bot.engine.flow import Branch, Flow
from bot.platform import yaml_text
from bot.platform.yaml_text import Document

NAME = "stories"
_ASK = "story.ask"
_WRITTEN = ("zh", "en")
_LONGEST = 600  # characters: with the question a message of WeChat's takes 2,048 bytes


def read_stories(path: Path, words: Mapping[str, Words]) -> tuple[Flow, Document]:
    """The flow, with its texts put among the words of each locale; faults are the document's."""
    document = yaml_text.read(path, path.name)
    stories = document.mapping(document.data, ())
    for name, story in stories.items():
        _take(name, document.mapping(story, (name,)), document, words)
    steps = {name: (Branch(say=(name,), next=_ASK),) for name in stories}
    return Flow(NAME, steps, touches=frozenset(steps)), document


def _take(name: str, story: Mapping[str, Any], document: Document, words: Mapping[str, Words]) -> None:
    for part in story:
        if part not in _WRITTEN:
            document.faults.append(
                document.fault((name, part), f"{part!r} is not known here: use {', '.join(_WRITTEN)}")
            )
    for source in _WRITTEN:
        _check(name, source, story.get(source), document)
    for spoken in words.values():
        _put(name, story, document, spoken)


def _check(name: str, source: str, said: Any, document: Document) -> None:
    if not said:
        document.faults.append(document.fault((name,), f"the story {name} lacks {source}"))
    elif not isinstance(said, str):
        document.faults.append(document.fault((name, source), "should be one text"))
    elif len(said) > _LONGEST:
        what = f"is {len(said)} characters long: {_LONGEST} at most, and 60 to 140 are read"
        document.faults.append(document.fault((name, source), what))


def _put(name: str, story: Mapping[str, Any], document: Document, spoken: Words) -> None:
    source = spoken.locale.partition("-")[0]  # zh-Hant is written from zh
    said, where = story.get(source), (name, source)
    if not isinstance(said, str) or not said:
        return
    text = text_of(written(said, spoken.write), document, where, spoken.templates)
    if text:
        spoken.say[f"{NAME}.{name}"] = text
        spoken.elsewhere[NAME, "say", name] = document, where
