"""Writes Simplified Chinese in Traditional script, for the locale zh-Hant."""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import Any


def to_traditional(replaced: Mapping[str, str]) -> Callable[[str], str]:
    """A function that converts a text; `replaced`: words of the result that this script's readers say otherwise."""

    def write(text: str) -> str:
        written = _converted(text)
        for word, other in replaced.items():
            written = written.replace(word, other)
        return written

    return write


@lru_cache(maxsize=8192)
def _converted(text: str) -> str:
    written: str = _converter().convert(text)
    return written


@cache
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("s2hk")
