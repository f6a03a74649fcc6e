"""Finds the encoding of a text file, and refuses what would be read as other people's letters."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from bot.imports.unusable import UnusableFile

GBK = "gb18030"  # Excel in China saves CSV as that
_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_CHUNK = 1 << 20
_SAMPLE = 1 << 18  # characters that are looked at closely
_WIDE = re.compile(r"[^\x00-\x7f\u3000-\u303f\uff00-\uffef\u2000-\u206f]")
_PRIVATE = re.compile(r"[\ue000-\uf8ff]")
_KANA = re.compile(r"[\u3040-\u30ff]")
# An accented letter of a Western file, and the letter after it, look like one rare character of GBK.
_WITHIN_A_WORD = re.compile(r"(?<=[A-Za-z])[^\x00-\x7f](?=[a-z])")
_ODD_SHARE = 0.25  # of the wide characters: names have rare ones, but not so many
_MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:!doctype|html|\?xml|table|meta|head|body|\w+:)", re.IGNORECASE)
_HALF_EMPTY = 8  # UTF-16 of Chinese has a zero byte for each comma and digit
_OTHERS = ("big5hkscs", "cp950")


def of(path: Path) -> tuple[str, str]:
    """The encoding, and a note where it was guessed. Raises UnusableFile where none is sure."""
    with path.open("rb") as file:
        head = file.read(512)
    if _MARKUP.match(head.replace(b"\0", b"").lstrip(b"\xff\xfe")):
        raise UnusableFile(
            f"{path}: is a web page with the name of a spreadsheet: open it in Excel and save it as .xlsx", "markup"
        )
    if head[:2] in _MARKS:
        return _require(path, "utf-16"), ""
    if head.count(0) > len(head) // _HALF_EMPTY:
        raise UnusableFile(f"{path}: is UTF-16 without a mark that says so: save it as CSV UTF-8 or .xlsx", "utf16")
    if _decodes(path, "utf-8-sig"):
        return "utf-8-sig", ""
    return _chinese(path), "is not UTF-8: read as GBK (GB18030)"


def _chinese(path: Path) -> str:
    text = "".join(_decoded(path, _require(path, GBK)))[:_SAMPLE]
    if _PRIVATE.search(text) or _is_western(text) or _is_traditional(path, text):
        raise UnusableFile(
            f"{path}: is neither UTF-8 nor GBK (Big5, or Western?): read as GBK its names would be wrong. "
            "Save it as CSV UTF-8 or .xlsx",
            "charset",
        )
    return GBK


def _is_western(text: str) -> bool:
    return any(_is_odd(found) for found in _WITHIN_A_WORD.findall(text))


def _is_traditional(path: Path, text: str) -> bool:
    """Big5 of the same bytes is text too, and as GBK too much of it is rare, or Japanese."""
    wide = _WIDE.findall(text)
    odd = sum(map(_is_odd, wide))
    return odd > len(wide) * _ODD_SHARE and any(_decodes(path, other) for other in _OTHERS)


def _is_odd(character: str) -> bool:
    """Not one of the 6,763 that names are written with, or kana."""
    if _KANA.match(character):
        return True
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return True
    return False


def _require(path: Path, encoding: str) -> str:
    if not _decodes(path, encoding):
        raise UnusableFile(f"{path}: is neither UTF-8 nor GBK text: save it as CSV UTF-8, or as .xlsx", "charset")
    return encoding


def _decodes(path: Path, encoding: str) -> bool:
    try:
        return all(True for _ in _decoded(path, encoding))
    except UnicodeError:
        return False


def _decoded(path: Path, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield decoder.decode(chunk)
        yield decoder.decode(b"", final=True)
