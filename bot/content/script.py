"""Writes Simplified Chinese in Traditional script, for the locale zh-Hant."""

from collections.abc import Callable, Mapping


def to_traditional(replaced: Mapping[str, str]) -> Callable[[str], str]:
    """A function that converts a text; `replaced`: words of the result that this script's readers say otherwise."""
    from opencc import OpenCC

    converter = OpenCC("s2hk")

    def write(text: str) -> str:
        written: str = converter.convert(text)
        for word, other in replaced.items():
            written = written.replace(word, other)
        return written

    return write
